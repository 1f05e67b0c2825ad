"""Tests that several processes share end as they do in one, whatever becomes of a process."""

import re
import subprocess
import sys
from pathlib import Path

FILES = {
    "conftest.py": """
import os, pytest
@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    made = tmp_path_factory.mktemp("shared")
    yield made
    (made / "torn down").write_text("")
    with open("torn", "a") as file:
        file.write("x")
""",
    "test_ends.py": """
import os, signal
def test_before(shared): pass
def test_it_is_killed(): os.kill(os.getpid(), signal.SIGKILL)
def test_after(shared): pass
""",
    "test_fails.py": """
import warnings, pytest
def test_it_fails(shared):
    print("said before")
    assert 1 == 2
def test_it_warns():
    warnings.warn("mind this", UserWarning)
@pytest.mark.skip(reason="not here")
def test_it_is_skipped(): pass
""",
    **{
        f"test_whole_{number}.py": """
import os, pytest
seen = []
@pytest.mark.parametrize("number", range(3))
def test_one_process_runs_a_file(number, shared, tmp_path):
    seen.append(number)
    assert seen == list(range(number + 1)) and list(shared.iterdir()) == []
"""
        for number in range(4)
    },
}


def pytest_on(folder: Path, root: Path, *more: str) -> str:
    for name, text in FILES.items():
        (folder / name).write_text(text)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "tests.spread", "-c", "/dev/null", "-rA"]
    done = subprocess.run(
        [*command, f"--rootdir={folder}", *more, "."], cwd=folder, capture_output=True, text=True, check=False,
        env={"PYTHONPATH": str(root), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


def test_what_one_process_would_tell_several_tell_as_well(root: Path, tmp_path: Path):
    said = pytest_on(tmp_path, root, "--spread", "2", "-v")
    assert "2 failed, 15 passed, 1 skipped, 1 warning" in said
    assert "The process that ran this test ended with status -9." in said
    assert "said before" in said and "assert 1 == 2" in said and "mind this" in said and "not here" in said
    assert len(re.findall(r"^PASSED ", said, re.M)) == 15
    assert (tmp_path / "torn").read_text() == "xx"  # the one that was killed tears down nothing


def test_at_the_first_failure_nothing_more_is_begun_and_what_was_made_is_torn_down(root: Path, tmp_path: Path):
    said = pytest_on(tmp_path, root, "--spread", "2", "-x", "--deselect=test_ends.py")
    assert "1 failed" in said and "stopping after 1 failures" in said
    assert (tmp_path / "torn").exists()
