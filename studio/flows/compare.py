"""Compare: freeze a study, have its answers written, open and close the rating."""

import hashlib
import json
import random
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from studio.data.rows import load_rows
from studio.domain.errors import StudyError
from studio.domain.job import Job, JobState, Wish
from studio.domain.study import Item, Sampling, Side, Study, StudyState
from studio.flows import bring, inspect, models, split, train
from studio.flows.studio import Studio
from studio.store import jobs, splits
from studio.store import studies as stored
from studio.store.ids import new_id

QUESTION = "Which answer is better?"
ENOUGH = 40


@dataclass(frozen=True, slots=True)
class StudyProgress:
    """What an owner may see while people rate: how far, never who leads."""

    rated: int
    total: int
    raters: int
    job: Job


def create(
    studio: Studio,
    run_id: str,
    *,
    prompts: int | None = None,
    question: str = QUESTION,
    step: int | None = None,
    margin: float = 0.05,
    key: str,
) -> Study:
    """Freeze a comparison on held-out test prompts and have both answers to each written beforehand."""
    run = train.run(studio, run_id)
    if run.is_live:
        raise StudyError(f"{run.name} is still training.", fix="Wait until it ends, or stop it and keep the best.")
    if bring.dataset(studio, run.dataset_id).is_text:
        raise StudyError(
            "Plain text asks nothing, so there are no answers to compare.",
            fix="Ask the model on Deliver, or compare a run on questions and answers.",
        )
    checkpoint = train.checkpoint_at(studio, run_id, step)
    rows = sealed_rows(studio, run_id)
    wanted = _wanted(len(rows), prompts)
    study_id, seed = new_id("study"), secrets.randbits(48)
    items = _items(studio, study_id, run.dataset_id, rows, wanted=wanted, seed=seed)
    sampling, question = Sampling(), question.strip() or QUESTION
    frozen = {
        "model": run.model_id,
        "adapter": checkpoint.sha256,
        "question": question,
        "sampling": asdict(sampling),
        "margin": margin,
        "rows": sorted(item.row_number for item in items),
        "dataset": bring.dataset(studio, run.dataset_id).fingerprint,
    }
    model = models.usable(studio, run.model_id)
    return stored.add(
        studio.store,
        id=study_id,
        name=run.name,
        run_id=run_id,
        checkpoint_step=checkpoint.step,
        question=question,
        sampling=sampling,
        margin=margin,
        seed=seed,
        protocol=hashlib.sha256(json.dumps(frozen, sort_keys=True).encode()).hexdigest()[:16],
        rating_token=secrets.token_urlsafe(16),
        items=items,
        key=key,
        spec={
            "study": str(studio.workspace.study(study_id)),
            "dataset": str(studio.workspace.dataset(run.dataset_id)),
            "model": str(model.path),
            "model_id": run.model_id,
            "adapter": str(studio.workspace.run(run_id) / checkpoint.path),
            "adapter_sha256": checkpoint.sha256,
            "rows": [item.row_number for item in sorted(items, key=lambda item: item.row_number)],
            "sampling": asdict(sampling),
            "out": str(studio.workspace.study(study_id) / "answers.jsonl"),
        },
    )


def _wanted(sealed: int, asked: int | None) -> int:
    """How many prompts to draw from so many sealed rows; StudyError when there are not that many."""
    if sealed < 1:
        raise StudyError("This run has no test rows to ask about.", fix="Hold more rows out and train again.")
    if asked is None:
        return min(sealed, ENOUGH)
    if asked < 1:
        raise StudyError("A comparison needs at least one prompt.", fix="Ask for more prompts.", field="prompts")
    if asked > sealed:
        raise StudyError(f"There are only {sealed} sealed test rows.", fix="Ask for fewer prompts.", field="prompts")
    return asked


def sealed_rows(studio: Studio, run_id: str) -> tuple[int, ...]:
    """Test rows of the run's own split that fit its cut-off; training never saw them."""
    run = train.run(studio, run_id)
    lengths = inspect.measured(studio, run.dataset_id, run.model_id)
    if lengths is None:
        raise StudyError("The token lengths of this dataset are missing.", fix="Open Inspect once to measure them.")
    return split.used(splits.get(studio.store, run.split_id), lengths, run.recipe.max_length).test


def _items(
    studio: Studio, study_id: str, dataset_id: str, rows: Sequence[int], *, wanted: int, seed: int
) -> list[Item]:
    """Draw prompts, their order and the tuned answer's side; as many left as right, in an order nobody can guess."""
    draw = random.Random(seed)
    chosen = draw.sample(list(rows), wanted)
    sides = [Side.LEFT, Side.RIGHT] * (wanted // 2) + ([draw.choice(list(Side))] if wanted % 2 else [])
    draw.shuffle(sides)
    data = load_rows(studio.workspace.dataset(dataset_id))
    return [
        Item(
            id=secrets.token_urlsafe(12),
            study_id=study_id,
            position=position,
            row_number=number,
            prompt=data[number].prompt,
            reference=data[number].answer,
            base_answer="",
            tuned_answer="",
            tuned_side=side,
        )
        for position, (number, side) in enumerate(zip(chosen, sides, strict=True))
    ]


def study(studio: Studio, study_id: str) -> Study:
    """A study; once its answers have been written it is open."""
    return _opened(studio, stored.get(studio.store, study_id))


def studies(studio: Studio, run_id: str | None = None) -> list[Study]:
    """The studies of the workspace or of one run, the newest first."""
    return [_opened(studio, found) for found in stored.all(studio.store, run_id=run_id)]


def earlier_looks(studio: Studio, study: Study) -> list[Study]:
    """Comparisons on the same upload that were closed before this one was frozen, so that their result was known."""

    def upload(run_id: str) -> str:
        return bring.dataset(studio, train.run(studio, run_id).dataset_id).root

    closed = [s for s in stored.all(studio.store) if s.closed_at is not None and s.closed_at <= study.created_at]
    return [s for s in closed if upload(s.run_id) == upload(study.run_id)]


def study_by_token(studio: Studio, token: str) -> Study:
    """The study that a rating link leads to; StudyError where the link is not known."""
    return _opened(studio, stored.by_token(studio.store, token))


def _opened(studio: Studio, found: Study) -> Study:
    if found.state is not StudyState.WRITING or found.job.state is not JobState.DONE:
        return found
    written = written_answers(studio.workspace.study(found.id) / "answers.jsonl")
    return stored.set_answers(studio.store, found.id, {line["row"]: (line["base"], line["tuned"]) for line in written})


def written_answers(path: Path) -> list[dict[str, Any]]:
    """The lines of answers.jsonl; split as bytes, since an answer may hold other line separators of Unicode."""
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def progress(studio: Studio, study_id: str) -> StudyProgress:
    """How many prompts have been rated and by how many people; nothing that could sway a rater."""
    found = study(studio, study_id)
    ratings = stored.ratings(studio.store, study_id)
    return StudyProgress(
        rated=len({rating.item_id for rating in ratings}),
        total=found.prompts,
        raters=len({rating.rater for rating in ratings}),
        job=found.job,
    )


def stop_writing(studio: Studio, study_id: str) -> Study:
    """Cancel the writing of answers; it can go on later from where it was."""
    jobs.wish(studio.store, study(studio, study_id).job.id, Wish.STOP)
    return study(studio, study_id)


def go_on_writing(studio: Studio, study_id: str) -> Study:
    """Write the answers that are still missing."""
    found = study(studio, study_id)
    if not found.job.is_live:
        jobs.requeue(studio.store, found.job.id, message="Waiting to write the rest of the answers.")
    return study(studio, study_id)


def close(studio: Studio, study_id: str) -> Study:
    """End the rating and reveal the sides; nobody can rate after this."""
    found = study(studio, study_id)
    if found.state is StudyState.CLOSED:
        return found
    if found.state is not StudyState.OPEN:
        raise StudyError("The answers are not all written yet.", fix="Wait until the rating is open.")
    if not stored.ratings(studio.store, study_id):
        raise StudyError("Nobody has rated anything yet.", fix="Rate at least one prompt first.")
    return stored.close(studio.store, study_id, at=datetime.now(UTC))
