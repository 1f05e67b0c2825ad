"""A real file through the real supervisor and the real worker."""

import json

import psutil
import pytest

from studio.domain.job import JobKind, JobState
from studio.jobs.launcher import LocalLauncher
from studio.jobs.presence import ensure_supervisor, is_supervised
from studio.store import jobs

ROWS = [{"prompt": f"What is {n} plus {n}?", "answer": f"{n} plus {n} is {2 * n}."} for n in range(1, 31)]


@pytest.fixture
def read(store, tmp_path):
    """Submit the reading of a small file."""

    def submit(content: str):
        source = tmp_path / "sums.jsonl"
        source.write_text(content)
        folder = store.workspace.dataset("dataset-1")
        folder.mkdir(parents=True)
        spec = {"source": str(source), "source_name": source.name, "out": str(folder), "mapping": None}
        return jobs.submit(store, kind=JobKind.INGEST, subject_id="dataset-1", spec=spec)

    return submit


def test_a_small_file_is_read_end_to_end(store, read, supervised, eventually, is_now):
    job = read("".join(json.dumps(row) + "\n" for row in ROWS) + "{broken\n")
    with supervised(LocalLauncher()):
        done = eventually(lambda: not jobs.get(store, job.id).is_live and jobs.get(store, job.id), seconds=60)
    log = (store.workspace.attempt(job.id, 1) / "log.txt").read_text()
    assert done.state is JobState.DONE, f"{done.message}\n{log}"
    assert (done.result["rows"], done.result["rejects"]) == (30, 1)
    assert (store.workspace.dataset("dataset-1") / "rows.jsonl").read_text().count("\n") == 30


def test_a_detached_supervisor_reads_a_file(store, read, eventually, is_now):
    job = read("".join(json.dumps(row) + "\n" for row in ROWS))
    ensure_supervisor(store.workspace)
    try:
        done = eventually(is_now(job, JobState.DONE), seconds=60)
        assert done.result["rows"] == 30
    finally:
        info = json.loads(store.workspace.supervisor_info.read_text())
        psutil.Process(info["pid"]).terminate()
        eventually(lambda: not is_supervised(store.workspace))
