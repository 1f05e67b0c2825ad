"""Main: the verbs, in the order of the journey."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from studio import __version__, discreet
from studio.cli import (
    chatting,
    deciding,
    deleting,
    delivering,
    importing,
    logbook,
    meaning,
    mend,
    opinion,
    people,
    queue,
    running,
    serving,
    space,
    split,
    storing,
    study,
    sweep,
)
from studio.cli import models as listed_models
from studio.cli.importing import pair
from studio.cli.output import Json, answer, verb
from studio.cli.workspace import opened, workspaces_folder
from studio.domain.errors import DatasetError, RecipeError
from studio.domain.finding import GRADE_WORDS, TREATMENTS, by_weight
from studio.domain.recipe import Recipe
from studio.flows import advise, bring, choose, inspect, machine, topics, train, trying
from studio.flows import mend as mending
from studio.flows import queue as line
from studio.flows import split as dealing
from studio.flows import sweep as sweeping
from studio.flows.models import STARTER
from studio.flows.studio import Studio

app = typer.Typer(
    name="studio",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # it would print local variables, which hold people's data
    help="Fine-tune a model on your examples and judge it blind.",
)
app.add_typer(listed_models.app, name="models")
study.app.command("judge")(opinion.judge)
app.add_typer(study.app, name="study")
app.add_typer(mend.app, name="mend")
app.add_typer(queue.app, name="queue")
app.add_typer(people.app, name="people")
app.add_typer(people.key_app, name="key")
app.command("serve")(serving.serve_studio)
app.command("audit")(people.audit)
app.command("address")(people.address)
app.command("import")(importing.import_file)
app.command("rate")(study.rate)
app.command("verdict")(deciding.verdict)
app.command("chat")(chatting.chat)
app.command("meaning")(meaning.meaning)
app.command("note")(logbook.note)
app.command("diff")(logbook.diff)
app.command("script")(logbook.script)
app.command("export")(delivering.export)
app.command("delete")(deleting.delete)
app.command("restore")(storing.restore)
app.command("bin")(deleting.bin)
app.command("empty")(deleting.empty)
app.command("backup")(storing.backup)
app.command("space")(space.space)
app.command("split")(split.split)
app.command("leakage")(split.leakage)
for run_verb in (running.runs, running.stop, running.pause, running.resume, running.retry, running.longer, running.use):
    app.command(run_verb.__name__)(run_verb)

Dataset = Annotated[str, typer.Argument(metavar="DATASET", help="A dataset, as `import` names it.")]
ModelId = Annotated[str, typer.Option("--model", help="A model, as `models` names it.")]
Sets = Annotated[list[str] | None, typer.Option("--set", help="Change one value of the recipe: --set epochs=5.")]
RecipeFile = Annotated[Path | None, typer.Option("--recipe", help="A recipe saved as YAML.")]


def main() -> None:
    discreet.begin(alone=sys.argv[1:2] == ["serve"])
    app()


@app.command()
@verb
def datasets(json: Json = False) -> None:
    """List the datasets of the workspace."""
    found = bring.datasets(opened())
    words = "\n".join(f"{d.id}  {d.rows:>7,} rows  {d.state:<9} {d.name}" for d in found) or "There is no dataset yet."
    answer(json, [{"dataset": d.id, "name": d.name, "rows": d.rows, "state": d.state} for d in found], words)


@app.command("inspect")
@verb
def inspect_dataset(dataset: Dataset, model: ModelId = STARTER, json: Json = False) -> None:
    """Say what is wrong with a dataset, and how long its rows are for a model."""
    studio = opened(working=True)
    look = _measured(studio, dataset, model)
    assert look.lengths is not None and look.cut_off is not None
    cut = look.lengths.cut_rows(look.cut_off.tokens)
    split.ended(studio, topics.look(studio, dataset).job)
    said, about = advise.advice(studio, look), topics.known(studio, dataset)
    values = {
        "dataset": dataset,
        "model": model,
        "findings": [
            {
                "kind": f.kind, "grade": f.grade, "title": f.title, "count": f.count, "why": f.why,
                "action": TREATMENTS[f.kind].action, "groups": [g.lines for g in f.groups],
                "details": [{"lines": g.lines, "reason": g.reason, "grade": g.grade or f.grade} for g in f.groups],
            }
            for f in by_weight(look.findings)
        ],
        "lengths": {
            "longest": max(look.lengths.total), "cut_off": look.cut_off.tokens, "reason": look.cut_off.reason,
            "cut_rows": len(cut), "stop_token_trained": look.lengths.stop_token_trained,
            "left_out": look.lengths.left_out, "partial_rows": len(look.lengths.partial),
        },
        "advice": {
            "tone": said.reading.tone, "title": said.reading.title, "text": said.reading.text,
            "first": [{"what": issue.what, "to_do": issue.to_do} for issue in said.first],
        },
        "topics": about and {
            "sentence": about.sentence, "topics": [{"words": t.words, "rows": t.rows} for t in about.topics],
        },
        "split": _split_values(studio, dataset),
    }  # fmt: skip
    words = [f"{said.reading.title} {said.reading.text}"]
    words += [f"{GRADE_WORDS[f.grade]:<13} {f.title}. {f.why}" for f in by_weight(look.findings)] or [
        "Nothing was found that needs mending."
    ]
    words += [look.lengths.partial_sentence] if look.lengths.partial else []
    words.append(f"Suggested cut-off: {look.cut_off.tokens} tokens. {look.cut_off.reason}")
    answer(json, values, "\n".join(words))


def _split_values(studio: Studio, dataset: str) -> dict[str, Any] | None:
    """How the rows are dealt; None where they are too few for that."""
    try:
        made, ledger = dealing.current(studio, dataset), dealing.ledger(studio, dataset)
    except DatasetError:
        return None
    return {"split": made.id, "counts": ledger.counts} | split.facts(studio, made)


def _measured(studio: Studio, dataset_id: str, model_id: str) -> inspect.Inspection:
    """Look at a dataset once its lengths have been measured; a measurement that failed is tried once more.

    Where texts were changed, its rows are examined first, so that the findings are those of its texts.
    """
    checking = mending.recheck(studio, dataset_id)
    if checking is not None and checking.is_live:
        train.wait(studio, checking.id)
    look = inspect.look(studio, dataset_id, model_id)
    if look.measuring is None:
        return look
    job = look.measuring if look.measuring.is_live else inspect.measure_again(studio, look.measuring.id)
    train.wait(studio, job.id)
    look = inspect.look(studio, dataset_id, model_id)
    if look.lengths is None and look.measuring is not None:
        raise DatasetError(look.measuring.message, fix=look.measuring.fix)
    return look


def _recipe(studio: Studio, dataset: str, model: str, recipe: Path | None, sets: list[str] | None) -> Recipe:
    """The default recipe, or the one in a file, with single values changed."""
    changes: dict[str, Any] = dict(pair(each) for each in sets or [])
    _measured(studio, dataset, model)
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


@app.command()
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
    words = [made.sentence, made.rests_on, f"{made.steps:,} steps over {made.train_rows:,} rows."]
    words += [f"  {choice.name}: {choice.value} ({choice.why})" for choice in made.choices]
    answer(json, {"plan": made, "recipe": chosen}, "\n".join(words))


@app.command("train")
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


@app.command("sweep")
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
        typer.echo(asked.sentence)
    made = sweeping.start(studio, dataset, model, chosen, knobs, name=name, gpu=on, key=running.new_key())
    sweep.told(studio, made, wait=wait, json=json)


@app.command()
@verb
def doctor(
    port: Annotated[int, typer.Option(help="The port that the studio is to listen on.")] = 7860,
    through: Annotated[str, typer.Option(help="The address by which people come, to try the proxy on the way.")] = "",
    json: Json = False,
) -> None:
    """Say what this machine can do, what is wrong with how the studio is set up, and what to do about it."""
    found = machine.doctor(workspaces_folder(), port=port, address=through)
    lines = [f"{'ok ' if c.ok else '-- '} {c.name:<14} {c.found}{'' if c.ok else f'  {c.fix}'}" for c in found]
    answer(
        json,
        [{"name": c.name, "ok": c.ok, "needed": c.needed, "found": c.found, "fix": c.fix} for c in found],
        "\n".join(lines),
    )
    if any(c.needed and not c.ok for c in found):
        raise typer.Exit(1)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"Assay Studio {__version__}")
        raise typer.Exit


@app.callback()
def before_every_verb(
    version: Annotated[
        bool, typer.Option("--version", help="Say which version this is.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    pass


def serve_from_arguments() -> None:
    """python app.py …: the serve verb without its name."""
    sys.argv.insert(1, "serve")
    main()
