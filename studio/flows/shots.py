"""Shots: the base model with examples in its prompt, chosen from the rows that training saw and from no others."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from studio.data.rows import load_rows
from studio.domain.errors import StudyError
from studio.domain.lengths import Lengths
from studio.domain.row import Row
from studio.domain.run import Run
from studio.domain.study import prompt_key
from studio.flows import asking, inspect, models, prompting, train
from studio.flows.studio import Studio
from studio.verdict.form import Form, Shape

READ = 1000  # training rows that are looked at for a proposal
SHOTS = 4
MOST_SHOTS = 16
OFFERED = 200
_PIECES = re.compile(r"[\n,]")


@dataclass(frozen=True, slots=True)
class Shot:
    """One training row as an example, and how many tokens it takes at most."""

    row: Row
    tokens: int

    @property
    def fingerprint(self) -> str:
        return prompt_key(self.row.messages)


@dataclass(frozen=True, slots=True)
class Budget:
    """What the examples take of the model's context, beside the longest test prompt and the answer."""

    shots: int
    prompt: int
    answer: int
    context: int

    @property
    def total(self) -> int:
        return self.shots + self.prompt + self.answer

    @property
    def fits(self) -> bool:
        return self.total <= self.context

    @property
    def sentence(self) -> str:
        said = (
            f"The examples take about {self.shots:,} tokens, the longest test prompt {self.prompt:,}, and the answer "
            f"at most {self.answer:,}: together {self.total:,} of the {self.context:,} that the model reads."
        )
        return said if self.fits else f"{said} Leave examples out, or choose shorter ones."


def shots(studio: Studio, run_id: str, numbers: Sequence[int]) -> tuple[Shot, ...]:
    """Training rows by number as examples, in this order; StudyError for a row that training did not see."""
    run = train.run(studio, run_id)
    allowed, lengths = frozenset(asking.used(studio, run).train), _lengths(studio, run)
    if strange := [number for number in numbers if number not in allowed]:
        raise StudyError(
            f"Row {strange[0]} is no training row of this run.",
            fix="Choose examples from the rows that training saw.",
            field="examples",
        )
    if len(numbers) > MOST_SHOTS:
        raise StudyError("These are too many examples.", fix=f"Choose at most {MOST_SHOTS}.", field="examples")
    data = load_rows(studio.workspace.dataset(run.dataset_id))
    return tuple(Shot(data[number], lengths.total[number]) for number in dict.fromkeys(numbers))


def at_lines(studio: Studio, run_id: str, lines: Sequence[int]) -> tuple[int, ...]:
    """The training rows on these lines of the file; StudyError for a line on which none stands."""
    run = train.run(studio, run_id)
    numbers = asking.used(studio, run).train
    found = {row.line: row.number for row in load_rows(studio.workspace.dataset(run.dataset_id)).only(numbers)}
    for line in lines:
        if line not in found:
            raise StudyError(
                f"On line {line} stands no row that training saw.", fix="Name training rows.", field="examples"
            )
    return tuple(found[line] for line in lines)


def budget(studio: Studio, run_id: str, chosen: Sequence[Shot], *, answer: int) -> Budget:
    """What these examples take of the model's context."""
    run = train.run(studio, run_id)
    lengths, test = _lengths(studio, run), asking.used(studio, run).test
    longest = max((lengths.prompt[number] for number in test), default=0)
    context = models.usable(studio, run.model_id).context
    return Budget(sum(shot.tokens for shot in chosen), longest, answer, context)


def proposed(studio: Studio, run_id: str, *, count: int = SHOTS, answer: int = 160) -> tuple[Shot, ...]:
    """Examples that differ in what they say and are short, as many as fit beside the longest test prompt."""
    run = train.run(studio, run_id)
    room = budget(studio, run_id, (), answer=answer)
    left, chosen = room.context - room.total, []
    for shot in _in_turns(offered(studio, run_id), prompting.form(studio, run)):
        if shot.tokens <= left and len(chosen) < count:
            chosen.append(shot)
            left -= shot.tokens
    return tuple(chosen)


def offered(studio: Studio, run_id: str) -> tuple[Shot, ...]:
    """Training rows to choose from: plain questions with one answer, in an order that nobody chose."""
    run = train.run(studio, run_id)
    lengths, numbers = _lengths(studio, run), asking.used(studio, run).train[:READ]
    rows = load_rows(studio.workspace.dataset(run.dataset_id)).only(numbers)
    fit = [Shot(row, lengths.total[row.number]) for row in rows if _is_plain(row)]
    return tuple(sorted(fit, key=lambda shot: hashlib.sha256(shot.fingerprint.encode()).digest())[:OFFERED])


def _is_plain(row: Row) -> bool:
    """Whether a row is one question with one answer, without tools and without a worse answer."""
    told = [turn.role for turn in row.messages if turn.role != "system"]
    return told == ["user", "assistant"] and not row.uses_tools and not row.rejected


def _in_turns(among: Sequence[Shot], form: Form) -> Iterator[Shot]:
    """One of each kind of answer after the other, the most frequent kinds first; of each kind those of usual length."""
    kinds: dict[str, list[Shot]] = defaultdict(list)
    for shot in among:
        kinds[_kind(shot.row.answer, form)].append(shot)
    usual = sorted(shot.tokens for shot in among)[len(among) // 2] if among else 0
    piles = [
        sorted(pile, key=lambda shot: abs(shot.tokens - usual))
        for _, pile in sorted(kinds.items(), key=lambda item: (-len(item[1]), item[0]))
    ]
    while piles:
        for pile in piles:
            yield pile.pop(0)
        piles = [pile for pile in piles if pile]


def _kind(answer: str, form: Form) -> str:
    """What tells answers apart: the first label in them, or else how long they are."""
    if form.shape is Shape.LABEL:
        return answer.strip()
    told = next((part for part in form.parts if part.values), None)
    if told is None:
        return f"{len(answer.split()) // max(1, form.words[1] // 3)} thirds"
    said = next((piece for piece in _PIECES.split(answer) if told.name in piece), "").replace(told.name, "", 1)
    return next((value for value in told.values if value in said), "")


def _lengths(studio: Studio, run: Run) -> Lengths:
    lengths = inspect.measured(studio, run.dataset_id, run.model_id)
    if lengths is None:
        raise StudyError("The token lengths of this dataset are missing.", fix="Open Inspect once to measure them.")
    return lengths
