"""Models: which bases there are, whether each can be used here, and how those of a hub come here."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from studio.domain.deleted import Kind, Stage
from studio.domain.errors import RecipeError
from studio.domain.job import JobState, Wish
from studio.domain.model import Model
from studio.domain.space import Claim
from studio.flows import space
from studio.flows.audit import logged
from studio.flows.studio import Studio
from studio.recipes.catalogue import catalogue, licences
from studio.recipes.hub.manifest import is_whole
from studio.recipes.hub.names import HubName, endpoint, hub_name
from studio.recipes.listing import STARTER, STARTER_TITLE, with_reasons
from studio.recipes.local import check_model_folder
from studio.recipes.machine import measure_machine
from studio.store import deleted, jobs
from studio.store import models as stored
from studio.store.ids import new_id
from studio.store.models import AddedModel

__all__ = ["STARTER"]


def models(studio: Studio) -> list[Model]:
    """The starter, what was added, then the catalogue with a reason where a model cannot be used here."""
    return with_reasons(
        catalogue(),
        machine=measure_machine(studio.workspace.root),
        starter=studio.assets / "starter",
        licences=licences(),
        added=stored.all(studio.store),
    )


def model(studio: Studio, model_id: str) -> Model:
    for found in models(studio):
        if found.id == model_id:
            return found
    raise _unknown(model_id)


def _unknown(model_id: str) -> RecipeError:
    return RecipeError(
        f"There is no model called {model_id}.", fix="Run `models` or open the model picker for the list."
    )


def titles(studio: Studio) -> dict[str, str]:
    """What each of them is called, which is quickly told: nothing of the machine or of its folders is looked at."""
    return {each.id: each.title for each in stored.all(studio.store)} | dict(_of_the_studio())


def title(studio: Studio, model_id: str) -> str:
    found = _of_the_studio().get(model_id) or titles(studio).get(model_id)
    if found is None:
        raise _unknown(model_id)
    return found


@cache
def _of_the_studio() -> Mapping[str, str]:
    """What those are called that every studio knows."""
    return MappingProxyType({STARTER: STARTER_TITLE} | {entry.id: entry.title for entry in catalogue()})


def find(listed: Sequence[Model], words: str) -> list[Model]:
    """The models of which each of these words is said: name, maker, kind, licence, use, or whether it fits."""
    wanted = words.casefold().split()
    return [each for each in listed if all(word in _said_of(each) for word in wanted)]


def _said_of(model: Model) -> str:
    texts = (model.title, model.maker, model.hub_id, model.kind, model.about, model.licence.short, model.standing)
    return " ".join(filter(None, texts)).casefold()


def usable(studio: Studio, model_id: str) -> Model:
    """The model if it can be trained here; RecipeError with the reason if not."""
    found = model(studio, model_id)
    if not found.is_usable:
        raise RecipeError(
            f"{found.title} cannot be used here. {found.reason}", fix="Pick another model.", field="model"
        )
    return found


@logged("added a model")
def add_model(studio: Studio, named: str, *, revision: str = "") -> Model:
    """Add a folder of this machine, or download `owner/name` of the hub; the same again is the same model.

    A catalogue model can also be named by its id. A folder that is there goes before a hub's name that looks like it.
    """
    text = named.strip()
    if not text:
        raise RecipeError("Nothing is named.", fix="Give the path of a folder, or owner/name of a hub.")
    known = next((entry.hub_id for entry in catalogue() if entry.id == text), None)
    if known:
        return download(studio, hub_name(known, revision=revision))
    if _is_path(text):
        return _add_folder(studio, Path(text))
    return download(studio, hub_name(text, revision=revision))


@logged("had a model downloaded")
def download(studio: Studio, name: HubName) -> Model:
    """Put the download in the queue, or let one go on that was stopped or cut; what is here or on its way stays so."""
    entry = next((each for each in catalogue() if each.hub_id == name.id and not name.revision), None)
    model_id = entry.id if entry else new_id("model")
    if entry and (obstacle := model(studio, entry.id).obstacle):
        raise RecipeError(f"{entry.title} cannot be used here. {obstacle}", fix="It was not downloaded.")
    to = studio.workspace.model(model_id)
    _bring_back(studio, lambda held: (held.hub_id, held.revision) == (name.id, name.revision))
    claim = _claim(studio, to, entry.bytes if entry else 0)
    spec = _spec(studio, name, claim)
    title = entry.title if entry else name.title
    held = stored.add_from_hub(
        studio.store, id=model_id, title=title, path=to, hub_id=name.id, revision=name.revision, spec=spec, claim=claim
    )
    _let_go_on(studio, held, name, replace(claim, place=held.path))
    return model(studio, held.id)


@logged("had a model downloaded")
def download_model(studio: Studio, model_id: str) -> Model:
    """Download a model of the list, or let its download go on."""
    found = model(studio, model_id)
    if found.hub_id is None:
        raise RecipeError(f"{found.title} comes from no hub.", fix="Add its folder again where it lies now.")
    held = _held(studio, model_id)
    return download(studio, HubName(found.hub_id, held.revision if held else ""))


@logged("stopped a download")
def cancel(studio: Studio, model_id: str) -> Model:
    """Stop the download of a model; what has arrived is kept for another time."""
    found = model(studio, model_id)
    if found.download is None or not found.download.is_live:
        raise RecipeError(f"{found.title} is not being downloaded.", fix="There is nothing to stop.")
    jobs.wish(studio.store, found.download.id, Wish.STOP)
    return model(studio, model_id)


def _bring_back(studio: Studio, is_meant: Callable[[AddedModel], bool]) -> None:
    """What is wanted anew comes back out of the bin."""
    for each in deleted.all(studio.store, Stage.KEPT):
        if each.thing.kind is Kind.MODEL and is_meant(stored.get(studio.store, each.thing.id)):
            deleted.take_back(studio.store, Kind.MODEL, each.thing.id)


def _held(studio: Studio, model_id: str) -> AddedModel | None:
    return next((each for each in stored.all(studio.store) if each.id == model_id), None)


def _let_go_on(studio: Studio, held: AddedModel, name: HubName, claim: Claim) -> None:
    job = held.job
    if job is None or job.is_live:
        return
    spec = _spec(studio, name, claim)
    if job.state is not JobState.DONE:
        jobs.requeue(studio.store, job.id, message="It goes on from what has arrived.", claim=claim, spec=spec)
    elif not is_whole(held.path):
        stored.download_again(studio.store, held, spec, claim)


def _claim(studio: Studio, to: Path, size: int) -> Claim:
    """Of a model that is not in the catalogue the hub tells how large it is once the download has begun."""
    return space.claim(studio, size, to, "This model", error=RecipeError)


def _spec(studio: Studio, name: HubName, claim: Claim) -> dict[str, Any]:
    """What is to be downloaded; `room` is how many bytes of it there is room for."""
    room = max(space.left_for(studio, replace(claim, bytes=0)), 0)
    to = str(claim.place)
    return {"hub_id": name.id, "revision": name.revision, "endpoint": endpoint(os.environ), "to": to, "room": room}


def _is_path(text: str) -> bool:
    """Whether this is meant as a folder: it begins like a path, or it is there."""
    if text.startswith(("/", "~", ".", "\\")) or text.count("/") != 1:
        return not text.startswith(("http://", "https://"))
    return Path(text).is_dir()


def _add_folder(studio: Studio, path: Path) -> Model:
    """Add a model folder from this machine, checked before anything loads it; the same folder twice is one model."""
    try:
        folder = path.expanduser().resolve()
        folder.stat()
    except (OSError, RuntimeError, ValueError) as error:  # no such place or user, or a name that no disk can hold
        raise RecipeError(
            f"There is no folder {str(path)[:200]}.", fix="Give the path of a folder, or owner/name of a hub."
        ) from error
    _bring_back(studio, lambda held: held.path == folder)
    added = stored.add(studio.store, id=new_id("model"), title=check_model_folder(folder).title, path=folder)
    return model(studio, added.id)
