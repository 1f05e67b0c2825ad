"""Study: the cards of a comparison, judgements from a file, and the end of the rating."""

from pathlib import Path
from typing import Annotated

import orjson
import typer

from studio.cli.freezing import values
from studio.cli.output import Json, answer, verb
from studio.cli.rating import StudyId
from studio.cli.workspace import opened
from studio.domain.errors import StudyError
from studio.domain.study import Choice
from studio.flows import compare, judge
from studio.flows.judge import Vote

LARGEST_VOTES, LONGEST_ID = 64 * 2**20, 64
Rater = Annotated[str, typer.Option(help="Who judges.")]


@verb
def answers(study: StudyId, rater: Rater = "cli", json: Json = False) -> None:
    """Show the cards that a rater has not judged yet: prompt and two answers, sides hidden."""
    studio = opened()
    cards = judge.remaining_cards(studio, judge.named(studio, study, rater).token)
    words = "\n\n".join(
        f"[{card.id}] {card.prompt[-1].text}\n  left:  {card.left}\n  right: {card.right}" for card in cards
    )
    answer(json, {"study": study, "cards": cards}, words or "Everything has been rated.")


@verb
def close(study: StudyId, json: Json = False) -> None:
    """End the rating and reveal the sides; nobody can rate after this."""
    closed = compare.close(opened(), study)
    answer(json, values(closed), f"{closed.id}: closed.")


@verb
def list_studies(json: Json = False) -> None:
    """List the studies of the workspace."""
    found = compare.studies(opened())
    words = "\n".join(f"{s.id}  {s.state:<8} {s.protocol.cap:>4} prompts  {s.name}" for s in found)
    answer(json, [values(s) for s in found], words or "There is no study yet.")


@verb
def rate(
    study: StudyId,
    votes: Annotated[Path, typer.Option(help='JSONL with {"card": …, "choice": left|right|tie|both_bad|skip}.')],
    rater: Rater = "cli",
    json: Json = False,
) -> None:
    """Hand in judgements from a file."""
    studio = opened()
    read = votes_of(votes)
    judge.rate_all(studio, judge.named(studio, study, rater).token, read)
    far = compare.progress(studio, study)
    values = {"study": study, "handed_in": len(read), "rated": far.rated, "total": far.total}
    answer(json, values, f"{len(read)} judgements handed in; {far.rated} of {far.total} prompts are rated.")


def votes_of(path: Path) -> list[Vote]:
    """The judgements of a file; StudyError names the first line that is none."""
    if not path.is_file():
        raise StudyError(f"{path} is not a file.", fix="Name a JSONL file of judgements.")
    if path.stat().st_size > LARGEST_VOTES:
        raise StudyError(f"{path.name} is too large for judgements.", fix="Hand them in in parts of less than 64 MB.")
    found = []
    for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            vote = orjson.loads(line)
            card, comment = vote["card"], vote.get("comment") or ""
            if not isinstance(card, str) or len(card) > LONGEST_ID or not isinstance(comment, str):
                raise TypeError("a card and a comment are texts")
            marks = {str(side): dict(given) for side, given in (vote.get("marks") or {}).items()}
            found.append(Vote(card, Choice(vote["choice"]), comment=comment, marks=marks))
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError, ValueError) as error:
            raise StudyError(
                f"Line {number} of {path.name} is not a judgement.",
                fix='Each line needs {"card": "…", "choice": "left|right|tie|both_bad|skip"}; nothing was handed in.',
            ) from error
    if not found:
        raise StudyError(f"There are no judgements in {path.name}.", fix="Give one JSON object per line.")
    return found
