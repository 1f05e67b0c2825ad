"""Space: what takes how much of the disk, how much the workspace may take, and whether something more fits.

Whatever writes much asks here first, and claims what it will write together with its job.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from studio.domain.errors import SetupError, StudioError
from studio.domain.space import Claim, Share, Space
from studio.flows.audit import logged
from studio.flows.studio import Studio
from studio.recipes.machine import disk_free
from studio.recipes.words import amount
from studio.store import jobs, settings

BUDGET = "budget"
BUDGET_VARIABLE = "STUDIO_BUDGET"
LOGS = 20_000_000  # bytes that a run writes beside its checkpoints
KEPT = 4  # checkpoints on the disk at once: the best, the last, the one before it, and one that is being written
UNITS = {"": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
FOLDERS = {
    "datasets": Share.DATASETS,
    "runs": Share.RUNS,
    "studies": Share.STUDIES,
    "exports": Share.EXPORTS,
    "models": Share.MODELS,
    "backups": Share.BACKUPS,
}
ASIDE = "before-restore-"
# What a person can do about each, in the order in which it costs least.
WAYS = {
    Share.EXPORTS: "delete deliveries",
    Share.RUNS: "delete runs or checkpoints",
    Share.MODELS: "remove downloaded models",
    Share.BACKUPS: "delete old backups",
    Share.DATASETS: "delete datasets",
}


def space(studio: Studio) -> Space:
    """What the workspace takes now, and what it may take."""
    _, promised = jobs.promised(studio.store, studio.workspace.root)
    return Space(_taken(studio), promised, disk_free(studio.workspace.root), budget(studio))


def budget(studio: Studio) -> int | None:
    """How many bytes the workspace may take in all; what the environment says goes before what was set."""
    if named := os.environ.get(BUDGET_VARIABLE, "").strip():
        return bytes_of(named)
    return settings.get(studio.store, BUDGET)


@logged("changed what the workspace may take")
def set_budget(studio: Studio, words: str) -> int | None:
    """Let the workspace take so much, "50 GB" for one; "none" takes the limit away."""
    if os.environ.get(BUDGET_VARIABLE, "").strip():
        raise SetupError(
            f"{BUDGET_VARIABLE} sets the budget of this workspace.", fix="Change it there.", field="budget"
        )
    wanted = None if words.strip().lower() in ("", "none") else bytes_of(words)
    settings.put(studio.store, BUDGET, wanted)
    return wanted


def bytes_of(words: str) -> int:
    """A size as people write it: "50 GB", "1.5tb", "800000000"."""
    found = re.fullmatch(r"(\d{1,15}(?:\.\d{1,9})?)\s*([kmgt]b)?", words.strip().lower())
    size = round(float(found[1]) * UNITS[found[2] or ""]) if found else 0
    if not 0 < size < 2**60:
        raise SetupError(f"“{words.strip()[:40]}” is no size.", fix="Write it as 50 GB, or none.", field="budget")
    return size


def claim(studio: Studio, size: int, place: Path, what: str, *, error: type[StudioError]) -> Claim:
    """What a job is to write into `place`; its refusal is an `error` that says `what` needs the room."""
    root = studio.workspace.root
    limit = budget(studio) if place.is_relative_to(root) else None
    left = None if limit is None else limit - sum(_taken(studio).values())

    def refuse(missing: int) -> StudioError:
        return error(
            f"{what} takes {amount(size)} on the disk, and {amount(max(0, size - missing))} can be used.",
            fix=ways(studio, missing, limit),
        )

    return Claim(size, place, root, disk_free(place), left, refuse)


def lacking(studio: Studio, claim: Claim) -> StudioError | None:
    """Why there is no room for it at this moment; None where there is."""
    missing = -left_for(studio, claim)
    return claim.refuse(missing) if missing > 0 else None


def left_for(studio: Studio, claim: Claim) -> int:
    """How many bytes would be left beside it; less than nothing where it does not fit."""
    return jobs.left_beside(studio.store, claim)


def insist(studio: Studio, claim: Claim) -> None:
    """The refusal of the claim where there is no room for it."""
    if refusal := lacking(studio, claim):
        raise refusal


def of_run(values: int) -> int:
    """What a run takes at most that trains so many values: each checkpoint has them with two notes on each."""
    return KEPT * (12 * values + 1_000_000) + LOGS


def _taken(studio: Studio) -> dict[Share, int]:
    taken = dict.fromkeys(Share, 0)
    for path in _entries(studio.workspace.root):
        share = Share.BACKUPS if path.name.startswith(ASIDE) else FOLDERS.get(path.name, Share.REST)
        taken[share] += jobs.size_of(path)
    return taken


def _entries(root: Path) -> Iterator[Path]:
    with os.scandir(root) as found:
        yield from (Path(entry.path) for entry in found)


def ways(studio: Studio, missing: int, limit: int | None) -> str:
    """What a person can do to have so many bytes more."""
    taken = _taken(studio)
    worth = [share for share in WAYS if taken[share] >= missing / 10]
    each = [f"{WAYS[share]} ({amount(taken[share])})" for share in worth[:2]]
    if limit is not None:
        each.append(f"raise the budget of {amount(limit)}")
    elif not each:
        each.append("delete something else on this disk")
    return f"Free {amount(missing)}: {' or '.join(each)}."
