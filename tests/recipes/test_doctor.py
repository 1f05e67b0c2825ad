"""The doctor says what is there and what to do about what is not."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from studio.recipes.doctor import TorchReport, _bitsandbytes, _port, _starter, _torch, _writable, ask_torch, checks


def test_what_training_needs_is_found_here(root, tmp_path):
    found = {check.name: check for check in checks(tmp_path / "workspaces", assets=root / "assets", port=free_port())}
    needed = [check for check in found.values() if check.needed]
    assert all(check.ok for check in needed), needed
    assert {"Python", "Memory", "Disk", "Workspace folder", "Starter model", "torch"} <= {
        check.name for check in needed
    }
    assert found["bitsandbytes (4-bit weights)"].found.endswith("packs weights into 4 bits")
    assert found["Port"].ok
    assert {"GPU", "Model hub", "Fonts for East Asian texts", "Browser"} == {
        name for name, check in found.items() if not check.needed
    } - {"Port"}
    assert all(check.fix for check in found.values() if not check.ok)
    assert not (tmp_path / "workspaces").exists()


def test_asking_leaves_torch_out_of_this_process(root):
    code = "import sys; from studio.recipes import catalogue, doctor, planner, presets"
    heavy = "; print([name for name in ('torch', 'transformers', 'trl', 'bitsandbytes') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code + heavy], capture_output=True, text=True, cwd=root, check=True)
    assert done.stdout.strip() == "[]"


def test_a_torch_that_does_not_answer_in_time_is_said_to_be_so():
    report = ask_torch(seconds=0.01)
    assert "no answer" in report.error
    assert not _torch(report).ok and not _bitsandbytes(report).ok


def test_what_went_wrong_with_four_bit_weights_is_told_with_a_way_round():
    check = _bitsandbytes(TorchReport(torch="2.13.0", error="ImportError: no such library"))
    assert (check.ok, check.found) == (False, "ImportError: no such library")
    assert "16 bits" in check.fix


def test_a_port_in_use_is_told_with_another_to_try():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        check = _port(port)
    assert not check.ok and str(port + 1) in check.fix


def test_a_missing_starter_is_told(tmp_path):
    check = _starter(tmp_path / "starter")
    assert check.needed and not check.ok and check.fix


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_the_right_to_write_is_told(tmp_path):
    tmp_path.chmod(0o500)
    check = _writable(tmp_path)
    tmp_path.chmod(0o700)
    assert not check.ok and "STUDIO_WORKSPACES" in check.fix


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def test_a_workspace_that_is_a_file_and_a_port_that_cannot_be_are_told(tmp_path: Path) -> None:
    place = tmp_path / "workspaces"
    place.write_text("")
    assert not _writable(place).ok and "is a file" in _writable(place).found
    assert not _port(99_999).ok and _port(99_999).found == "there is no port 99999"
