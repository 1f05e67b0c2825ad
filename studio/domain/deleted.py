"""Deleted: what is in the bin. It can be brought back until it is removed for good, by hand or after some days."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

KEPT_DAYS = 30
AT = "@"  # between the run and the step of a checkpoint


class Kind(StrEnum):
    """What can be deleted."""

    DATASET = "dataset"
    RUN = "run"
    CHECKPOINT = "checkpoint"
    STUDY = "study"
    RELEASE = "release"
    MODEL = "model"


KIND_TITLES = {
    Kind.DATASET: "Dataset",
    Kind.RUN: "Run",
    Kind.CHECKPOINT: "Checkpoint",
    Kind.STUDY: "Comparison",
    Kind.RELEASE: "Delivery",
    Kind.MODEL: "Model",
}
PREFIXES = {"data-": Kind.DATASET, "run-": Kind.RUN, "study-": Kind.STUDY, "release-": Kind.RELEASE}


class Stage(StrEnum):
    """How far something is gone: `KEPT` can be brought back, `GOING` is being removed, `GONE` left its name alone."""

    KEPT = "kept"
    GOING = "going"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that could be deleted, and what that would free in the end."""

    kind: Kind
    id: str
    name: str
    bytes: int

    @property
    def title(self) -> str:
        return f"{KIND_TITLES[self.kind]} {self.name}"


@dataclass(frozen=True, slots=True)
class Deleted:
    """Something in the bin."""

    thing: Thing
    at: datetime
    stage: Stage = Stage.KEPT

    def goes_at(self, days: int) -> datetime:
        """When it is removed for good."""
        return self.at + timedelta(days=days)


def kind_of(id: str) -> Kind:
    """What has this id; a model may have any name."""
    if AT in id:
        return Kind.CHECKPOINT
    return next((kind for prefix, kind in PREFIXES.items() if id.startswith(prefix)), Kind.MODEL)
