"""The doctor finds what is most often wrong on a server: each is made wrong here, found, and told with what to do."""

import os
import re
import resource
import shlex
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from fastapi import FastAPI

from studio.domain.access import Mode
from studio.domain.job import JobKind
from studio.domain.machine import Check
from studio.flows import machine, operating, reached, space
from studio.flows.studio import open_studio
from studio.jobs.beat import Heart, heard
from studio.jobs.presence import sole_supervisor
from studio.recipes import doctor
from studio.store import audit, database, jobs, settings
from studio.store.workspace import Workspace
from studio.web.access.settings import access_of
from studio.web.hosts import HostGate
from studio.web.noting import Noting
from tests.listening import listening

NOWHERE = "http://127.0.0.1:9"  # nobody answers there


def found(folder: Path, *, mounts: Path = operating.MOUNTS, **environ: str) -> dict[str, Check]:
    surroundings = {"HF_ENDPOINT": NOWHERE, "HOME": str(folder.parent)} | environ
    return {check.name: check for check in operating.checks(folder, surroundings, mounts=mounts)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace as the studio makes it, with a backup of today."""
    studio = open_studio(tmp_path / "workspace")
    audit.write(studio.store, who="the command line", act="made a backup", about="x.zip")
    studio.store.close()
    (tmp_path / "workspace").chmod(0o700)
    return tmp_path / "workspace"


def test_a_studio_that_is_well_set_up_has_nothing_wrong(folder: Path):
    assert not [check for check in found(folder).values() if not check.ok]


def test_looking_makes_nothing_and_upgrades_nothing(tmp_path: Path, folder: Path):
    found(tmp_path / "not-there")
    assert not (tmp_path / "not-there").exists()
    studio = open_studio(folder)
    with studio.store.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    found(folder)
    assert database.found_revision(studio.store) == "0001"
    studio.store.close()


@pytest.mark.parametrize("proxies", ["0.0.0.0/0", "10.0.0.2, ::/0", "0.0.0.0/1", "somewhere"])
def test_1_a_proxy_that_could_be_anybody(folder: Path, proxies: str):
    check = found(folder, STUDIO_ACCESS="proxy", STUDIO_PROXY=proxies)["Proxies"]
    assert not check.ok and "STUDIO_PROXY" in check.fix
    assert found(folder, STUDIO_ACCESS="proxy", STUDIO_PROXY="127.0.0.1, 10.0.0.0/24")["Proxies"].ok


def test_1_no_proxy_is_named_where_it_says_who_somebody_is(folder: Path):
    check = found(folder, STUDIO_ACCESS="proxy")["Proxies"]
    assert not check.ok and "STUDIO_PROXY" in check.fix


def test_2_sqlite_on_a_file_system_of_another_machine(folder: Path, tmp_path: Path):
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda1 / ext4 rw 0 0\nserver:/vol {folder.parent} nfs4 rw 0 0\n")
    check = found(folder, mounts=mounts)["Kind of disk"]
    assert not check.ok and "nfs4" in check.found and "STUDIO_DATABASE" in check.fix
    mounts.write_text(f"server:/vol / nfs4 rw 0 0\n/dev/sda1 {folder} ext4 rw 0 0\n")
    assert found(folder, mounts=mounts)["Kind of disk"].ok


def test_2_the_kind_of_a_real_file_system_is_known(small_disk: Path):
    assert operating.kind_of_disk(small_disk) == "tmpfs"


def test_3_a_disk_that_is_nearly_full(small_disk: Path):
    check = doctor._disk(small_disk)
    assert not check.ok and "Free some space" in check.fix


def test_4_a_workspace_that_others_can_look_into(folder: Path):
    folder.chmod(0o755)
    check = found(folder)["Owner"]
    assert not check.ok and check.fix == f"chmod 700 {folder}"
    subprocess.run(shlex.split(check.fix), check=True)  # what the doctor says is what helps
    assert found(folder)["Owner"].ok


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_4_a_workspace_of_another_user(folder: Path):
    os.chown(folder / "studio.db", 12345, 12345)
    check = found(folder)["Owner"]
    assert not check.ok and "12345" in check.found
    subprocess.run(shlex.split(check.fix.partition("or: ")[2]), check=True)
    assert found(folder)["Owner"].ok


@contextmanager
def server(answers: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), answers) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{made.server_port}"
        finally:
            made.shutdown()


def clock(off: timedelta) -> type[BaseHTTPRequestHandler]:
    class Clock(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response_only(404)
            self.send_header("Date", format_datetime(datetime.now(UTC) + off, usegmt=True))
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    return Clock


def test_5_a_clock_that_is_far_off(folder: Path):
    with server(clock(timedelta(hours=3))) as hub:
        check = found(folder, HF_ENDPOINT=hub)["Clock"]
    assert not check.ok and "10," in check.found and "timedatectl" in check.fix
    with server(clock(timedelta(seconds=20))) as hub:
        assert found(folder, HF_ENDPOINT=hub)["Clock"].ok


def test_6_a_gpu_that_the_installed_torch_cannot_use(monkeypatch: pytest.MonkeyPatch):
    from studio.domain.machine import Gpu

    monkeypatch.setattr("studio.recipes.machine.gpus", lambda: (Gpu("H200", 10**11, 10**11, "GPU-1"),))
    check = doctor._gpu(doctor.TorchReport(torch="2.13.0+cpu", cuda=False))
    assert not check.ok and "CUDA build" in check.fix and "driver" in check.fix


def test_7_bitsandbytes_that_cannot_be_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "bitsandbytes.py").write_text("raise ImportError('libcudart.so.12: cannot open shared object file')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    check = doctor._bitsandbytes(doctor.ask_torch())
    assert not check.ok and "libcudart" in check.found and "16 bits" in check.fix


def test_8_a_postgresql_that_is_not_there(folder: Path):
    pytest.importorskip("psycopg")
    began = time.monotonic()
    check = found(folder, STUDIO_DATABASE="postgresql+psycopg://studio:secret@127.0.0.1:9/studio")["PostgreSQL"]
    assert not check.ok and "STUDIO_DATABASE" in check.fix and "secret" not in check.found + check.fix
    assert time.monotonic() - began < 20
    check = found(folder, STUDIO_DATABASE="what is this")["PostgreSQL"]
    assert not check.ok and "postgresql+psycopg://" in check.fix


def test_8_a_postgresql_that_is_too_old(folder: Path, new_database, monkeypatch: pytest.MonkeyPatch):
    url = new_database()
    assert found(folder, STUDIO_DATABASE=url)["PostgreSQL"].found == "version 15"
    monkeypatch.setattr(operating, "POSTGRESQL", 16)
    check = found(folder, STUDIO_DATABASE=url)["PostgreSQL"]
    assert not check.ok and "16 or newer" in check.fix


def test_9_a_backup_that_is_old_or_was_never_made(tmp_path: Path):
    studio = open_studio(tmp_path / "workspace")
    check = found(tmp_path / "workspace")["Backup"]
    assert not check.ok and "ever made" in check.found and "studio backup" in check.fix
    audit.write(studio.store, who="x", act="made a backup", about="x.zip", at=datetime.now(UTC) - timedelta(days=8))
    assert not found(tmp_path / "workspace")["Backup"].ok
    audit.write(studio.store, who="x", act="made a backup", about="y.zip")
    assert found(tmp_path / "workspace")["Backup"].ok
    studio.store.close()


def test_10_too_few_open_files(tmp_path: Path, root: Path):
    code = "from studio.flows.operating import _open_files; print(_open_files())"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (512, 512)),
    )  # fmt: skip
    assert "ok=False" in done.stdout and "at most 512" in done.stdout and "LimitNOFILE" in done.stdout


def test_11_jobs_wait_and_nobody_carries_them_out(folder: Path):
    studio = open_studio(folder)
    assert found(folder)["Supervisor"].ok
    jobs.submit(studio.store, kind=JobKind.TRAIN, subject_id="run-1", spec={})
    check = found(folder)["Supervisor"]
    assert not check.ok and "1 jobs wait" in check.found
    with sole_supervisor(studio.workspace):
        assert found(folder)["Supervisor"].ok
    studio.store.close()


def test_12_another_machine_on_the_same_workspace(folder: Path):
    workspace = Workspace(folder)
    Heart(workspace).beat(attempts=0, lag=0.0)
    assert found(folder)["One machine"].ok
    beat = heard(workspace)
    assert beat
    elsewhere = Heart(workspace, process="0f0f0f0f-another-boot/4026531836:77:1")
    elsewhere.beat(attempts=0, lag=0.0)
    check = found(folder)["One machine"]
    assert not check.ok and "STUDIO_DATABASE" in check.fix
    assert replace(beat, at=0.0).at == 0.0
    with pytest.MonkeyPatch.context() as patch:  # it was left a while ago
        patch.setattr("studio.flows.operating.time.time", lambda: beat.at + 3600)
        assert found(folder)["One machine"].ok


def test_13_a_cache_that_cannot_be_written(folder: Path, tmp_path: Path):
    (tmp_path / "file").write_text("")
    check = found(folder, XDG_CACHE_HOME=str(tmp_path / "file" / "cache"))["Cache"]
    assert not check.ok and "XDG_CACHE_HOME" in check.fix


# The address by which people come


@pytest.mark.parametrize(("change", "said", "fix"), [
    ({"STUDIO_ADDRESS": ""}, "none is set", "Set STUDIO_ADDRESS"),
    ({"STUDIO_ADDRESS": "studio.example.org"}, "is no address of a studio", "as https://"),
    ({"STUDIO_ADDRESS": "https://studio.example.org/x"}, "is no address of a studio", "as https://"),
    ({"STUDIO_ADDRESS": "http://studio.example.org"}, "without TLS", "deploy/Caddyfile"),
    ({"STUDIO_ACCESS": ""}, "nobody else comes in", "STUDIO_ACCESS=password"),
    ({"STUDIO_PROXY": ""}, "serves no TLS", "STUDIO_PROXY"),
    ({"STUDIO_PROXY": "", "STUDIO_ADDRESS": "http://localhost:8000"}, "listens on port 7860", "--port"),
    ({"STUDIO_ADDRESS": "https://studio.example.org, http://10.0.0.5"}, "http://10.0.0.5: without TLS", "https"),
])  # fmt: skip
def test_15_an_address_by_which_nobody_comes_safely(change: dict[str, str], said: str, fix: str):
    meant = {"STUDIO_ACCESS": "password", "STUDIO_PROXY": "127.0.0.1", "STUDIO_ADDRESS": "https://studio.example.org"}
    assert reached.check(meant, port=7860).ok and reached.check({}, port=7860).ok
    check = reached.check(meant | change, port=7860)
    assert not check.ok and said in check.found and fix in check.fix


def test_15_a_studio_that_runs_and_does_not_know_its_name():
    ours = {"STUDIO_ACCESS": "password", "STUDIO_PROXY": "127.0.0.1"}
    access = access_of(Mode.PASSWORD, proxies="127.0.0.1", addresses="https://old.example.org")
    app = FastAPI()
    app.add_middleware(HostGate, access=access)
    app.add_middleware(Noting, answered=lambda *told: None, believes=access.trusts)
    with listening(app) as port:
        new = reached.check(ours | {"STUDIO_ADDRESS": "https://studio.example.org"}, port=port)
        assert not new.ok and "does not know it" in new.found and new.fix == "Restart it with these settings."
        assert reached.check(ours | {"STUDIO_ADDRESS": "https://old.example.org"}, port=port).ok


# The way through a proxy


def test_14_an_address_where_nobody_is(folder: Path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{free.getsockname()[1]}"
    from studio.flows.through import through

    (check,) = through(nowhere)
    assert not check.ok and check.fix


def behind(collects: bool, largest: int) -> type[BaseHTTPRequestHandler]:
    """A stand-in for a proxy with the studio behind it: it collects streams or not, and takes files up to a size."""

    class Proxy(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response_only(200)
            self.send_header("X-Request-ID", "0")
            self.send_header("Connection", "close")
            self.end_headers()
            if self.path == "/healthz/stream":
                parts = [b"data: first\n\n", b"data: second\n\n"]
                for part in [b"".join(parts)] if collects else parts:
                    time.sleep(0.5)
                    self.wfile.write(part)
                    self.wfile.flush()
            self.close_connection = True

        def do_POST(self) -> None:
            self.send_response_only(413 if int(self.headers["Content-Length"]) > largest else 401)
            self.send_header("Content-Length", "0")
            self.end_headers()
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    return Proxy


@pytest.mark.parametrize(("collects", "largest"), [(False, 10**9), (True, 10**9), (False, 1_000_000)])
def test_14_a_proxy_that_collects_streams_or_refuses_files(collects: bool, largest: int):
    from studio.flows.through import through

    with server(behind(collects, largest)) as address:
        said = {check.name: check for check in through(address)}
    assert said["Address"].ok
    assert said["Live views"].ok is not collects and said["Files"].ok is (largest == 10**9)
    assert all(check.fix for check in said.values() if not check.ok)


def test_17_something_of_the_studios_own_failed(folder: Path):
    log = Workspace(folder).log("web")
    log.parent.mkdir(exist_ok=True)
    now, earlier = (datetime.now(UTC) - timedelta(days=days) for days in (0, 2))
    line = '{{"at":"{}","level":"{}","process":"web","message":"{}"}}\n'
    log.write_text(
        line.format(earlier.isoformat(), "error", "long ago") + line.format(now.isoformat(), "warning", "no")
    )
    assert found(folder)["Faults"].ok
    with log.open("a") as file:
        file.write(line.format(now.isoformat(), "error", "A screen failed") + '{"at":"torn","level":"error","mess')
    check = found(folder)["Faults"]
    assert not check.ok and check.found.startswith("1 in the last day") and check.found.endswith("A screen failed")
    assert str(log) in check.fix


def test_every_check_that_is_listed_is_tested_here_and_the_doctor_makes_it(root: Path, folder: Path, monkeypatch):
    table = (root / "docs" / "operate.md").read_text().partition("<!-- doctor")[2].partition("<!-- end")[0]
    listed = {int(number): name for number, name in re.findall(r"^\| (\d+) \| ([^|]+?) \|", table, re.M)}
    tested = {int(number) for number in re.findall(r"^def test_(\d+)_", Path(__file__).read_text(), re.M)}
    assert set(listed) == tested and len(listed) >= 10
    monkeypatch.setenv("HF_ENDPOINT", NOWHERE)
    monkeypatch.setenv("STUDIO_PROXY", "127.0.0.1")
    Heart(Workspace(folder)).beat(attempts=0, lag=0.0)
    with server(behind(False, 10**9)) as address:
        made = {check.name for check in machine.doctor(folder, port=0, address=address)}
    assert set(listed.values()) - made <= {"PostgreSQL"}  # which is asked for where one is named


def test_16_a_budget_that_is_nearly_used_up(folder: Path, monkeypatch: pytest.MonkeyPatch):
    assert "no limit but the disk" in found(folder)["Disk budget"].found
    studio = open_studio(folder)
    used = space.space(studio).used
    settings.put(studio.store, space.BUDGET, used + 20_000_000)
    assert found(folder)["Disk budget"].ok
    kept = studio.workspace.run("run-1") / "weights"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(bytes(18_500_000))
    check = found(folder)["Disk budget"]
    assert not check.ok and "20 MB" in check.found and " used" in check.found and "2 MB left" in check.found
    assert "delete runs or checkpoints (18 MB)" in check.fix and "raise the budget of 20 MB" in check.fix
    studio.store.close()
    monkeypatch.setenv(space.BUDGET_VARIABLE, "much")
    check = found(folder)["Disk budget"]
    assert not check.ok and "“much” is no size" in check.found and check.fix
