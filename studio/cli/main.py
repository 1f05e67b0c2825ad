"""Main: the verbs, in the order of the journey."""

import sys
from typing import Annotated, ClassVar

import typer

from studio import __version__, discreet
from studio.cli.later import Verbs


class Journey(Verbs):
    table: ClassVar = {
        "import": ("importing.import_file", "Read a file of examples into an immutable dataset."),
        "datasets": ("looking.datasets", "List the datasets of the workspace."),
        "inspect": (
            "looking.inspect_dataset",
            "Say what is wrong with a dataset, and how long its rows are for a model.",
        ),
        "meaning": (
            "meaning.meaning",
            "Compare what the questions mean, and list rows that may ask for the same; none is left out.",
        ),
        "mend": ("mend.app", "Look through rows and change them; every change is a new version."),
        "split": ("split.split", "Deal the rows into training, validation and test, and account for every line."),
        "leakage": (
            "split.leakage",
            "Say how many held-out rows have a twin in training, and list validation rows beside their nearest ones.",
        ),
        "models": ("models.app", "List the models, or add one."),
        "plan": ("planning.plan", "Say what a recipe means on this machine before anything starts."),
        "train": ("planning.train_model", "Start a run; without --wait it goes on in the background."),
        "sweep": (
            "planning.sweep_values",
            "Try a few values of one or two knobs, each as a run; or compare the runs of a sweep.",
        ),
        "queue": ("queue.app", "Show the runs that wait, and change their order."),
        "runs": ("running.runs", "List the runs, or show one."),
        "stop": ("running.stop", "Stop a run after its current step and keep the best checkpoint."),
        "pause": (
            "running.pause",
            "Let a run save its state after the current step and rest; `resume` goes on exactly from there.",
        ),
        "resume": (
            "running.resume",
            "Let a paused, interrupted, stopped or failed run go on from its last checkpoint.",
        ),
        "retry": (
            "running.retry",
            "Start a failed run anew with the one change that it proposes, from its last good checkpoint if any.",
        ),
        "longer": ("running.longer", "Train longer from a checkpoint of a run that has ended, as a new run."),
        "use": ("running.use", "Choose the checkpoint of a run that is compared, asked and delivered."),
        "note": ("logbook.note", "Note what a run taught, and tag it."),
        "diff": ("logbook.diff", "Say in what runs differ: data, split, model and every choice of their recipes."),
        "script": ("logbook.script", "Write a run as a short TRL script; without a folder it is printed."),
        "chat": (
            "chatting.chat",
            "Talk with the base and a checkpoint of a run beside each other; it counts for no verdict.",
        ),
        "study": ("comparing.app", "Compare base and fine-tuned answers blind."),
        "rate": ("study.rate", "Hand in judgements from a file."),
        "verdict": ("deciding.verdict", "Say what a closed study shows, once its gates are judged."),
        "export": (
            "delivering.export",
            "Deliver a checkpoint with its card: as an adapter, merged into its base, or as GGUF.",
        ),
        "delete": (
            "deleting.delete",
            "Put things into the bin; `restore` brings them back until `empty`, or their days, remove them for good.",
        ),
        "restore": ("storing.restore", "Bring things back from the bin, or make a workspace of a backup."),
        "bin": ("deleting.bin", "Say what is in the bin, or for how long it keeps things."),
        "empty": ("deleting.empty", "Remove what is in the bin for good."),
        "space": ("space.space", "Say what takes how much of the disk, or how much the workspace may take."),
        "backup": ("storing.backup", "Keep the whole workspace in one verified file, while the studio goes on."),
        "serve": ("serving.serve_studio", "Open the studio in the browser."),
        "address": (
            "people.address",
            "Print a new address that opens the studio in a browser of this machine, once.",
        ),
        "people": ("people.app", "List who may use the studio, and say who may do what."),
        "key": ("people.key_app", "List the keys by which programs use the studio; make and revoke them."),
        "audit": ("people.audit", "Read the log of who did what, the newest line first."),
        "doctor": (
            "machine.doctor",
            "Say what this machine can do, what is wrong with how the studio is set up, and what to do about it.",
        ),
    }


app = typer.Typer(
    name="studio",
    cls=Journey,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # it would print local variables, which hold people's data
    help="Fine-tune a model on your examples and judge it blind.",
)


def main() -> None:
    discreet.begin(alone=sys.argv[1:2] == ["serve"])
    app()


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
