"""Machines learn how the studio is: strangers whether it is well, whoever may look what is wrong, and Prometheus how much."""

import logging
import os
import re
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from starlette.testclient import TestClient

from studio import logs
from studio.domain.access import Right, Scope, Visitor
from studio.domain.machine import Check
from studio.flows import bring, health, keys, signing
from studio.flows.studio import Studio
from studio.jobs.beat import Heart
from studio.jobs.presence import sole_supervisor
from studio.web.access.settings import Access
from studio.web.app import build_app
from studio.web.health import Signs
from studio.web.metrics import Figures
from tests.web.actors import at_once
from tests.web.conftest import Kept
from tests.web.test_uploads import sent

ADDRESS = "http://127.0.0.1:7860"


@pytest.fixture
def stranger(client: TestClient) -> Iterator[TestClient]:
    """Somebody whom the studio does not know."""
    yield TestClient(client.app, base_url=ADDRESS)


@pytest.fixture
def looked_after(kept: Kept) -> Iterator[None]:
    """A supervisor's lock held, and its beat just heard."""
    with sole_supervisor(kept.studio.workspace):
        Heart(kept.studio.workspace).beat(attempts=0, lag=0.25)
        yield


@pytest.fixture(autouse=True)
def asked_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.web.health.HOLDS", 0.0)


def by_name(studio: Studio, **options: Any) -> dict[str, Any]:
    return {sign.name: sign for sign in health.signs(studio, **options)}


def test_ready_says_no_more_than_ok_or_not_to_strangers(stranger, client, looked_after):
    answer = stranger.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert stranger.get("/readyz/why").status_code == 401
    told = client.get("/readyz/why").json()
    assert told["status"] == "ok"
    assert [check["name"] for check in told["checks"]] == ["database", "migrations", "supervisor", "disk"]


def test_without_a_supervisor_the_studio_is_alive_and_not_ready(stranger, client):
    assert stranger.get("/healthz").json() == {"status": "ok"}
    answer = stranger.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"status": "not ok"})
    why = client.get("/readyz/why")
    (bad,) = [check for check in why.json()["checks"] if not check["ok"]]
    assert (why.status_code, bad["name"], bad["found"]) == (503, "supervisor", "none is running") and bad["fix"]


def test_a_supervisor_that_hangs_is_not_fresh(kept, looked_after):
    heart = Heart(kept.studio.workspace)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("studio.jobs.beat.time.monotonic", lambda: 1.0)
        heart.beat(attempts=1, lag=0.0)
    sign = by_name(kept.studio)["supervisor"]
    assert not sign.ok and sign.found.startswith("said nothing for") and "supervisor.log" in sign.fix


def test_a_disk_below_its_floor_is_told(kept):
    sign = by_name(kept.studio, floor=10**18)["disk"]
    assert not sign.ok and "Make room" in sign.fix
    assert by_name(kept.studio, floor=0)["disk"].ok


def test_a_database_that_is_behind_or_gone_is_told(tmp_path):
    from studio.flows.studio import open_studio

    studio = open_studio(tmp_path / "workspace")
    with sqlite3.connect(studio.workspace.database) as direct:
        direct.execute("UPDATE alembic_version SET version_num = '0001'")
    assert not by_name(studio)["migrations"].ok
    studio.store.close()
    studio.workspace.database.unlink()
    studio.workspace.database.mkdir()
    assert not by_name(studio)["database"].ok


def test_a_thousand_questions_ask_the_database_once(kept, monkeypatch):
    monkeypatch.setattr("studio.web.health.HOLDS", 60.0)
    asked: list[int] = []
    monkeypatch.setattr(health, "signs", lambda _studio: asked.append(1) or [])
    signs = Signs(kept.studio)
    for _ in range(1000):
        signs.now()
    assert len(asked) == 1


def test_what_is_not_well_is_told_once_and_once_that_it_is_again(kept, monkeypatch, caplog):
    states = iter([False, False, True, True])
    monkeypatch.setattr(health, "signs", lambda _studio: [Check("disk", next(states), "1 MB free")])
    signs = Signs(kept.studio)
    with caplog.at_level("WARNING", logger="studio.web.health"):
        for _ in range(4):
            signs.now()
    assert [record.message for record in caplog.records] == [
        "not ready: disk: 1 MB free", "ready again: disk: 1 MB free",
    ]  # fmt: skip


# Figures


def test_figures_are_for_whoever_may_look_and_for_a_key(kept, stranger, client, looked_after):
    assert stranger.get("/metrics").status_code == 401
    _, text = keys.make(kept.studio, signing.this_machine(kept.studio), "prometheus", Scope.LOOK)
    answer = stranger.get("/metrics", headers={"Authorization": f"Bearer {text}"})
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/plain")
    told = answer.text
    assert re.search(r'^studio_requests_total\{method="GET",route="/metrics",status="401"\} 1\.0', told, re.M) is None
    assert re.search(r'^studio_jobs\{kind="train",state="done"\} [1-9]', told, re.M)
    assert re.search(r"^studio_votes_total [1-9]", told, re.M)
    assert "studio_event_lag_seconds 0.25" in told and "process_resident_memory_bytes" in told


def test_requests_are_counted_by_route_and_never_by_what_stands_in_the_address(client, stranger):
    client.get("/download/votes/study-nothing.csv")
    client.get("/gradio_api/heartbeat-nothing/x1")
    client.get("/rate/theme.css")
    stranger.get("/team")
    client.get("/config")
    told = client.get("/metrics").text
    routes = set(re.findall(r'route="([^"]*)"', told))
    assert {"/download/votes/{study_id}.{kind}", "/config", "refused", "/metrics", "/rate/theme.css"} <= routes
    assert not [route for route in routes if "nothing" in route]


def test_refused_sign_ins_are_counted(kept):
    figures = Figures(kept.studio)
    for status in (303, 401, 429):
        figures.answered("/signin", "POST", status, 0.1)
    assert b"studio_sign_in_failures_total 2.0" in figures.text()


@pytest.fixture
def counting() -> Iterator[None]:
    """Errors are counted, as in a process that was configured."""
    handler = logs.Faults()
    logging.getLogger().addHandler(handler)
    yield
    logging.getLogger().removeHandler(handler)


def test_a_fault_of_its_own_is_a_sentence_for_whoever_pressed_and_a_figure_for_who_runs_it(
    client, counting, monkeypatch, caplog
):
    def faults() -> float:
        return float(re.findall(r"^studio_faults_total (\S+)", client.get("/metrics").text, re.M)[0])

    def press(path: str) -> Any:
        body = {"data": [{"path": path, "meta": {"_type": "gradio.FileData"}}]}
        return client.post("/gradio_api/run/bring_file", json=body)

    def told() -> list[logging.LogRecord]:
        return [each for each in caplog.records if each.name == "studio.ui" and each.levelno >= logging.ERROR]

    before = faults()
    assert press("/etc/passwd").status_code == 422
    assert not told()

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("a secret of the inside")

    monkeypatch.setattr(bring, "bring_file", broken)
    answer = press(sent(client, "rows.jsonl").json()[0])
    said = answer.json()["error"]
    assert said.startswith("Something in the studio itself failed") and answer.headers["x-request-id"] in said
    assert "secret" not in answer.text and "Traceback" not in answer.text
    assert len(told()) == 1 and faults() > before


def test_a_scrape_walks_through_no_folder_itself(kept, monkeypatch):
    here, walked = threading.get_ident(), threading.Event()
    walk = os.walk

    def watched(*arguments: Any) -> Any:
        assert threading.get_ident() != here
        walked.set()
        return walk(*arguments)

    monkeypatch.setattr(os, "walk", watched)
    figures = Figures(kept.studio)
    figures.text()
    assert walked.wait(10)


def test_the_room_of_a_workspace_is_counted_beside(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_bytes(bytes(1000))
    (tmp_path / "other").write_bytes(bytes(24))
    room = health.Room(tmp_path)
    assert room.now() in (None, 1024)
    for thread in threading.enumerate():
        if thread.name == "room":
            thread.join(10)
    assert room.now() == 1024


def test_every_figure_is_explained_and_every_one_that_is_explained_is_there(
    kept, root: Path, monkeypatch, looked_after
):
    gpu = SimpleNamespace(name="H200", memory=100, free=40)
    monkeypatch.setattr("studio.web.metrics.gpus", lambda: (gpu,))
    figures = Figures(kept.studio)
    (room,) = [each.room for each in figures.registry._collector_to_names if hasattr(each, "room")]
    room.bytes = 1
    figures.answered("/", "GET", 200, 0.1)
    told = set(re.findall(r"^(studio_\w+?)(?:_bucket|_sum|_count)?[{ ]", figures.text().decode(), re.M))
    told = {name for name in told if not name.endswith("_created")}
    table = (root / "docs" / "operate.md").read_text().partition("<!-- figures")[2].partition("<!-- end")[0]
    assert told == set(re.findall(r"`(studio_\w+)`", table))


# Numbers of requests


def test_each_answer_carries_the_number_of_its_request(client):
    first, second = (client.get("/healthz", headers={"X-Request-ID": "from-outside"}) for _ in range(2))
    numbers = {answer.headers["x-request-id"] for answer in (first, second)}
    assert len(numbers) == 2 and "from-outside" not in numbers


def test_a_trusted_proxy_may_give_the_number(kept):
    app = build_app(kept.studio, access=Access(proxies=("10.0.0.1",)))

    async def from_proxy(scope: Any, receive: Any, send: Any) -> None:
        await app(scope | {"peer": "10.0.0.1"}, receive, send)

    client = TestClient(from_proxy, base_url=ADDRESS)
    for given, taken in (("from-the-proxy", True), ("x\ny" * 9, False)):
        answer = client.get("/healthz", headers={"X-Request-ID": given.replace("\n", " ")})
        assert (answer.headers["x-request-id"] == given) is taken


def test_what_a_press_does_is_known_by_the_number_of_its_request(client, monkeypatch):
    heard: list[str] = []

    async def run(self: gr.Blocks, *args: Any, **kwargs: Any) -> dict[str, Any]:
        heard.append(logs.request())
        return {"data": []}

    (made,) = [each for each in client.app.user_middleware if each.cls.__name__ == "AccessGate"]  # type: ignore[attr-defined]
    page = made.kwargs["events"][""].__self__
    event = next(fn for fn in page.fns.values() if page.right_of(fn._id) is Right.LOOK)
    monkeypatch.setattr(gr.Blocks, "process_api", run)
    scope = {"visitor": Visitor("x", frozenset(Right)), "number": "0123abcd"}
    at_once(page.process_api(event, [], request=SimpleNamespace(request=SimpleNamespace(scope=scope))))
    assert heard == ["0123abcd"]
