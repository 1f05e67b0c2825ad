"""Pages and scripts come compressed, and scripts only once."""

import pytest
from starlette.testclient import TestClient

from studio.ui.lighter import SCRIPTS, lighter_scripts

OURS = ["/static/plotly.min.js", *(f"{page}/assets/{name}" for page in ("", "/rate") for name in lighter_scripts())]


@pytest.mark.parametrize("path", OURS)
def test_a_script_of_ours_comes_compressed_and_a_browser_that_has_it_is_told_so(client: TestClient, path: str):
    plain = client.get(path, headers={"Accept-Encoding": "identity"})
    packed = client.get(path, headers={"Accept-Encoding": "gzip, br"})
    assert packed.text == plain.text and "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(plain.content) / 2
    again = client.get(path, headers={"If-None-Match": packed.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", packed.headers["etag"])
    assert client.get(path, headers={"If-None-Match": '"another"'}).status_code == 200


def test_gradios_own_scripts_are_kept_for_a_week_and_those_that_are_put_right_are_asked_for(client: TestClient):
    put_right = set(lighter_scripts())
    own = next(path.name for path in SCRIPTS.glob("*.js") if path.name not in put_right)
    assert client.get(f"/assets/{own}").headers["cache-control"] == "public, max-age=604800, immutable"
    assert client.get("/assets/none-12345678.js").headers.get("cache-control") != "public, max-age=604800, immutable"
    for name in put_right:
        assert client.get(f"/assets/{name}").headers["cache-control"] == "public, no-cache"


@pytest.mark.parametrize("path", ["/", "/config", "/rate/config"])
def test_a_page_comes_compressed_to_whoever_can_read_that(client: TestClient, path: str):
    plain = client.get(path, headers={"Accept-Encoding": "identity"})
    packed = client.get(path, headers={"Accept-Encoding": "gzip, deflate, br"})
    assert "content-encoding" not in plain.headers and packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(packed.content) / 5
    assert abs(len(packed.content) - len(plain.content)) < 100
