"""Nobody reaches an address or an event without the right to it: every one of them is tried as everybody.

Both lists beside this file are written by hand. A new address or event fails a test until somebody has put it in, and has
thought about who may use it; so does every one that a new version of Gradio brings.
"""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from studio.domain.access import Mode, Right, Role, Visitor
from studio.flows import audit, compare, people
from studio.store import database
from studio.store.acting import visitor
from studio.ui.guarded import GuardedPage
from studio.ui.kept import OpenPage
from studio.ui.rights import innermost
from studio.ui.tabs import train
from studio.web.access.doors import door_routes
from studio.web.access.gate import AccessGate
from studio.web.access.rights import PRESSED
from studio.web.access.settings import Access, OpenId
from studio.web.access.within import within
from tests.store.examples import Examples
from tests.web.actors import ADDRESS, GOOD, MAY, Door, at_once, listed
from tests.web.conftest import Kept

# Addresses


def addresses(routes: Any, before: str = "") -> Iterator[tuple[str, str]]:
    """Every method and address that is answered, those of mounted applications included."""
    for route in routes:
        if getattr(route, "methods", None):
            yield from ((method, before + route.path) for method in route.methods)
        elif hasattr(route, "original_router"):
            yield from addresses(route.original_router.routes, before)
        else:
            yield from addresses(route.routes or [], before + route.path)


def _plain(path: str) -> str:
    return re.sub(r"-[\w-]{8}\.js$", "-{hash}.js", path)


def sample(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "x", path.replace("{api_name}", "bring_file"))


def test_every_address_is_written_down_with_what_it_needs(door: Door, client: TestClient, kept: Kept):
    elsewhere = door_routes(kept.studio, Access(Mode.OIDC, openid=OpenId("https://login.example.org", "studio")))
    every = (door.app.routes, client.app.routes, elsewhere.routes)  # type: ignore[attr-defined]
    found = {f"{method} {_plain(path)}" for routes in every for method, path in addresses(routes)}
    assert found == set(listed("addresses.txt")), "write it into tests/web/addresses.txt, with what it needs"


def test_the_gate_stands_in_front_of_everything_but_the_names_of_this_machine_and_other_sites(door: Door):
    names = [each.cls.__name__ for each in door.app.user_middleware]
    assert names == ["Noting", "Policies", "HostGate", "SameOriginGate", "BodyLimits", "AccessGate", "Packed"]


@pytest.mark.parametrize("actor", MAY)
def test_each_gets_what_their_role_link_or_key_allows_and_nothing_else(door: Door, actor: str):
    asked = [(address.split(" ", 1), needs) for address, needs in listed("addresses.txt").items()]
    answers = door.tried(actor, *((method, sample(path), {}) for (method, path), _ in asked))
    wrong = []
    for ((method, path), needs), (status, is_in) in zip(asked, answers, strict=True):
        # An event that is not named needs as much as any event of its page.
        if needs == "look" and method == "POST" and re.search(r"/gradio_api/(queue/join|run/|api/|call/)", path):
            needs = "change"
        if path.startswith("/account") and actor.startswith("key"):
            needs = "a person"  # no program makes keys or ends sign-ins
        if is_in is not (needs in MAY[actor].split()) or (not is_in and status not in (401, 403, 404)):
            wrong.append((method, path, needs, status))
    assert not wrong


@pytest.mark.parametrize("path", [
    "/team/", "/TEAM", "//team", "/./team", "/rate/../team", "/ratex", "/download", "/download/a/b/c/d", "/verdict", "/verdict/a/b",
    "/gradio_api/file=/etc/passwd", "/gradio_api/file=http://evil.example", "/gradio_api/proxy=http://evil.example",
    "/nothing-here", "/rate/gradio_api/file=x", "/rate/team", "/gradio_api", "", "/gradio_api/heartbeat/\0",
    "/gradio_api/heartbeat/a b", "/rate/gradio_api/heartbeat/" + "x" * 65,  # no page has such a name
])  # fmt: skip
def test_what_is_not_listed_is_not_there_for_anybody(door: Door, path: str):
    assert door.tried("owner", ("GET", path, {}), ("POST", path, {})) == [(404, False), (404, False)]


# Events


def events(door: Door) -> dict[str, str]:
    """The handlers of both pages, each with what its event needs."""
    found = {}
    for path, page in door.pages.items():
        for number, event in page.fns.items():
            if event.fn is not None:
                meant = innermost(event.fn)
                found[f"{path or '/'} {meant.__module__}:{meant.__qualname__}"] = str(page.right_of(number))
    return found


def test_every_event_is_written_down_with_what_it_needs(door: Door):
    assert events(door) == listed("events.txt"), (
        "write it into tests/web/events.txt, and if it only looks, into rights.py"
    )


@pytest.mark.parametrize("actor", ["nobody", "viewer", "rater", "editor", "rating link", "key to look"])
def test_each_event_asks_for_its_right_before_anything_runs(door: Door, actor: str):
    asked = [
        (f"{path}/gradio_api/{way}", page, number)
        for path, page in door.pages.items()
        for number, fn in page.fns.items()
        for way in ["queue/join", *(["run/predict"] if not fn.queue and fn.fn else [])]
    ]
    answers = door.tried(actor, *(("POST", path, {"fn_index": number, "data": []}) for path, _, number in asked))
    wrong = [
        (path, number)
        for (path, page, number), (_, is_in) in zip(asked, answers, strict=True)
        if is_in is not (str(page.right_of(number)) in MAY[actor].split())
    ]
    assert {path for path, _, _ in asked if "run/predict" in path} == {
        "/gradio_api/run/predict", "/rate/gradio_api/run/predict",
    }  # fmt: skip
    assert not wrong


def test_a_look_that_goes_straight_is_one_request_and_says_in_words_why_there_is_nothing(
    door: Door, client: TestClient, kept: Kept
):
    page = door.pages[""]
    (number,) = [n for n, event in page.fns.items() if event.fn and innermost(event.fn).__qualname__ == "show"
                 and innermost(event.fn).__module__ == train.__name__]  # fmt: skip
    told = {"fn_index": number, "session_hash": "a-page", "data": [kept.run.id, None, "Loss", True, False]}
    seen = client.post("/gradio_api/run/predict", json=told)
    assert seen.status_code == 200 and kept.run.name in str(seen.json()["data"])
    gone = client.post("/gradio_api/run/predict", json=told | {"data": ["run-that-is-gone", *told["data"][1:]]})
    assert gone.status_code == 422 and "run-that-is-gone" in gone.json()["error"]
    straight = ("POST", "/gradio_api/run/predict", {"fn_index": number, "data": []})
    assert [door.tried(who, straight)[0][1] for who in ("nobody", "viewer")] == [False, True]
    changing = next(n for n in page.fns if page.right_of(n) is Right.CHANGE)
    assert door.tried("viewer", ("POST", "/gradio_api/run/predict", {"fn_index": changing}))[0] == (403, False)
    assert client.post("/gradio_api/run/predict", json={"data": []}).status_code == 404


def test_what_gradio_would_take_for_the_number_of_an_event_is_one_at_the_gate_too_or_none(
    door: Door, client: TestClient
):
    page = door.pages[""]
    changing = next(n for n in page.fns if page.right_of(n) is Right.CHANGE)
    looks = next(fn.api_name for fn in page.fns.values() if fn.fn and page.right_of(fn.api_name) is Right.LOOK)
    plain = {"fn_index": changing, "data": []}
    as_written = [
        plain, plain | {"fn_index": float(changing)}, plain | {"fn_index": str(changing)}, plain | {"fn_index": f"{changing}.0"},
        plain | {"data": [float("nan")]}, plain | {"data": ["\ud800"]},
        *(json.dumps(plain).encode(name) for name in ("utf-8-sig", "utf-16", "utf-32")),
    ]  # fmt: skip
    for path in ("/gradio_api/queue/join", f"/gradio_api/run/{looks}", f"/gradio_api/api/{looks}"):
        assert door.tried("viewer", *(("POST", path, body) for body in as_written)) == [(403, False)] * len(as_written)
    for path in ("/gradio_api/queue/join", "/rate/gradio_api/queue/join"):
        beyond = [{"fn_index": number, "data": []} for number in ("99999", 10**30, -1, "x", [], {})]
        wanted = [(404, False)] * len(beyond)
        assert (
            door.tried("editor" if "rate" not in path else "rating link", *(("POST", path, b) for b in beyond))
            == wanted
        )


@pytest.mark.parametrize("role", [None, *Role])
def test_an_event_that_came_by_another_way_is_stopped_where_its_handler_would_run(
    door: Door, role: Role | None, monkeypatch: pytest.MonkeyPatch
):
    ran: list[int] = []

    async def run(self: gr.Blocks, block_fn: Any, inputs: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        ran.append(block_fn._id)
        return {"data": []}

    monkeypatch.setattr(gr.Blocks, "process_api", run)
    monkeypatch.setattr(audit, "note", lambda *args, **kwargs: None)
    who = Visitor("x", frozenset(Right(each) for each in MAY[role].split() if each != "everybody")) if role else None
    for page in door.pages.values():
        ran.clear()
        at_once(_all_events(page, who))
        allowed = [number for number in page.fns if who is not None and page.right_of(number) in who.rights]
        assert ran == allowed


async def _all_events(page: GuardedPage, who: Visitor | None) -> None:
    request = SimpleNamespace(request=SimpleNamespace(scope={} if who is None else {"visitor": who}))
    for event in page.fns.values():
        try:
            await page.process_api(event, [], request=request)
        except gr.Error as error:
            assert error.title == "You may not do this"


def test_what_changes_something_cannot_be_pressed_by_whoever_may_only_look(door: Door, kept: Kept):
    def shown(actor: str) -> dict[str, Any]:
        who = door.actors[actor]
        client = TestClient(door.app, base_url=ADDRESS, cookies=who.cookies)
        found = client.get("/config").json()["components"]
        return {str(each["props"].get("value") or each["props"].get("label")): each["props"] for each in found}

    viewer, editor = shown("viewer"), shown("editor")
    for press in ("A file with problems", "Make a link", "Yes, take it back"):
        assert viewer[press]["interactive"] is False and editor[press]["interactive"] is not False, press
    assert viewer["Start training"]["interactive"] is False
    assert viewer["Examples"].get("interactive") is not False
    (told,) = [words for words in viewer if 'class="signed"' in words]
    assert "The viewer · viewer" in told and "Editors and owners may change it." in told and 'href="/team"' not in told
    assert not [words for words in editor if "You may look at everything" in words]


def test_no_answer_makes_a_control_usable_again_for_whoever_may_only_look(door: Door):
    page = door.pages[""]
    (start,) = [id for id, block in page.blocks.items() if getattr(block, "value", None) == "Start training"]
    event = SimpleNamespace(outputs=[page.blocks[start], page.blocks[start]])
    answer = {"data": [{"__type__": "update", "interactive": True}, {"__type__": "update", "visible": True}]}
    page._take_back(event, answer)
    assert answer["data"] == [{"__type__": "update", "interactive": False}, {"__type__": "update", "visible": True}]


# Coming in and going out


@pytest.fixture
def browser(door: Door) -> Iterator[TestClient]:
    yield TestClient(door.app, base_url=ADDRESS, follow_redirects=False)


def test_whoever_is_not_known_is_led_to_sign_in_and_back_to_where_they_were_going(browser: TestClient, kept: Kept):
    asked = browser.get(f"/report/{kept.closed.id}?a=1", headers={"Accept": "text/html"})
    assert (asked.status_code, asked.headers["location"]) == (303, f"/signin?next=/report/{kept.closed.id}%3Fa%3D1")
    form = browser.get(asked.headers["location"]).text
    assert browser.get("/signin").headers["referrer-policy"] == "same-origin"  # else a browser sends `Origin: null`
    assert "<script" not in form and f'value="/report/{kept.closed.id}?a=1"' in form
    told = {"name": "the viewer", "password": GOOD, "next": f"/report/{kept.closed.id}?a=1"}
    wrong = browser.post("/signin", data=told | {"password": "<b>wrong</b>"})
    assert wrong.status_code == 401 and "do not belong together" in wrong.text and "<b>" not in wrong.text
    came = browser.post("/signin", data=told)
    assert (came.status_code, came.headers["location"]) == (303, f"/report/{kept.closed.id}?a=1")
    given = came.headers["set-cookie"]
    assert (
        given.startswith("studio-7860=") and "HttpOnly" in given and "SameSite=lax" in given and "Secure" not in given
    )
    assert browser.get(f"/report/{kept.closed.id}").status_code == 200
    out = browser.post("/signout")
    assert out.headers["location"] == "/signin"
    browser.cookies.set("studio-7860", given.split(";")[0].partition("=")[2])
    assert browser.get("/config").status_code == 401


def test_a_refused_try_of_a_password_and_a_press_of_a_rater_are_counted_where_prometheus_reads(
    browser: TestClient, kept: Kept
):
    def refused() -> float:
        told = browser.get("/metrics").text
        return float(re.findall(r"^studio_sign_in_failures_total (.*)$", told, re.MULTILINE)[0])

    assert browser.post("/signin", data={"name": "the owner", "password": GOOD}).status_code == 303
    before = refused()
    assert browser.post("/signin", data={"name": "nobody", "password": "a guess"}).status_code == 401
    assert refused() == before + 1
    link = compare.invitation(kept.studio, kept.open.id).token
    assert browser.post(f"{PRESSED}?t={link}", json={}).status_code == 404
    assert f'studio_requests_total{{method="POST",route="{PRESSED}",status="404"}}' in browser.get("/metrics").text


def test_over_tls_the_cookie_is_one_that_no_neighbour_can_set(door: Door):
    client = TestClient(door.app, base_url="https://127.0.0.1:7860", follow_redirects=False)
    given = client.post("/signin", data={"name": "The rater", "password": GOOD}).headers["set-cookie"]
    assert given.startswith("__Host-studio=") and "; Secure" in given and "Path=/" in given and "Domain" not in given


@pytest.mark.parametrize("place", [
    "https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)", "evil", "", "/%0a\n",
    "///evil.example", "http:/evil", "/a\\..\\b",
])  # fmt: skip
def test_nobody_is_sent_on_to_another_site(place: str):
    assert within(place) == "/"


def test_where_somebody_goes_on_stays_as_it_was_asked():
    assert [within(each) for each in ("/", "/team", "/report/x?a=1#b")] == ["/", "/team", "/report/x?a=1#b"]


def test_an_invitation_is_followed_in_a_browser_with_a_name_and_a_password_of_ones_own(browser: TestClient, kept: Kept):
    _, token = people.invite(kept.studio, Role.RATER)
    assert "invited to this studio as a rater" in browser.get(f"/welcome/{token}").text
    told = {"name": "Dee", "password": GOOD, "again": GOOD}
    for change, said in (
        ({"again": "x"}, "differ"),
        ({"password": "password12", "again": "password12"}, "tried first"),
        ({"name": " "}, "cannot be a name"),
    ):
        refused = browser.post(f"/welcome/{token}", data=told | change)
        assert refused.status_code == 422 and said in refused.text and GOOD not in refused.text
    assert browser.post(f"/welcome/{token}", data=told).status_code == 303
    assert browser.get("/config").status_code == 200 and browser.post("/gradio_api/upload").status_code == 403
    assert browser.get(f"/welcome/{token}").status_code == 404


def test_twenty_wrong_passwords_are_answered_by_wait_a_minute(browser: TestClient):
    ends = [browser.post("/signin", data={"name": "the editor", "password": "no"}).status_code for _ in range(7)]
    assert ends == [401] * 5 + [429] * 2


# This machine alone


def test_the_printed_address_lets_one_browser_in_once_and_others_are_told_where_to_find_it(
    client: TestClient, kept: Kept
):
    token = people.launch(kept.studio)
    stranger, other = (TestClient(client.app, base_url=ADDRESS, follow_redirects=False) for _ in range(2))
    told = stranger.get("/", headers={"Accept": "text/html"})
    assert told.status_code == 401 and "Where you started it, it printed an address" in told.text
    came = stranger.get(f"/open/{token}")
    assert (came.status_code, came.headers["location"]) == (303, "/")
    assert "SameSite=strict" in came.headers["set-cookie"] and "HttpOnly" in came.headers["set-cookie"]
    assert stranger.get("/config").status_code == 200
    assert stranger.get(f"/open/{token}").headers["location"] == "/"  # kept as a bookmark
    assert other.get(f"/open/{token}").status_code == 401
    for address in ("/signin", "/welcome/x"):
        assert other.get(address).status_code == 404


# A proxy that says who it is


def test_a_proxy_is_believed_and_nobody_else(kept: Kept):
    access = replace(Access(Mode.PROXY), proxies=("10.0.0.0/24",))
    seen: list[str] = []

    async def behind(scope: Any, receive: Any, send: Any) -> None:
        now = visitor()
        seen.append(now.name if now else "nobody")
        await PlainTextResponse("let in")(scope, receive, send)

    gate = AccessGate(behind, studio=kept.studio, access=access, events={})
    people.add(kept.studio, "pat@example.org", Role.VIEWER, mode=Mode.PROXY)

    def tried(peer: str, *names: str) -> int:
        headers = [(b"x-forwarded-user", name.encode("latin-1")) for name in names]
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/config",
            "headers": headers,
            "query_string": b"",
            "peer": peer,
        }
        status: list[int] = []

        async def send(message: dict[str, Any]) -> None:
            status.extend([message["status"]] if "status" in message else [])

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b""}

        at_once(gate(scope, receive, send))  # type: ignore[arg-type]
        return status[0]

    assert tried("10.0.0.7", "Pat@example.org") == 200 and seen == ["pat@example.org"]
    for peer, names in (
        ("10.0.1.7", ("pat@example.org",)), ("", ("pat@example.org",)), ("10.0.0.7", ()),
        ("10.0.0.7", ("pat@example.org", "pat@example.org")), ("10.0.0.7", ("somebody@example.org",)),
        ("10.0.0.7", ("p\xaat@example.org",)),  # somebody else there, whose name looks like that
    ):  # fmt: skip
        assert tried(peer, *names) == 401, (peer, names)


@pytest.mark.parametrize("before", ["99999999999999999999", "-99999999999999999999", "0", "x"])
def test_the_log_before_a_line_that_there_cannot_be_is_no_fault(door: Door, before: str):
    assert door.browser("owner").get(f"/team?before={before}").status_code == 422


# What was done


def test_the_log_tells_who_downloaded_and_who_did_what_on_a_screen(door: Door, kept: Kept):
    def newest() -> tuple[str, str, str]:
        line = audit.newest(kept.studio, limit=1)[0]
        return line.who, line.act, line.about

    path = f"/download/report/{kept.closed.id}.html"
    assert door.tried("viewer", ("GET", path, None)) == [(200, True)]
    assert newest() == ("The viewer", "downloaded", path)
    assert door.tried("viewer", ("GET", f"/download/report/{'x' * 60_000}.html", None)) == [(404, False)]
    assert newest() == ("The viewer", "downloaded", path)  # nobody fills it with what is no name
    examples, page = Examples(kept.studio.store), door.pages[""]
    waiting = examples.run(split=examples.split(kept.dataset.id))
    scope = {"visitor": Visitor("Ed", frozenset({Right.LOOK, Right.CHANGE}))}
    request = gr.Request(request=SimpleNamespace(scope=scope, query_params={}, headers={}))  # type: ignore[arg-type]
    (stop,) = [event for event in page.fns.values() if event.api_name == "stop_run"]
    at_once(page.process_api(stop, ["", waiting.id], state=OpenPage(page, {}), request=request))
    assert newest() == ("Ed", "stopped a run", waiting.id)
    assert audit.broken(kept.studio) is None


def test_whoever_may_only_look_sees_every_screen_and_nothing_of_it_wants_to_write(
    door: Door, kept: Kept, monkeypatch: pytest.MonkeyPatch
):
    page, who = door.pages[""], Visitor("Vi", frozenset({Right.LOOK}))
    chosen = {"Examples": kept.dataset.id, "Model": "starter", "Run": kept.run.id}
    held = {
        id: chosen.get(getattr(block, "label", ""), getattr(block, "value", None)) for id, block in page.blocks.items()
    }
    state = OpenPage(page, {})
    states = [block for block in page.blocks.values() if isinstance(block, gr.State)]
    kept_states = (kept.open.id, None, None, (kept.dataset.id, "starter"), kept.run.id)
    for block, value in zip(states, kept_states, strict=False):
        state[block._id] = value
    walls: list[str] = []
    monkeypatch.setattr(database, "check_writing", lambda: walls.extend(["a wall"] if visitor() else []))
    request = gr.Request(request=SimpleNamespace(scope={"visitor": who}, query_params={}, headers={}))  # type: ignore[arg-type]

    async def look() -> list[str]:
        seen = []
        for number, event in page.fns.items():
            by_itself = any(name in ("load", "select", "change", "tick") for block, name in event.targets)
            if event.fn is None or not by_itself or page.right_of(number) is not Right.LOOK:
                continue
            given = [None if isinstance(block, gr.State) else held[block._id] for block in event.inputs]
            with suppress(gr.Error):
                await page.process_api(event, given, state=state, request=request)
                seen.append(event.name)
        return seen

    seen = at_once(look())
    assert len(seen) > 40 and not walls
