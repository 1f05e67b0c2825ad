"""Ways: a hostile file by each way into the studio: the command line, an address, and then the screen.

What the worker made of the file is what tests/data/test_hostile.py had it read; here it is only handed over, as a
supervisor does, so that no file is read twice.
"""

import filecmp
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from studio.cli import importing
from studio.cli.output import answer
from studio.domain.job import JobKind
from studio.flows import bring, train
from studio.flows.studio import Studio
from studio.jobs.ending import told
from studio.store import jobs
from studio.ui.bringing import fields, refused
from studio.ui.errors import handler
from studio.ui.tabs import data
from studio.web.app import build_app
from tests.command_line import InThisProcess
from tests.data.hostile.reading import Read
from tests.signed_in import cookie
from tests.web.test_uploads import sent

HOW = "mapping", "repairs", "encoding"
TAB = "a tab"  # as every page names itself; for who does not, Gradio draws all of them up anew


@dataclass(frozen=True, slots=True)
class Said:
    """What the verb answered: its exit status, what a program reads, and what a person reads on the terminal."""

    dataset: str
    status: int
    values: dict[str, Any]
    words: str


@dataclass(frozen=True, slots=True)
class Ways:
    """One workspace in which nobody reads."""

    studio: Studio

    def imports(self, read: Read, *options: str) -> Said:
        """The verb with this file, and with what the worker made of it; both of its answers at once."""

        made: list[str] = []

        def both(_: bool, values: Any, words: str) -> None:
            answer(True, values, words)
            answer(False, values, words)

        with pytest.MonkeyPatch.context() as here:
            here.setattr(importing, "opened", lambda *, working: self.studio)
            here.setattr(importing, "answer", both)
            here.setattr(train, "wait", lambda studio, _: made.append(hand_over(studio, read)))
            here.setattr(shutil, "copyfile", os.link)  # one of them has 2 GB
            done = InThisProcess(self.studio.workspace.root)("import", read.source, *options, "--json")
        values, end = json.JSONDecoder().raw_decode(done.words)
        return Said(made[0], done.status, values, done.words[end:] + done.complaint)

    def sends(self, client: TestClient, read: Read) -> str:
        """The dataset that a browser makes of the file, once it was read."""
        (path,) = sent(client, "rows.jsonl", read.source.read_bytes()).json()
        body = {"data": [{"path": path, "meta": {"_type": "gradio.FileData"}}], "session_hash": TAB}
        assert client.post("/gradio_api/run/bring_file", json=body).status_code == 200
        return hand_over(self.studio, read)

    def shows(self, dataset_id: str) -> str:
        """All that the Data tab shows of a dataset."""
        look = dataset_id, bring.dataset(self.studio, dataset_id).state
        parts = [
            handler(data.show, self.studio)(dataset_id, 0), handler(refused.show, self.studio)(look),
            handler(fields.show, self.studio)(look),
        ]  # fmt: skip
        return "\n".join(each for part in parts for each in part if isinstance(each, str))


@contextmanager
def served(studio: Studio) -> Iterator[TestClient]:
    """A browser that the workspace knows."""
    with TestClient(build_app(studio), base_url="http://127.0.0.1:7860") as client:
        known = cookie(studio, 7860)
        client.cookies.set(known["name"], known["value"])
        yield client


def hand_over(studio: Studio, read: Read) -> str:
    """The one file that waits to be read becomes what the worker made of the same one; its dataset."""
    claimed = jobs.claim(studio.store, kinds=[JobKind.INGEST])
    assert claimed is not None
    job, spec = claimed
    source = Path(spec["source"])
    assert source.samefile(read.source) or filecmp.cmp(source, read.source, shallow=False)
    assert [spec[name] for name in HOW] == [read.asked.get(name) for name in HOW]
    if read.out.exists():
        shutil.copytree(read.out, spec["out"], copy_function=os.link, dirs_exist_ok=True)
    ending = told(read.outcome)
    jobs.move(
        studio.store, job.id, attempt=job.attempt, to=ending.state, message=ending.message, fix=ending.fix,
        result=ending.result,
    )  # fmt: skip
    return job.subject_id
