"""Download: a model from a hub into a folder, as a job that can be stopped, killed and taken up again.

Everything arrives in a folder beside the final one, which then takes its place at once: what has the name is whole.
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from studio.domain.errors import RecipeError
from studio.domain.event import EventKind, Outcome, Reporter
from studio.domain.model import Fit
from studio.domain.space import SPARE
from studio.recipes import machine
from studio.recipes.fitting import need_of
from studio.recipes.hub.client import KEPT, Gone, Hub, Stopped, opened, pausing
from studio.recipes.hub.fetching import PART, fetch
from studio.recipes.hub.manifest import MANIFEST, is_whole, pinned, write_manifest
from studio.recipes.hub.names import HubName
from studio.recipes.hub.repository import Repository, repository
from studio.recipes.hub.telling import Telling
from studio.recipes.local import check_model_folder, check_settings
from studio.recipes.weights import INDEX, shard_names
from studio.recipes.words import amount


def download(spec: dict[str, Any], reporter: Reporter, *, environ: Mapping[str, str] = os.environ) -> Outcome:
    """Bring the model that `spec` names (hub_id, revision, endpoint) to the folder `to`, every file verified."""
    to, name = Path(spec["to"]), HubName(spec["hub_id"], spec["revision"])
    if is_whole(to):
        return _done(name, pinned(to))
    arriving = _arriving(to)
    pause = pausing(reporter.should_stop, lambda text: reporter.report(EventKind.NOTE, text=text))
    try:
        with opened(name, endpoint=spec["endpoint"], environ=environ, pause=pause) as hub:
            return _brought(hub, arriving, to, reporter, spec.get("room"))
    except Stopped:
        return Outcome(state="stopped", message=f"{amount(_bytes_in(arriving))} are here.", fix=KEPT)
    except Gone as error:
        (arriving / MANIFEST).unlink(missing_ok=True)
        raise RecipeError(error.message, fix=error.fix) from None


def _arriving(to: Path) -> Path:
    """Where files arrive; a folder that has lost some of its files becomes that, so that the others are kept."""
    arriving = to.with_name(to.name + PART)
    if to.exists():
        shutil.rmtree(arriving, ignore_errors=True)
        to.replace(arriving)
    arriving.mkdir(parents=True, exist_ok=True)
    return arriving


def _brought(hub: Hub, arriving: Path, to: Path, reporter: Reporter, room: int | None) -> Outcome:
    reporter.report(EventKind.PHASE, name="Asking the hub")
    found = _agreed(hub, arriving)
    telling = Telling(found.bytes, reporter)
    reporter.report(EventKind.PHASE, name="Settings and tokenizer")
    for file in found.small:
        fetch(hub, found.revision, file, arriving, telling)
    _check_before_weights(arriving, found)
    _check_room(arriving, found, room)
    for number, file in enumerate(found.weights, 1):
        reporter.report(EventKind.PHASE, name=f"Weights, file {number} of {len(found.weights)}")
        fetch(hub, found.revision, file, arriving, telling)
    reporter.report(EventKind.PHASE, name="Checking")
    check_model_folder(arriving)
    arriving.replace(to)
    return _done(hub.name, found)


def _agreed(hub: Hub, arriving: Path) -> Repository:
    """The commit that the hub named first, and its files: what comes to the hub meanwhile is not mixed in."""
    if (arriving / MANIFEST).is_file():
        return pinned(arriving)
    found = repository(hub.told())
    for left in arriving.iterdir():  # of another commit
        left.unlink()
    write_manifest(arriving, found, hub_id=hub.name.id, endpoint=hub.endpoint)
    return found


def _check_before_weights(arriving: Path, found: Repository) -> None:
    """Refuse what could not be used anyway, before gigabytes are fetched."""
    need = need_of(check_settings(arriving), machine.measure_machine(arriving))
    if need.fit is Fit.TOO_LARGE:
        raise RecipeError(need.why, fix=need.fix)
    if (arriving / INDEX).is_file():
        missing = set(shard_names(arriving)) - {file.name for file in found.weights}
        if missing:
            raise RecipeError(f"The repository lacks weights that it names: {min(missing)}.", fix="Ask its maker.")


def _check_room(arriving: Path, found: Repository, room: int | None) -> None:
    """`room` is what there was when the download was asked for, beside what others were promised."""
    missing, left = max(found.bytes - _bytes_in(arriving), 0), machine.disk_free(arriving) - SPARE
    if room is not None:
        left = min(left, room)
    if left < missing:
        raise RecipeError(
            f"{amount(missing)} of this model are still to come, and {amount(max(left, 0))} can be used.",
            fix=f"Free {amount(missing - left)}, then start it again.",
        )


def _bytes_in(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def _done(name: HubName, found: Repository) -> Outcome:
    here = f"{name.title} is here: {amount(found.bytes)}, every file verified. Revision {found.revision[:12]}."
    return Outcome(state="done", message=here, result={"revision": found.revision, "bytes": found.bytes})
