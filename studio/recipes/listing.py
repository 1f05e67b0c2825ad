"""Listing: every model that can be picked, with what it needs, and in words why one cannot be used here."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from studio.domain.errors import RecipeError
from studio.domain.job import Job
from studio.domain.machine import Machine
from studio.domain.model import Fit, Kind, Licence, Model, Need
from studio.recipes.catalogue import Entry
from studio.recipes.fitting import need_of
from studio.recipes.hub.manifest import is_whole, pinned
from studio.recipes.local import CheckedModel, check_model_folder

STARTER, STARTER_TITLE = "starter", "Pebble (starter)"
APACHE = "apache-2.0"
# What hubs call a licence, where that is not what the catalogue calls it.
TAGS = {
    "llama3": "llama-3",
    "llama3.1": "llama-3.1",
    "llama3.2": "llama-3.2",
    "llama3.3": "llama-3.3",
    "llama4": "llama-4",
}
BARRED = {
    "experts": "Models made of several experts cannot be fine-tuned here yet. Pick a model in one piece.",
    "code": "It asks to run code that comes with it, and the studio never does that. Pick another model.",
    "pictures": "It also reads pictures or sound, and such models cannot be fine-tuned here yet. Pick a text model.",
    "state-space": "It has state-space layers (Mamba) beside attention: what they keep in memory and how long they "
    "take cannot be planned here yet. Pick a model of attention alone.",
    "hybrid": "It reads pictures and has layers of two kinds, which cannot be fine-tuned here yet. Pick a text model.",
}
UNREAD = Licence("See the licence in its folder", None)
UNREAD_ON_HUB = Licence("See the licence on its page", None)


class Added(Protocol):
    """A model that somebody has added: a folder of this machine, or one of a hub with its download."""

    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def path(self) -> Path: ...
    @property
    def hub_id(self) -> str | None: ...
    @property
    def job(self) -> Job | None: ...


def with_reasons(
    entries: Sequence[Entry],
    *,
    machine: Machine,
    starter: Path,
    licences: Mapping[str, Licence],
    added: Iterable[Added] = (),
) -> list[Model]:
    """The starter, what was added, and the catalogue; a catalogue model that was downloaded keeps its place there."""
    held = {each.id: each for each in added}
    listed = {entry.id for entry in entries}
    return [
        _starter(starter, licences[APACHE], machine),
        *(_added(each, entries, licences, machine) for each in held.values() if each.id not in listed),
        *(_listed(entry, held.get(entry.id), machine) for entry in entries),
    ]


def _starter(folder: Path, licence: Licence, machine: Machine) -> Model:
    try:
        shape, obstacle = check_model_folder(folder).shape, ""
    except RecipeError as error:
        shape, obstacle = None, f"{error.message} Restore assets/starter from the studio's own download."
    return Model(
        id=STARTER,
        title=STARTER_TITLE,
        maker="Assay Studio",
        parameters=shape.parameters if shape else 0,
        context=shape.context if shape else 0,
        licence=licence,
        about="Shows the whole journey on any laptop in minutes: it learns formats and copying, and knows little else.",
        need=need_of(shape, machine) if shape else None,
        starter=True,
        path=None if obstacle else folder,
        obstacle=obstacle,
    )


def _added(each: Added, entries: Sequence[Entry], licences: Mapping[str, Licence], machine: Machine) -> Model:
    """An added model, with what the catalogue knows of it where its name is known."""
    known = _known(each, entries)
    checked, obstacle = _looked_at(each, machine)
    shape = checked.shape if checked else None
    return Model(
        id=each.id,
        title=each.title,
        maker=known.maker if known else (each.hub_id or "").partition("/")[0],
        parameters=shape.parameters if shape else 0,
        context=shape.context if shape else 0,
        licence=known.licence if known else _licence(each, licences),
        about=known.about if known else _unknown(each),
        need=need_of(shape, machine) if shape else None,
        kind=known.kind if known else Kind.UNKNOWN,
        hub_id=each.hub_id or (known.hub_id if known else None),
        bytes=each.job.total if each.job else 0,
        path=each.path if shape else None,
        revision=pinned(each.path).revision if shape and each.hub_id else "",
        download=each.job,
        obstacle=obstacle,
        texts_only=checked is not None and not checked.has_template,
    )


def _licence(each: Added, licences: Mapping[str, Licence]) -> Licence:
    """What the hub names as the licence of a downloaded model, in plain words where that licence is known here."""
    named = pinned(each.path).licence if each.hub_id and is_whole(each.path) else ""
    if named:
        return licences.get(TAGS.get(named, named), Licence(named, None))
    return UNREAD_ON_HUB if each.hub_id else UNREAD


def _unknown(each: Added) -> str:
    if each.hub_id:
        return "Its page on the hub says what it was made for."
    return "Whoever made the folder knows what it was made for."


def _known(each: Added, entries: Sequence[Entry]) -> Entry | None:
    """The catalogue's entry for the same model: by its name on the hub, or for a folder by that name's last part."""
    for entry in entries:
        name = entry.hub_id.lower()
        if (each.hub_id or "").lower() == name or (not each.hub_id and each.title.lower() == name.partition("/")[2]):
            return entry
    return None


def _looked_at(each: Added, machine: Machine) -> tuple[CheckedModel | None, str]:
    """What lies in its folder, and why that cannot be used; nothing of what is still to come."""
    if each.hub_id and not is_whole(each.path):
        return None, ""
    try:
        checked = check_model_folder(each.path)
    except RecipeError as error:
        return None, error.sentence
    return checked, _too_large(need_of(checked.shape, machine))


def _listed(entry: Entry, held: Added | None, machine: Machine) -> Model:
    shape = entry.shape
    need = need_of(shape, machine) if shape and not entry.barred else None
    is_here = held is not None and is_whole(held.path)
    broken = _looked_at(held, machine)[1] if held and is_here else ""
    return Model(
        id=entry.id,
        title=entry.title,
        maker=entry.maker,
        parameters=shape.parameters if shape else 0,
        context=shape.context if shape else 0,
        licence=entry.licence,
        about=entry.about,
        need=need,
        kind=entry.kind,
        hub_id=entry.hub_id,
        gated=entry.gated,
        bytes=held.job.total if held and held.job and held.job.total else entry.bytes,
        path=held.path if held and is_here else None,
        revision=pinned(held.path).revision if held and is_here else "",
        download=held.job if held else None,
        obstacle=broken if is_here else BARRED.get(entry.barred) or _too_large(need),
        texts_only=not entry.has_template,
    )


def _too_large(need: Need | None) -> str:
    return f"{need.why} {need.fix}" if need and need.fit is Fit.TOO_LARGE else ""
