"""Signing in with an OpenID provider: the whole way with a real one, and every way on which it must not work."""

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from starlette.testclient import TestClient

from studio.domain.access import Mode, Role
from studio.domain.errors import SetupError
from studio.domain.openid import Rules
from studio.flows import audit, discovery, openid, people, signing
from studio.flows.studio import Studio
from studio.web.access.settings import Access, OpenId, openid_of
from tests import provider
from tests.web.at_provider import GROUPS, At, browser, last
from tests.web.doorway import HERE, doorway

# The whole way


def test_whom_an_owner_added_signs_in_and_out_there_and_here(
    nobody: Studio, settings: OpenId, there: provider.Provider
):
    added = people.add(nobody, "ann@example.org", Role.OWNER, mode=Mode.OIDC)
    ann = At(browser(nobody, settings), "ann")
    page = ann.studio.get("/config", headers={"Accept": "text/html"})
    assert page.headers["location"] == "/signin?next=/config"
    assert "You sign in at <b>127.0.0.1</b>" in ann.studio.get("/signin?next=/config").text
    question = parse_qs(urlsplit(way := ann.asked()).query)
    assert question["code_challenge_method"] == ["S256"] and question["nonce"] and question["state"]
    assert question["redirect_uri"] == [f"{HERE}/signin/back"] and provider.SECRET not in way
    came = ann.studio.get(ann.answered(way))
    assert (came.status_code, came.headers["location"]) == (303, "/config")
    assert ann.studio.get("/config").json() == {"name": "ann@example.org", "role": "owner"}
    (signed_in,) = signing.signed_in(nobody, Mode.OIDC, added.id)
    assert signed_in[1].subject == f"{there.issuer} 1"

    out = ann.studio.post("/signout")
    assert "You are signed out" in out.text and not signing.signed_in(nobody, Mode.OIDC, added.id)
    assert ann.studio.get("/config").status_code == 401
    way_out = out.text.partition('class="first" href="')[2].partition('"')[0].replace("&amp;", "&")
    back = ann.provider.get(way_out)
    assert (back.status_code, back.headers["location"]) == (302, f"{HERE}/signin")
    assert ann.provider.get(ann.asked(), follow_redirects=True).url.path == "/login"  # they are asked again


def test_what_the_browser_keeps_is_out_of_reach_of_scripts_and_other_sites(nobody: Studio, settings: OpenId):
    people.add(nobody, "ann@example.org", Role.VIEWER, mode=Mode.OIDC)
    client = browser(nobody, replace(settings))
    begun = client.get("/signin/go").headers["set-cookie"]
    assert (
        begun.startswith("studio-begun-7860=")
        and "HttpOnly" in begun
        and "SameSite=lax" in begun
        and "Max-Age=600" in begun
    )
    given = At(client, "ann").sign_in().headers.get_list("set-cookie")
    assert all("HttpOnly" in each and "SameSite=lax" in each for each in given[:2])
    assert [each.partition("=")[0] for each in given] == ["studio-7860", "studio-token-7860", "studio-begun-7860"]
    assert "Path=/signout" in given[1] and 'studio-begun-7860="";' in given[2]


def test_whom_nobody_knows_is_told_so_with_the_next_step(nobody: Studio, settings: OpenId):
    refused = At(browser(nobody, settings), "rob").sign_in()
    assert refused.status_code == 403 and "set-cookie" not in refused.headers
    assert "Nobody has given Rob@example.org a role in this studio. Ask one of its owners." in refused.text
    assert last(nobody, "refused a sign-in") == "as Rob@example.org"


def test_an_address_that_the_provider_has_not_verified_lets_nobody_in(nobody: Studio, settings: OpenId):
    people.add(nobody, "una@example.org", Role.OWNER, mode=Mode.OIDC)
    refused = At(browser(nobody, settings), "una").sign_in()
    assert refused.status_code == 403 and "has not verified your e-mail address" in refused.text


@pytest.mark.parametrize("email", ["mi\u212ae@example.org", "m\u2170ke@example.org", "ｍike@example.org"])
def test_an_address_that_only_looks_like_the_one_an_owner_wrote_is_another_persons(
    nobody: Studio, settings: OpenId, there: provider.Provider, email: str
):
    people.add(nobody, "mike@example.org", Role.OWNER, mode=Mode.OIDC)
    there.bend(claims={"email": email, "email_verified": True})
    assert At(browser(nobody, settings), "eve").sign_in().status_code == 403
    there.bend(claims={"email": "Mike@Example.org", "email_verified": True})
    assert At(browser(nobody, settings), "ann").sign_in().status_code == 303


def test_another_person_who_is_given_the_address_later_is_not_let_in_by_it(
    nobody: Studio, settings: OpenId, there: provider.Provider
):
    people.add(nobody, "ann@example.org", Role.OWNER, mode=Mode.OIDC)
    assert At(browser(nobody, settings), "ann").sign_in().status_code == 303
    there.bend(claims={"email": "ann@example.org", "email_verified": True})
    assert At(browser(nobody, settings), "eve").sign_in().status_code == 403
    there.bend(claims={"email": "ann.married@example.org"})
    assert At(browser(nobody, settings), "ann").sign_in().status_code == 303  # and she may change hers


def test_newcomers_of_a_domain_come_in_as_what_was_said_until_they_are_removed(nobody: Studio, settings: OpenId):
    met = replace(settings, rules=Rules(domains=("example.org",), newcomer=Role.RATER))
    rob = At(browser(nobody, met), "rob")
    assert rob.sign_in().status_code == 303 and rob.studio.get("/config").json()["role"] == "rater"
    (person,) = people.everybody(nobody, Mode.OIDC)
    people.remove(nobody, person.id)
    assert rob.studio.get("/config").status_code == 401
    assert "An owner has removed Rob@example.org." in rob.sign_in().text
    people.add(nobody, "rob@example.org", Role.EDITOR, mode=Mode.OIDC)
    assert rob.sign_in().status_code == 303 and rob.studio.get("/config").json()["role"] == "editor"


def test_groups_say_who_has_which_role_and_take_it_away(nobody: Studio, settings: OpenId, there: provider.Provider):
    client = browser(nobody, replace(settings, rules=GROUPS))
    ann = At(client, "ann")
    assert ann.sign_in().status_code == 303 and client.get("/config").json()["role"] == "owner"
    elsewhere = At(browser(nobody, replace(settings, rules=GROUPS)), "ann")
    there.bend(claims={"groups": ["staff"]})
    assert elsewhere.sign_in().status_code == 303
    assert client.get("/config").json()["role"] == "rater"  # in every browser, from the next request on
    there.bend(claims={"groups": ["others"]})
    refused = elsewhere.sign_in()
    assert "is in none of the groups that have a role here" in refused.text
    assert client.get("/config").status_code == 401
    assert At(client, "eve").sign_in().status_code == 403


def test_where_groups_say_who_is_what_the_team_page_does_not(nobody: Studio, settings: OpenId):
    ann = At(browser(nobody, replace(settings, rules=GROUPS)), "ann")
    assert ann.sign_in().status_code == 303
    page = ann.studio.get("/team").text
    assert "The groups of the provider say who comes in, and as what." in page and "/team/role" not in page
    assert ann.studio.post("/team/role", data={"person": "x", "role": "owner"}).status_code == 404
    by_hand = doorway(nobody, Access(Mode.OIDC, openid=settings))
    by_hand.cookies.update(ann.studio.cookies)
    assert "E-mail address, as the provider has it" in by_hand.get("/team").text
    told = by_hand.post("/team/invite", data={"label": "rob@example.org", "role": "editor"}).text
    assert "rob@example.org is editor from now on." in told
    again = by_hand.post("/team/invite", data={"label": "ROB@example.org", "role": "editor"})
    assert again.status_code == 422 and "is here already" in again.text


# Ways on which it must not work


@pytest.mark.parametrize(("how", "why"), [
    ({"claims": {"iss": "https://evil.example"}}, "invalid_claim iss"),
    ({"claims": {"iss": None}}, "missing_claim"),
    ({"claims": {"aud": "another"}}, "invalid_claim aud"),
    ({"claims": {"aud": "another", "azp": provider.CLIENT}}, "invalid_claim aud"),
    ({"claims": {"aud": [provider.CLIENT, "another"], "azp": "another"}}, "invalid_claim azp"),
    ({"claims": {"aud": [provider.CLIENT, "another"]}}, "missing_claim azp"),
    ({"claims": {"exp": 1_700_000_000}}, "expired_token"),
    ({"claims": {"exp": None}}, "missing_claim"),
    ({"claims": {"exp": "never"}}, "invalid_claim exp"),
    ({"claims": {"iat": 4_000_000_000}}, "invalid_claim iat"),
    ({"claims": {"nbf": 4_000_000_000}}, "invalid_claim nbf"),
    ({"claims": {"nonce": "another"}}, "invalid_claim nonce"),
    ({"claims": {"nonce": None}}, "missing_claim nonce"),
    ({"claims": {"sub": None}}, "missing_claim"),
    ({"claims": {"sub": 1}}, "invalid_claim sub"),
    ({"claims": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}}, "invalid_claim at_hash"),
    ({"header": {"alg": "none"}}, "unsupported_algorithm"),
    ({"header": {"alg": "HS256"}}, "unsupported_algorithm"),
    ({"key": "another"}, "bad_signature"),
    ({"header": {"kid": "nobody's"}}, "invalid_key_id"),
])  # fmt: skip
def test_a_token_that_proves_nothing_lets_nobody_in(
    nobody: Studio, settings: OpenId, there: provider.Provider, how: dict[str, Any], why: str
):
    there.bend(**how)
    ann = At(browser(nobody, replace(settings, rules=GROUPS)), "ann")
    refused = ann.sign_in()
    assert (
        refused.status_code == 401 and "does not prove who you are" in refused.text and "Sign in again" in refused.text
    )
    assert "Traceback" not in refused.text and why in last(nobody, "could not check a sign-in")
    assert ann.studio.get("/config").status_code == 401 and not people.everybody(nobody, Mode.OIDC)


@pytest.mark.parametrize("claims", [{"exp": -30}, {"iat": 30, "nbf": 30}])
def test_clocks_may_differ_by_half_a_minute(
    nobody: Studio, settings: OpenId, there: provider.Provider, claims: dict[str, int]
):
    there.bend(claims={name: int(time.time()) + seconds for name, seconds in claims.items()})
    assert At(browser(nobody, replace(settings, rules=GROUPS)), "ann").sign_in().status_code == 303


def test_a_code_lets_in_once_and_only_the_browser_that_asked(nobody: Studio, settings: OpenId):
    met = replace(settings, rules=GROUPS)
    ann = At(browser(nobody, met), "ann")
    back = ann.answered(ann.asked())
    stranger = browser(nobody, met)
    refused = stranger.get(back)
    assert refused.status_code == 400 and "begun in another browser, or too long ago" in refused.text
    begun = dict(ann.studio.cookies)
    assert ann.studio.get(back).status_code == 303
    for cookies in ({}, begun):  # once more, also with what the browser had then
        again = TestClient(ann.studio.app, base_url=HERE, follow_redirects=False, cookies=cookies)
        assert again.get(back).status_code in (400, 401) and again.get("/config").status_code == 401


@pytest.mark.parametrize(
    "change", [{"state": "another"}, {"state": ""}, {"code": "another"}, {"code": ""}, {"iss": "https://evil.example"}]
)
def test_an_answer_that_somebody_changed_lets_nobody_in(nobody: Studio, settings: OpenId, change: dict[str, str]):
    ann = At(browser(nobody, replace(settings, rules=GROUPS)), "ann")
    place = urlsplit(ann.answered(ann.asked()))
    query = {name: values[0] for name, values in parse_qs(place.query).items()} | change
    refused = ann.studio.get(place.path, params=query)
    assert refused.status_code in (400, 401) and "evil" not in refused.text
    assert ann.studio.get("/config").status_code == 401


def test_a_code_of_another_browsers_question_lets_nobody_in(nobody: Studio, settings: OpenId):
    met = replace(settings, rules=GROUPS)
    ann, eve = At(browser(nobody, met), "ann"), At(browser(nobody, met), "rob")
    hers, question = ann.answered(ann.asked()), eve.asked()
    state = parse_qs(urlsplit(question).query)["state"][0]
    code = parse_qs(urlsplit(hers).query)["code"][0]
    assert eve.studio.get("/signin/back", params={"code": code, "state": state}).status_code == 401  # PKCE


@pytest.mark.parametrize("place", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_nobody_is_led_on_to_another_site(nobody: Studio, settings: OpenId, place: str):
    ann = At(browser(nobody, replace(settings, rules=GROUPS)), "ann")
    came = ann.studio.get(ann.answered(ann.asked(f"/signin/go?next={place}")))
    assert (came.status_code, came.headers["location"]) == (303, "/")
    assert "evil" not in ann.studio.get(f"/signin?next={place}").text


def test_whoever_says_no_at_the_provider_is_told_so(nobody: Studio, settings: OpenId):
    client = browser(nobody, settings)
    client.get("/signin/go")
    refused = client.get("/signin/back?error=access_denied&error_description=<b>x</b>&state=x")
    assert refused.status_code == 403 and "did not let you in" in refused.text and "<b>x" not in refused.text
    odd = client.get("/signin/back?error=<script>&error_description=<b>x</b>")
    assert odd.status_code == 401 and "<script>" not in odd.text
    assert last(nobody, "could not check a sign-in") == "OAuthError"  # no word of a stranger's gets into the log


def test_strangers_cannot_fill_the_log_that_only_grows(nobody: Studio, settings: OpenId):
    client, before = browser(nobody, settings), audit.newest(nobody, limit=1)[0].number
    told = openid.TOLD_A_MINUTE
    assert {client.get("/signin/back?error=server_error").status_code for _ in range(told + 5)} == {401}
    assert audit.newest(nobody, limit=1)[0].number == before + told


# Its keys, and the provider itself


def test_a_new_key_of_the_provider_is_known_at_once(nobody: Studio, settings: OpenId, there: provider.Provider):
    met = browser(nobody, replace(settings, rules=GROUPS))
    assert At(met, "ann").sign_in().status_code == 303
    there.rotate()
    assert At(met, "ann").sign_in().status_code == 303


def test_a_wrong_secret_is_told_to_whoever_runs_the_studio(nobody: Studio, settings: OpenId):
    ann = At(browser(nobody, replace(settings, secret="wrong")), "ann")
    assert ann.sign_in().status_code == 401 and last(nobody, "could not check a sign-in") == "invalid_client"


def test_a_provider_that_is_gone_is_one_sentence_with_the_next_step(nobody: Studio, settings: OpenId):
    gone = replace(settings, issuer="http://127.0.0.1:9/o")
    client = browser(nobody, gone)
    for _ in range(2):
        answer = client.get("/signin/go")
        assert answer.status_code == 503 and "cannot be used now. Try again in a minute." in answer.text
    assert "127.0.0.1 does not answer." in last(nobody, "could not check a sign-in")
    assert client.post("/signout").status_code == 200


@pytest.mark.parametrize(("change", "said"), [
    ({"issuer": "https://evil.example"}, "calls itself something else"), ({"token_endpoint": None}, "names no token_endpoint"),
    ({"jwks_uri": "http://login.example/keys"}, "does not serve over TLS its jwks_uri"),
    ({"end_session_endpoint": "javascript:alert(1)"}, "does not serve over TLS its end_session_endpoint"),
    ({"id_token_signing_alg_values_supported": ["none", "HS256"]}, "signs with none of"),
])  # fmt: skip
def test_what_a_provider_says_of_itself_is_checked(
    there: provider.Provider, change: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch
):
    written = httpx.get(discovery.address(there.issuer)).json() | change
    written = {name: value for name, value in written.items() if value is not None}
    monkeypatch.setattr(discovery, "_all_of", lambda _answer: json.dumps(written).encode())
    with pytest.raises(SetupError, match=said):
        discovery.described(there.issuer)


@pytest.mark.parametrize("issuer", ["http://login.example.org", "ftp://x", "login.example.org", "https://"])
def test_a_provider_that_is_not_served_over_tls_is_not_asked(issuer: str):
    with pytest.raises(SetupError, match="is not served over TLS"):
        discovery.described(issuer)


def test_where_there_is_no_description_the_place_is_named(there: provider.Provider):
    with pytest.raises(SetupError, match="answers 404"):
        discovery.described(f"{there.issuer}/nowhere")


def test_the_doctor_asks_the_provider_that_is_set(there: provider.Provider):
    assert discovery.checks({}) == []
    (well,) = discovery.checks({"STUDIO_OIDC_ISSUER": there.issuer})
    assert well.ok and well.found == f"{there.issuer} signs with RS256"
    (ill,) = discovery.checks({"STUDIO_OIDC_ISSUER": f"{there.issuer}/"})
    assert not ill.ok and ill.fix == f"Write the issuer exactly so: {there.issuer}."


# Settings

MEANT = {"STUDIO_OIDC_ISSUER": "https://login.example.org", "STUDIO_OIDC_CLIENT": "studio"}


def test_the_settings_are_read_as_they_were_meant(tmp_path: Path):
    (tmp_path / "secret").write_text("hush\n")
    found = openid_of(
        MEANT
        | {
            "STUDIO_OIDC_SECRET_FILE": str(tmp_path / "secret"),
            "STUDIO_OIDC_GROUPS": "cn=lab,dc=x=editor; staff = Viewer",
        }
    )
    assert found.secret == "hush" and "hush" not in repr(found) and found.host == "login.example.org"
    assert found.rules.groups == {"cn=lab,dc=x": Role.EDITOR, "staff": Role.VIEWER}
    found = openid_of(MEANT | {"STUDIO_OIDC_DOMAINS": "@Example.org, x.org", "STUDIO_OIDC_NEWCOMERS": "rater"})
    assert found.rules.domains == ("example.org", "x.org") and found.rules.newcomer is Role.RATER


@pytest.mark.parametrize(("change", "said"), [
    ({"STUDIO_OIDC_ISSUER": ""}, "issuer must be known"), ({"STUDIO_OIDC_CLIENT": " "}, "client .* must be known"),
    ({"STUDIO_OIDC_GROUPS": "staff"}, "names no group and role"), ({"STUDIO_OIDC_GROUPS": "staff=king"}, "king is no role"),
    ({"STUDIO_OIDC_NEWCOMERS": "guest"}, "guest is no role"), ({"STUDIO_OIDC_SECRET_FILE": "/nowhere"}, "/nowhere cannot be read"),
    ({"STUDIO_OIDC_DOMAINS": "x.org", "STUDIO_OIDC_GROUPS": "a=viewer"}, "Either domains"),
])  # fmt: skip
def test_settings_that_cannot_be_meant_are_refused(change: dict[str, str], said: str):
    with pytest.raises(SetupError, match=said):
        openid_of(MEANT | change)
