"""Secrets that can be recognised, in every place where one can be given, and after a journey in no file, log or answer.

The studio runs as a program, with its supervisor and workers; a judge and a hub say back the very key that they were sent.
"""

import io
import json
import re
import subprocess
import sys
import threading
import zipfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
import pytest

from studio.domain.job import JobKind, JobState
from studio.domain.judge import DEFAULT_KEY, endpoint
from studio.flows import models, opinion
from studio.flows.studio import Studio, open_studio
from studio.store import jobs
from tests.command_line import ROOT, CommandLine
from tests.e2e.conftest import answers, free_port, wait_until
from tests.hub import Hub
from tests.hub import served as hub_served
from tests.judge import Bench, Misdeed, bench
from tests.store.examples import Examples
from tests.supervised import end_supervisor
from tests.web.conftest import Kept, keep_in

pytestmark = pytest.mark.slow
STEM = "c4n4ry"
ENVIRONMENT = {
    "HF_TOKEN": f"hf_{STEM}OfTheHub", "WANDB_API_KEY": f"{STEM}-of-a-tracker", "MLFLOW_TRACKING_PASSWORD": f"{STEM} of mlflow",
    DEFAULT_KEY: f'sk-{STEM}"of\\the-judge', "STUDIO_OIDC_SECRET": f"{STEM}+of/a=provider", "PGPASSWORD": f"{STEM}-of-postgres",
}  # fmt: skip
PASSWORD = f"{STEM} of four quiet words"
DATABASE = f"postgresql+psycopg://ida:{STEM}%40database@127.0.0.1:9/studio"
ADDRESSES = (
    "/", "/config", "/gradio_api/info", "/metrics", "/readyz", "/readyz/why", "/team", "/team?log=key", "/team/log.csv", "/account",
    "/report/{study}", "/download/votes/{study}.csv", "/download/votes/{study}.jsonl", "/download/report/{study}.html",
    "/download/script/{run}", "/download/release/{release}", "/signin", "/nowhere",
)  # fmt: skip


@dataclass
class Journey:
    """What is secret, and all that was said on the way."""

    secrets: dict[str, str] = field(default_factory=lambda: {"what was given": STEM})
    said: dict[str, bytes] = field(default_factory=dict)

    def hears(self, what: str, answer: httpx.Response) -> None:
        self.said[what] = answer.content + str(answer.headers).encode()

    def reads(self, folder: Path) -> None:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self.said[str(path)] = path.read_bytes()

    def found(self) -> list[str]:
        """Where a secret stands; what is packed is unpacked first."""
        forms = {name: forms_of(secret) for name, secret in self.secrets.items()}
        whole = [each for place, read in self.said.items() for each in unpacked(place, read)]
        return [
            f"{name} in {what}" for what, text in whole for name, each in forms.items() if any(f in text for f in each)
        ]


def forms_of(secret: str) -> set[bytes]:
    """As it is written, and wherever it begins in what a header packs."""
    word = secret.encode()
    packed = [b64encode(bytes(shift) + word)[-(-shift * 8 // 6) : (shift + len(word)) * 8 // 6] for shift in range(3)]
    return {word, *packed}


def unpacked(place: str, read: bytes) -> Iterator[tuple[str, bytes]]:
    yield place, read
    if zipfile.is_zipfile(io.BytesIO(read)):
        with zipfile.ZipFile(io.BytesIO(read)) as packed:
            for name in packed.namelist():
                yield from unpacked(f"{place}:{name}", packed.read(name))


@contextmanager
def serving(workspaces: Path, *more: str) -> Iterator[tuple[str, Path]]:
    """The studio as somebody starts it: its address, and the file beside the workspace into which goes what it says."""
    port = free_port()
    log, address = workspaces.parent / f"said-{port}.log", f"http://127.0.0.1:{port}"
    command = [sys.executable, ROOT / "app.py", "--port", str(port), "--workspaces", workspaces, *more]
    with log.open("wb") as out, subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out) as process:
        try:
            wait_until(lambda: answers(f"{address}/healthz"), seconds=120, what="the studio to open")
            yield address, log
        finally:
            process.terminate()
            process.wait(timeout=30)


def once(page: str, pattern: str) -> str:
    """What is shown this once."""
    found = re.search(pattern, page)
    assert found is not None, page
    return found.group(1)


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Journey:
    """All that was said and written between the first owner and a backup."""
    folder = tmp_path_factory.mktemp("canaries")
    studio, found = open_studio(folder / "workspace"), Journey()
    kept = keep_in(studio)
    fails = Examples(studio.store).run(name="it fails").job.id
    with pytest.MonkeyPatch.context() as here, bench() as judge, hub_served(Hub()) as hub:
        for name, value in (ENVIRONMENT | {"HF_ENDPOINT": hub.endpoint}).items():
            here.setenv(name, value)
        try:
            with serving(studio.workspace.root, "--access", "password") as (address, log):
                client = _comes_in(found, address, log)
                _works(found, studio, kept, judge, hub)
                wait_until(lambda: not jobs.get(studio.store, fails).is_live, seconds=60, what="the run to fail")
                for path in ADDRESSES:
                    given = {"study": kept.closed.id, "run": kept.run.id, "release": kept.release.id}
                    found.hears(path, client.get(path.format_map(given)))
            _is_elsewhere(found, studio.workspace.root, here)
        finally:
            end_supervisor(studio.workspace)
        assert jobs.get(studio.store, fails).state is JobState.FAILED
        studio.store.close()
    found.reads(folder)
    return found


def _comes_in(found: Journey, address: str, log: Path) -> httpx.Client:
    """The first owner comes in, invites somebody, makes a key, and mistypes some of it."""
    client = httpx.Client(base_url=address, headers={"Origin": address, "Connection": "close"}, timeout=60)
    welcome = once(log.read_text(), r"/welcome/(\S+)")
    client.post(f"/welcome/{welcome}", data={"name": "Ida", "password": PASSWORD, "again": PASSWORD})
    cookies = dict(client.cookies.items())
    known, name = sorted(cookies, key=lambda name: "-known" not in name)
    key = once(
        client.post("/team/key", data={"label": "nightly", "scope": "look", "days": "9"}).text, r"(stu_[\w-]{20,})"
    )
    guest = once(client.post("/team/invite", data={"role": "rater", "label": "Bo"}).text, r"/welcome/([\w-]+)")
    found.secrets |= {"a cookie": cookies[name], "a browser": cookies[known], "a key": key, "an invitation": guest}
    stranger = httpx.Client(base_url=address, headers=client.headers, timeout=60)
    found.hears("a wrong name", stranger.post("/signin", data={"name": "Ann", "password": PASSWORD}))
    found.hears("a key in an address", stranger.get("/config", params={"key": key}))
    found.hears("a key", stranger.get("/metrics", headers={"Authorization": f"Bearer {key}"}))
    found.hears("half a key", stranger.get("/metrics", headers={"Authorization": f"Bearer {key[:-1]}"}))
    found.hears("a cookie of another name", stranger.get("/team", headers={"Cookie": f"{name}-x={cookies[name]}"}))
    return client


def _works(found: Journey, studio: Studio, kept: Kept, judge: Bench, hub: Hub) -> None:
    """A judge and a hub refuse the key that they were sent, and say it; what works meanwhile knows that key alone."""
    asked, held = CommandLine(studio.workspace.root), threading.Event()
    said = json.dumps({"error": {"message": f"Incorrect API key provided: {ENVIRONMENT[DEFAULT_KEY]}"}}).encode()
    judge.always = Misdeed(401, body=said, hold=held)
    hub.fails("api", status=401, headers={"X-Error-Message": f"Invalid token {ENVIRONMENT['HF_TOKEN']}"})
    opinion.start(studio, kept.closed.id, endpoint(judge.base, "large"))
    model = models.add_model(studio, hub.name)
    wait_until(lambda: judge.asked, seconds=60, what="the judge to be asked")
    (job,) = jobs.live(studio.store, kinds=[JobKind.OPINION])
    assert job.pid is not None
    around = psutil.Process(job.pid).environ()
    assert [name for name in ENVIRONMENT if name in around] in ([], [DEFAULT_KEY])
    held.set()
    wait_until(
        lambda: not jobs.live(studio.store, kinds=[JobKind.OPINION, JobKind.DOWNLOAD]), seconds=60, what="both to end"
    )
    assert ENVIRONMENT[DEFAULT_KEY] in str(judge.asked[0].key) and ENVIRONMENT["HF_TOKEN"] in str(hub.asked[0].token)
    told = [jobs.get(studio.store, job.id), models.model(studio, model.id).download]
    assert [each and each.state for each in told] == [JobState.FAILED] * 2
    for verb in (
        ["doctor"],
        ["runs"],
        ["runs", kept.run.id],
        ["audit"],
        ["study", "judge", kept.closed.id],
        ["models"],
    ):
        answer = asked(*verb, "--json")
        found.said[" ".join(verb)] = (answer.words + answer.complaint).encode()
    asked.json("backup", studio.workspace.root.parent / "backup.zip")


def _is_elsewhere(found: Journey, workspaces: Path, here: pytest.MonkeyPatch) -> None:
    """A provider that is away, and a database that lets nobody in."""
    for name, value in {"ISSUER": "http://127.0.0.1:9/o", "CLIENT": "studio"}.items():
        here.setenv(f"STUDIO_OIDC_{name}", value)
    with serving(workspaces, "--access", "oidc") as (address, _):
        found.hears("the way to a provider", httpx.get(f"{address}/signin/go", timeout=60))
    here.setenv("STUDIO_DATABASE", DATABASE)
    for verb in (["serve"], ["doctor"], ["backup", workspaces.parent / "never.zip"]):
        answer = CommandLine(workspaces)(*verb)
        assert answer.status == 1, answer
        found.said[f"{verb[0]} without its database"] = (answer.words + answer.complaint).encode()


def test_no_secret_stands_in_a_file_a_log_or_an_answer(journey: Journey):
    assert len(journey.said) > 60 and any("backup.zip" in what for what in journey.said)
    assert journey.found() == []


def test_the_search_itself_finds_them_also_where_they_are_packed(journey: Journey):
    for number, secret in enumerate(journey.secrets.values()):
        packed, header = io.BytesIO(), b64encode(f"{'ida'[:number]}:{secret}".encode())
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr("header", header)
        assert len(Journey(journey.secrets, {"packed": packed.getvalue()}).found()) == 1
