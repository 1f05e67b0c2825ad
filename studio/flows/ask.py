"""Ask: put one question to the base and the fine-tuned model."""

import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from studio.domain.errors import RunError
from studio.domain.job import JobKind, JobState, Wish
from studio.domain.study import Sampling
from studio.flows import models, train
from studio.flows.compare import written_answers
from studio.flows.studio import Studio
from studio.store import jobs
from studio.store.ids import new_id

PATIENCE = 180.0


@dataclass(frozen=True, slots=True)
class Said:
    """What both models answered; not blind, so never evidence."""

    base: str
    tuned: str


def ask(studio: Studio, run_id: str, question: str) -> Said:
    """Both answers to one question; waits for a worker to write them, and gives up when the machine stays busy."""
    run = train.run(studio, run_id)
    if not question.strip():
        raise RunError("There is no question.", fix="Type what a user would write.", field="question")
    checkpoint = train.best_checkpoint(studio, run_id)
    folder = studio.workspace.study(new_id("chat"))
    folder.mkdir(parents=True)
    job = jobs.submit(
        studio.store,
        kind=JobKind.GENERATE,
        subject_id=run_id,
        spec={
            "study": str(folder),
            "model": str(models.usable(studio, run.model_id).path),
            "model_id": run.model_id,
            "adapter": str(studio.workspace.run(run_id) / checkpoint.path),
            "adapter_sha256": checkpoint.sha256,
            "prompts": [[{"role": "user", "content": question}]],
            "sampling": asdict(Sampling()),
            "out": str(folder / "answers.jsonl"),
        },
    )
    try:
        return _said(studio, job.id, folder / "answers.jsonl")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _said(studio: Studio, job_id: str, answers: Path) -> Said:
    try:
        train.wait(studio, job_id, seconds=PATIENCE)
    except RunError as error:
        jobs.wish(studio.store, job_id, Wish.STOP)
        raise RunError("The machine is busy with other work.", fix="Ask again when that has ended.") from error
    ended = jobs.get(studio.store, job_id)
    if ended.state is not JobState.DONE:
        raise RunError(ended.message, fix=ended.fix)
    said = written_answers(answers)[0]
    return Said(base=said["base"], tuned=said["tuned"])
