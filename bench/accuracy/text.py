"""Text: the word lists and sentences of a generator, read from its folder, and how a sentence is filled in."""

import random
import re
from dataclasses import dataclass
from pathlib import Path

from bench.accuracy.made_up import made_up

FOLDER = Path(__file__).parent / "text"
_HEADING = re.compile(r"\[([^{}\"\]]+)\]")
_GAP = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Bank:
    """The lines of one file by the [heading] above them; what stands before the first heading says what it is."""

    sections: dict[str, tuple[str, ...]]

    def __getitem__(self, heading: str) -> tuple[str, ...]:
        return self.sections[heading]

    def under(self, beginning: str) -> dict[str, tuple[str, ...]]:
        """The lines of all headings that begin so, by the whole heading."""
        return {heading: lines for heading, lines in self.sections.items() if heading.startswith(beginning)}

    def filled(self, form: str, draw: random.Random, **given: str) -> str:
        r"""A sentence with its {gaps} filled from the lists of these names, and <values> made up; \n is a new line."""

        def word(gap: re.Match[str]) -> str:
            return given.get(gap[1]) or (draw.choice(self[gap[1]]) if gap[1] in self.sections else gap[0])

        lines = form.replace("\\\\n", "\0").replace("\\n", "\n").replace("\0", "\\n")
        return made_up(_GAP.sub(word, lines), draw)

    def some(self, heading: str, draw: random.Random, *, least: int, most: int) -> list[str]:
        """Several different sentences of a list."""
        return [self.filled(form, draw) for form in draw.sample(self[heading], draw.randint(least, most))]


def banks(world: str) -> dict[str, Bank]:
    """Every file of a generator by its name: en, de, … for languages, and personal, secrets, labels."""
    return {path.stem: _read(path) for path in sorted((FOLDER / world).glob("*.txt"))}


def _read(path: Path) -> Bank:
    found: dict[str, list[str]] = {}
    heading = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if named := _HEADING.fullmatch(line):
            heading = named[1]
        elif line and heading:
            found.setdefault(heading, []).append(line)
    return Bank({name: tuple(lines) for name, lines in found.items()})
