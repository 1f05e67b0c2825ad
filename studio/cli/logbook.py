"""Logbook: note, compare and write out runs."""

from pathlib import Path
from typing import Annotated, Any

import typer

from studio.cli.output import Json, answer, verb
from studio.cli.workspace import opened
from studio.flows import logbook as flow
from studio.flows import script as scripts
from studio.flows import train

RunId = Annotated[str, typer.Argument(metavar="RUN", help="A run, as `runs` names it.")]
RunIds = Annotated[list[str], typer.Argument(metavar="RUN …", help="Runs, as `runs` names them.")]


def values(kept: flow.Kept) -> dict[str, Any]:
    """A run as `runs --json` lists it."""
    run, began = kept.run, kept.run.started_at
    return {
        "run": run.id, "name": run.name, "state": run.state, "dataset": run.dataset_id, "model": run.model_id,
        "best": kept.best, "started": began.isoformat() if began else None, "owner": kept.entry.owner,
        "tags": kept.entry.tags, "notes": kept.entry.notes, "studies": kept.studies,
    }  # fmt: skip


@verb
def note(
    run: RunId,
    say: Annotated[str | None, typer.Option(help="What to note; an empty text takes the note away.")] = None,
    tags: Annotated[str | None, typer.Option(help="Tags, with commas between them; they replace those before.")] = None,
    json: Json = False,
) -> None:
    """Note what a run taught, and tag it."""
    entry = flow.write(opened(), run, notes=say, tags=tags)
    answer(json, {"run": run, "notes": entry.notes, "tags": entry.tags}, f"{run}: {entry.notes} {list(entry.tags)}")


@verb
def diff(runs: RunIds, json: Json = False) -> None:
    """Say in what runs differ: data, split, model and every choice of their recipes."""
    studio = opened()
    found = flow.compared(studio, runs)
    names = [train.run(studio, run).name for run in runs]
    words = [f"{each.title}: " + " · ".join(map(str, each.values)) for each in found]
    answer(json, {"runs": runs, "differ": found}, "\n".join([" · ".join(names), *words]))


@verb
def script(
    run: RunId,
    to: Annotated[Path | None, typer.Option(help="A new folder for the script, its rows and the recipe.")] = None,
    json: Json = False,
) -> None:
    """Write a run as a short TRL script; without a folder it is printed."""
    studio = opened()
    if to is None:
        text = scripts.text(studio, run)
        answer(json, {"run": run, "script": text}, text)
        return
    files = scripts.folder(studio, run, to=to)
    answer(json, {"run": run, "folder": to, "files": files}, f"{to}: {', '.join(files)}")
