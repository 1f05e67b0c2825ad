"""Study judge: a model's opinion on a closed study, announced before anything is asked."""

from typing import Annotated

import typer

from studio.cli.output import Json, answer, say, verb
from studio.cli.workspace import opened
from studio.domain.errors import StudyError
from studio.domain.judge import DEFAULT_KEY, Judge, endpoint
from studio.domain.opinion import Announcement
from studio.flows import opinion, train
from studio.flows.opinion import Advice
from studio.flows.studio import Studio
from studio.verdict import advising


@verb
def judge(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="A closed study.")],
    endpoint: Annotated[str, typer.Option(metavar="URL", help="An OpenAI-compatible endpoint to ask.")] = "",
    model: Annotated[str, typer.Option(help="How the endpoint calls the model.")] = "",
    local: Annotated[str, typer.Option(metavar="MODEL", help="A model of this workspace to ask instead.")] = "",
    key_variable: Annotated[str, typer.Option(help="The variable that holds the endpoint's key.")] = DEFAULT_KEY,
    price_in: Annotated[float | None, typer.Option(help="Price per million tokens that it reads.")] = None,
    price_out: Annotated[float | None, typer.Option(help="Price per million tokens that it writes.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Ask the last judge for what it left unanswered.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Ask without a further question.")] = False,
    json: Json = False,
) -> None:
    """Ask a model for its opinion, or show what was said; it advises and never turns the verdict."""
    studio = opened(working=bool(endpoint or local or again))
    if not endpoint and not local and not again:
        _show(opinion.opinion(studio, study), as_json=json)
        return
    prices = price_in, price_out
    chosen = _left(studio, study) if again else _judge(studio, endpoint, model, local, key_variable, prices)
    told = opinion.announce(studio, study, chosen)
    if not json:
        say(announcement(told))
    if not yes and json:
        answer(True, {"study": study, "announcement": told, "started": False}, "")
        return
    if not yes:
        typer.confirm("Ask this judge?", abort=True)
    job = opinion.start(studio, study, chosen)
    train.wait(studio, job.id)
    found = next(each for each in opinion.opinion(studio, study) if each.id == job.id)
    if found.job.message and found.job.fix:
        raise StudyError(found.job.message, fix=found.job.fix)
    _show([found], as_json=json)


def _left(studio: Studio, study: str) -> Judge:
    found = opinion.to_ask_again(opinion.opinion(studio, study))
    if found is None:
        raise StudyError("No judge left a question of this comparison unanswered.", fix="Ask another judge.")
    return found.judge


def announcement(told: Announcement) -> str:
    """What asking would do, line by line."""
    return "\n".join([*told.sentences, *(f"Beware: {warning}" for warning in told.warnings)])


def words(advice: Advice) -> str:
    """An opinion as a terminal shows it."""
    lines = [f"{advice.judge.title} ({advice.job.words})"]
    for each in advice.against:
        lines.append(f"Against {each.opponent.title}: {advising.outcome_sentence(each.tally)}")
        lines += [f"  {advising.graded_sentence(grade)}" for grade in each.grades]
    lines += [advising.order_sentence(advice.tally), advising.alike_sentence(advice.alike), advice.reliability]
    lines += [f"  {line}" for line in advising.failure_lines(advice.tally)]
    return "\n".join([line for line in lines if line] + [advising.ADVICE])


def _judge(
    studio: Studio, address: str, model: str, local: str, key_variable: str, prices: tuple[float | None, float | None]
) -> Judge:
    if address and local:
        raise StudyError("Two judges are named.", fix="Give --endpoint with --model, or --local.")
    if local:
        return opinion.local_judge(studio, local)
    return endpoint(address, model, key_variable=key_variable, price_in=prices[0], price_out=prices[1])


def _show(found: list[Advice], *, as_json: bool) -> None:
    nothing = "No judge was asked yet. Name one with --endpoint URL --model NAME, or --local MODEL."
    answer(as_json, [opinion.advice_values(each) for each in found], "\n\n".join(map(words, found)) or nothing)
