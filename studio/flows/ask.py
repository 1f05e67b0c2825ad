"""Ask: put one question to the base and the fine-tuned model."""

import json
from dataclasses import asdict, dataclass

from studio.domain.errors import RunError
from studio.domain.job import JobKind, JobState
from studio.domain.study import Sampling
from studio.flows import models, train
from studio.flows.studio import Studio
from studio.store import jobs
from studio.store.ids import new_id


@dataclass(frozen=True, slots=True)
class Said:
    """What both models answered; not blind, so never evidence."""

    base: str
    tuned: str


def ask(studio: Studio, run_id: str, question: str) -> Said:
    """Both answers to one question; waits for a worker to write them."""
    run = train.run(studio, run_id)
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
    train.wait(studio, job.id)
    ended = jobs.get(studio.store, job.id)
    if ended.state is not JobState.DONE:
        raise RunError(ended.message, fix=ended.fix)
    said = json.loads((folder / "answers.jsonl").read_text(encoding="utf-8").splitlines()[0])
    return Said(base=said["base"], tuned=said["tuned"])
