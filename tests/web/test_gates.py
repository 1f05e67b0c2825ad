"""What another site makes a browser send is refused, and no other site may read or frame the studio."""

import pytest
from starlette.testclient import TestClient

from studio.flows import compare
from tests.web.conftest import Kept

POST = "/gradio_api/queue/join"


def test_the_studio_says_that_it_is_there(client: TestClient):
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize("headers", [
    {"Origin": "https://evil.example"},
    {"Origin": "http://127.0.0.1:9999"},
    {"Origin": "http://127.0.0.1:7860.evil.example"},
    {"Origin": "null"},
    {"Origin": "http://["},
    {"Origin": ""},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:7860"},
])  # fmt: skip
@pytest.mark.parametrize("path", [POST, "/rate" + POST, "/gradio_api/upload", "/gradio_api/call/start_run"])
def test_what_another_site_sends_is_refused(client: TestClient, path: str, headers: dict[str, str]):
    assert client.post(path, headers=headers, json={}).status_code == 403


@pytest.mark.parametrize("headers", [{}, {"Origin": "http://127.0.0.1:7860", "Sec-Fetch-Site": "same-origin"}])
def test_the_studios_own_pages_and_programs_are_let_in(client: TestClient, headers: dict[str, str]):
    assert client.post(POST, headers=headers, json={}).status_code not in (400, 403)


@pytest.mark.parametrize("path", ["/", "/rate/", "/healthz", "/gradio_api/info", "/config"])
def test_no_other_site_may_read_an_answer(client: TestClient, path: str):
    asked = {"Origin": "http://127.0.0.1:3000"}
    preflight = asked | {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    for answer in (client.get(path, headers=asked), client.options(path, headers=preflight)):
        assert "access-control-allow-origin" not in answer.headers
        assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("fetched", [{}, {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"}])
@pytest.mark.parametrize("path", ["/config", "/favicon.ico", "/gradio_api/info", "/gradio_api/queue/data"])
def test_another_site_may_not_load_or_embed_anything(client: TestClient, path: str, fetched: dict[str, str]):
    assert client.get(path, headers={"Sec-Fetch-Site": "cross-site"} | fetched).status_code == 403


def test_a_link_on_another_site_leads_here(client: TestClient):
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert client.get("/", headers=headers).status_code == 200
    assert client.get("/", headers=headers | {"Sec-Fetch-Dest": "iframe"}).status_code == 403
    assert client.post(POST, headers=headers, json={}).status_code == 403


def test_two_origins_are_none_of_ours(client: TestClient):
    ours = ("Origin", "http://127.0.0.1:7860")
    assert client.post(POST, headers=[ours], json={}).status_code != 403
    assert client.post(POST, headers=[ours, ("Origin", "https://evil.example")], json={}).status_code == 403


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
def test_no_page_describes_the_inside(client: TestClient, path: str):
    answer = client.get(path)
    assert "swagger" not in answer.text.lower() and "/download/" not in answer.text


def test_the_page_of_raters_holds_nothing_of_the_studio(client: TestClient, kept: Kept):
    page = client.get(f"/rate/?t={compare.invitation(kept.studio, kept.open.id).token}").text
    for secret in (kept.run.id, kept.dataset.id, kept.open.id, kept.open.fingerprint, kept.run.name, "tuned_side"):
        assert secret not in page
