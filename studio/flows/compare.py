"""Compare: freeze a study, have its answers written, open and close the rating."""

import json
import random
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

from studio.data.atomic import replacing
from studio.data.rows import load_rows
from studio.domain import dealing
from studio.domain.contest import composed
from studio.domain.dealing import deck_of
from studio.domain.errors import StudyError
from studio.domain.job import Job, JobState, Wish
from studio.domain.protocol import Asked, Candidate, Opponent, Protocol, Rival, frozen, opening_number
from studio.domain.row import Row, records_of
from studio.domain.run import Checkpoint, Run
from studio.domain.study import STUDY, TUNED, Answer, Ask, Link, LinkKind, Study, StudyState, prompt_key
from studio.flows import bring, inspect, models, split, train
from studio.flows import gates as gating
from studio.flows.split import Dealt
from studio.flows.studio import Studio
from studio.store import cards, jobs, links, splits
from studio.store import studies as stored
from studio.store.ids import new_id

QUESTION = "Which answer is better?"
ENOUGH = 40


@dataclass(frozen=True, slots=True)
class StudyProgress:
    """What an owner may see while people rate: how far, never who leads; `invitation` is empty where none is valid."""

    rated: int
    total: int
    raters: int
    job: Job
    invitation: str = ""


def create(
    studio: Studio,
    run_id: str,
    *,
    prompts: int | None = None,
    question: str = QUESTION,
    rubric: str = "",
    step: int | None = None,
    margin: float = 0.05,
    opponents: Sequence[Opponent] = (Opponent(Rival.BASE),),
    gates: Sequence[Mapping[str, Any]] = (),
    twice: float = 0.0,
    identical: int = 0,
    key: str,
) -> Study:
    """Freeze a comparison on held-out test prompts and have every contestant's answers written beforehand."""
    run = train.run(studio, run_id)
    if run.is_live:
        raise StudyError(f"{run.name} is still training.", fix="Wait until it ends, or stop it and keep the best.")
    if bring.dataset(studio, run.dataset_id).is_text:
        raise StudyError(
            "Plain text asks nothing, so there are no answers to compare.",
            fix="Ask the model on Deliver, or compare a run on questions and answers.",
        )
    checkpoint = train.checkpoint_at(studio, run_id, step)
    sealed = sealed_asks(studio, run_id)
    cap = _wanted(len(sealed), prompts)
    seed = secrets.randbits(48)
    asks = _drawn(sealed, count=min(len(sealed), cap + identical), seed=seed)
    study_id = new_id("study")
    protocol = frozen(
        Protocol(
            candidate=Candidate(run.model_id, checkpoint.sha256),
            opponents=tuple(opponents),
            prompts=tuple(Asked(ask.key, ask.source) for ask in asks),
            criterion=question.strip() or QUESTION,
            rubric=rubric.strip(),
            cap=cap,
            margin=margin,
            gates=gating.frozen(gates, studio.workspace.study(study_id)),
            twice=twice,
            identical=identical,
            opening=opening_number(stored.openings(studio.store), [ask.key for ask in asks]),
        )
    )
    return stored.add(
        studio.store,
        id=study_id,
        name=run.name,
        run_id=run_id,
        checkpoint_step=checkpoint.step,
        protocol=protocol,
        seed=seed,
        asks=asks,
        invitation=new_link(study_id, LinkKind.INVITATION, "Invitation"),
        key=key,
        spec=_spec(studio, run, checkpoint, protocol, study_id, asks),
    )


def _spec(
    studio: Studio, run: Run, checkpoint: Checkpoint, protocol: Protocol, study_id: str, asks: Sequence[Ask]
) -> dict[str, Any]:
    """What the worker needs; every question to every contestant is written out beside it."""
    folder = studio.workspace.study(study_id)
    with replacing(folder / "asks.jsonl") as file:
        lines = chain(_questions(studio, run, protocol, asks), gating.extra_asks(studio, protocol, asks))
        file.writelines(json.dumps(each).encode() + b"\n" for each in lines)
    return {
        "model": str(models.usable(studio, run.model_id).path),
        "model_id": run.model_id,
        "adapter": str(studio.workspace.run(run.id) / checkpoint.path),
        "adapter_sha256": checkpoint.sha256,
        "sampling": asdict(protocol.sampling),
        "asks": str(folder / "asks.jsonl"),
        "out": str(folder / "answers.jsonl"),
        "measure": gating.measure_of(protocol, asks, folder),
    }


def _questions(studio: Studio, run: Run, protocol: Protocol, asks: Sequence[Ask]) -> Iterator[dict[str, Any]]:
    """A line for every answer that is wanted: each prompt as each contestant is asked it."""
    data = load_rows(studio.workspace.dataset(run.dataset_id))
    rows = {prompt_key(row.messages): row.messages for row in _train_rows(studio, run, protocol)}
    for ask in asks:
        for opponent in (None, *protocol.opponents):
            shots = [rows[example] for example in opponent.examples] if opponent else []
            yield {
                "key": ask.key,
                "set": STUDY,
                "contestant": opponent.rival.value if opponent else TUNED,
                "tuned": opponent is None,
                "messages": records_of(composed(ask.prompt, opponent, shots)),
                "tools": ask.tools,
                "reference": None if ask.row_number is None else records_of(data[ask.row_number].messages[-1:]),
            }


def _train_rows(studio: Studio, run: Run, protocol: Protocol) -> list[Row]:
    """The rows that training saw, if an opponent is shown any of them."""
    if not any(opponent.examples for opponent in protocol.opponents):
        return []
    data = load_rows(studio.workspace.dataset(run.dataset_id))
    return [data[number] for number in _used(studio, run).train]


def _wanted(sealed: int, asked: int | None) -> int:
    """How many prompts to draw from so many sealed rows; StudyError when there are not that many."""
    if sealed < 1:
        raise StudyError("This run has no test rows to ask about.", fix="Hold more rows out and train again.")
    if asked is None:
        return min(sealed, ENOUGH)
    if asked < 1:
        raise StudyError("A comparison needs at least one prompt.", fix="Ask for more prompts.", field="prompts")
    if asked > sealed:
        raise StudyError(f"There are only {sealed} sealed test rows.", fix="Ask for fewer prompts.", field="prompts")
    return asked


def sealed_rows(studio: Studio, run_id: str) -> tuple[int, ...]:
    """Test rows of the run's own split that fit its cut-off; training never saw them."""
    return _used(studio, train.run(studio, run_id)).test


def _used(studio: Studio, run: Run) -> Dealt:
    lengths = inspect.measured(studio, run.dataset_id, run.model_id)
    if lengths is None:
        raise StudyError("The token lengths of this dataset are missing.", fix="Open Inspect once to measure them.")
    return split.used(splits.get(studio.store, run.split_id), lengths, run.recipe.max_length)


def sealed_asks(studio: Studio, run_id: str) -> list[Ask]:
    """The prompts of the sealed test rows, each of them once."""
    data = load_rows(studio.workspace.dataset(train.run(studio, run_id).dataset_id))
    found: dict[str, Ask] = {}
    for number in sealed_rows(studio, run_id):
        row = data[number]
        key = prompt_key(row.prompt, row.tools)
        found.setdefault(key, Ask(key, 0, row.prompt, row.answer, row.tools, number))
    return list(found.values())


def _drawn(sealed: Sequence[Ask], *, count: int, seed: int) -> list[Ask]:
    """So many of the prompts in a drawn order."""
    chosen = random.Random(seed).sample(list(sealed), count)
    return [replace(ask, position=position) for position, ask in enumerate(chosen)]


def new_link(study_id: str, kind: LinkKind, label: str) -> Link:
    """A link that nobody can guess, not kept yet."""
    return Link(new_id("link"), study_id, kind, secrets.token_urlsafe(16), label, datetime.now(UTC))


def invitation(studio: Studio, study_id: str) -> Link:
    """The newest invitation to rate a study that was not taken back; StudyError without any."""
    found = [link for link in links.all(studio.store, study_id, LinkKind.INVITATION) if not link.is_revoked]
    if not found:
        raise StudyError("Every invitation to this comparison was taken back.", fix="Make a new one on Compare.")
    return found[-1]


def study(studio: Studio, study_id: str) -> Study:
    """A study; once its answers have been written it is open."""
    return _opened(studio, stored.get(studio.store, study_id))


def studies(studio: Studio, run_id: str | None = None) -> list[Study]:
    """The studies of the workspace or of one run, the newest first."""
    return [_opened(studio, found) for found in stored.all(studio.store, run_id=run_id)]


def _opened(studio: Studio, found: Study) -> Study:
    if found.state is not StudyState.WRITING or found.job.state is not JobState.DONE:
        return found
    written = written_answers(studio.workspace.study(found.id) / "answers.jsonl")
    return stored.set_answers(studio.store, found.id, written)


def written_answers(path: Path) -> list[Answer]:
    """What was written of answers.jsonl; split as bytes, since an answer may hold other line separators of Unicode."""
    return [
        Answer(
            key=line["key"],
            contestant=line["contestant"],
            text=line["text"],
            tokens=line["tokens"],
            is_cut=line["cut"],
            set=line["set"],
            identity=line["identity"],
        )
        for line in map(json.loads, path.read_bytes().splitlines())
    ]


def progress(studio: Studio, study_id: str) -> StudyProgress:
    """How many prompts have been rated and by how many people; nothing that could sway a rater."""
    found = study(studio, study_id)
    ratings = cards.ratings(studio.store, study_id)
    far = dealing.progress(deck_of(found.protocol, seed=found.seed), cards.dealt(studio.store, study_id))
    valid = [link for link in links.all(studio.store, study_id, LinkKind.INVITATION) if not link.is_revoked]
    return StudyProgress(
        rated=far.judged,
        total=far.pairs,
        raters=len({rating.rater for rating in ratings}),
        job=found.job,
        invitation=valid[-1].token if valid else "",
    )


def stop_writing(studio: Studio, study_id: str) -> Study:
    """Cancel the writing of answers; it can go on later from where it was."""
    jobs.wish(studio.store, study(studio, study_id).job.id, Wish.STOP)
    return study(studio, study_id)


def go_on_writing(studio: Studio, study_id: str) -> Study:
    """Write the answers that are still missing."""
    found = study(studio, study_id)
    if not found.job.is_live:
        jobs.requeue(studio.store, found.job.id, message="Waiting to write the rest of the answers.")
    return study(studio, study_id)


def close(studio: Studio, study_id: str) -> Study:
    """End the rating and reveal the sides; nobody can rate after this."""
    found = study(studio, study_id)
    if found.state is StudyState.CLOSED:
        return found
    if found.state is not StudyState.OPEN:
        raise StudyError("The answers are not all written yet.", fix="Wait until the rating is open.")
    if not cards.ratings(studio.store, study_id):
        raise StudyError("Nobody has rated anything yet.", fix="Rate at least one prompt first.")
    return stored.close(studio.store, study_id, at=datetime.now(UTC))
