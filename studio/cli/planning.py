"""Planning: what a recipe means here, and runs of it, one or several."""

from pathlib import Path
from typing import Annotated, Any

import typer

from studio.cli import running, sweep
from studio.cli.importing import pair
from studio.cli.looking import Dataset, ModelId, measured
from studio.cli.output import Json, answer, say, verb
from studio.cli.workspace import opened
from studio.domain.errors import RecipeError
from studio.domain.recipe import Recipe
from studio.flows import choose, train, trying
from studio.flows import queue as line
from studio.flows import sweep as sweeping
from studio.flows.models import STARTER
from studio.flows.studio import Studio

Sets = Annotated[list[str] | None, typer.Option("--set", help="Change one value of the recipe: --set epochs=5.")]
RecipeFile = Annotated[Path | None, typer.Option("--recipe", help="A recipe saved as YAML.")]


@verb
def plan(
    dataset: Dataset,
    model: ModelId = STARTER,
    recipe: RecipeFile = None,
    set: Sets = None,
    probe: Annotated[bool, typer.Option("--probe", help="Take two real steps first and plan from them.")] = False,
    gpu: Annotated[str | None, typer.Option(help="The number of the GPU to plan for; any if left out.")] = None,
    json: Json = False,
) -> None:
    """Say what a recipe means on this machine before anything starts."""
    studio = opened(working=True)
    chosen, on = _recipe(studio, dataset, model, recipe, set), line.device_of(gpu)
    if probe:
        running.tried(studio, trying.start(studio, dataset, model, chosen, gpu=on, key=running.new_key()))
    made = choose.plan(studio, dataset, model, chosen, gpu=on)
    read = f"{made.steps:,} steps over {made.train_rows:,} rows, {made.rows_read:,} read in all."
    words = [made.sentence, made.rests_on, read]
    words += [f"  {choice.name}: {choice.value} ({choice.why})" for choice in made.choices]
    answer(json, {"plan": made, "recipe": chosen}, "\n".join(words))


@verb
def train_model(
    dataset: Dataset,
    model: ModelId = STARTER,
    recipe: RecipeFile = None,
    set: Sets = None,
    name: Annotated[str | None, typer.Option(help="What to call the run.")] = None,
    begin: Annotated[str | None, typer.Option(help="A run of the same model, to train further.")] = None,
    begin_step: Annotated[int | None, typer.Option(help="Its checkpoint; the best one if left out.")] = None,
    gpu: Annotated[str | None, typer.Option(help="The number of the GPU to use; any if left out.")] = None,
    wait: running.Wait = False,
    json: Json = False,
) -> None:
    """Start a run; without --wait it goes on in the background."""
    studio = opened(working=True)
    chosen = _recipe(studio, dataset, model, recipe, set)
    run = train.start(
        studio, dataset, model, chosen, name=name, begin=begin, step=begin_step, gpu=line.device_of(gpu),
        key=running.new_key(),
    )  # fmt: skip
    running.answer_run(studio, run, wait=wait, json=json)


@verb
def sweep_values(
    dataset: Annotated[str, typer.Argument(metavar="DATASET|SWEEP", help="A dataset, or a sweep to compare.")],
    model: ModelId = STARTER,
    vary: sweep.Vary = [],  # noqa: B006  typer never changes it
    recipe: RecipeFile = None,
    set: Sets = None,
    name: Annotated[str | None, typer.Option(help="What to call the sweep.")] = None,
    gpu: Annotated[str | None, typer.Option(help="The number of the GPU to use; any if left out.")] = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Only say how many runs it makes and how long they take.")
    ] = False,
    stop: Annotated[bool, typer.Option("--stop", help="Stop every run of the sweep that is named.")] = False,
    wait: running.Wait = False,
    json: Json = False,
) -> None:
    """Try a few values of one or two knobs, each as a run; or compare the runs of a sweep."""
    studio = opened(working=True)
    if dataset.startswith(sweeping.WORD):
        made = sweeping.stop(studio, dataset) if stop else sweeping.get(studio, dataset)
        sweep.told(studio, made, wait=wait, json=json)
        return
    chosen, knobs, on = _recipe(studio, dataset, model, recipe, set), sweeping.knobs_of(vary), line.device_of(gpu)
    asked = sweeping.planned(studio, dataset, model, chosen, knobs, gpu=on)
    if plan:
        answer(json, {"runs": [changes for changes, _ in asked.each], "takes": asked.takes}, asked.sentence)
        return
    if not json:
        say(asked.sentence)
    made = sweeping.start(studio, dataset, model, chosen, knobs, name=name, gpu=on, key=running.new_key())
    sweep.told(studio, made, wait=wait, json=json)


def _recipe(studio: Studio, dataset: str, model: str, recipe: Path | None, sets: list[str] | None) -> Recipe:
    """The default recipe, or the one in a file, with single values changed."""
    changes: dict[str, Any] = dict(pair(each) for each in sets or [])
    measured(studio, dataset, model)
    if recipe is None:
        base = choose.default_recipe(studio, dataset, model, choose.method_of(changes))
    else:
        named, base = choose.recipe_from_file(recipe)
        if named is not None and named != model:
            raise RecipeError(
                f"The recipe is for the model {named}, not for {model}.",
                fix=f"Say --model {named}, or take it out of the file.",
            )
    return choose.changed(base, changes)
