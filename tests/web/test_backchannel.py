"""Whoever signs out at the provider is signed out here; nobody else can say so in its name."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from starlette.testclient import TestClient

from studio.domain.access import Mode, Role
from studio.domain.openid import SIGNED_OUT
from studio.flows import audit, people, signing
from studio.flows.studio import Studio
from studio.web.access import openid
from studio.web.access.backchannel import TOLD
from studio.web.access.settings import OpenId
from tests import provider
from tests.web.at_provider import GROUPS, At, browser

NUMBERS = iter(range(1_000_000))


def token(there: provider.Provider, *, header: dict[str, Any] | None = None, key: Any = None, **claims: Any) -> str:
    """A logout token of the provider, signed with its key; a claim that is None is left out."""
    now = int(time.time())
    told = {"iss": there.issuer, "aud": provider.CLIENT, "iat": now, "exp": now + 120, "jti": f"number {next(NUMBERS)}"}
    told |= {"events": {SIGNED_OUT: {}}} | claims
    (known,) = httpx.get(f"{there.issuer}/.well-known/jwks.json").json()["keys"]
    head = {"alg": known["alg"], "kid": known["kid"], "typ": "logout+jwt"} | (header or {})
    signs = key or RSAKey.import_key((there.folder / "key.pem").read_text())
    plain = {name: value for name, value in told.items() if value is not None}
    return jwt.encode({n: v for n, v in head.items() if v is not None}, plain, signs, algorithms=[head["alg"]])


def tell(client: TestClient, text: str) -> int:
    """What the studio answers to the provider, which has no cookie."""
    client.cookies.clear()
    return client.post(TOLD, data={"logout_token": text}).status_code


def is_in(at: At) -> bool:
    return at.studio.get("/config").status_code == 200


def signed_in(studio: Studio, settings: OpenId, there: provider.Provider, name: str, session: str | None) -> At:
    there.bend(claims={"sid": session})
    at = At(browser(studio, replace(settings, rules=GROUPS)), name)
    assert at.sign_in().status_code == 303 and is_in(at)
    return at


@pytest.fixture
def said(nobody: Studio, settings: OpenId) -> TestClient:
    return browser(nobody, replace(settings, rules=GROUPS))


def test_a_session_of_the_provider_ends_and_others_of_the_same_person_go_on(
    nobody: Studio, settings: OpenId, there: provider.Provider, said: TestClient
):
    one, two, rob = (
        signed_in(nobody, settings, there, name, session)
        for name, session in (("ann", "session 1"), ("ann", "session 2"), ("rob", "session 3"))
    )
    assert tell(said, token(there, sid="session 1", sub="1")) == 200
    assert not is_in(one) and is_in(two) and is_in(rob)
    assert tell(said, token(there, sid="session 3")) == 200  # as some providers do, without saying whose it is
    assert not is_in(rob) and is_in(two)
    line = audit.newest(nobody, limit=1)[0]
    assert (line.who, line.act) == ("the provider", "ended a sign-in") and line.about.startswith("signin-")


def test_where_no_session_is_named_all_of_a_person_end_and_they_may_sign_in_again(
    nobody: Studio, settings: OpenId, there: provider.Provider, said: TestClient
):
    one, two = (signed_in(nobody, settings, there, "ann", session) for session in ("session 1", None))
    rob = signed_in(nobody, settings, there, "rob", None)
    assert tell(said, token(there, sub="1")) == 200
    assert not is_in(one) and not is_in(two) and is_in(rob)
    assert is_in(signed_in(nobody, settings, there, "ann", "session 4"))


def test_what_was_begun_by_no_known_session_ends_with_any_of_that_person(
    nobody: Studio, settings: OpenId, there: provider.Provider, said: TestClient
):
    unknown = signed_in(nobody, settings, there, "ann", None)
    assert tell(said, token(there, sub="1", sid="session 9")) == 200 and not is_in(unknown)


def test_whoever_is_not_here_has_signed_out_already(there: provider.Provider, said: TestClient):
    assert tell(said, token(there, sub="4711")) == 200 and tell(said, token(there, sid="nowhere")) == 200


def test_what_is_said_twice_counts_once(nobody: Studio, settings: OpenId, there: provider.Provider, said: TestClient):
    text = token(there, sub="1")
    signed_in(nobody, settings, there, "ann", None)
    with ThreadPoolExecutor(8) as pool:
        ends = list(pool.map(lambda _: said.post(TOLD, data={"logout_token": text}).status_code, range(8)))
    assert sorted(ends) == [200] + [400] * 7
    again = signed_in(nobody, settings, there, "ann", None)
    assert tell(said, text) == 400 and is_in(again)


NOW = int(time.time())
ANOTHER = RSAKey.generate_key(2048)


@pytest.mark.parametrize(("about", "how"), [
    ("another issuer", {"iss": "https://evil.example"}), ("no issuer", {"iss": None}),
    ("for another", {"aud": "another"}), ("for nobody", {"aud": None}), ("for others", {"aud": ["a", "b"]}),
    ("said in an hour", {"iat": NOW + 3600}), ("said an hour ago", {"iat": NOW - 3600}), ("never said", {"iat": None}),
    ("said at no time", {"iat": "now"}), ("over", {"exp": NOW - 600}), ("without an end", {"exp": None}),
    ("no number", {"jti": None}), ("a number that is a list", {"jti": ["a"]}),
    ("no event", {"events": None}), ("another event", {"events": {"http://evil.example": {}}}),
    ("a list of events", {"events": [SIGNED_OUT]}), ("an event in words", {"events": {SIGNED_OUT: "yes"}}),
    ("with a nonce", {"nonce": "x"}), ("of nobody", {"sub": None}), ("a number for somebody", {"sub": 1}),
    ("another kind of token", {"header": {"typ": "at+jwt"}}), ("an unknown key", {"header": {"kid": "nobody's"}}),
    ("another key", {"key": ANOTHER}),
])  # fmt: skip
def test_what_does_not_prove_it_ends_nothing(
    nobody: Studio, settings: OpenId, there: provider.Provider, said: TestClient, about: str, how: dict[str, Any]
):
    person = people.add(nobody, "ann@example.org", Role.OWNER, mode=Mode.OIDC, subject=f"{there.issuer} 1")
    signing.begin(nobody, person, address="127.0.0.1")
    answer = said.post(TOLD, data={"logout_token": token(there, **({"sub": "1"} | how))})
    assert answer.status_code == 400 and answer.json()["error"] == "invalid_request"
    assert answer.headers["cache-control"] == "no-store"
    assert len(signing.signed_in(nobody, Mode.OIDC, person.id)) == 1


@pytest.mark.parametrize("text", ["", "a", "a.b.c", "..", "e30.e30.", "\0", "ü" * 100, "x" * 90_000])
def test_what_is_no_token_is_refused(said: TestClient, text: str):
    assert tell(said, text) == 400


def test_a_token_that_is_not_signed_or_with_what_both_sides_know_is_refused(
    nobody: Studio, settings: OpenId, there: provider.Provider, said: TestClient
):
    secret = OctKey.import_key(provider.SECRET)
    assert tell(said, token(there, sub="1", header={"alg": "HS256"}, key=secret)) == 400
    assert tell(said, token(there, sub="1", header={"alg": "none", "kid": None}, key=secret)) == 400
    # What lets in does not sign out, and the other way round.
    assert tell(said, token(there, sub="1", events=None, nonce="x")) == 400


def test_a_new_key_of_the_provider_is_known_at_once_and_a_strangers_are_not_asked_for_each_time(
    there: provider.Provider, said: TestClient, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(openid, "AFTER_FAULT", 3600.0)
    assert tell(said, token(there, sub="1")) == 200
    there.rotate()
    assert tell(said, token(there, sub="1")) == 200
    there.rotate()
    for _ in range(5):
        assert tell(said, token(there, sub="1", header={"kid": "nobody's"})) == 400
    assert tell(said, token(there, sub="1")) == 400  # it has just asked; the provider says it again


def test_a_provider_that_is_gone_cannot_be_asked_for_its_keys(nobody: Studio, settings: OpenId):
    gone = browser(nobody, replace(settings, issuer="http://127.0.0.1:9/o"))
    assert tell(gone, "a.b.c") == 503
