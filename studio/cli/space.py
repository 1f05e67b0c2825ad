"""Space: what takes how much of the disk, and how much the workspace may take."""

from typing import Annotated

import typer

from studio.cli.output import Json, answer, verb
from studio.cli.workspace import opened
from studio.domain.space import SHARE_TITLES
from studio.flows import space as flow
from studio.recipes.words import amount


@verb
def space(
    budget: Annotated[
        str | None, typer.Option(metavar="SIZE", help="What the workspace may take in all, 50GB for one, or none.")
    ] = None,
    json: Json = False,
) -> None:
    """Say what takes how much of the disk, or how much the workspace may take."""
    studio = opened()
    if budget is not None:
        flow.set_budget(studio, budget)
    found = flow.space(studio)
    shares = sorted(found.taken.items(), key=lambda each: -each[1])
    words = [f"{amount(size):>10}  {SHARE_TITLES[share]}" for share, size in shares]
    words += [f"{amount(found.used):>10}  in all, {limit(found.budget)}"]
    words += [f"{amount(found.promised):>10}  may still be written by what waits and runs"]
    words += [f"{amount(max(found.left, 0)):>10}  are left for more"]
    values = {
        "taken": {share.value: size for share, size in shares}, "used": found.used, "promised": found.promised,
        "disk_free": found.disk, "budget": found.budget, "left": found.left,
    }  # fmt: skip
    answer(json, values, "\n".join(words))


def limit(budget: int | None) -> str:
    return "with no limit but the disk" if budget is None else f"of {amount(budget)} at most"
