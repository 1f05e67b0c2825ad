"""Logbook: the history of runs: find them, note what they taught, and compare them."""

import getpass
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from studio import __version__
from studio.domain.errors import RunError
from studio.domain.logbook import Difference, Entry, differences, tags_of
from studio.domain.reading import Best, best_check
from studio.domain.run import Run
from studio.flows.audit import logged
from studio.flows.studio import Studio
from studio.store import datasets, splits, studies
from studio.store import logbook as stored
from studio.store import runs as held

LIBRARIES = ("torch", "transformers", "trl", "peft", "bitsandbytes", "datasets", "accelerate")
LONGEST_NOTE = 4_000


@dataclass(frozen=True, slots=True)
class Kept:
    """A run with what is kept of it; `studies` are how many rest on it."""

    run: Run
    entry: Entry
    dataset: str
    best: Best | None
    studies: int


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of a run's snapshot: what it is and what it was at the start."""

    name: str
    value: str


def opened(studio: Studio, run: Run) -> Run:
    """Write down who starts a run here and with which libraries; a run that is started twice keeps its first entry."""
    stored.open_entry(studio.store, run.id, owner=_person(), versions=_versions())
    return run


def kept(studio: Studio) -> list[Kept]:
    """Every run with what is kept of it, the newest first."""
    entries = stored.entries(studio.store)
    titles = {found.id: found.title for found in datasets.all(studio.store)}
    resting = [study.run_id for study in studies.all(studio.store)]
    return [
        Kept(
            run=run,
            entry=entries.get(run.id, Entry()),
            dataset=titles.get(run.dataset_id, run.dataset_id),
            best=_best(studio, run),
            studies=resting.count(run.id),
        )
        for run in held.all(studio.store)
    ]


def entry(studio: Studio, run_id: str) -> Entry:
    return stored.entry(studio.store, run_id)


def snapshot(studio: Studio, run_id: str) -> list[Fact]:
    """What a run was made from: enough to make it again."""
    run, written = held.get(studio.store, run_id), stored.entry(studio.store, run_id)
    dataset, dealt = datasets.get(studio.store, run.dataset_id), splits.get(studio.store, run.split_id)
    plan = run.plan
    facts = [
        Fact("Run", f"{run.name}, {run.id}"),
        Fact("Started", f"{run.created_at:%Y-%m-%d %H:%M} UTC{f' by {written.owner}' if written.owner else ''}"),
        Fact("Data", f"{dataset.title}, {dataset.rows:,} rows, fingerprint {dataset.fingerprint[:16]}"),
        Fact("Data version", f"{dataset.version}, {dataset.id}"),
        Fact("Split", f"{dealt.id}, seed {dealt.choices.seed}, {dealt.choices.held_out:.0%} held out"),
        Fact("Rows used", f"{plan.train_rows:,} to train, {plan.validation_rows:,} to validate"),
        Fact("Model", run.model_id),
        Fact("Recipe", f"fingerprint {run.recipe.fingerprint}, seed {run.recipe.seed}"),
    ]
    versions = " · ".join(f"{name} {number}" for name, number in written.versions.items())
    return [*facts, Fact("Libraries", versions or "not written down: the run is from before there was a logbook")]


@logged("wrote about a run")
def write(studio: Studio, run_id: str, *, notes: str | None = None, tags: str | None = None) -> Entry:
    """Keep notes, or tags as they are typed (between commas); what is None stays as it is."""
    held.get(studio.store, run_id)
    if notes is not None and len(notes) > LONGEST_NOTE:
        raise RunError(f"A note has at most {LONGEST_NOTE:,} letters.", fix="Shorten it.", field="notes")
    typed = tags_of(tags) if tags is not None else None
    return stored.write(studio.store, run_id, notes=notes.strip() if notes is not None else None, tags=typed)


def compared(studio: Studio, run_ids: Sequence[str]) -> list[Difference]:
    """In what two or more runs differ: their data, split and model, and every choice of their recipes."""
    if len(set(run_ids)) < 2:
        raise RunError("One run alone differs from nothing.", fix="Choose two or more.")
    runs = [held.get(studio.store, run_id) for run_id in run_ids]
    titles = [datasets.get(studio.store, run.dataset_id).title for run in runs]
    outside = [
        Difference("model", "Model", tuple(run.model_id for run in runs)),
        Difference("dataset", "Data", tuple(f"{t} ({run.dataset_id})" for t, run in zip(titles, runs, strict=True))),
        Difference("split", "Split", tuple(run.split_id for run in runs)),
    ]
    differ = [each for each in outside if len(set(each.values)) > 1]
    return differ + differences([run.recipe for run in runs])


def _best(studio: Studio, run: Run) -> Best | None:
    """The best check: as the run told at its end, or else from its curve."""
    step, loss = (run.job.result.get(name) for name in ("best_step", "best_validation_loss"))
    if step is not None and loss is not None:
        return Best(step, loss)
    return best_check(held.metrics(studio.store, run.id))


def _person() -> str:
    """Who this process belongs to; until there are accounts, nobody knows better."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def _versions() -> dict[str, str]:
    """What a run that is started now is made with."""
    found = {"studio": __version__, "python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
