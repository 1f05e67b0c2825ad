"""Machine: what it can do, and what is wrong with how the studio is set up on it."""

from typing import Annotated

import typer

from studio.cli.output import Json, answer, verb
from studio.cli.workspace import workspaces_folder
from studio.flows import machine as flow


@verb
def doctor(
    port: Annotated[int, typer.Option(help="The port that the studio is to listen on.")] = 7860,
    through: Annotated[str, typer.Option(help="The address by which people come, to try the proxy on the way.")] = "",
    json: Json = False,
) -> None:
    """Say what this machine can do, what is wrong with how the studio is set up, and what to do about it."""
    found = flow.doctor(workspaces_folder(), port=port, address=through)
    lines = [f"{'ok ' if c.ok else '-- '} {c.name:<14} {c.found}{'' if c.ok else f'  {c.fix}'}" for c in found]
    answer(
        json,
        [{"name": c.name, "ok": c.ok, "needed": c.needed, "found": c.found, "fix": c.fix} for c in found],
        "\n".join(lines),
    )
    if any(c.needed and not c.ok for c in found):
        raise typer.Exit(1)
