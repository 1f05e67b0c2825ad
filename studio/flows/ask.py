"""Ask: put one question to the base and the fine-tuned model."""

import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from studio.domain.errors import RunError
from studio.domain.job import Job, JobKind, JobState, Wish
from studio.domain.study import Sampling
from studio.flows import models, train
from studio.flows.compare import written_answers
from studio.flows.studio import Studio
from studio.store import jobs
from studio.store.ids import new_id

PATIENCE = 180.0
KEPT_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Said:
    """What both models answered; not blind, so never evidence."""

    base: str
    tuned: str


def put(studio: Studio, run_id: str, question: str, *, step: int | None = None) -> Job:
    """Have the base and a checkpoint (the best one by default) answer a question; `answered` tells when they have."""
    run = train.run(studio, run_id)
    if not question.strip():
        raise RunError("There is no question.", fix="Type what a user would write.", field="question")
    checkpoint = train.checkpoint_at(studio, run_id, step)
    _clear_up(studio)
    chat = new_id("chat")
    return jobs.submit(
        studio.store,
        kind=JobKind.GENERATE,
        subject_id=chat,
        spec={
            "study": str(studio.workspace.study(chat)),
            "model": str(models.usable(studio, run.model_id).path),
            "model_id": run.model_id,
            "adapter": str(studio.workspace.run(run_id) / checkpoint.path),
            "adapter_sha256": checkpoint.sha256,
            "prompts": [[{"role": "user", "content": question}]],
            "sampling": asdict(Sampling()),
            "out": str(_answers(studio, chat)),
        },
    )


def job(studio: Studio, job_id: str) -> Job:
    """How far a question is."""
    return jobs.get(studio.store, job_id)


def answered(studio: Studio, job_id: str) -> Said | None:
    """Both answers, or None while they are being written; RunError says why there are none."""
    asked = job(studio, job_id)
    if asked.is_live:
        return None
    if asked.state is not JobState.DONE:
        raise RunError(asked.message, fix=asked.fix)
    said = written_answers(_answers(studio, asked.subject_id))[0]
    return Said(base=said["base"], tuned=said["tuned"])


def withdraw(studio: Studio, job_id: str) -> None:
    """Nobody waits for the answers any more."""
    jobs.wish(studio.store, job_id, Wish.STOP)


def ask(studio: Studio, run_id: str, question: str, *, step: int | None = None) -> Said:
    """Both answers to one question; waits for them, and gives up when the machine stays busy."""
    asked = put(studio, run_id, question, step=step)
    try:
        train.wait(studio, asked.id, seconds=PATIENCE)
    except RunError as error:
        withdraw(studio, asked.id)
        raise RunError("The machine is busy with other work.", fix="Ask again when that has ended.") from error
    said = answered(studio, asked.id)
    assert said is not None
    shutil.rmtree(studio.workspace.study(asked.subject_id), ignore_errors=True)
    return said


def _answers(studio: Studio, chat: str) -> Path:
    return studio.workspace.study(chat) / "answers.jsonl"


def _clear_up(studio: Studio) -> None:
    """Answers that somebody has long read, or never came back for, leave nothing behind."""
    for folder in studio.workspace.study("chat").parent.glob("chat-*"):
        if time.time() - folder.stat().st_mtime > KEPT_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)
