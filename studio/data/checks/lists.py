"""Lists: the words and sentences that checks look for, read from the text files in assets/checks."""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[3] / "assets" / "checks"
OPENINGS, NEEDS = "openings", "needs"

# A sentence in quotes is somebody else's, and “AI” within a longer word is none; Chinese puts no space between words.
_FREE = r"(?<![\"“„«»‘「])(?:(?<!\w)|(?=[\u3040-\u9fff【［（○〇◯])|(?<=[\u3040-\u9fff])(?=\{))"
_PART = re.compile(r"([a-z_]+) = (.+)")


@cache
def sections(name: str) -> dict[str, tuple[str, ...]]:
    """The lines of a list by the [heading] above them; # starts a line of comment."""
    found: dict[str, list[str]] = {}
    heading = ""
    for line in (FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            heading = line.strip("[]")
        elif line and not line.startswith("#"):
            found.setdefault(heading, []).append(line)
    return {heading: tuple(lines) for heading, lines in found.items()}


@cache
def words_of(name: str, heading: str) -> frozenset[str]:
    """The single words under a heading of a list."""
    return frozenset(word for line in sections(name)[heading] for word in line.split())


def holds_any(text: str, letters: Iterable[str]) -> bool:
    """Whether some of the letters occur in a text: much faster than a regular expression that looks for them."""
    return any(map(text.__contains__, letters))


def openings(name: str) -> tuple[str, ...]:
    """Letters in lower case, of which every text that a sentence of a list can match holds some."""
    return sections(name)[OPENINGS]


def opens(name: str, text: str) -> bool:
    """Whether a text in lower case holds some of the letters without which no sentence of a list can match."""
    plain, others = _openings(name)
    return plain.search(text) is not None or (not text.isascii() and others.search(text) is not None)


@cache
def _openings(name: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """The openings of a list that every text can hold, and those that only texts with other letters can."""
    lines = openings(name)
    plain = [line for line in lines if line.isascii()]
    return re.compile(any_of(plain)), re.compile(any_of(line for line in lines if not line.isascii()))


def any_of(texts: Iterable[str]) -> str:
    """A regular expression for one of many texts: each beginning that they share is tried once, which is quicker."""
    by_letter: dict[str, list[str]] = {}
    for text in sorted(set(texts)):
        if not text:
            return ""  # whatever follows, this is one of them
        by_letter.setdefault(text[0], []).append(text[1:])
    parts = [re.escape(letter) + any_of(rest) for letter, rest in by_letter.items()]
    return parts[0] if len(parts) == 1 else f"(?:{'|'.join(parts) or '(?!)'})"


@cache
def sentences(name: str, heading: str) -> re.Pattern[str]:
    """The regular expression under a heading of a list, compiled when first asked for: that of some takes long."""
    return re.compile(_written(name)[heading], re.IGNORECASE)


def headings(name: str) -> Iterable[str]:
    """The headings of a list under which sentences stand."""
    return _written(name)


@cache
def _written(name: str) -> dict[str, str]:
    """What a list says to look for, by heading; lines such as “cannot = …” name a part that later lines hold."""
    parts: dict[str, str] = {}
    made = {}
    for heading, lines in sections(name).items():
        if heading == OPENINGS:
            continue
        whole = []
        for line in lines:
            for part, pattern in parts.items():
                line = line.replace(f"{{{part}}}", pattern)
            if named := _PART.fullmatch(line):
                parts |= {named[1]: named[2]} if named[1] != NEEDS else {}
            else:
                whole.append(line.replace("'", "['’]"))
        made[heading] = f"{_FREE}(?:{'|'.join(whole)})"
    return made


@cache
def needs(name: str) -> dict[str, re.Pattern[str]]:
    """What a text must hold for the expressions under a heading to be tried, from its line “needs = …”; lower case."""
    named = [(heading, _PART.fullmatch(line)) for heading, lines in sections(name).items() for line in lines]
    return {heading: re.compile(match[2]) for heading, match in named if match and match[1] == NEEDS}
