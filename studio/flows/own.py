"""Own: somebody's own prompts, marked for good, and held against the rows that training saw and those under seal."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from studio.data import prompts
from studio.data.prompts import OwnPrompt, read_prompts
from studio.data.rows import load_rows
from studio.data.said import said_key
from studio.domain.errors import StudyError
from studio.domain.row import Message, Row
from studio.domain.run import Run
from studio.domain.study import Ask, prompt_key
from studio.flows import asking, bring, room, train
from studio.flows.asking import REMEMBERED, instructions_of
from studio.flows.openings import words
from studio.flows.studio import Studio

if TYPE_CHECKING:
    from studio.data.told import Told

SHOWN = 4  # lines that a sentence names
NEWS = "Leave it out, or ask what training has not seen: an answer that was learned by heart proves nothing."


class Own(NamedTuple):
    """Somebody's own prompts, each once, and what they should know of them before they freeze a study."""

    asks: tuple[Ask, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Asked:
    """One prompt as it will be asked, with the instructions of the training rows where it has none of its own."""

    line: int
    turns: tuple[Message, ...]
    has_instructions: bool

    def is_as(self, system: str) -> bool:
        """Whether a row with these instructions asks the same, where its user says the same."""
        return not self.has_instructions or system == instructions_of(self.turns)


@dataclass(frozen=True, slots=True)
class _Known:
    """What the rows say that a model has learned from or was checked on, each run by the name of its data."""

    told: "Told"
    rows: tuple["_Place", ...]  # by the number under which `told` knows them


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a row stands and in which part; `system` are its instructions, as copies are known by."""

    line: int
    part: str
    file: str
    system: str

    @property
    def place(self) -> str:
        return f"line {self.line:,} of {self.file}"


def text_of(path: str) -> str:
    """What a file of prompts says; StudyError where it cannot be read as text."""
    try:
        return prompts.text_of(Path(path))
    except OSError as error:
        raise StudyError(f"{path} cannot be read.", fix="Name a text file in UTF-8.", field="own") from error


def owned(studio: Studio, run_id: str, text: str, *, beside: int = 0) -> Own:
    """The prompts of a text; StudyError for the first line that is none, and for those that are rows of the run.

    They have to fit the model `beside` so many tokens that an opponent is told before.
    """
    found = read_prompts(text)
    if not found:
        return Own()
    run = train.run(studio, run_id)
    asked, repeated = _once(found, asking.shared_instructions(studio, run))
    known = _known(studio, run.id)
    _insist_on_news(known, asked)
    _insist_on_no_sealed(studio, run_id, asked)
    _insist_on_room(studio, run, asked, beside)
    asks = tuple(Ask(prompt_key(each.turns), 0, each.turns) for each in asked)
    return Own(asks, (*repeated, *_alike(known, asked)))


def _once(prompts: Sequence[OwnPrompt], system: str) -> tuple[list[_Asked], list[str]]:
    """Each prompt as it will be asked, and a sentence on those that say the same as an earlier one."""
    found: dict[str, _Asked] = {}
    repeated: list[str] = []
    for each in prompts:
        has_own = each.turns[0].role == "system"
        turns = each.turns if has_own or not system else (Message("system", system), *each.turns)
        key = f"{said_key(turns)}:{instructions_of(turns)}"
        if key in found:
            repeated.append(f"line {each.line} repeats line {found[key].line}")
        else:
            found[key] = _Asked(each.line, turns, has_own)
    told = f"Of your own prompts, {_listed(repeated)}: what is said twice is asked once." if repeated else ""
    return list(found.values()), [told] if told else []


def _insist_on_news(known: _Known, asked: Sequence[_Asked]) -> None:
    """StudyError where a prompt is a row that training saw."""
    seen = []
    for each in asked:
        row = next((known.rows[row] for row in known.told.same(each.turns) if each.is_as(known.rows[row].system)), None)
        seen += [f"line {each.line} asks what {row.place} asks, a {row.part} row"] if row else []
    if seen:
        raise StudyError(f"Of your own prompts, {_listed(seen)}.", fix=NEWS, field="own")


def _insist_on_no_sealed(studio: Studio, run_id: str, asked: Sequence[_Asked]) -> None:
    """StudyError where a prompt is a sealed test row: that one is asked with its reference answer, and not as own."""
    sealed: dict[str, set[str]] = defaultdict(set)
    for ask in asking.sealed_asks(studio, run_id):
        sealed[words(ask)].add(instructions_of(ask.prompt))
    twice = [each for each in asked if any(map(each.is_as, sealed.get(said_key(each.turns), ())))]
    if twice:
        told = [f"line {each.line} asks what a sealed test row asks" for each in twice]
        raise StudyError(
            f"Of your own prompts, {_listed(told)}.",
            fix="Leave it out: sealed rows are asked anyway, with their reference answers.",
            field="own",
        )


def _insist_on_room(studio: Studio, run: Run, asked: Sequence[_Asked], beside: int) -> None:
    """StudyError where a prompt is longer than the model reads, before a study is frozen that nobody can answer."""
    sizes, context = room.sizes(studio, run, [each.turns for each in asked])
    for each, size in zip(asked, sizes, strict=True):
        if size + beside >= context:
            more = f", and the instructions or examples before it {beside:,}" if beside else ""
            raise StudyError(
                f"Line {each.line} of your own prompts has {size:,} tokens{more}: the model reads {context:,} with the "
                "answer.",
                fix="Shorten it, or leave it out.",
                field="own",
            )


def _alike(known: _Known, asked: Sequence[_Asked]) -> Iterator[str]:
    """A sentence on prompts that are nearly a row, or one under other instructions."""
    near = {asked[place].line: row for place, row in known.told.near([each.turns for each in asked]).items()}
    near |= {each.line: same[0] for each in asked if (same := known.told.same(each.turns))}
    if near:
        rows = [(line, known.rows[row]) for line, row in sorted(near.items())]
        told = _listed([f"line {line} is nearly {row.place}, a {row.part} row" for line, row in rows])
        yield f"Of your own prompts, {told}: what was learned by heart would look like skill."
    if not known.told.is_whole:
        yield "There are so many rows that not all of them were compared with your own prompts for near copies."


def _listed(told: Sequence[str]) -> str:
    left = len(told) - SHOWN
    return "; ".join(told[:SHOWN]) + (f"; and {left:,} more" if left > 0 else "")


@lru_cache(maxsize=REMEMBERED)
def _known(studio: Studio, run_id: str) -> _Known:
    """Training and validation rows of a run and of those that it began from, each with where it stands."""
    from studio.data.told import Told  # pages that ask nothing of it start without scipy

    places: list[_Place] = []

    def rows() -> Iterator[Row]:
        for run in asking.stages(studio, run_id):
            dataset, used = bring.dataset(studio, run.dataset_id), asking.used(studio, run)
            if dataset.is_text:
                continue
            parts = dict.fromkeys(used.train, "training") | dict.fromkeys(used.validation, "validation")
            for row in load_rows(studio.workspace.dataset(dataset.id)).only(parts):
                places.append(_Place(row.line, parts[row.number], dataset.title, instructions_of(row.prompt)))
                yield Row(len(places) - 1, row.line, row.messages)

    return _Known(Told(rows()), tuple(places))
