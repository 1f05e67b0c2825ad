"""The studio answers to its own names alone, keeps a browser on TLS, and makes no address of what a stranger forwards."""

from collections.abc import Callable

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.testclient import TestClient

from studio.domain.access import Mode
from studio.domain.errors import SetupError
from studio.web.access.settings import Access, access_of
from studio.web.gates import SameOriginGate
from studio.web.hosts import HostGate
from studio.web.serve import behind_proxies

PUBLIC = access_of(Mode.PASSWORD, addresses="https://studio.example.org, http://lab.example:8080", proxies="10.0.0.2")
Asking = Callable[..., TestClient]


async def told(scope, receive, send) -> None:
    """What is behind the gate tells what it was asked."""
    request = Request(scope)
    forwarded = [name for name in request.headers if name.startswith("x-forwarded") or name == "forwarded"]
    await JSONResponse({"scheme": request.url.scheme, "forwarded": forwarded})(scope, receive, send)


def asking(access: Access, *, at: str = "http://127.0.0.1:7860", peer: str = "10.0.0.9") -> TestClient:
    gates = behind_proxies(HostGate(SameOriginGate(told, origins=access.addresses), access=access), access)
    return TestClient(gates, base_url=at, client=(peer, 1), follow_redirects=False)


def test_a_whole_studio_refuses_another_name_for_this_machine(client: TestClient):
    assert client.get("/config", headers={"Host": "evil.example"}).status_code == 421


@pytest.mark.parametrize("host", [
    "evil.example", "127.0.0.1.evil.example", "evil.example:7860", "", "10.0.0.5@evil.example", "studio.example.org.evil.example",
    "studio.example.org/../", "[::1", "10.0.0.6",
])  # fmt: skip
@pytest.mark.parametrize("access", [Access(), PUBLIC])
def test_another_name_is_refused_in_a_sentence_that_says_what_to_set(host: str, access: Access):
    answer = asking(access).get("/", headers={"Host": host})
    assert answer.status_code == 421 and "--address" in answer.text


@pytest.mark.parametrize("host", ["localhost:7860", "127.0.0.1", "[::1]:7860", "LOCALHOST"])
@pytest.mark.parametrize("access", [Access(), PUBLIC])
def test_the_names_of_this_machine_are_known(host: str, access: Access):
    assert asking(access).get("/", headers={"Host": host}).status_code == 200


def test_without_a_name_of_its_own_the_number_at_which_it_is_reached_will_do():
    at = "http://10.0.0.5:7860"
    assert asking(Access(Mode.PASSWORD), at=at).get("/").status_code == 200
    assert asking(Access(Mode.PASSWORD), at=at).get("/", headers={"Host": "10.0.0.6"}).status_code == 421
    assert asking(PUBLIC, at=at).get("/").status_code == 421
    assert asking(Access(Mode.PASSWORD), at="http://studio.internal:7860").get("/").status_code == 421


def test_whoever_asks_only_whether_it_is_there_may_call_it_anything():
    assert asking(PUBLIC).get("/healthz", headers={"Host": "10.1.2.3"}).status_code == 200


def test_what_is_served_over_tls_is_so_for_the_studio_too_and_stays_so():
    answer = asking(PUBLIC).get("/", headers={"Host": "studio.example.org"})
    assert answer.json()["scheme"] == "https" and answer.headers["strict-transport-security"] == "max-age=31536000"
    for host in ("lab.example:8080", "127.0.0.1:7860"):
        answer = asking(PUBLIC).get("/", headers={"Host": host})
        assert answer.json()["scheme"] == "http" and "strict-transport-security" not in answer.headers


def test_whom_the_proxy_brings_without_tls_is_led_to_it():
    brought = {"Host": "studio.example.org", "X-Forwarded-Proto": "http"}
    answer = asking(PUBLIC, peer="10.0.0.2").get("/report/x?a=1", headers=brought)
    assert (answer.status_code, answer.headers["location"]) == (308, "https://studio.example.org/report/x?a=1")
    assert asking(PUBLIC, peer="10.0.0.9").get("/", headers=brought).status_code == 200  # not a proxy: its word is air


@pytest.mark.parametrize("peer", ["10.0.0.2", "10.0.0.9"])
def test_no_address_is_made_of_what_was_forwarded(peer: str):
    headers = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Prefix": "/x", "Forwarded": "host=evil.example"}
    assert asking(PUBLIC, peer=peer).get("/", headers=headers).json()["forwarded"] == []


def test_a_proxy_may_pass_on_another_name_than_the_one_in_the_browser():
    for origin, status in (
        ("https://studio.example.org", 200),
        ("http://studio.example.org", 403),
        ("https://evil.example", 403),
    ):
        assert asking(PUBLIC).post("/", headers={"Origin": origin}).status_code == status


@pytest.mark.parametrize("written", [
    "studio.example.org", "ftp://studio.example.org", "https://", "https://studio.example.org/below", "https://a@b.example",
    "https://studio.example.org?x", "https://studio.example.org:port",
])  # fmt: skip
def test_what_is_no_address_of_a_studio_is_refused(written: str):
    with pytest.raises(SetupError, match="is no address of a studio"):
        access_of(Mode.PASSWORD, addresses=written)


def test_behind_a_proxy_the_name_must_be_said():
    with pytest.raises(SetupError, match="by a name that the studio must know") as refused:
        access_of(Mode.PASSWORD, proxies="10.0.0.2")
    assert "--address" in refused.value.fix


def test_the_usual_port_need_not_be_said():
    said = access_of(Mode.PASSWORD, addresses="https://Studio.example.org:443/,http://[fd00::5]:80").addresses
    assert said == ("https://studio.example.org", "http://[fd00::5]")
