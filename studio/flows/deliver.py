"""Deliver: hand out a checkpoint as files that work without the studio: an adapter, the whole model, or GGUF."""

import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from studio.domain.errors import ExportError
from studio.domain.job import Wish
from studio.domain.model import Model
from studio.domain.release import FORM_TITLES, FORM_WORDS, MEASURED, Form, Release, missing_form
from studio.domain.run import Checkpoint, Run
from studio.flows import card, models, space, train
from studio.flows.audit import logged
from studio.flows.studio import Studio
from studio.flows.zipping import zipped
from studio.recipes.machine import memory
from studio.recipes.weights import weight_bytes
from studio.recipes.words import amount
from studio.store import jobs
from studio.store import releases as stored
from studio.store.ids import new_id
from studio.store.workspace import slug

COMPARED = 4  # validation rows that the merged model is compared on
NEW = "new"  # where no delivery lies yet
PAPERS = 100_000  # bytes, about
CONVERTER = "convert_hf_to_gguf.py"
LLAMA_CPP = "STUDIO_LLAMA_CPP"
# Of what the converter asks for, the only thing that is not here. Its own list of requirements must not be installed
# beside the studio: it names older versions of torch, transformers and numpy.
NEEDS = "sentencepiece"


@dataclass(frozen=True, slots=True)
class Offer:
    """A form that a checkpoint can be delivered in: how large it gets, and why it cannot be, where it cannot.

    `command` is what a person types to get there by another way, where there is one.
    """

    form: Form
    title: str
    about: str
    bytes: int
    needed: int
    obstacle: str = ""
    fix: str = ""
    command: str = ""


def offers(studio: Studio, run_id: str, step: int | None = None) -> list[Offer]:
    """Every form in which a checkpoint (the chosen one, or else the best) can be delivered, or why it cannot."""
    run = train.run(studio, run_id)
    checkpoint, model = train.checkpoint_at(studio, run_id, step), models.model(studio, run.model_id)
    return [_offer(studio, run, checkpoint, model, form) for form in Form]


@logged("made a delivery")
def make(
    studio: Studio, run_id: str, form: Form, *, step: int | None = None, to: Path | None = None, key: str
) -> Release:
    """Put a delivery in the queue; the same `key` again is the same one. `to` is a new folder, else it is kept here."""
    run = train.run(studio, run_id)
    if run.is_live:
        raise ExportError(
            f"{run.name} is still training, and its checkpoints come and go.",
            fix="Wait until it ends, or stop it and keep the best.",
        )
    checkpoint, model = train.checkpoint_at(studio, run_id, step), models.model(studio, run.model_id)
    offer = _offer(studio, run, checkpoint, model, form, to=to)
    if offer.obstacle:
        raise ExportError(offer.obstacle, fix=offer.fix, field="form")
    model = models.usable(studio, run.model_id)
    _clear(studio)
    release_id = new_id("release")
    folder = _free_place(to) if to else studio.workspace.release(release_id)
    subject = card.Subject(run, checkpoint, form, slug(f"{run.name}-step-{checkpoint.step}"))
    trained = jobs.spec(studio.store, run.job.id)
    spec = {
        "release": release_id,
        "run": run.id,
        "step": checkpoint.step,
        "form": form.value,
        "name": subject.name,
        "to": str(folder),
        "checkpoint": str(studio.workspace.run(run.id) / checkpoint.path),
        "sha256": checkpoint.sha256,
        "model": str(model.path),
        "model_id": run.model_id,
        "base_name": card.base_name(model),
        "dataset": trained["dataset"],
        "compared": trained["validation"][:COMPARED],
        "sampling": asdict(card.sampling_of(studio, run.id, checkpoint.step)),
        "papers": card.papers(studio, subject, measured=MEASURED),
        "converter": str(converter() or ""),
    }
    made = {"run_id": run.id, "run_name": run.name, "step": checkpoint.step, "form": form, "path": folder}
    claim = space.claim(studio, offer.needed, folder, "It", error=ExportError)
    return stored.add(studio.store, id=release_id, spec=spec, key=key, claim=claim, **made)


def releases(studio: Studio) -> list[Release]:
    """What was delivered or is on its way, the newest first."""
    return stored.all(studio.store)


def deleted(studio: Studio) -> list[Release]:
    """What was deleted and can still be brought back."""
    return stored.all(studio.store, deleted=True)


def next_key(studio: Studio, run_id: str, step: int, form: Form) -> str:
    """The key of the next delivery of the same: the same until that has ended, so that two presses make one."""
    same = [each.id for each in releases(studio) if (each.run_id, each.step, each.form) == (run_id, step, form)]
    ended = [each for each in same if not release(studio, each).job.is_live]
    return f"{run_id}:{step}:{form}:{next(iter(ended), '')}"


def release(studio: Studio, release_id: str) -> Release:
    return stored.get(studio.store, release_id)


@logged("stopped a delivery")
def cancel(studio: Studio, release_id: str) -> Release:
    """End a delivery that is on its way; nothing of it is left."""
    found = release(studio, release_id)
    if not found.job.is_live:
        raise ExportError("This delivery is not on its way.", fix="There is nothing to cancel.")
    jobs.wish(studio.store, found.job.id, Wish.STOP)
    return release(studio, release_id)


def archive(studio: Studio, release_id: str) -> tuple[str, Iterator[bytes]]:
    """A delivery as one zip file, made while it is sent: its name, and its bytes."""
    found = release(studio, release_id)
    missing = [file.name for file in found.files if not (found.path / file.name).is_file()]
    if not found.is_ready or missing:
        raise ExportError(
            f"Of this delivery {missing[0]} is gone." if missing else "This delivery is not there.",
            fix="Deliver the checkpoint again.",
        )
    name = slug(f"{found.run_name}-step-{found.step}-{found.form}")
    return f"{name}.zip", zipped(sorted(path for path in found.path.iterdir() if path.is_file()), within=name)


def converter() -> Path | None:
    """llama.cpp's converter: in the folder that the setting names, or on the PATH."""
    named = os.environ.get(LLAMA_CPP)
    folders = [Path(named)] if named else [Path(each) for each in os.environ.get("PATH", "").split(os.pathsep) if each]
    places = [folder if folder.name == CONVERTER else folder / CONVERTER for folder in folders]
    return next((place.resolve() for place in places if place.is_file()), None)


def _offer(
    studio: Studio, run: Run, checkpoint: Checkpoint, model: Model, form: Form, *, to: Path | None = None
) -> Offer:
    base = weight_bytes(model.path) if model.path else 0
    size = base if form is not Form.ADAPTER else _adapter_bytes(studio, run, checkpoint)
    tokenizer = (model.path / "tokenizer.json").stat().st_size if model.path else 0
    size += tokenizer + PAPERS
    needed = 2 * size if form is Form.GGUF else size
    offer = Offer(form, FORM_TITLES[form], FORM_WORDS[form], size, needed)
    if missing := missing_form(form, run.recipe.method):
        fix = "" if form is Form.ADAPTER else "Deliver the adapter."
        return replace(offer, obstacle=missing, fix=fix)
    if model.path is None:
        return replace(
            offer, obstacle=f"The base model {model.title} is not here any more.", fix="Bring it back first."
        )
    if form is Form.GGUF and converter() is None:
        return replace(
            offer,
            obstacle="llama.cpp's converter is not installed here.",
            fix=f"Get it with the first two lines below and restart the studio with {LLAMA_CPP}=llama.cpp, or deliver "
            "the whole model and convert it with the last line.",
            command=_by_hand(studio, run, checkpoint),
        )
    if form is Form.GGUF and importlib.util.find_spec(NEEDS) is None:
        return replace(
            offer,
            obstacle=f"llama.cpp's converter is here, but not {NEEDS}, which it needs.",
            fix="Run the line below in a terminal and open this page again.",
            command=_pip_install(NEEDS),
        )
    claim = space.claim(studio, needed, to or studio.workspace.exports / NEW, "It", error=ExportError)
    if refusal := space.lacking(studio, claim):
        return replace(offer, obstacle=refusal.message, fix=refusal.fix)
    whole, _ = memory()
    if form is not Form.ADAPTER and whole < base:
        return replace(
            offer,
            obstacle=f"Merging needs {amount(base)} of main memory, and this machine has {amount(whole)}.",
            fix="Deliver the adapter, and merge it on a machine with more memory.",
        )
    return offer


def _by_hand(studio: Studio, run: Run, checkpoint: Checkpoint) -> str:
    """How to get the converter, and how to run it on the whole model that was delivered, if it was."""
    wanted = (run.id, checkpoint.step, Form.MERGED)
    made = next((r.path for r in releases(studio) if (r.run_id, r.step, r.form) == wanted and r.is_ready), None)
    name = slug(f"{run.name}-step-{checkpoint.step}")
    return (
        "git clone --depth 1 https://github.com/ggml-org/llama.cpp\n"
        f"{_pip_install(NEEDS)}\n"
        f"{sys.executable} llama.cpp/{CONVERTER} {made or 'FOLDER_OF_THE_WHOLE_MODEL'} --outfile {name}.gguf"
    )


def _pip_install(package: str) -> str:
    return f"{sys.executable} -m pip install {package}"


def _adapter_bytes(studio: Studio, run: Run, checkpoint: Checkpoint) -> int:
    weights = studio.workspace.run(run.id) / checkpoint.path / "adapter_model.safetensors"
    return weights.stat().st_size if weights.is_file() else 0


def _free_place(to: Path) -> Path:
    """A folder that is still to be made, or empty; ExportError where there can be none."""
    place = to.expanduser().absolute()
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise ExportError(f"{to} is there already and not an empty folder.", fix="Name a new folder.", field="to")
    parent = next(each for each in place.parents if each.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        raise ExportError(f"Nothing can be written to {parent}.", fix="Name another folder.", field="to")
    return place


def _clear(studio: Studio) -> None:
    """Remove what is left of deliveries that were never finished."""
    live = {each.path.name for each in releases(studio) if each.job.is_live}
    for draft in studio.workspace.exports.glob(".release-*.part"):
        if draft.name.removeprefix(".").removesuffix(".part") not in live:
            shutil.rmtree(draft, ignore_errors=True)
