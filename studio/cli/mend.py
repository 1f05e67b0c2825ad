"""Mend: look through the rows of a dataset and change them; every change is a new version, which the answer names."""

from typing import Annotated, Any

import typer

from studio.cli.output import Json, answer, verb
from studio.cli.workspace import opened
from studio.domain.dataset import Dataset
from studio.domain.errors import DatasetError
from studio.domain.finding import FindingKind
from studio.domain.mending import Rule, Which, why_left_out
from studio.domain.split import Bin
from studio.flows import bring, browse, history, inspect, mend
from studio.flows.browse import Order
from studio.flows.studio import Studio

app = typer.Typer(no_args_is_help=True, help="Look through rows and change them; every change is a new version.")
DatasetId = Annotated[str, typer.Argument(metavar="DATASET", help="A dataset, as `import` names it.")]
Lines = Annotated[list[int] | None, typer.Option("--line", help="A line of the file; may be said several times.")]
Kind = Annotated[FindingKind | None, typer.Option("--finding", help="All rows of this finding.")]
Reason = Annotated[str | None, typer.Option("--reason", help="Of the finding, only the rows for this reason.")]


@app.command()
@verb
def rows(
    dataset: DatasetId,
    search: Annotated[str, typer.Option(help="Only rows that say this.")] = "",
    finding: Kind = None,
    bin: Annotated[Bin | None, typer.Option(help="Only rows that ended here.")] = None,
    order: Annotated[Order, typer.Option(help="In which order.")] = Order.LINE,
    start: Annotated[int, typer.Option(help="How many to pass over.")] = 0,
    count: Annotated[int, typer.Option(min=1, max=1000, help="How many to show.")] = browse.PAGE,
    json: Json = False,
) -> None:
    """List rows, with where each ended."""
    found = browse.page(opened(), dataset, text=search, among=finding or bin, order=order, start=start, count=count)
    values = {
        "dataset": dataset, "found": found.found, "more": found.more, "start": found.start,
        "rows": [
            {
                "row": listed.row.number, "line": listed.row.line,
                "bin": listed.bin or ("held_out" if listed.is_dealt else None),
                "edited": listed.is_edited,
                "messages": [{"role": m.role, "content": m.content} for m in listed.row.messages],
            }
            for listed in found.listed
        ],
    }  # fmt: skip
    words = [f"line {listed.row.line:>6,}  {listed.where:<30} {listed.row.question[:60]!r}" for listed in found.listed]
    answer(json, values, "\n".join([f"{found.found:,} rows.", *words]))


@app.command()
@verb
def edit(
    dataset: DatasetId,
    line: Annotated[int, typer.Option(help="The line of the file.")],
    text: Annotated[str, typer.Option(help="The new text.")],
    message: Annotated[int | None, typer.Option(help="Which message, from 1; the last one if left out.")] = None,
    json: Json = False,
) -> None:
    """Give one message of a row another text."""
    studio = opened(working=True)
    (number,) = _rows(studio, dataset, [line], None, None)[:1]
    row = bring.preview(studio, dataset, start=number, count=1)[0]
    place = (message or len(row.messages)) - 1
    _answer(mend.edit(studio, dataset, number, {place: text}), json=json)


@app.command()
@verb
def drop(
    dataset: DatasetId,
    line: Lines = None,
    finding: Kind = None,
    reason: Reason = None,
    why: Annotated[str | None, typer.Option(help="The reason that the rows carry.")] = None,
    json: Json = False,
) -> None:
    """Leave rows out of every run."""
    studio = opened()
    numbers = _rows(studio, dataset, line, finding, reason)
    said = why or (why_left_out(finding, reason or "") if finding else "by hand")
    _answer(mend.drop(studio, dataset, numbers, why=said, rule=_rule(finding, reason)), json=json)


@app.command()
@verb
def restore(
    dataset: DatasetId, line: Lines = None, finding: Kind = None, reason: Reason = None, json: Json = False
) -> None:
    """Take rows back that were left out."""
    studio = opened()
    _answer(mend.restore(studio, dataset, _rows(studio, dataset, line, finding, reason)), json=json)


@app.command()
@verb
def mask(
    dataset: DatasetId, line: Lines = None, finding: Kind = None, reason: Reason = None, json: Json = False
) -> None:
    """Put tags in place of secrets and personal data."""
    studio = opened(working=True)
    numbers = _rows(studio, dataset, line, finding, reason)
    _answer(mend.mask(studio, dataset, numbers, rule=_rule(finding, reason)), json=json)


@app.command()
@verb
def keep(
    dataset: DatasetId,
    which: Annotated[Which, typer.Argument(help="Of copies, the one that stays.")],
    line: Annotated[int | None, typer.Option(help="The line to keep, for `chosen`.")] = None,
    json: Json = False,
) -> None:
    """Say which of several copies stays."""
    studio = opened()
    if (which is Which.CHOSEN) != (line is not None):
        raise typer.BadParameter("`chosen` needs --line, and the others go without")
    row = _rows(studio, dataset, [line], None, None)[0] if line is not None else None
    _answer(mend.keep(studio, dataset, which, row=row), json=json)


@app.command()
@verb
def undo(dataset: DatasetId, json: Json = False) -> None:
    """Take the newest change back."""
    _answer(mend.undo(opened(), dataset), json=json)


@app.command("return")
@verb
def return_to(dataset: DatasetId, version: int, json: Json = False) -> None:
    """Go back to what an earlier version held."""
    _answer(mend.return_to(opened(), dataset, version), json=json)


@app.command("history")
@verb
def show_history(dataset: DatasetId, json: Json = False) -> None:
    """List every version, what was done, and which runs learned from it."""
    found = history.history(opened(), dataset)
    values = [
        _values(entry.dataset) | {"words": entry.words, "runs": [run.id for run in entry.runs]} for entry in found
    ]
    words = [f"{entry.dataset.version:>3}  {entry.dataset.id}  {entry.words}" for entry in found]
    answer(json, values, "\n".join(words))


@app.command()
@verb
def diff(first: DatasetId, second: DatasetId, json: Json = False) -> None:
    """Say how the second of two versions differs from the first."""
    found = history.difference(opened(), first, second)
    values = {
        "edited": found.edited, "examples": found.examples, "left_out": found.left_out,
        "taken_back": found.taken_back, "kept_other": found.kept_other,
    }  # fmt: skip
    words = [f"{found.edited:,} rows with other texts."]
    words += [f"line {line:,} is left out: {why}." for line, why in found.left_out.items()]
    words += [f"line {line:,} is taken back." for line in found.taken_back]
    answer(json, values, "They hold the same." if found.is_none else "\n".join(words))


@app.command()
@verb
def replay(source: DatasetId, onto: DatasetId, json: Json = False) -> None:
    """Do to the second dataset what was done to the first."""
    done = history.replay(opened(working=True), source, onto)
    answer(
        json,
        _values(done.dataset) | {"done": done.done, "skipped": done.skipped},
        "\n".join([*done.done, *done.skipped, done.dataset.id]),
    )


def _rows(
    studio: Studio, dataset_id: str, lines: list[int] | None, finding: FindingKind | None, reason: str | None
) -> tuple[int, ...]:
    """The row numbers of these lines, or of a finding; DatasetError where a line is no row."""
    if bool(lines) == (finding is not None):
        raise typer.BadParameter("say which rows: either --line or --finding")
    if finding is not None:
        found = mend.ruled(inspect.findings(studio, dataset_id), Rule(finding, reason))
        if not found:
            raise DatasetError(f"No row has the finding {finding}.", fix="Run `inspect` to see what was found.")
        return found
    assert lines is not None
    numbers = browse.rows_of_lines(studio, dataset_id, lines)
    if missing := sorted(set(lines) - numbers.keys()):
        raise DatasetError(f"Line {missing[0]:,} is no row.", fix="Run `mend rows` to see the rows with their lines.")
    return tuple(sorted(number for line in lines for number in numbers[line]))


def _rule(finding: FindingKind | None, reason: str | None) -> Rule | None:
    return Rule(finding, reason) if finding else None


def _values(dataset: Dataset) -> dict[str, Any]:
    return {
        "dataset": dataset.id, "version": dataset.version, "fingerprint": dataset.fingerprint,
        "rows": dataset.rows, "left_out": len(dataset.mending.removed), "edited": dataset.edited,
    }  # fmt: skip


def _answer(made: Dataset, *, json: bool) -> None:
    words = made.step.words if made.step else "Nothing was changed."
    answer(json, _values(made) | {"words": words}, f"{made.id}: {words}")
