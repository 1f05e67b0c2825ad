"""Deleted: whatever can be deleted goes into a bin first, and for good by hand or after some days.

One way for datasets, runs, checkpoints, comparisons, deliveries and models. Nothing goes that something uses.
"""

import logging
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from studio.domain.deleted import KEPT_DAYS, Deleted, Kind, Stage, Thing, kind_of
from studio.domain.errors import SetupError, StudioError
from studio.flows import things, uses
from studio.flows.audit import logged
from studio.flows.studio import Studio
from studio.flows.sweep import WORD, runs_of
from studio.store import deleted as stored
from studio.store import settings
from studio.store.jobs import size_of

DAYS = "kept_days"
MOST_DAYS = 3650

log = logging.getLogger(__name__)


@logged("deleted")
def delete(studio: Studio, ids: Sequence[str], *, even_judged: bool = False) -> list[Deleted]:
    """Put things into the bin, all or none; sweeps are their runs. A StudioError says what uses one of them.

    A run that people judged goes only where that is meant: what they judged stays, its checkpoints do not.
    """
    named = _listed(studio, ids)
    for thing in named:
        if objection := uses.objection(studio, thing, even_judged=even_judged):
            raise objection
    now = datetime.now(UTC)
    found = [Deleted(thing, now) for thing in named]
    stored.put(studio.store, found)
    return found


@logged("brought back from the bin")
def restore(studio: Studio, ids: Sequence[str]) -> list[Deleted]:
    """Bring things back out of the bin; a StudioError where one of them is not in it any more."""
    found = [_in_the_bin(studio, id) for id in runs_of(studio, ids)]
    for each in found:
        if not stored.take_back(studio.store, each.thing.kind, each.thing.id):
            raise StudioError(f"{each.thing.name} is not in the bin any more.", fix="Look at what is in it now.")
    return found


@logged("removed for good from the bin")
def empty(studio: Studio, ids: Sequence[str] = ()) -> int:
    """Remove what is in the bin for good, all of it or what is named, and say how many bytes that freed.

    What something uses again stays in it; where it was named, a StudioError says why.
    """
    meant = [_in_the_bin(studio, id) for id in runs_of(studio, ids)] if ids else listed(studio)
    if ids:
        for each in meant:
            if objection := uses.objection(studio, each.thing, even_judged=True):
                raise objection
    return sum(_remove(studio, each) for each in meant)


def expire(studio: Studio, *, now: datetime | None = None) -> int:
    """Remove what has been in the bin for its days, and finish what was cut short; how many bytes that freed."""
    moment = now or datetime.now(UTC)
    kept = days(studio)
    due = [each for each in listed(studio) if each.goes_at(kept) <= moment]
    return sum(_remove(studio, each) for each in [*stored.all(studio.store, Stage.GOING), *due])


def listed(studio: Studio) -> list[Deleted]:
    """What can be brought back, what was deleted last first."""
    return stored.all(studio.store, Stage.KEPT)


def days(studio: Studio) -> int:
    """How many days something stays in the bin."""
    return settings.get(studio.store, DAYS) or KEPT_DAYS


@logged("changed for how long the bin keeps things")
def set_days(studio: Studio, wanted: int) -> int:
    if not 1 <= wanted <= MOST_DAYS:
        raise SetupError(f"The bin keeps things for 1 to {MOST_DAYS:,} days.", fix="Write such a number.", field="days")
    settings.put(studio.store, DAYS, wanted)
    return wanted


def _listed(studio: Studio, ids: Sequence[str]) -> list[Thing]:
    """Each thing that is named, once; what is in the bin already is passed over where a sweep names it."""
    hidden = {each.thing.id for each in stored.all(studio.store, *Stage)}
    meant = [id for each in ids for id in runs_of(studio, [each]) if not (each.startswith(WORD) and id in hidden)]
    found = [things.thing(studio, id) for id in dict.fromkeys(meant)]
    for thing in found:
        if thing.id in hidden:
            raise StudioError(f"{thing.name} is deleted already.", fix="Look into the bin.")
    return found


def _in_the_bin(studio: Studio, id: str) -> Deleted:
    found = stored.find(studio.store, kind_of(id), id)
    if found is None:
        things.thing(studio, id)  # what there is not at all is told so
        raise StudioError(f"{id} is not in the bin.", fix="Look at what is in it: python -m studio bin.")
    if found.stage is not Stage.KEPT:
        raise _gone(found)
    return found


def _gone(found: Deleted) -> StudioError:
    fix = "Train it again with “Same again with …”." if found.thing.kind is Kind.RUN else ""
    return StudioError(f"The files of {found.thing.name} are gone.", fix=fix)


def _remove(studio: Studio, found: Deleted) -> int:
    """Take something out of the database, then its files; begun again after it was cut short, it goes on.

    How many bytes that freed; nothing of what is used, or of what somebody else removes at this moment.
    """
    thing, store = found.thing, studio.store
    if found.stage is Stage.KEPT and not _begin(studio, thing):
        return 0
    freed = 0
    for place in stored.places(store, thing.kind, thing.id):
        freed += _without(studio.workspace.root, studio.workspace.root / place)
    stored.finish(store, thing.kind, thing.id, is_gone=things.leaves_its_name(studio, thing))
    log.info("%s (%s) is removed for good", thing.title, thing.id)
    return freed


def _begin(studio: Studio, thing: Thing) -> bool:
    """Take something out of the database; False where something uses it, or somebody else was quicker."""
    try:
        if uses.objection(studio, thing, even_judged=True):
            return False
        places = [str(place.relative_to(studio.workspace.root)) for place in things.places(studio, thing)]
        forget = things.forgetting(studio, thing)
    except StudioError:  # it is not there any more
        if _is_kept(studio, thing):
            raise
        return False
    return stored.begin_removal(studio.store, thing.kind, thing.id, places, forget)


def _is_kept(studio: Studio, thing: Thing) -> bool:
    found = stored.find(studio.store, thing.kind, thing.id)
    return found is not None and found.stage is Stage.KEPT


def _without(root: Path, place: Path) -> int:
    """Delete a folder of the workspace; how many bytes it had."""
    if not place.resolve().is_relative_to(root.resolve()) or place == root:
        raise ValueError(f"{place} is not in the workspace")
    size = size_of(place)
    shutil.rmtree(place, ignore_errors=True)
    return size - size_of(place)
