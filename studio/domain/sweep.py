"""Sweep: the same run with a few values of one or two knobs, and which of them came out best."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from math import isfinite, sqrt
from statistics import median
from typing import Any

from studio.domain.errors import RecipeError
from studio.domain.method import TITLES, belongs
from studio.domain.reading import NOISE, Reading, Tone, best_check
from studio.domain.recipe import Recipe
from studio.domain.run import Best, Metric

MOST_KNOBS = 2
MOST_RUNS = 9
# Knobs with which losses stay comparable: the cut-off changes which rows check a run, and beta what its loss means.
KNOBS = (
    "learning_rate", "epochs", "rank", "batch_size", "alpha_over_rank", "dropout", "prefix_tokens", "warmup",
    "schedule", "weight_decay", "max_grad_norm", "seed",
)  # fmt: skip
# Two losses within so many deviations of what checks wobble by are not told apart (of a difference: root of 2).
SIGMAS = 2.0
SHARE = 0.01  # and never within this share of the best loss


@dataclass(frozen=True, slots=True)
class Sweep:
    """`knobs` are the values that were tried of each field; the runs of the sweep stand in `run_ids`."""

    id: str
    name: str
    dataset_id: str
    model_id: str
    knobs: Mapping[str, Sequence[Any]]
    created_at: datetime
    run_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one run of a sweep; `points` are its curve."""

    label: str
    points: Sequence[Metric]
    is_live: bool

    @property
    def best(self) -> Best | None:
        return best_check([p for p in self.points if p.validation_loss is None or isfinite(p.validation_loss)])


@dataclass(frozen=True, slots=True)
class Ranking:
    """The result with the lowest loss, those that cannot be told from it, and a sentence that says how sure that is."""

    lowest: int | None
    alike: tuple[int, ...]
    said: Reading


def title_of(name: str) -> str:
    return Recipe.model_fields[name].title or name


def combinations(recipe: Recipe, knobs: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Every combination of the values, the last knob changing first; RecipeError names the knob that is wrong."""
    if not knobs or len(knobs) > MOST_KNOBS:
        raise RecipeError(f"A sweep varies one or two knobs, not {len(knobs)}.", fix="Choose one, or two.")
    for name, values in knobs.items():
        if name not in KNOBS:
            known = ", ".join(each for each in KNOBS if belongs(each, recipe.method))
            raise RecipeError(f"A sweep cannot vary “{name}”.", fix=f"It can vary {known}.", field=name)
        if not belongs(name, recipe.method):
            why = f"{TITLES[recipe.method]} has no {title_of(name).lower()}."
            raise RecipeError(why, fix="Choose another knob, or another method.", field=name)
        if not values or len(set(values)) != len(values):
            said = f"{title_of(name)}: each value is needed once."
            raise RecipeError(said, fix="Write different values.", field=name)
    made = [dict(zip(knobs, values, strict=True)) for values in product(*knobs.values())]
    if not 2 <= len(made) <= MOST_RUNS:
        raise RecipeError(
            f"That makes {len(made)} run{'s' if len(made) != 1 else ''}; a sweep has 2 to {MOST_RUNS}.",
            fix="Write more values." if len(made) < 2 else "Leave some values out.",
            field=next(iter(knobs)),
        )
    return made


def label_of(changes: Mapping[str, Any]) -> str:
    """The values of one run as people read them: learning rate 0.0002, rank 8."""
    return ", ".join(f"{title_of(name).lower()} {shown(value)}" for name, value in changes.items())


def shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def wobble(points: Sequence[Metric]) -> float | None:
    """By how much the checks of a run go up and down around their course: one standard deviation, in nats.

    From second differences (von Neumann et al. 1941), whose middle is robust against one odd check: of noise with
    deviation s they have the deviation s times the root of 6, and the middle of their sizes is 0.6745 of that. The
    first check after the start is left out, because there the course bends most. None with fewer than four others.
    """
    losses = [p.validation_loss for p in points if p.step and p.validation_loss is not None][1:]
    if len(losses) < 4 or not all(map(isfinite, losses)):
        return None
    bends = [abs(a - 2 * b + c) for a, b, c in zip(losses, losses[1:], losses[2:], strict=False)]
    return median(bends) / 0.6745 / sqrt(6)


def margin(results: Sequence[Result], lowest: float) -> float:
    """How far apart two best losses must be, at least, before one is called better."""
    wobbles = [found for result in results if (found := wobble(result.points)) is not None]
    return max(NOISE, SHARE * lowest, SIGMAS * sqrt(2) * max(wobbles, default=0.0))


def ranked(results: Sequence[Result]) -> Ranking:
    """Which run came out best, and whether that can be told from the others."""
    order = sorted((result.best.loss, at) for at, result in enumerate(results) if result.best)
    live = sum(result.is_live for result in results)
    rest = _rest(results, live)
    if not order or (live and len(order) < 2):
        title = "Nothing to compare yet." if live else "Nothing to compare."
        return Ranking(None, (), Reading(Tone.QUIET, title, f"{len(order)} of {len(results)} have a check.{rest}"))
    loss, at = order[0]
    name, apart = _first(results[at].label), margin(results, loss)
    alike = tuple(other for found, other in order[1:] if found - loss <= apart)
    if len(order) == 1:
        text = f"Only {results[at].label} was checked ({loss:.3f}), so it is compared with nothing.{rest}"
        return Ranking(at, (), Reading(Tone.QUIET, "Nothing to compare it with.", text))
    if alike:
        names = " and ".join(results[other].label for other in alike)
        text = (
            f"{name} has the lowest validation loss ({loss:.3f}), but {names} {'is' if len(alike) == 1 else 'are'} "
            f"within {apart:.3f} of it, too little to call it better. Take whichever is quickest, or have people judge "
            f"them blind.{rest}"
        )
        return Ranking(at, alike, Reading(Tone.QUIET, "No clear best.", text))
    return Ranking(at, (), _ahead(results, name, loss, order[1][0], apart=apart, live=live, rest=rest))


def _ahead(
    results: Sequence[Result], name: str, loss: float, second: float, *, apart: float, live: int, rest: str
) -> Reading:
    """What is said of a result that stands apart from all others."""
    is_measured = any(wobble(result.points) is not None for result in results)
    sure = (
        f"That is more than checks differ by chance ({apart:.3f})."
        if is_measured
        else "There were too few checks to know by how much they differ by chance."
    )
    text = (
        f"Its validation loss is the lowest: {loss:.3f}, and the next one {second:.3f}. {sure} Each was tried "
        f"once; people judging blind say whether its answers are better.{rest}"
    )
    title = f"{name} {'is ahead' if live else 'is best' if is_measured else 'has the lowest loss'}."
    return Reading(Tone.GOOD if is_measured and not live else Tone.QUIET, title, text)


def _rest(results: Sequence[Result], live: int) -> str:
    """What is not in the comparison, or not yet."""
    without = sum(result.best is None and not result.is_live for result in results)
    soon = f" {live} of {len(results)} are not through yet, so this may change." if live else ""
    return soon + (f" {without} of {len(results)} ended without a check and cannot be compared." if without else "")


def _first(label: str) -> str:
    return label[:1].upper() + label[1:]
