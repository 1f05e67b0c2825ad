"""Queue: the verbs of the line of runs that wait."""

from typing import Annotated, Any

import typer

from studio.cli.logbook import RunId
from studio.cli.output import Json, answer, verb
from studio.cli.workspace import opened
from studio.flows import queue as flow
from studio.flows.studio import Studio

app = typer.Typer(no_args_is_help=False, help="Show the runs that wait, and change their order.")


@app.callback(invoke_without_command=True)
@verb
def queue(context: typer.Context, json: Json = False) -> None:
    """List what runs and what waits, in the order in which it begins."""
    if context.invoked_subcommand is None:
        _tell(opened(), json=json)


@app.command()
@verb
def move(run: RunId, to: Annotated[int, typer.Option(help="Its new position; 1 is next.")], json: Json = False) -> None:
    """Give a waiting run another position."""
    studio = opened(working=True)
    flow.move(studio, run, to=to)
    _tell(studio, json=json)


@app.command()
@verb
def leave(run: RunId, json: Json = False) -> None:
    """Take a waiting run out of the line; `resume` puts it back at the end."""
    studio = opened(working=True)
    flow.leave(studio, run)
    _tell(studio, json=json)


@app.command()
@verb
def gpu(run: RunId, on: Annotated[str, typer.Option(help="The number of a GPU, or any.")], json: Json = False) -> None:
    """Choose the GPU of a waiting run."""
    studio = opened(working=True)
    flow.choose(studio, run, on)
    _tell(studio, json=json)


def _tell(studio: Studio, *, json: bool) -> None:
    line = flow.line(studio)
    values = {
        "running": [_values(place) for place in line.running],
        "waiting": [_values(place) | {"position": place.position, "begins": place.begins} for place in line.waiting],
        "gpus": line.gpus,
    }
    words = [f"now  {place.subject}  {place.name}" for place in line.running]
    for place in line.waiting:
        on = f", on {line.device(place.job.wants)}" if line.has_choice or place.job.wants else ""
        what = f" on {place.dataset} with {place.model}" if place.run else ""
        begins = flow.in_words(place.begins)
        words.append(f"{place.position:>3}  {place.subject}  {place.name}{what}{on}: begins {begins}")
    answer(json, values, "\n".join(words) or "Nothing runs and nothing waits.")


def _values(place: flow.Place) -> dict[str, Any]:
    return {
        "run": place.run.id if place.run else None, "name": place.name, "dataset": place.dataset, "model": place.model,
        "wants": place.job.wants, "place": place.job.place, "seconds_left": place.job.seconds_left,
    }  # fmt: skip
