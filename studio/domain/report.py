"""Report: what is told of a verdict, in words and few figures; the same on a screen, on a page and on paper."""

from dataclasses import dataclass

from studio.domain.verdict import Decision


@dataclass(frozen=True, slots=True)
class Band:
    """How often the fine-tuned answer is preferred to one opponent's: seen, and where the truth lies; from 0 to 1.

    `level` is how sure that is, from 0 to 1; `score` counts the votes in words, `words` say the whole picture.
    """

    title: str
    decision: Decision
    headline: str
    low: float
    high: float
    share: float | None
    target: float
    level: float
    score: str
    words: str


WAITING = "waiting"  # in place of a light, while a gate is not judged


@dataclass(frozen=True, slots=True)
class Lamp:
    """One gate as a light (or WAITING) with its sentence; `is_shown_only` where it decides nothing."""

    title: str
    light: str
    sentence: str
    is_shown_only: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """How many prompts something was done with: sealed ones and somebody's own."""

    what: str
    sealed: int
    own: int

    @property
    def every(self) -> int:
        return self.sealed + self.own


@dataclass(frozen=True, slots=True)
class Account:
    """Which prompts the figures of a verdict are of, and why their counts differ; "" where they do not."""

    lines: tuple[Line, ...]
    why: str

    @property
    def has_own(self) -> bool:
        return any(line.own for line in self.lines)


@dataclass(frozen=True, slots=True)
class Told:
    """One pair of answers to read."""

    question: str
    tuned: str
    other: str
    reference: str
    comment: str
    is_own: bool


@dataclass(frozen=True, slots=True)
class Chapter:
    """Pairs with one outcome against one opponent."""

    opponent: str
    title: str
    other: str
    examples: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """A table for whoever wants to check: its title, its headings and its rows."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Report:
    """A verdict as it is told; `decision` is what stands and `is_overridden` whether somebody decided so."""

    name: str
    about: str
    decision: Decision
    is_overridden: bool
    headline: str
    sentence: str
    next_step: str
    override: str
    warnings: tuple[str, ...]
    bands: tuple[Band, ...]
    lamps: tuple[Lamp, ...]
    exact: str
    account: Account
    worse: tuple[str, ...]
    blind: tuple[str, ...]
    agreement: str
    caveats: tuple[str, ...]
    chapters: tuple[Chapter, ...]
    done: tuple[tuple[str, str], ...]
    data: tuple[tuple[str, str], ...]
    figures: tuple[Figures, ...]
