"""Prompting: the base model with its best prompt: a proposal from the data, and tries of it on validation rows."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from studio.data.atomic import replacing
from studio.data.rows import load_rows
from studio.domain.contest import composed
from studio.domain.errors import StudyError
from studio.domain.intact import whole_lines
from studio.domain.job import Job, JobKind, JobState, Wish
from studio.domain.protocol import LONGEST_TEXT, Opponent, Rival
from studio.domain.row import Row, records_of
from studio.domain.run import Run
from studio.domain.sampling import Sampling
from studio.domain.study import prompt_key
from studio.flows import asking, draft, train
from studio.flows.audit import logged
from studio.flows.studio import Studio
from studio.store import jobs
from studio.verdict.form import Form, form_of

READ = 1000  # training answers that are read to see their form
ROWS = 8
MOST_ROWS = 50
SET = "tried"


@dataclass(frozen=True, slots=True)
class Tried:
    """One validation row: what the base said alone and with the prompt, and the answer in the data."""

    line: int
    question: str
    reference: str
    alone: str
    prompted: str
    equals: bool
    fits: bool
    fits_alone: bool


@dataclass(frozen=True, slots=True)
class Try:
    """One prompt that was tried; `rows` are there as far as they are written, and `number` counts from 1."""

    number: int
    instructions: str
    job: Job
    wanted: int
    rows: tuple[Tried, ...]
    form: Form

    @property
    def equal(self) -> int:
        return sum(row.equals for row in self.rows)

    @property
    def fitting(self) -> int:
        return sum(row.fits for row in self.rows)

    @property
    def fitting_alone(self) -> int:
        return sum(row.fits_alone for row in self.rows)

    @property
    def is_whole(self) -> bool:
        return len(self.rows) == self.wanted


def form(studio: Studio, run: Run) -> Form:
    """What the answers that the run was trained on have in common."""
    return _form(studio, run.id)


@lru_cache(maxsize=asking.REMEMBERED)
def _form(studio: Studio, run_id: str) -> Form:
    run = train.run(studio, run_id)
    rows = load_rows(studio.workspace.dataset(run.dataset_id)).only(asking.used(studio, run).train[:READ])
    return form_of([row.answer for row in rows])


def proposal(studio: Studio, run_id: str) -> str:
    """What the training rows say themselves: the instructions that they share, then the form of their answers."""
    run = train.run(studio, run_id)
    return "\n\n".join(filter(None, [asking.shared_instructions(studio, run), form(studio, run).instructions]))


@logged("had instructions tried")
def start(studio: Studio, run_id: str, instructions: str, *, rows: int = ROWS, step: int | None = None) -> Job:
    """Have the base answer validation rows with these instructions and without any; the same again is the same try.

    StudyError without instructions, or without validation rows.
    """
    run, text = train.run(studio, run_id), _checked(instructions)
    if not 1 <= rows <= MOST_ROWS:
        raise StudyError(f"A try is on 1 to {MOST_ROWS} rows.", fix="Choose a number between them.", field="rows")
    chosen = _validation(studio, run, rows)
    if not chosen:
        raise StudyError("This run has no validation rows to try a prompt on.", fix="Hold rows out and train again.")
    told = hashlib.sha256(json.dumps([run_id, text, len(chosen)]).encode()).hexdigest()[:24]
    if known := jobs.by_key(studio.store, kind=JobKind.GENERATE, key=f"prompt:{told}"):
        return known if known.is_live or known.state is JobState.DONE else jobs.requeue(studio.store, known.id)
    folder = studio.workspace.run(run_id) / "prompts" / told
    with replacing(folder / "asks.jsonl") as file:
        file.writelines(json.dumps(ask).encode() + b"\n" for ask in _asks(chosen, text))
    checkpoint = train.checkpoint_at(studio, run_id, step)
    spec = draft.answering(studio, run, checkpoint, Sampling()) | {
        "asks": str(folder / "asks.jsonl"),
        "out": str(folder / "answers.jsonl"),
        "instructions": text,
        "rows": [row.number for row in chosen],
    }
    return jobs.submit(studio.store, kind=JobKind.GENERATE, subject_id=run_id, spec=spec, key=f"prompt:{told}")


@logged("stopped a try of instructions")
def stop(studio: Studio, job_id: str) -> None:
    if jobs.get(studio.store, job_id).is_live:
        jobs.wish(studio.store, job_id, Wish.STOP)


def tries(studio: Studio, run_id: str) -> tuple[Try, ...]:
    """Every prompt that was tried for a run, the first first."""
    found = jobs.of_subject(studio.store, run_id, kind=JobKind.GENERATE)
    if not found:
        return ()
    run = train.run(studio, run_id)
    data, wanted = load_rows(studio.workspace.dataset(run.dataset_id)), form(studio, run)
    made = []
    for number, job in enumerate(found, start=1):
        spec = jobs.spec(studio.store, job.id)
        rows = list(data.only(spec["rows"]))
        answers = _answers(Path(spec["out"]))
        told = tuple(row for row in (_tried(each, answers, wanted) for each in rows) if row)
        made.append(Try(number, spec["instructions"], job, len(rows), told, wanted))
    return tuple(made)


def best(tried: Sequence[Try]) -> Try | None:
    """Of the whole tries the one with most answers like the reference, then of the right form; the earliest of them."""
    whole = [each for each in tried if each.is_whole]
    return max(whole, key=_merit, default=None)


def _merit(tried: Try) -> tuple[float, float, int]:
    return tried.equal / tried.wanted, tried.fitting / tried.wanted, -tried.number


def _checked(instructions: str) -> str:
    if not instructions.strip():
        raise StudyError("The best prompt is empty.", fix="Write the instructions.", field="instructions")
    if len(instructions) > LONGEST_TEXT:
        raise StudyError("These instructions are too long.", fix="Shorten them.", field="instructions")
    return instructions.strip()


def _validation(studio: Studio, run: Run, count: int) -> list[Row]:
    """So many validation rows, spread over the file; never a test row."""
    numbers = asking.used(studio, run).validation
    step = max(1, len(numbers) // count)
    return list(load_rows(studio.workspace.dataset(run.dataset_id)).only(numbers[::step][:count]))


def _asks(rows: Sequence[Row], instructions: str) -> list[dict[str, Any]]:
    prompted = Opponent(Rival.PROMPT, instructions)
    return [
        {
            "key": prompt_key(row.prompt, row.tools),
            "set": SET,
            "contestant": opponent.rival.value,
            "tuned": False,
            "messages": records_of(composed(row.prompt, opponent)),
            "tools": row.tools,
            "reference": records_of(row.messages[-1:]),
        }
        for row in rows
        for opponent in (Opponent(Rival.BASE), prompted)
    ]


def _answers(path: Path) -> dict[tuple[str, str], str]:
    """What is written so far; a last line that is still being written is left out."""
    lines = map(json.loads, whole_lines(path.read_bytes()).splitlines()) if path.exists() else ()
    return {(line["key"], line["contestant"]): line["text"] for line in lines}


def _tried(row: Row, answers: dict[tuple[str, str], str], form: Form) -> Tried | None:
    key = prompt_key(row.prompt, row.tools)
    alone, prompted = answers.get((key, Rival.BASE)), answers.get((key, Rival.PROMPT))
    if alone is None or prompted is None:
        return None
    return Tried(
        line=row.line,
        question=row.question,
        reference=row.answer,
        alone=alone,
        prompted=prompted,
        equals=_lines(prompted) == _lines(row.answer),
        fits=form.fits(prompted),
        fits_alone=form.fits(alone),
    )


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]
