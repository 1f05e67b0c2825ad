"""Delivering: the verb that hands out a checkpoint."""

import time
from pathlib import Path
from typing import Annotated

import typer

from studio.cli.output import Json, answer, error_values, say, verb
from studio.cli.running import RunId, new_key
from studio.cli.workspace import opened
from studio.domain.errors import ExportError
from studio.domain.release import MANIFEST, Form, Release
from studio.flows import deliver
from studio.flows.studio import Studio


@verb
def export(
    run: RunId,
    to: Annotated[Path | None, typer.Option(help="A new folder; kept in the workspace if left out.")] = None,
    format: Annotated[str, typer.Option(help="adapter, merged or gguf.")] = "adapter",
    step: Annotated[
        int | None, typer.Option("--checkpoint", "--step", help="A checkpoint; the best one if left out.")
    ] = None,
    wait: Annotated[bool, typer.Option(help="Return when the delivery is there, or at once.")] = True,
    json: Json = False,
) -> None:
    """Deliver a checkpoint with its card: as an adapter, merged into its base, or as GGUF."""
    if format not in list(Form):
        raise ExportError(f"There is no format {format}.", fix="Use --format adapter, merged or gguf.")
    studio = opened(working=True)
    made = deliver.make(studio, run, Form(format), step=step, to=to, key=new_key())
    if wait:
        made = _followed(studio, made.id, quiet=json)
    failed = wait and not made.is_ready
    error = error_values(ExportError(made.job.message, fix=made.job.fix)) if failed else {}
    answer(json, values(made) | error, _words(made))
    if failed:
        raise typer.Exit(1)


def values(release: Release) -> dict[str, object]:
    """A release as the verb tells it to programs."""
    return {
        "release": release.id, "run": release.run_id, "step": release.step, "form": release.form,
        "state": release.job.state, "folder": release.path, "files": _names(release),
        "bytes": release.bytes, "manifest": release.files, "measured": release.job.result.get("measured", ""),
    }  # fmt: skip


def _names(release: Release) -> list[str]:
    return sorted([*(file.name for file in release.files), MANIFEST]) if release.is_ready else []


def _words(release: Release) -> str:
    if release.is_ready:
        return f"{release.path}: {', '.join(_names(release))}\n{release.job.message}"
    return f"{release.id}: {release.job.words}. {release.job.message} {release.job.fix}".strip()


def _followed(studio: Studio, release_id: str, *, quiet: bool) -> Release:
    """The release once its job has ended; what it is doing is printed as it goes on."""
    shown = ""
    while True:
        found = deliver.release(studio, release_id)
        if found.job.phase != shown and not quiet:
            say(f"  {found.job.phase} …")
        shown = found.job.phase
        if not found.job.is_live:
            return found
        time.sleep(0.2)
