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


@pytest.mark.parametrize("path", ["/", "/rate/", "/healthz", "/nothing-here"])
def test_every_answer_forbids_guessing_framing_and_telling_where_one_came_from(client: TestClient, path: str):
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
def test_no_page_describes_the_inside(client: TestClient, path: str):
    answer = client.get(path)
    assert "swagger" not in answer.text.lower() and "/download/" not in answer.text


def test_the_page_of_raters_holds_nothing_of_the_studio(client: TestClient, kept: Kept):
    page = client.get(f"/rate/?t={compare.invitation(kept.studio, kept.open.id).token}").text
    for secret in (kept.run.id, kept.dataset.id, kept.open.id, kept.open.fingerprint, kept.run.name, "tuned_side"):
        assert secret not in page
