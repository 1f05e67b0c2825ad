"""What Gradio does or has done by itself, and nobody reaches: each of these is tried on the installed version.

Its advisories name the ways: files by path and by address, requests passed on to other servers, addresses that need no
sign-in, headers that are believed of anybody.
"""

import json
import logging
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.web.conftest import Kept
from tests.web.test_uploads import brought, sent

# Of a file that is there, and that Gradio would hand out had it been asked: {file}.
BY_PATH = (
    "/gradio_api/file={file}", "/gradio_api/file/{file}", "/file={file}", "/file/{file}", "//gradio_api/file={file}",
    "/gradio_api//file={file}", "/gradio_api/file=%2F..%2F{file}", "/gradio_api/file=....//....//{file}",
    "/gradio_api/file=..%5c..%5c{file}", "/gradio_api/file=%5C%5Chost%5Cshare", "/gradio_api/file=C:%5CWindows%5Cwin.ini",
    "/gradio_api/file=file://{file}", "/gradio_api/file={file}%00.png", "/gradio_api/file=%252e%252e{file}",
    "/gradio_api/file=%c0%ae%c0%ae{file}", "/gradio_api/./file={file}", "/gradio_api/x/../file={file}",
    "/static/../gradio_api/file={file}", "/assets/..%2f..%2f..%2f{file}", "/assets/%2e%2e/%2e%2e/{file}",
    "/static/..%5c..%5c{file}", "/svelte/..%2f{file}", "/GRADIO_API/file={file}", "/gradio_api/FILE={file}",
    "/gradio_api/file=/proc/self/environ", "/gradio_api/file=http://127.0.0.1:{port}/x", "/gradio_api/file=//127.0.0.1:{port}/x",
    "/gradio_api/file=////127.0.0.1:{port}/x", "/gradio_api/proxy=http://127.0.0.1:{port}/x",
    "/gradio_api/proxy=https://x.hf.space/x", "/proxy=http://127.0.0.1:{port}/x",
)  # fmt: skip
CLOSED = (
    "/gradio_api/token", "/token", "/login", "/gradio_api/login_check", "/monitoring", "/monitoring/summary", "/monitoring/x",
    "/gradio_api/monitoring", "/dev/reload", "/gradio_api/dev/reload", "/gradio_api/deep_link", "/gradio_api/openapi.json",
    "/gradio_api/vibe-edit", "/gradio_api/vibe-code", "/gradio_api/mcp/sse", "/gradio_api/mcp/", "/manifest.json", "/logout",
    "/gradio_api/runs", "/gradio_api/stream/a/b/c/playlist.m3u8", "/custom_component/a/b/c/d", "/login/huggingface", "/ws",
)  # fmt: skip
SPOOFED = (
    {"X-Forwarded-Host": "evil.example"}, {"X-Forwarded-Proto": "https"}, {"X-Gradio-Server": "http://evil.example"},
    {"Forwarded": "host=evil.example;proto=https"}, {"X-Forwarded-Host": "evil.example, 127.0.0.1", "X-Forwarded-Port": "1"},
    {"X-Forwarded-Prefix": "/evil.example"}, {"X-Original-URL": "/team"}, {"X-Rewrite-URL": "/team"},
)  # fmt: skip


@pytest.fixture
def visited() -> Iterator[socket.socket]:
    """A server that nobody is to come to."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening
        with pytest.raises(BlockingIOError):
            listening.accept()


@pytest.mark.parametrize("page", ["", "/rate"])
def test_no_file_and_no_other_server_is_reached_by_an_address(
    client: TestClient, kept: Kept, visited: socket.socket, page: str
):
    uploaded = Path(sent(client, "mine.jsonl").json()[0])
    secret = kept.studio.workspace.root / "page.html"
    secret.write_text("only by its path")
    for file in (uploaded, secret, Path("/etc/hostname")):
        for pattern in BY_PATH:
            asked = page + pattern.format(file=file, port=visited.getsockname()[1])
            answer = client.get(asked, follow_redirects=False)
            assert answer.status_code in (400, 403, 404), asked
            assert "only by its path" not in answer.text and "Question 0" not in answer.text, asked


@pytest.mark.parametrize("asked", [
    "/gradio_api/queue/data?session_hash=gone", "/rate/gradio_api/queue/data?session_hash=gone",
    "/gradio_api/call/show/gone", "/gradio_api/call/v2/show/gone",
])  # fmt: skip
def test_a_page_of_before_a_restart_that_asks_what_came_of_a_press_is_told_and_nothing_fails(
    client: TestClient, asked: str, caplog: pytest.LogCaptureFixture
):
    answer = client.get(asked)  # which passes on what fails in the studio
    assert answer.status_code == 200 and "404" in answer.text
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.parametrize("page", ["", "/rate"])
def test_what_gradio_has_besides_a_page_is_not_there(client: TestClient, page: str):
    for path in CLOSED:
        for method in ("GET", "POST"):
            answer = client.request(method, page + path, follow_redirects=False)
            assert answer.status_code in (404, 405), f"{method} {page + path}: {answer.status_code}"


@pytest.mark.parametrize("payload", [
    {"path": "http://127.0.0.1:{port}/x"}, {"path": "x", "url": "http://127.0.0.1:{port}/x"},
    {"url": "http://127.0.0.1:{port}/x"}, {"path": "//127.0.0.1:{port}/x"}, {"path": "file:///etc/passwd"},
    {"path": "\\\\127.0.0.1\\share\\x"}, {"path": "/etc/passwd"}, {"path": "/proc/self/environ"},
])  # fmt: skip
def test_an_event_fetches_nothing_and_takes_no_file_that_was_not_uploaded(
    client: TestClient, kept: Kept, visited: socket.socket, payload: dict[str, str]
):
    port = visited.getsockname()[1]
    file = {name: text.replace("{port}", str(port)) for name, text in payload.items()}
    body = {"data": [file | {"meta": {"_type": "gradio.FileData"}}]}
    called = client.post("/gradio_api/call/bring_file", json=body)
    if called.status_code == 200:
        told = client.get(f"/gradio_api/call/bring_file/{called.json()['event_id']}").text
        assert "event: error" in told and "root:" not in told and "Traceback" not in told


def test_no_file_of_the_machine_is_taken_in_by_its_path(client: TestClient, kept: Kept, tmp_path: Path):
    secret, uploads = tmp_path / "secret.jsonl", kept.studio.workspace.uploads
    secret.write_text(json.dumps({"prompt": "only by", "completion": "its path"}) + "\n")
    mine = Path(sent(client, "mine.jsonl").json()[0])
    for path in (
        secret,
        "/etc/passwd",
        kept.studio.workspace.database,
        uploads / ".." / secret,
        f"{mine}/../../../studio.db",
        "",
    ):
        body = {"data": [{"path": str(path), "meta": {"_type": "gradio.FileData"}}], "session_hash": "a-page"}
        refused = client.post("/gradio_api/run/bring_file", json=body)
        assert refused.status_code == 422 and "does not belong there" in refused.text, path
    assert {path.name for path in uploads.rglob("*")}.isdisjoint({"secret.jsonl", "passwd", "studio.db"})
    body = {"data": [{"path": str(mine), "meta": {"_type": "gradio.FileData"}}], "session_hash": "a-page"}
    assert client.post("/gradio_api/run/bring_file", json=body).status_code == 200


@pytest.mark.parametrize("headers", SPOOFED, ids=lambda headers: next(iter(headers)))
@pytest.mark.parametrize("path", ["/", "/rate/", "/config"])
def test_nobody_tells_the_page_under_which_address_it_was_opened(
    client: TestClient, path: str, headers: dict[str, str]
):
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200 and "evil.example" not in answer.text
    assert re.search(r'"root": ?"http://127\.0\.0\.1:7860(?:/rate)?"', answer.text)


def test_a_deep_link_puts_nothing_into_a_page(client: TestClient):
    content = json.dumps([{"id": 1, "props": {"value": "from a deep link"}}]).encode()
    folder = Path(sent(client, "state.json", content).json()[0]).parent
    for link in (folder.name, f"../{folder.name}", f"..%2F{folder.name}", str(folder), "x" * 5000):
        answer = client.get("/", params={"deep_link": link})
        assert answer.status_code == 200 and "from a deep link" not in answer.text


@pytest.mark.parametrize(
    "path", ["/", "/config", "/gradio_api/info", "/rate/", "/rate/config", "/rate/gradio_api/info"]
)
def test_what_a_page_is_made_of_says_nothing_of_the_machine(client: TestClient, kept: Kept, path: str):
    text = client.get(path).text
    for inside in (str(kept.studio.workspace.root), str(Path.home()) + "/", "site-packages", "sqlite:"):
        assert inside not in text, inside


@pytest.mark.parametrize("path", ["/theme.css", "/rate/theme.css"])
def test_the_style_of_a_page_names_no_other_host(client: TestClient, path: str):
    assert not re.search(r"url\(['\"]?(?:https?:)?//|@import", client.get(path).text)


def test_an_upload_of_another_kind_of_file_becomes_no_page(client: TestClient):
    for name in ("page.html", "picture.svg", "script.js"):
        (path,) = sent(client, name, b"<script>window.__xss = 1</script>").json()
        assert client.get(f"/gradio_api/file={path}").status_code == 404
        assert brought(client, path)[-1] == "error"
