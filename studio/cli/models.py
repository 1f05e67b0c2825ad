"""Models: list them, add a folder or a model of a hub, stop a download, forget one."""

import time
from typing import Annotated, Any

import typer

from studio.cli.output import Json, answer, error_values, say, verb
from studio.cli.workspace import opened
from studio.domain.errors import RecipeError
from studio.domain.job import JobState
from studio.domain.model import Model
from studio.flows import deleted
from studio.flows import models as flow
from studio.flows.studio import Studio
from studio.jobs.presence import keep_supervised

app = typer.Typer(invoke_without_command=True, help="List the models, or add one.")
ModelId = Annotated[str, typer.Argument(metavar="MODEL", help="A model, as `models` names it.")]


@app.callback()
@verb
def list_models(
    context: typer.Context,
    find: Annotated[str, typer.Option(metavar="WORDS", help="Only models of which each of these words is said.")] = "",
    json: Json = False,
) -> None:
    """List the models and whether each can be used here."""
    if context.invoked_subcommand:
        return
    found = flow.find(flow.models(opened()), find)
    words = [f"{m.id:<24} {m.standing:<15} {m.title}{'' if m.is_usable else f'  ({m.reason})'}" for m in found]
    answer(json, [_values(each) for each in found], "\n".join(words))


@app.command("add")
@verb
def add_model(
    named: Annotated[
        str, typer.Argument(metavar="PATH|HUB_ID", help="A folder with a model, or owner/name of the hub.")
    ],
    revision: Annotated[str, typer.Option(help="A branch, tag or commit of the hub; the newest if left out.")] = "",
    wait: Annotated[bool, typer.Option("--wait", help="Return when the download has ended.")] = False,
    json: Json = False,
) -> None:
    """Add a model folder from this machine, or download a model of the hub; asked again, a download goes on."""
    studio = opened()
    added = flow.add_model(studio, named, revision=revision)
    if added.is_downloading:
        keep_supervised(studio.workspace)
    if wait:
        added = _followed(studio, added.id, quiet=json)
    failed = wait and not added.is_usable
    error = error_values(RecipeError(f"{added.title} is not here.", fix=added.reason)) if failed else {}
    said = "can be used" if added.is_usable else added.reason
    answer(json, {"model": added.id} | _values(added) | error, f"{added.id}: {added.title}: {said}")
    if failed:
        raise typer.Exit(1)


@app.command("stop")
@verb
def stop_download(model: ModelId, json: Json = False) -> None:
    """Stop a download; what has arrived is kept."""
    stopped = flow.cancel(opened(working=True), model)
    words = stopped.download.words if stopped.download else ""
    answer(json, _values(stopped), f"{model}: {words}.")


@app.command("remove")
@verb
def remove_model(model: ModelId, json: Json = False) -> None:
    """Put an added model into the bin; a folder of your own stays where it is in any case."""
    deleted.delete(opened(), [model])
    answer(json, {"model": model}, f"{model} is no longer listed.")


def _values(m: Model) -> dict[str, Any]:
    need, job = m.need, m.download
    return {
        "id": m.id, "title": m.title, "starter": m.starter, "usable": m.is_usable, "standing": m.standing,
        "reason": m.reason, "kind": m.kind, "good_at": m.about, "parameters": m.parameters, "context": m.context,
        "licence": m.licence, "memory_qlora": need and need.qlora, "memory_lora": need and need.lora,
        "needs": need and need.why, "hub_id": m.hub_id, "gated": m.gated, "bytes": m.bytes, "revision": m.revision,
        "path": m.path,
        "download": job and {
            "job": job.id, "state": job.state, "phase": job.phase, "done": job.done, "total": job.total,
            "seconds_left": job.seconds_left, "message": job.message, "fix": job.fix,
        },
    }  # fmt: skip


def _followed(studio: Studio, model_id: str, *, quiet: bool) -> Model:
    """The model once its download has ended; how far it is is printed as it changes."""
    told = ""
    while True:
        found = flow.model(studio, model_id)
        job = found.download
        if job is None or not job.is_live:
            return found
        share = f"{job.done / job.total:4.0%}" if job.total and job.state is JobState.RUNNING else "    "
        line = f"  {share} {job.message or job.phase or job.words}"
        if line != told and not quiet:
            say(line)
        told = line
        time.sleep(0.3)
