"""A process that only measures loads a tokenizer without torch, and the tokenizer is the same."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from studio.data.measure import measure
from studio.data.tokenizer import FOR_ONE, has_marks
from studio.worker import ENVIRONMENT
from tests.data.conftest import Bring, ListReporter, pair

ALONE = """
import json, sys
from studio import worker
status = worker.main([sys.argv[1]])
print(json.dumps([status, "torch" in sys.modules]))
"""


def test_lengths_are_measured_without_torch_and_are_the_same(bring: Bring, root: Path, tmp_path: Path) -> None:
    brought = bring([pair("naïve 日本 🙂", "first\n\n answer"), pair("Hi", "<|end|> and 12,345")])
    spec = {
        "kind": "measure",
        "dataset": str(brought.folder),
        "model": str(root / "assets" / "starter"),
        "model_id": "s",
    }
    (tmp_path / "alone").mkdir()
    (tmp_path / "alone" / "spec.json").write_text(json.dumps(spec | {"out": str(tmp_path / "alone.npz")}))
    done = subprocess.run(
        [sys.executable, "-c", ALONE, str(tmp_path / "alone")],
        cwd=root, env=os.environ | ENVIRONMENT, stdin=subprocess.PIPE, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert (json.loads(done.stdout), done.stderr) == ([0, False], "")
    measure(spec | {"out": str(tmp_path / "here.npz")}, ListReporter())
    assert (tmp_path / "alone.npz").read_bytes() == (tmp_path / "here.npz").read_bytes()


@pytest.mark.parametrize("where", ["chat_template.jinja", "tokenizer_config.json"])
def test_a_template_that_marks_no_answers_is_left_to_who_has_torch(where: str, root: Path, tmp_path: Path) -> None:
    assert has_marks(root / "assets" / "starter")
    template = (root / "assets" / "starter" / "chat_template.jinja").read_text()
    for text, marks in ((template, True), (template.replace("generation", "nothing"), False)):
        content = text if where.endswith("jinja") else json.dumps({"chat_template": text})
        (tmp_path / where).write_text(content)
        assert has_marks(tmp_path) is marks
    shutil.rmtree(tmp_path)
    assert not has_marks(tmp_path)


def test_no_process_of_these_tests_does_without_torch() -> None:
    assert FOR_ONE not in os.environ
