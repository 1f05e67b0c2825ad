"""Logbook: what is kept of a run beside its curves, so that it can be found, understood and repeated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from studio.domain.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Entry:
    """Who started a run, with which libraries, and what people say of it."""

    owner: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    notes: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """One choice in which runs differ, with the value of each; None where a run's method has no such choice."""

    name: str
    title: str
    values: tuple[object, ...]


def tags_of(words: str) -> tuple[str, ...]:
    """Tags as they are typed, between commas; each once, in the order in which they came."""
    return tuple(dict.fromkeys(tag for each in words.split(",") if (tag := " ".join(each.split())[:40])))


def differences(recipes: Sequence[Recipe]) -> list[Difference]:
    """The choices in which recipes differ, in the order of the recipe's fields."""
    made = [recipe.choices for recipe in recipes]
    found = []
    for name, about in Recipe.model_fields.items():
        values = tuple(choices.get(name) for choices in made)
        if any(value != values[0] for value in values):
            found.append(Difference(name, about.title or name, values))
    return found
