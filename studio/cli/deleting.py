"""Deleting: things into the bin, out of it again, and for good."""

from typing import Annotated

import typer

from studio.cli.output import Json, answer, verb
from studio.cli.workspace import opened
from studio.flows import deleted as flow
from studio.recipes.words import amount

ANYTHING = "Datasets, runs, sweeps, comparisons, deliveries, models, or checkpoints as RUN@STEP."


@verb
def delete(
    ids: Annotated[list[str], typer.Argument(metavar="ID …", help=ANYTHING)],
    judged: Annotated[bool, typer.Option("--judged", help="Also runs on which a study rests.")] = False,
    json: Json = False,
) -> None:
    """Put things into the bin; `restore` brings them back until `empty`, or their days, remove them for good."""
    studio = opened()
    found = flow.delete(studio, ids, even_judged=judged)
    freed = sum(each.thing.bytes for each in found)
    named = [each.thing.id for each in found]
    words = f"In the bin, and can be brought back for {flow.days(studio)} days with: restore {' '.join(named)}"
    answer(json, {"deleted": named, "bytes": freed}, f"{words}\nIts files take {amount(freed)} until then.")


@verb
def bin(
    days: Annotated[int | None, typer.Option(help="For how many days it keeps things.")] = None, json: Json = False
) -> None:
    """Say what is in the bin, or for how long it keeps things."""
    studio = opened()
    kept = flow.days(studio) if days is None else flow.set_days(studio, days)
    found = flow.listed(studio)
    words = [f"{e.thing.id}  {amount(e.thing.bytes)}  goes {e.goes_at(kept):%Y-%m-%d}  {e.thing.title}" for e in found]
    values = [
        {
            "id": e.thing.id, "kind": e.thing.kind, "name": e.thing.name, "bytes": e.thing.bytes,
            "deleted_at": e.at.isoformat(), "goes_at": e.goes_at(kept).isoformat(),
        }
        for e in found
    ]  # fmt: skip
    answer(json, {"days": kept, "bin": values}, "\n".join(words) or "The bin is empty.")


def restore(ids: list[str], *, json: bool) -> None:
    """Bring things back from the bin."""
    found = flow.restore(opened(), ids)
    named = [each.thing.id for each in found]
    answer(json, {"restored": named}, f"{', '.join(named)}: back.")


@verb
def empty(
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID …", help="All that is in the bin if left out.")] = None,
    json: Json = False,
) -> None:
    """Remove what is in the bin for good."""
    freed = flow.empty(opened(), ids or ())
    answer(json, {"bytes": freed}, f"{amount(freed)} are free again.")
