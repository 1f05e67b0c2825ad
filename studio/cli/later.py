"""Later: a verb is its name and a sentence until it is called; only then is imported what it needs."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group


class Later(TyperCommand):
    """A verb, or a group of them, that stands at `place`: MODULE.NAME in this folder."""

    def __init__(self, name: str, place: str, sentence: str) -> None:
        super().__init__(name, help=sentence)
        self.place = place

    def command(self) -> Any:
        """What is carried out, with its options."""
        module, _, name = self.place.partition(".")
        found = getattr(import_module(f"studio.cli.{module}"), name)
        if isinstance(found, typer.Typer):
            return get_group(found)
        alone = typer.Typer(add_completion=False)
        alone.command(self.name)(found)
        return get_command(alone)

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        return self.command().make_context(*args, **kwargs)


class Verbs(TyperGroup):
    """A group of verbs that are imported when they are called: for each name its place and its sentence."""

    table: ClassVar[Mapping[str, tuple[str, str]]]

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for name, (place, sentence) in self.table.items():
            self.add_command(Later(name, place, sentence))
