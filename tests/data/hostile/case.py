"""Case: one hostile upload as code: how its file is made, and what has to become of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

Build = Callable[[Path], None]

GOOD = '{"prompt": "a question", "completion": "an answer"}'
FIRST, LAST = '{"prompt": "first", "completion": "1"}', '{"prompt": "last", "completion": "2"}'


class Verdict(StrEnum):
    ACCEPT = "every row is in, as it was written"
    REPAIR = "something was set right, or can be with one click, and is told"
    REJECT = "lines or the whole file are refused, with the place and a plain sentence"


@dataclass(frozen=True, slots=True)
class Place:
    """A refused line: where, and how its reason begins."""

    line: int
    column: int | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """`good` are the lines of the rows that are kept, `refused` those that are not.

    `message` begins the outcome of a file that is refused whole; `told` stands in a note on what was set right;
    `repairs` counts the lines by the repair that is offered, and `mended` are the lines of all rows once they are made.
    `extra` is what the last good row keeps beside its messages. `megabytes` is the most that reading may take.
    """

    number: str
    about: str
    build: Build
    verdict: Verdict
    good: Sequence[int] = ()
    refused: Sequence[Place] = ()
    message: str = ""
    told: str = ""
    repairs: Mapping[str, int] = field(default_factory=dict)
    mended: Sequence[int] = ()
    extra: Mapping[str, str] | None = None
    megabytes: int = 600

    @property
    def id(self) -> str:
        return f"{self.number} {self.about}"


def accept(number: str, about: str, build: Build, good: Sequence[int], **more) -> Case:
    return Case(number=number, about=about, build=build, verdict=Verdict.ACCEPT, good=good, **more)


def set_right(number: str, about: str, build: Build, good: Sequence[int], told: str, **more) -> Case:
    """Read without being asked, because there is one way to read it only; a note says so."""
    return Case(number=number, about=about, build=build, verdict=Verdict.REPAIR, good=good, told=told, **more)


def repairable(
    number: str,
    about: str,
    line: str | bytes,
    kind: str,
    column: int | None,
    reason: str,
    *,
    mended: Sequence[int] = (1, 2, 3),
) -> Case:
    """A broken line between two good ones, for which one repair is offered."""
    return Case(
        number=number,
        about=about,
        build=between(line),
        verdict=Verdict.REPAIR,
        good=(1, 3),
        refused=(Place(2, column, reason),),
        repairs={kind: 1},
        mended=mended,
    )


def refused(number: str, about: str, line: str | bytes, column: int | None, reason: str, **more) -> Case:
    """A broken line between two good ones, which a person has to mend."""
    return Case(
        number=number,
        about=about,
        build=between(line),
        verdict=Verdict.REJECT,
        good=(1, 3),
        refused=(Place(2, column, reason),),
        **more,
    )


def never_read(number: str, about: str, build: Build, message: str, **more) -> Case:
    """A file that is refused as a whole."""
    return Case(number=number, about=about, build=build, verdict=Verdict.REJECT, message=message, **more)


@dataclass(frozen=True, slots=True)
class Holding:
    """Makes a file with this content."""

    raw: bytes

    def __call__(self, path: Path) -> None:
        path.write_bytes(self.raw)


def holding(content: str | bytes) -> Holding:
    return Holding(content if isinstance(content, bytes) else content.encode())


def made(content: Callable[[], str | bytes]) -> Build:
    """A file whose content is only made when it is needed."""
    return lambda path: holding(content())(path)


def between(line: str | bytes) -> Build:
    raw = line if isinstance(line, bytes) else line.encode()
    return holding(b"\n".join((FIRST.encode(), raw, LAST.encode())))


def streamed(chunks: Callable[[], Iterable[bytes]]) -> Build:
    """A file too large to be made in memory."""

    def build(path: Path) -> None:
        with path.open("wb") as file:
            file.writelines(chunks())

    return build
