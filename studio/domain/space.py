"""Space: what takes how much of the disk, and what something that is to start takes of it in the end."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from studio.domain.errors import StudioError

SPARE = 200_000_000  # bytes of the disk that stay free, for the database and whatever else is being written


class Share(StrEnum):
    """What takes space in a workspace."""

    DATASETS = "datasets"
    RUNS = "runs"
    STUDIES = "studies"
    EXPORTS = "exports"
    MODELS = "models"
    BACKUPS = "backups"
    REST = "rest"


SHARE_TITLES: Mapping[Share, str] = {
    Share.DATASETS: "Datasets",
    Share.RUNS: "Runs with their checkpoints",
    Share.STUDIES: "Answers of comparisons",
    Share.EXPORTS: "Deliveries",
    Share.MODELS: "Downloaded models",
    Share.BACKUPS: "Backups and what a restore moved aside",
    Share.REST: "The database, logs and talks",
}


@dataclass(frozen=True, slots=True)
class Claim:
    """So many bytes at most that a job writes into the folder `place`, what is there already included.

    `disk` is what the disk of `place` has free, `budget` what the `workspace` may still take (None: as much as there
    is, or `place` is not in it). `refuse` makes the refusal, from how many bytes are missing.
    """

    bytes: int
    place: Path
    workspace: Path
    disk: int
    budget: int | None
    refuse: Callable[[int], StudioError]


@dataclass(frozen=True, slots=True)
class Space:
    """What a workspace takes, by share; `promised` is what jobs that wait or run may still write.

    `budget` is how much it may take in all, None where only the disk sets a limit.
    """

    taken: Mapping[Share, int]
    promised: int
    disk: int
    budget: int | None

    @property
    def used(self) -> int:
        return sum(self.taken.values())

    @property
    def left(self) -> int:
        """What may still be promised to something new; less than nothing where it is too full already."""
        disk = self.disk - SPARE
        return (disk if self.budget is None else min(disk, self.budget - self.used)) - self.promised
