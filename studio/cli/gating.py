"""Gating: which gates suit a run, as `study create --gate` takes them."""

from typing import Annotated

import typer

from studio.cli.output import Json, answer, verb
from studio.cli.workspace import opened
from studio.domain.gate import TITLES
from studio.flows import gates


@verb
def show(
    run: Annotated[str, typer.Argument(metavar="RUN")],
    prompts: Annotated[int | None, typer.Option(help="How many prompts will be asked; margins fit them.")] = None,
    json: Json = False,
) -> None:
    """Propose gates from the training and validation answers of a run; each can be given to `study create --gate`."""
    found = gates.proposed(opened(), run, prompts=prompts)
    told = [{"gate": each.gate.model_dump(mode="json"), "reason": each.reason, "needs": each.needs} for each in found]
    lines = [f"{TITLES[each.gate.kind]}: {each.reason}\n  --gate '{each.gate.model_dump_json()}'" for each in found]
    answer(json, told, "\n".join(lines))
