"""Split: the verbs that deal the rows, check the deal, and say what is known of it."""

from typing import Annotated, Any

import typer

from studio.cli.output import Json, answer, verb
from studio.cli.workspace import opened
from studio.domain.errors import DatasetError
from studio.domain.fields import ANSWER, SOURCE
from studio.domain.job import Job
from studio.domain.leakage import Leak
from studio.domain.split import BIN_TITLES, LENGTH, TOPIC, Split
from studio.flows import leakage as leaking
from studio.flows import split as dealing
from studio.flows import topics, train
from studio.flows.leakage import Pair
from studio.flows.studio import Studio

Dataset = Annotated[str, typer.Argument(metavar="DATASET", help="A dataset, as `import` names it.")]
NOTHING = "none"


@verb
def split(
    dataset: Dataset,
    by: Annotated[
        str | None, typer.Option(help="Keep rows with the same value of this field on one side; none keeps nothing.")
    ] = None,
    stratify: Annotated[
        str | None, typer.Option(metavar="length|topic|FIELD", help="What every part gets its fair share of.")
    ] = None,
    held_out: Annotated[float | None, typer.Option(help="Share kept aside for validation and test together.")] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed deals the same rows.")] = None,
    json: Json = False,
) -> None:
    """Deal the rows into training, validation and test, and account for every line.

    What is left out stays as it was dealt last.
    """
    studio = opened(working=stratify == TOPIC)
    asked: dict[str, Any] = {
        "by": None if by == NOTHING else by,
        "stratify": _key(studio, dataset, stratify) if stratify else None,
        "held_out": held_out,
        "seed": seed,
    }
    given = {name: value for name, value in asked.items() if value is not None or (name == "by" and by == NOTHING)}
    made = dealing.choose_some(studio, dataset, given)
    ledger = dealing.ledger(studio, dataset)
    values = {"split": made.id, "dataset": dataset, "counts": ledger.counts, "lines": ledger.lines}
    words = [f"{BIN_TITLES[bin]}: {count:,}" for bin, count in ledger.counts.items()]
    told = "\n".join([made.id, *words, f"Lines in the file: {ledger.lines:,}", _evenness(studio, made)])
    answer(json, values | facts(studio, made), told)


def facts(studio: Studio, made: Split) -> dict[str, Any]:
    """What a split was dealt with, and how well that went."""
    known, choices = dealing.facts(studio, made), made.choices
    return {
        "seed": choices.seed, "held_out": choices.held_out, "by": choices.by, "stratify": choices.stratify,
        "sealed": dealing.is_sealed(studio, made), "gap": known.gap, "tied_rows": known.tied, "tied_sets": known.sets,
        "largest_set": known.largest, "shares": known.shares,
    }  # fmt: skip


def _evenness(studio: Studio, made: Split) -> str:
    known = dealing.facts(studio, made)
    tied = f" {known.tied:,} rows share a side with others, in {known.sets:,} sets." if known.sets else ""
    return f"No kind of row is held out more than {100 * known.gap:.1f} points more or less than others.{tied}"


def _key(studio: Studio, dataset: str, named: str) -> str:
    """What rows are to be spread by: a field of the file before a label of the answers, where both have the name."""
    if named == TOPIC:
        search = topics.look(studio, dataset)
        ended(studio, search.job)
    if named in (LENGTH, TOPIC) or named.startswith((SOURCE, ANSWER)):
        return named
    keys = [field.key for field in dealing.fields(studio, dataset) if field.name == named]
    return min(keys, key=lambda key: key.startswith(ANSWER), default=SOURCE + named)


@verb
def leakage(dataset: Dataset, json: Json = False) -> None:
    """Say how many held-out rows have a twin in training, and list validation rows beside their nearest ones."""
    studio = opened(working=True)
    ended(studio, leaking.look(studio, dataset).job)
    check = leaking.look(studio, dataset)
    if check.found is None:
        job = check.job
        raise DatasetError(job.message if job else "The split was not checked.", fix=job.fix if job else "Try again.")
    twins, pairs = leaking.twins(studio, check), leaking.reading_list(studio, check)
    values = {
        "dataset": dataset, "split": check.split.id, "before": _leak(check.found.before),
        "after": _leak(check.found.after), "twins": [_pair(pair) for pair in twins],
        "reading": [_pair(pair) for pair in pairs],
    }  # fmt: skip
    words = [leaking.sentence(check.found)]
    words += [f"  {_words(pair)}" for pair in twins]
    words += ["Read these validation rows beside their nearest training rows:"] if pairs else []
    words += [f"  {_words(pair)}: {_short(pair)}" for pair in pairs]
    answer(json, values, "\n".join(words))


def ended(studio: Studio, job: Job | None) -> None:
    """Wait for a job, if there is one; what failed or was stopped is tried once more."""
    if job is None:
        return
    if not job.is_live:
        job = leaking.check_again(studio, job.id)
    train.wait(studio, job.id)


def _leak(leak: Leak) -> dict[str, Any]:
    return {
        "held_out": leak.held_out, "measured": leak.measured, "same": leak.same, "near": leak.near,
        "twins": leak.twins, "share": leak.share,
    }  # fmt: skip


def _pair(pair: Pair) -> dict[str, Any]:
    row = pair.row
    told = {"line": row.line, "question": row.question, "answer": row.answer} if row else {"line": None}
    twin = {"line": pair.twin.line, "question": pair.twin.question, "answer": pair.twin.answer}
    return {**told, "training": twin, "likeness": pair.likeness}


def _words(pair: Pair) -> str:
    named = f"line {pair.row.line:,}" if pair.row else "a test row under seal"
    return f"{named} and line {pair.twin.line:,}, {100 * pair.likeness:.0f} % alike"


def _short(pair: Pair) -> str:
    asked = [" ".join(row.question.split())[:60] for row in (pair.row, pair.twin) if row]
    return " | ".join(asked)
