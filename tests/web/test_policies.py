"""What every answer tells a browser: no foreign script, host, frame or cache; also where nothing is found or all fails."""

import re
from typing import Any

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from studio.flows import compare, sharing
from studio.ui import rate, shell
from studio.web.policies import Policies, digests
from tests.web.conftest import Kept

FORBIDDING = {
    "x-content-type-options": "nosniff", "x-frame-options": "DENY", "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}  # fmt: skip
SCRIPT = re.compile(r"<script(?P<named>[^>]*)>(?P<text>.*?)</script>", re.DOTALL)


def policy(answer: Any) -> dict[str, list[str]]:
    """The directives of an answer's content policy."""
    parts = [part.split() for part in answer.headers["content-security-policy"].split(";")]
    return {name: values for name, *values in parts}


def addresses(kept: Kept) -> dict[str, int]:
    """One of each kind, with what it answers."""
    shared = sharing.share(kept.studio, kept.closed.id).token
    return {
        "/": 200, "/rate/": 200, "/rate": 404, f"/verdict/{shared}": 200, f"/verdict/{shared}/details": 200,
        f"/verdict/{shared}.pdf": 200, "/verdict/none": 404, f"/report/{kept.closed.id}": 200,
        f"/download/votes/{kept.closed.id}.csv": 200, f"/download/report/{kept.closed.id}.html": 200,
        "/download/votes/none.csv": 404, "/healthz": 200, "/config": 200, "/nothing-here": 404, "/team": 200,
        "/gradio_api/info": 200, "/assets/none.js": 404, "/favicon.ico": 200,
        "/static/plotly.min.js": 200, "/theme.css": 200,
    }  # fmt: skip


def test_every_answer_forbids_what_no_page_here_needs_and_no_cache_keeps_what_is_said_of_the_data(
    client: TestClient, kept: Kept
):
    kept_by_caches = set()
    for path, status in addresses(kept).items():
        answer = client.get(path)
        assert answer.status_code == status, path
        assert FORBIDDING.items() <= dict(answer.headers).items(), path
        assert answer.headers["referrer-policy"] in ("no-referrer", "same-origin"), path
        assert "camera=()" in answer.headers["permissions-policy"], path
        assert not [name for name in answer.headers if name.startswith("access-control-")], path
        told = policy(answer)
        assert told["default-src"] == ["'none'"] and told["frame-ancestors"] == ["'none'"], path
        assert told["base-uri"] == ["'none'"] and told["form-action"] in (["'self'"], ["'none'"]), path
        assert not re.search(r"\*|https?:|(?<!\S)//", answer.headers["content-security-policy"]), path
        assert ("script-src" in told) == ("connect-src" in told) == (path in ("/", "/rate/")), path
        kept_by_caches |= {path} if answer.headers.get("cache-control") != "no-store" else set()
    assert kept_by_caches == {"/favicon.ico", "/static/plotly.min.js", "/theme.css", "/assets/none.js"}


@pytest.mark.parametrize("path", ["/", "/rate/"])
def test_the_page_runs_its_own_scripts_and_no_others(client: TestClient, path: str):
    first, second = client.get(path), client.get(path)
    allowed = policy(first)["script-src"]
    assert "'unsafe-inline'" not in allowed and not [
        each for each in allowed if each.startswith(("http", "data", "blob"))
    ]
    (nonce,) = [each[7:-1] for each in allowed if each.startswith("'nonce-")]
    assert len(nonce) >= 20 and nonce not in second.text
    found = list(SCRIPT.finditer(first.text))
    assert len(found) >= 5
    for script in found:
        assert f'nonce="{nonce}"' in script["named"], script[0][:80]
    for head in (shell.HEAD, rate.HEAD):
        for digest in digests(head):
            assert f"'{digest}'" in allowed


@pytest.mark.parametrize("head", [shell.HEAD, rate.HEAD], ids=["studio", "rating"])
def test_every_script_in_a_head_has_a_digest(head: str):
    assert len(digests(head)) == head.count("<script") == head.count("</script>") > 0


@pytest.mark.parametrize("path", ["/", "/rate/"])
def test_a_page_names_no_other_host_that_a_browser_would_fetch_from(client: TestClient, path: str):
    page = client.get(path).text
    assert not re.findall(r"<(?:link|script|img|iframe)[^>]+(?:href|src)=[\"'](?:https?:)?//[^>]+>", page)
    assert "<base" not in page and "manifest" not in page


def test_a_page_has_no_handler_in_an_attribute(client: TestClient, kept: Kept, root: Any):
    """The policy forbids them, so one that somebody writes would do nothing."""
    handler = re.compile(r"<[a-z][^>]*\son[a-z]+\s*=\s*\\?[\"']")
    for path in [*(root / "studio").rglob("*.py"), *(root / "assets").glob("*.jinja")]:
        assert not handler.search(path.read_text()), path
    assert not handler.search(client.get("/").text)


def test_no_part_of_a_page_makes_a_template_of_a_text(client: TestClient):
    """Gradio makes a function of a template after it has put the texts in that {{…}} names; ours names none so."""
    for path in ("/config", "/rate/config"):
        parts = [part["props"] for part in client.get(path).json()["components"] if part["type"] == "html"]
        assert parts and {each["html_template"] for each in parts} <= {"${value}", ""}
        assert {each["css_template"] for each in parts} == {""}


def test_an_error_that_nobody_foresaw_is_answered_with_the_same_headers_and_without_a_word_of_it():
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("a secret of the inside")

    client = TestClient(Policies(broken, pages=(), scripts=()), raise_server_exceptions=False)
    answer = client.get("/anything")
    assert answer.status_code == 500 and "secret" not in answer.text
    assert answer.text.startswith("Something in the studio itself failed") and "Try it once more" in answer.text
    assert FORBIDDING.items() <= dict(answer.headers).items()


def test_a_host_that_is_not_ours_is_refused_with_the_same_headers(client: TestClient):
    answer = client.get("/", headers={"Host": "evil.example"})
    assert answer.status_code == 421 and FORBIDDING.items() <= dict(answer.headers).items()


def test_an_answer_may_be_stricter_than_the_rest():
    answer = PlainTextResponse("", headers={"Content-Security-Policy": "default-src 'none'; sandbox"})
    told = TestClient(Policies(answer, pages=("/",), scripts=())).get("/").headers["content-security-policy"]
    assert told == "default-src 'none'; sandbox"


def test_the_link_of_a_rater_is_kept_from_other_sites_and_caches(client: TestClient, kept: Kept):
    answer = client.get(f"/rate/?t={compare.invitation(kept.studio, kept.open.id).token}")
    assert (answer.headers["referrer-policy"], answer.headers["cache-control"]) == ("no-referrer", "no-store")
