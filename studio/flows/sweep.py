"""Sweep: try a few values of one or two knobs as one action, and compare what came of them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, get_args

from studio.domain.errors import RecipeError, RunError
from studio.domain.line import Span, span
from studio.domain.plan import Light, Plan
from studio.domain.recipe import Recipe
from studio.domain.run import Metric, Run
from studio.domain.sweep import Ranking, Result, Sweep, combinations, label_of, ranked
from studio.flows import choose, follow, logbook, train
from studio.flows.audit import logged
from studio.flows.studio import Studio
from studio.recipes.words import duration
from studio.store import runs as held
from studio.store import sweeps as stored
from studio.store.ids import new_id

WORD = "sweep-"  # what ids of sweeps begin with


@dataclass(frozen=True, slots=True)
class Planned:
    """A sweep before it starts: the changes of each run with its plan, and how long all of them take, one by one."""

    each: tuple[tuple[dict[str, Any], Plan], ...]
    takes: Span | None

    @property
    def sentence(self) -> str:
        time = f"{duration(self.takes.low, self.takes.high)} in all" if self.takes else "the time is not known"
        return f"{len(self.each)} runs, one after another: {time}."


@dataclass(frozen=True, slots=True)
class Line:
    """One run of a sweep in the comparison; `seconds` is how long it took, or None while it is not through."""

    run: Run
    changes: dict[str, Any]
    result: Result
    seconds: float | None
    mark: str


@dataclass(frozen=True, slots=True)
class Compared:
    sweep: Sweep
    lines: tuple[Line, ...]
    ranking: Ranking

    @property
    def best(self) -> Run | None:
        """The run with the lowest validation loss."""
        return None if self.ranking.lowest is None else self.lines[self.ranking.lowest].run

    @property
    def curves(self) -> list[tuple[Run, list[Metric]]]:
        return [(line.run, list(line.result.points)) for line in self.lines]


@dataclass(frozen=True, slots=True)
class Tried:
    """A sweep as it stands in the list of runs, with what is kept of each of its runs.

    `lowest` is the try with the lowest validation loss so far, `values` what was tried in it; whether that is more than
    chance, its comparison says.
    """

    sweep: Sweep
    kept: tuple[logbook.Kept, ...]
    lowest: logbook.Kept | None = None
    values: str = ""

    @property
    def state(self) -> str:
        """How many tries are in which state: 2 finished, 1 waiting."""
        counted = Counter(each.run.words for each in self.kept)
        return ", ".join(f"{number} {words}" for words, number in counted.most_common())


def knobs_of(varied: Sequence[str]) -> dict[str, list[Any]]:
    """Knobs as they are typed: learning_rate=1e-4,2e-4; RecipeError says what is wrong with which."""
    knobs: dict[str, list[Any]] = {}
    for each in varied:
        name, sign, values = each.partition("=")
        name = name.strip()
        if not sign or not name:
            raise RecipeError(f"“{each}” names no values.", fix="Write it as in learning_rate=1e-4,2e-4.")
        if name in knobs:
            raise RecipeError(f"“{name}” is there twice.", fix=f"Write its values together: {name}=…,….", field=name)
        knobs[name] = values_of(name, values)
    return knobs


def values_of(name: str, typed: str) -> list[Any]:
    """The values of a knob as they are typed, between commas."""
    written = [value.strip() for value in typed.replace(";", ",").split(",") if value.strip()]
    field = Recipe.model_fields.get(name)
    if field is None:
        raise RecipeError(f"A recipe has no “{name}”.", fix="Choose a knob of the recipe.", field=name)
    if field.annotation not in (int, float):
        known = get_args(field.annotation)
        return [value for value in written if value in known or _refuse(name, value, f"one of {', '.join(known)}")]
    try:
        return [int(value) if field.annotation is int else float(value) for value in written]
    except ValueError:
        wrong = next(value for value in written if not _is_number(value, whole=field.annotation is int))
        _refuse(name, wrong, "a whole number" if field.annotation is int else "a number")
        raise


def planned(
    studio: Studio,
    dataset_id: str,
    model_id: str,
    recipe: Recipe,
    knobs: Mapping[str, Sequence[Any]],
    *,
    gpu: str | None = None,
) -> Planned:
    """What a sweep means before it starts; a StudioError names the combination that cannot be, and its knob."""
    return _planned(_ordered(studio, dataset_id, model_id, recipe, knobs, gpu))


@logged("started a sweep")
def start(
    studio: Studio,
    dataset_id: str,
    model_id: str,
    recipe: Recipe,
    knobs: Mapping[str, Sequence[Any]],
    *,
    name: str | None = None,
    gpu: str | None = None,
    key: str,
) -> Sweep:
    """Put every run of a sweep into the line, or none; the same `key` again is the same sweep."""
    ordered = _ordered(studio, dataset_id, model_id, recipe, knobs, gpu)
    name = name or _free_name(studio, f"{ordered[0][1].called} sweep")
    made = stored.add(
        studio.store,
        id=new_id("sweep"),
        name=name,
        dataset_id=dataset_id,
        model_id=model_id,
        knobs=knobs,
        key=key,
        ordered=[order.values | {"name": f"{name}: {label_of(changes)}"} for changes, order in ordered],
    )
    for run_id in made.run_ids:
        logbook.opened(studio, held.get(studio.store, run_id))
    return made


def sweeps(studio: Studio) -> list[Sweep]:
    """The sweeps of which a run is there, the newest first."""
    every = stored.all(studio.store)
    there = {run.sweep_id for run in held.all(studio.store, sweep_ids=[sweep.id for sweep in every])}
    return [sweep for sweep in every if sweep.id in there]


def tried(studio: Studio, listed: Sequence[logbook.Kept]) -> list[Tried]:
    """The sweeps of these runs, the newest first, each with all of its runs that are not deleted."""
    ids = {kept.run.sweep_id for kept in listed if kept.run.sweep_id}
    if not ids:
        return []
    every = logbook.kept(studio, sweep_ids=ids)
    tries = {id: [kept for kept in every if kept.run.sweep_id == id] for id in ids}
    lowest = {id: _lowest(each) for id, each in tries.items()}
    recipes = held.recipes(studio.store, [kept.run.id for kept in lowest.values() if kept])
    return [
        Tried(each, tuple(tries[each.id]), kept := lowest[each.id], _values(each, recipes[kept.run.id]) if kept else "")
        for each in stored.all(studio.store)
        if each.id in ids
    ]


def _lowest(tries: Sequence[logbook.Kept]) -> logbook.Kept | None:
    checked = [each for each in tries if each.best]
    return min(checked, key=lambda each: each.best.loss if each.best else inf, default=None)


def _values(sweep: Sweep, recipe: Recipe) -> str:
    """What was tried in a run of the sweep."""
    return label_of({name: getattr(recipe, name) for name in sweep.knobs})


def get(studio: Studio, sweep_id: str) -> Sweep:
    return stored.get(studio.store, sweep_id)


@logged("stopped a sweep")
def stop(studio: Studio, sweep_id: str) -> Sweep:
    """Stop every run of a sweep that waits or runs; what has ended stays as it is."""
    found = get(studio, sweep_id)
    live = [run_id for run_id in found.run_ids if held.get(studio.store, run_id).is_live]
    if not live:
        raise RunError(f"{found.name} is not running.", fix="Nothing needs to be stopped.")
    for run_id in reversed(live):  # what waits first, so that none of it begins meanwhile
        train.stop(studio, run_id)
    return found


def runs_of(studio: Studio, ids: Sequence[str]) -> list[str]:
    """Runs, and the runs of sweeps among them, each once."""
    every = [run_id for each in ids for run_id in (get(studio, each).run_ids if each.startswith(WORD) else (each,))]
    return list(dict.fromkeys(every))


def compared(studio: Studio, sweep_id: str) -> Compared:
    """What came of each run that is not deleted, and which of them is best, as far as that can be told."""
    found = get(studio, sweep_id)
    there = {run.id for run in held.all(studio.store, sweep_ids=[found.id])}
    runs = [held.get(studio.store, run_id) for run_id in found.run_ids if run_id in there]
    changes = [{name: getattr(run.recipe, name) for name in found.knobs} for run in runs]
    results = [
        Result(label_of(each), follow.metrics(studio, run.id), run.is_live)
        for run, each in zip(runs, changes, strict=True)
    ]
    ranking = ranked(results)
    marks = {ranking.lowest: "lowest" if ranking.alike else "best"} | dict.fromkeys(ranking.alike, "as good")
    lines = [
        Line(run, each, result, _seconds(studio, run), marks.get(at, ""))
        for at, (run, each, result) in enumerate(zip(runs, changes, results, strict=True))
    ]
    return Compared(found, tuple(lines), ranking)


Ordered = list[tuple[dict[str, Any], train.Order]]


def _ordered(
    studio: Studio, dataset_id: str, model_id: str, recipe: Recipe, knobs: Mapping[str, Sequence[Any]], gpu: str | None
) -> Ordered:
    """Every run of a sweep, none of which is refused."""
    made: Ordered = []
    for changes in combinations(recipe, knobs):
        order = train.order(studio, dataset_id, model_id, choose.changed(recipe, changes), gpu=gpu)
        if order.plan.light is Light.RED:
            raise RecipeError(f"With {label_of(changes)}: {order.plan.sentence}", field=next(iter(changes)))
        made.append((changes, order))
    return made


def _planned(ordered: Ordered) -> Planned:
    takes: Span | None = Span(0.0, 0.0)
    for _, order in ordered:
        each = span(order.plan.seconds_low, order.plan.seconds_high)
        takes = takes + each if takes and each else None
    return Planned(tuple((changes, order.plan) for changes, order in ordered), takes)


def _free_name(studio: Studio, called: str) -> str:
    """A short name with the next free number: triage-sweep-1."""
    taken = {sweep.name for sweep in stored.all(studio.store)}
    stem, number = train.stem_of(called), 1
    while f"{stem}-{number}" in taken:
        number += 1
    return f"{stem}-{number}"


def _seconds(studio: Studio, run: Run) -> float | None:
    ended = run.job.ended_at
    return sum(each.seconds(ended) for each in follow.stretches(studio, run)) if ended else None


def _refuse(name: str, value: str, wanted: str) -> bool:
    title = Recipe.model_fields[name].title
    raise RecipeError(f"{title}: “{value}” is not {wanted}.", fix="Change that value.", field=name)


def _is_number(text: str, *, whole: bool) -> bool:
    try:
        int(text) if whole else float(text)
    except ValueError:
        return False
    return True
