"""What a process says of itself holds none of the secrets that it knows."""

import io
import json
import os
import resource
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from studio import logs, worker
from studio.discreet import Masked, masked, secrets_in
from studio.domain.event import EventKind

SECRETS = {
    "HF_TOKEN": "hf_canary-of-the-hub", "WANDB_API_KEY": "canary-of-wandb", "MLFLOW_TRACKING_PASSWORD": "canary-of-mlflow",
    "STUDIO_JUDGE_KEY": "canary-of-the-judge", "STUDIO_JUDGE_KEY_TWO": "canary-of-the-other", "AWS_SECRET_ACCESS_KEY": "canary/aws",
    "TRACKIO_WRITE_TOKEN": "canary-of-trackio", "PGPASSWORD_FILE_PASSWORD": "canary-of-postgres",
}  # fmt: skip
ADDRESSES = {
    "STUDIO_DATABASE": "postgresql+psycopg://ida:canary%40of%3Adatabase@db.example/studio",
    "HTTPS_PROXY": "http://ida:canary-of-a-proxy@proxy.example:3128",
}
PLAIN = {
    "PATH": "/usr/bin",
    "HOME": "/home/ida",
    "MONKEY": "not-a-secret",
    "TOKENIZERS_PARALLELISM": "false",
    "KEY": "short",
}


@pytest.mark.parametrize("name", SECRETS)
def test_a_variable_that_is_called_a_secret_is_one(name: str):
    assert secrets_in({**PLAIN, name: SECRETS[name]}) == (SECRETS[name],)


@pytest.mark.parametrize("name, passwords", [
    ("STUDIO_DATABASE", {"canary%40of%3Adatabase", "canary@of:database"}), ("HTTPS_PROXY", {"canary-of-a-proxy"}),
])  # fmt: skip
def test_so_is_a_password_in_an_address_as_it_is_written_and_as_it_is_meant(name: str, passwords: set[str]):
    assert set(secrets_in({**PLAIN, name: ADDRESSES[name]})) == passwords


def test_what_is_no_secret_is_left_alone():
    assert secrets_in(PLAIN) == ()


def test_a_secret_within_another_does_not_leave_the_rest_of_it():
    secrets = secrets_in({"A_KEY": "canary-12", "B_KEY": "canary-12-and-more"})
    assert masked("said canary-12-and-more and canary-12", secrets) == "said ••• and •••"


def test_a_stream_says_all_but_secrets():
    held = io.StringIO()
    stream = Masked(held, ("canary-of-the-judge",))
    print("the key canary-of-the-judge was refused", file=stream)
    stream.writelines(["canary-of-the-judge\n"])
    stream.flush()
    assert held.getvalue() == "the key ••• was refused\n•••\n"


BEGIN = """
import os, resource, sys
from studio import discreet
discreet.begin(alone=True, out=True)
open(sys.argv[1], "w").close()
print("out", os.environ["HF_TOKEN"], resource.getrlimit(resource.RLIMIT_CORE))
import ctypes
print("dumpable", ctypes.CDLL(None).prctl(3, 0))
raise RuntimeError("because of " + os.environ["HF_TOKEN"])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="what other systems have is not what is asked for")
def test_a_process_begins_with_private_files_no_picture_of_its_memory_and_secrets_left_out(root: Path, tmp_path: Path):
    made = tmp_path / "made"
    done = subprocess.run(
        [sys.executable, "-c", BEGIN, made],
        cwd=root,
        env=os.environ | SECRETS,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == f"out ••• {(0, 0)}\ndumpable 0\n"
    assert "RuntimeError: because of •••" in done.stderr
    assert not [value for value in SECRETS.values() if value in done.stdout + done.stderr]
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert resource.getrlimit(resource.RLIMIT_CORE) is not None


@pytest.mark.parametrize("started", [
    ("studio/cli/main.py", 'discreet.begin(alone=sys.argv[1:2] == ["serve"])'), ("studio/worker.py", "discreet.begin(out=True)"),
    ("studio/nursery.py", "discreet.begin(out=True)"), ("studio/jobs/supervisor.py", "discreet.begin(alone=True)"),
])  # fmt: skip
def test_every_process_of_the_studio_begins_so(started: tuple[str, str], root: Path):
    assert started[1] in (root / started[0]).read_text()


def test_an_outcome_holds_no_secret_of_its_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What a library says when it fails may hold the key that it was given."""
    monkeypatch.setenv("STUDIO_JUDGE_KEY", 'canary"of\\the-judge')
    (tmp_path / "spec.json").write_text('{"kind": "ingest"}')

    def fail(_spec: Any, reporter: Any) -> Any:
        reporter.report(EventKind.NOTE, text=f"asking with {os.environ['STUDIO_JUDGE_KEY']}")
        raise RuntimeError(f"401 for {os.environ['STUDIO_JUDGE_KEY']}")

    assert worker.attempt(tmp_path, work=fail) == 0
    for name in ("outcome.json", "events.jsonl"):
        told = (tmp_path / name).read_text()
        assert "canary" not in told and "the-judge" not in told and "•••" in told, name
        assert [json.loads(line) for line in told.splitlines()]


def test_a_log_holds_no_secret_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("STUDIO_DATABASE", ADDRESSES["STUDIO_DATABASE"])
    for secret in ("canary%40of%3Adatabase", "canary@of:database"):
        assert "canary" not in logs.masked(f"cannot connect with {secret}")
