"""The web process over a workspace with a dataset, a run, an open study and a closed one; answered without a network."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from starlette.testclient import TestClient

from studio.data.ingest import ingest
from studio.domain.dataset import Dataset
from studio.domain.event import EventKind
from studio.domain.job import JobKind, JobState
from studio.domain.release import Form, Release
from studio.domain.run import Run
from studio.domain.study import Choice, Study
from studio.flows import bring, compare, judge
from studio.flows.studio import Studio, open_studio
from studio.store import jobs, releases, runs, studies
from studio.store.ids import new_id
from studio.web.app import build_app
from tests.saved import save_checkpoint
from tests.signed_in import cookie
from tests.store.examples import Examples, written
from tests.web.actors import door
from tests.web.at_provider import nobody, settings, there

__all__ = ["door", "nobody", "settings", "there"]

ROWS = [f'{{"prompt": "Question {number}?", "completion": "Answer {number}."}}' for number in range(6)]
WEIGHTS = b"not really weights"


class Silent:
    """A reporter for work that nobody watches."""

    def report(self, kind: EventKind, **data: Any) -> None:
        pass

    def should_stop(self) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Kept:
    """What is in the workspace."""

    studio: Studio
    dataset: Dataset
    run: Run
    open: Study
    closed: Study
    release: Release
    waiting: Release


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    made = keep_in(open_studio(tmp_path_factory.mktemp("web") / "workspace"))
    yield made
    made.studio.store.close()


@pytest.fixture(scope="session")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """The same things in the workspace of another team."""
    made = keep_in(open_studio(tmp_path_factory.mktemp("other") / "workspace"))
    yield made
    made.studio.store.close()


def keep_in(studio: Studio) -> Kept:
    """A dataset, a run with a checkpoint and a delivery, an open study and a closed one."""
    examples = Examples(studio.store)
    dataset = read_dataset(studio)
    run = examples.run(split=examples.split(dataset.id))
    finish_run(studio, run)
    opened = [examples.study(run=run), examples.study(run=run)]
    for study in opened:
        studies.set_answers(studio.store, study.id, written(study))
        token = judge.named(studio, study.id, "ann").token
        card = judge.next_card(studio, token)
        assert card is not None
        judge.rate(studio, token, card.id, Choice.LEFT)
    closed = compare.close(studio, opened[1].id)
    made = [delivered(studio, run, is_there=is_there) for is_there in (True, False)]
    return Kept(studio, dataset, runs.get(studio.store, run.id), compare.study(studio, opened[0].id), closed, *made)


def read_dataset(studio: Studio) -> Dataset:
    path = studio.workspace.root / "faq.jsonl"
    path.write_text("\n".join([*ROWS, "nonsense"]))
    brought = bring.bring_file(studio, path)
    claimed = jobs.claim(studio.store, kinds=[JobKind.INGEST])
    assert claimed is not None
    outcome = ingest(claimed[1], Silent())
    jobs.move(studio.store, brought.job_id, attempt=1, to=JobState.DONE, result=outcome.result)
    return bring.ready(studio, brought.id)


def finish_run(studio: Studio, run: Run) -> None:
    """A run with one checkpoint, whose files are too small to answer anything."""
    save_checkpoint(studio.workspace.run(run.id), step=40, weights=WEIGHTS)
    claimed = jobs.claim(studio.store, kinds=[JobKind.TRAIN])
    assert claimed is not None
    checkpoint = {
        "step": 40, "epoch": 1.0, "validation_loss": 0.5, "path": "checkpoints/step-40",
        "sha256": hashlib.sha256(WEIGHTS).hexdigest(), "bytes": len(WEIGHTS),
    }  # fmt: skip
    Examples(studio.store).report(claimed[0], (EventKind.CHECKPOINT, checkpoint))
    jobs.move(studio.store, run.job.id, attempt=1, to=JobState.DONE, message="Trained.")


def delivered(studio: Studio, run: Run, *, is_there: bool) -> Release:
    """A delivery of the checkpoint, or one that still waits."""
    release_id = new_id("release")
    folder = studio.workspace.release(release_id)
    made = releases.add(
        studio.store, id=release_id, run_id=run.id, run_name="faq-1", step=40, form=Form.ADAPTER, path=folder, spec={},
        key=release_id,
    )  # fmt: skip
    if not is_there:
        return made
    folder.mkdir()
    (folder / "adapter_model.safetensors").write_bytes(WEIGHTS)
    assert jobs.claim(studio.store, kinds=[JobKind.EXPORT]) is not None
    files = [{"name": "adapter_model.safetensors", "bytes": len(WEIGHTS), "sha256": "-"}]
    jobs.move(studio.store, made.job.id, attempt=1, to=JobState.DONE, result={"files": files})
    return releases.get(studio.store, release_id)


@pytest.fixture(scope="session")
def client(kept: Kept) -> Iterator[TestClient]:
    with TestClient(build_app(kept.studio), base_url="http://127.0.0.1:7860") as client:
        known = cookie(kept.studio, 7860)
        client.cookies.set(known["name"], known["value"])
        yield client
