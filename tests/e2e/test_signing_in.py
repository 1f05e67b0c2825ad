"""Signing in, in a real browser: with a password over TLS, with an OpenID provider, and by a proxy that says who it is."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect

from studio.domain.access import Mode, Role
from studio.flows import people
from studio.flows.studio import Studio, open_studio
from studio.web.access.settings import Access, OpenId
from studio.web.app import build_app
from studio.web.serve import behind_proxies
from tests import provider, tls

PICTURES = os.environ.get("PICTURES")
GOOD = "seven quiet lanterns"


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A studio in which somebody looks, by each way of signing in."""
    studio = open_studio(tmp_path_factory.mktemp("signing") / "workspaces")
    people.add(studio, "Olga", Role.OWNER, mode=Mode.PASSWORD, password=GOOD)
    people.add(studio, "Vi", Role.VIEWER, mode=Mode.PASSWORD, password=GOOD)
    people.add(studio, "ann@example.org", Role.VIEWER, mode=Mode.OIDC)
    people.add(studio, "pat@example.org", Role.VIEWER, mode=Mode.PROXY)
    yield studio
    studio.store.close()


@contextmanager
def served(studio: Studio, listening: socket.socket, access: Access) -> Iterator[None]:
    app = behind_proxies(build_app(studio, access=access), access)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="none", proxy_headers=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    until = time.monotonic() + 60
    while not server.started:
        assert time.monotonic() < until, "the server did not start"
        time.sleep(0.02)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(timeout=20)


def free_socket() -> tuple[socket.socket, int]:
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    return listening, listening.getsockname()[1]


@pytest.fixture
def fresh(browser: Browser) -> Iterator[Callable[..., Page]]:
    """A browser that nobody has signed in with; errors of its scripts fail the test."""
    with ExitStack() as stack:
        errors: list[str] = []

        def opened(**kept: object) -> Page:
            context = browser.new_context(viewport={"width": 1280, "height": 900}, ignore_https_errors=True, **kept)
            stack.callback(context.close)
            page = context.new_page()
            page.set_default_timeout(60_000)
            page.on("pageerror", lambda error: errors.append(str(error)))
            return page

        expect.set_options(timeout=60_000)
        yield opened
    assert not errors, errors


def looks_and_may_not_change(page: Page, who: str) -> None:
    """The studio is there, live, and nothing can be pressed that changes something."""
    expect(page.get_by_text(f"{who} · viewer")).to_be_visible()
    expect(page.get_by_text("You may look at everything here.")).to_be_visible()
    expect(page.get_by_role("button", name="A file with problems")).to_be_disabled()
    page.get_by_role("tab", name="Runs").click()  # its content comes by a stream of events
    expect(page.get_by_text("Runs are listed here as soon as there is one.")).to_be_visible()
    refused = page.request.get("/team", headers={"Accept": "text/html"})
    assert refused.status == 403 and "Owners may do this." in refused.text()


def pictures(page: Page, name: str) -> None:
    """Each page at a desk and on a phone, light and dark, for whoever looks at them."""
    for width, scheme in ((1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")):
        if PICTURES:
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.screenshot(path=Path(PICTURES) / f"{name}-{width}-{scheme}.png", full_page=True)
    page.set_viewport_size({"width": 1280, "height": 900})
    page.emulate_media(color_scheme="light")


@pytest.mark.e2e
def test_with_a_password_over_tls_somebody_looks_and_leaves(team: Studio, fresh: Callable[..., Page]):
    listening, port = free_socket()
    with tls.in_front_of(port) as secure:
        address = f"https://localhost:{secure}"
        with served(team, listening, Access(Mode.PASSWORD, addresses=(address,))):
            page = fresh(base_url=address)
            page.goto("/")
            expect(page).to_have_url(f"{address}/signin?next=/")
            pictures(page, "sign-in")
            page.get_by_label("Name").fill("Vi")
            page.get_by_label("Password").fill(GOOD)
            page.get_by_role("button", name="Sign in").click()
            looks_and_may_not_change(page, "Vi")
            kept = page.context.cookies()
            assert {cookie["name"] for cookie in kept} == {"__Host-studio", "__Secure-studio-known"}
            assert all(cookie["secure"] and cookie["httpOnly"] for cookie in kept)
            assert page.request.get("/signin").headers["strict-transport-security"]
            page.get_by_role("link", name="Your account").click()
            expect(page.get_by_role("heading", name="Your account")).to_be_visible()
            pictures(page, "account")
            page.get_by_role("link", name="Back to the studio").click()
            page.get_by_role("button", name="Sign out").click()
            expect(page).to_have_url(f"{address}/signin")
            page.goto("/")
            expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
            if PICTURES:
                page.get_by_label("Name").fill("Olga")
                page.get_by_label("Password").fill(GOOD)
                page.get_by_role("button", name="Sign in").click()
                page.goto("/team")
                pictures(page, "team")


@pytest.mark.e2e
def test_with_a_provider_somebody_comes_looks_and_leaves_both(team: Studio, fresh: Callable[..., Page], tmp_path: Path):
    listening, port = free_socket()
    here = f"http://127.0.0.1:{port}"
    with provider.running(tmp_path, back=f"{here}/signin/back", out=f"{here}/signin") as there:
        access = Access(Mode.OIDC, openid=OpenId(there.issuer, provider.CLIENT, provider.SECRET))
        with served(team, listening, access):
            page = fresh(base_url=here)
            page.goto("/")
            pictures(page, "elsewhere")
            page.get_by_role("link", name="Sign in at 127.0.0.1").click()
            page.get_by_label("Username").fill("ann")
            page.get_by_label("Password").fill(provider.PASSWORD)
            page.get_by_role("button", name="Sign in").click()
            looks_and_may_not_change(page, "ann@example.org")
            page.get_by_role("button", name="Sign out").click()
            expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
            pictures(page, "signed-out")
            page.get_by_role("link", name="Sign out at 127.0.0.1 too").click()
            expect(page).to_have_url(f"{here}/signin")
            page.get_by_role("link", name="Sign in at 127.0.0.1").click()
            expect(page.get_by_label("Username")).to_be_visible()


@pytest.mark.e2e
def test_whom_the_proxy_names_is_in_and_whoever_it_does_not_name_is_told_so(team: Studio, fresh: Callable[..., Page]):
    listening, port = free_socket()
    here = f"http://127.0.0.1:{port}"
    with served(team, listening, Access(Mode.PROXY, proxies=("127.0.0.1",))):
        stranger = fresh(base_url=here)
        stranger.goto("/")
        expect(stranger.get_by_text("You have no role here yet")).to_be_visible()
        pictures(stranger, "no-role")
        page = fresh(base_url=here, extra_http_headers={"X-Forwarded-User": "pat@example.org"})
        page.goto("/")
        looks_and_may_not_change(page, "pat@example.org")
        assert page.get_by_role("button", name="Sign out").count() == 0  # the proxy does that
