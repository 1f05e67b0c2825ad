"""Catalogue: the bases there are, what each is good at, and in words why one cannot be used here."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from studio.domain.errors import RecipeError
from studio.domain.machine import Machine
from studio.domain.model import Model, Shape
from studio.recipes.local import check_model_folder
from studio.recipes.memory import least_memory
from studio.recipes.words import gigabytes

DATA = Path(__file__).with_name("catalogue.json")
STARTER = "starter"
WITHOUT_GPU = 800_000_000  # parameters; above this, one pass on a processor takes days


@dataclass(frozen=True, slots=True)
class Entry:
    """A model of the catalogue.

    `gated`: its terms must be accepted on the hub before it can be downloaded. `answers_marked`: its own chat template
    says where answers begin and end, or the training library knows how to mark it.
    """

    id: str
    hub_id: str
    title: str
    maker: str
    kind: str
    licence: str
    gated: bool
    about: str
    answers_marked: bool
    shape: Shape


class Folder(Protocol):
    """A model folder that somebody has added."""

    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def path(self) -> Path: ...


def catalogue() -> list[Entry]:
    """Every model of the catalogue, in the order in which makers and sizes are shown."""
    entries = json.loads(DATA.read_text(encoding="utf-8"))
    return [Entry(**{**entry, "shape": Shape(**entry["shape"])}) for entry in entries]


def with_reasons(
    entries: Sequence[Entry], *, machine: Machine, starter: Path, added: Iterable[Folder] = ()
) -> list[Model]:
    """The starter, the added folders and the catalogue, each with what it needs and why it cannot be used, if so."""
    return [
        _starter(starter, machine),
        *(_added(folder, entries, machine) for folder in added),
        *(_listed(entry, machine) for entry in entries),
    ]


def _starter(folder: Path, machine: Machine) -> Model:
    try:
        shape, reason = check_model_folder(folder).shape, ""
    except RecipeError as error:
        shape, reason = None, f"{error.message} Restore assets/starter from the studio's own download."
    return Model(
        id=STARTER,
        title="Pebble (starter)",
        maker="Assay Studio",
        parameters=shape.parameters if shape else 0,
        context=shape.context if shape else 0,
        licence="Apache 2.0: commercial use allowed",
        about="Shows the whole journey on any laptop in minutes: it learns formats and copying, and knows little else.",
        needs=_needs(shape, machine) if shape else "",
        starter=True,
        path=None if reason else folder,
        reason=reason,
    )


def _added(folder: Folder, entries: Sequence[Entry], machine: Machine) -> Model:
    """An added folder, with what the catalogue knows of it where its name is known."""
    known = next((entry for entry in entries if entry.hub_id.partition("/")[2].lower() == folder.title.lower()), None)
    try:
        shape, reason = check_model_folder(folder.path).shape, ""
        reason = _too_large(shape, machine)
    except RecipeError as error:
        shape, reason = None, error.sentence
    return Model(
        id=folder.id,
        title=folder.title,
        maker=known.maker if known else "",
        parameters=shape.parameters if shape else 0,
        context=shape.context if shape else 0,
        licence=known.licence if known else "See the licence in its folder",
        about=known.about if known else f"Added from {folder.path}",
        needs=_needs(shape, machine) if shape else "",
        kind=known.kind if known else "instruct",
        hub_id=known.hub_id if known else None,
        path=folder.path if shape else None,
        reason=reason,
    )


def _listed(entry: Entry, machine: Machine) -> Model:
    return Model(
        id=entry.id,
        title=entry.title,
        maker=entry.maker,
        parameters=entry.shape.parameters,
        context=entry.shape.context,
        licence=entry.licence,
        about=entry.about,
        needs=_needs(entry.shape, machine),
        kind=entry.kind,
        hub_id=entry.hub_id,
        reason=_unmarked(entry) or _too_large(entry.shape, machine) or _not_here(entry),
    )


def _needs(shape: Shape, machine: Machine) -> str:
    """The least that a run takes, in words, for this machine if it can do it at all, else for a GPU."""
    if not machine.has_gpu and shape.parameters <= WITHOUT_GPU:
        return f"about {gigabytes(least_memory(shape, on_gpu=False))} of memory with QLoRA, no GPU"
    return f"about {gigabytes(least_memory(shape, on_gpu=True))} of GPU memory with QLoRA"


def _too_large(shape: Shape, machine: Machine) -> str:
    """Why this machine cannot train a model of this shape, whatever the recipe; empty when it can."""
    if machine.has_gpu:
        needed, there, place = least_memory(shape, on_gpu=True), machine.gpus[0].memory, "this machine's GPU has"
        kind = "GPU memory"
    elif shape.parameters > WITHOUT_GPU:
        needed = least_memory(shape, on_gpu=True)
        wanted = f"Needs about {gigabytes(needed)} of GPU memory; this machine has no GPU."
        return f"{wanted} Pick a model under 0.8B, or a machine with a GPU."
    else:
        needed, there, place, kind = least_memory(shape, on_gpu=False), machine.memory, "this machine has", "memory"
    if needed <= there:
        return ""
    return f"Needs about {gigabytes(needed)} of {kind}; {place} {gigabytes(there)}. Pick a smaller model."


def _unmarked(entry: Entry) -> str:
    if entry.answers_marked:
        return ""
    return (
        "Not yet: its chat template does not say where answers begin and end. "
        "Pick a Qwen3, Gemma 3 or SmolLM3, or mark the answer in its template with {% generation %} and add the folder."
    )


def _not_here(entry: Entry) -> str:
    name = entry.hub_id.partition("/")[2]
    first = f"accept its terms on huggingface.co/{entry.hub_id}, run `hf auth login`, then " if entry.gated else ""
    command = f"`hf download {entry.hub_id} --local-dir {name}`"
    return f"Not on this machine: {first}download it with {command} and add that folder."
