"""Logbook: the history of runs: find them, note what they taught, and compare them."""

import getpass
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from studio import __version__
from studio.domain.access import Mode
from studio.domain.errors import RunError
from studio.domain.logbook import Difference, Entry, differences, tags_of
from studio.domain.run import Best, Listed, Run
from studio.flows.audit import logged
from studio.flows.studio import Studio
from studio.store import acting, datasets, jobs, splits, studies
from studio.store import logbook as stored
from studio.store import runs as held

LIBRARIES = ("torch", "transformers", "trl", "peft", "bitsandbytes", "datasets", "accelerate")
LONGEST_NOTE = 4_000
MOST = 50  # runs in a list on a screen


@dataclass(frozen=True, slots=True)
class Kept:
    """A run with what is kept of it; `studies` are how many rest on it."""

    run: Listed
    entry: Entry
    dataset: str
    best: Best | None
    studies: int


@dataclass(frozen=True, slots=True)
class Page:
    """The newest of the runs that were looked for, and how many there are of them in all."""

    kept: tuple[Kept, ...]
    found: int
    find: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of a run's snapshot: what it is and what it was at the start."""

    name: str
    value: str


def opened(studio: Studio, run: Run) -> Run:
    """Write down who starts a run here and with which libraries; a run that is started twice keeps its first entry."""
    stored.open_entry(studio.store, run.id, owner=_person(), versions=_versions())
    return run


def kept(studio: Studio, **wanted: Any) -> list[Kept]:
    """Every run, or those `wanted` as `store.runs.all` takes it, with what is kept of each, the newest first."""
    return _with_best(studio, _kept(studio, held.all(studio.store, **wanted)))


def page(studio: Studio, *, find: str = "", most: int = MOST) -> Page:
    """The newest runs in whose line every word of `find` stands, at most so many of them."""
    words = find.casefold().split()
    if not words:
        return Page(tuple(kept(studio, most=most)), held.count(studio.store))
    lines = stored.lines(studio.store)
    titles = datasets.titles(studio.store, {line.dataset_id for line in lines})
    said = [(line.run_id, f"{line.words} {titles[line.dataset_id]}".casefold()) for line in lines]
    found = [run_id for run_id, line in said if all(word in line for word in words)]
    return Page(tuple(kept(studio, ids=found[:most])), len(found), find)


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
        Fact("Split", f"{dealt.id}, seed {dealt.choices.seed}, {100 * dealt.choices.held_out:.0f} % held out"),
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


def _kept(studio: Studio, runs: Sequence[Listed]) -> list[Kept]:
    entries, resting = stored.entries(studio.store, _few(run.id for run in runs)), studies.counts(studio.store)
    titles = datasets.titles(studio.store, {run.dataset_id for run in runs})
    return [
        Kept(run, entries.get(run.id, Entry()), titles[run.dataset_id], run.best, resting.get(run.id, 0))
        for run in runs
    ]


def _few(ids: Iterable[str]) -> list[str] | None:
    """The ids to ask for by name; None where to ask for all is quicker, and for more a database may refuse."""
    listed = list(ids)
    return listed if len(listed) <= MOST else None


def _with_best(studio: Studio, listed: Sequence[Kept]) -> list[Kept]:
    """The same with the best check so far, from its curve, of each that has not told of it at its end."""
    open_ = [kept.run for kept in listed if kept.best is None]
    best = _best(studio, open_) if open_ else {}
    return [replace(kept, best=kept.best or best.get(kept.run.id)) for kept in listed]


def _best(studio: Studio, runs: Sequence[Listed]) -> dict[str, Best]:
    """From their curves; those of a list on a screen are read again once one of them has told more."""
    ids = tuple(run.id for run in runs)
    if len(ids) > MOST:
        return held.best(studio.store, ids)
    heard = jobs.heard(studio.store, [run.job_id for run in runs])
    return studio.latest.of(("best of these", ids), heard, lambda: held.best(studio.store, ids))


def _person() -> str:
    """Who has signed in, and where nobody has to, whom this process belongs to."""
    visitor = acting.visitor()
    if visitor and visitor.person and visitor.person.mode is not Mode.LOCAL:
        return visitor.person.name
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
