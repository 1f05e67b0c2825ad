"""Signing in, in a real browser: with a password over TLS, with an OpenID provider, and by a proxy that says who it is."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, Request, Route, expect

from studio.domain.access import SIGN_IN_FIRST, Mode, Role
from studio.flows import people, signing
from studio.flows.studio import Studio, open_studio
from studio.web.access.settings import Access, OpenId
from studio.web.app import build_app
from studio.web.serve import behind_proxies
from tests import provider, tls
from tests.listening import free_socket, listening

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


def served(studio: Studio, place: socket.socket, access: Access) -> AbstractContextManager[int]:
    app = behind_proxies(build_app(studio, access=access), access)
    return listening(app, on=place, proxy_headers=False)


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


@pytest.fixture(scope="module")
def by_password(team: Studio) -> Iterator[str]:
    """The address under which the studio takes names and passwords, over TLS."""
    place = free_socket()
    with tls.in_front_of(place.getsockname()[1]) as secure:
        address = f"https://localhost:{secure}"
        with served(team, place, Access(Mode.PASSWORD, addresses=(address,))):
            yield address


@pytest.mark.e2e
def test_with_a_password_over_tls_somebody_looks_and_leaves(by_password: str, fresh: Callable[..., Page]):
    page = fresh(base_url=by_password)
    page.goto("/")
    expect(page).to_have_url(f"{by_password}/signin?next=/")
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
    expect(page).to_have_url(f"{by_password}/signin")
    page.goto("/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    if PICTURES:
        page.get_by_label("Name").fill("Olga")
        page.get_by_label("Password").fill(GOOD)
        page.get_by_role("button", name="Sign in").click()
        page.goto("/team")
        pictures(page, "team")


LINE = "**/gradio_api/{queue/data,app_id}*"  # on which answers come, and by which a page asks whether the studio is there again
JOIN = "**/gradio_api/queue/join*"


@pytest.mark.e2e
def test_what_is_filled_in_stays_while_a_sign_in_has_ended_or_the_line_is_lost_and_goes_through_later(
    team: Studio, by_password: str, fresh: Callable[..., Page]
):
    page, lines = fresh(base_url=by_password), set[Request]()
    page.on("request", lambda request: lines.add(request) if "queue/data" in request.url else None)
    for ended in ("requestfinished", "requestfailed"):
        page.on(ended, lambda request: lines.discard(request))
    sign_in(page)
    page.goto("/")
    page.get_by_role("tab", name="Runs").click()
    expect(page.get_by_text("Runs are listed here as soon as there is one.")).to_be_visible()
    page.get_by_role("button", name="Space and bin").click()
    expect(page.get_by_text("no limit but the disk")).to_be_visible()
    budget, save = page.get_by_label("The workspace may take"), page.get_by_role("button", name="Save", exact=True)
    lost, back = (page.get_by_text(said) for said in ("Connection to the server was lost", "The studio answers again"))

    page.evaluate(
        "window.said = '', new MutationObserver(() => document.querySelectorAll('.toast-body')"
        ".forEach((each) => window.said += each.textContent)).observe(document, {childList: true, subtree: true})"
    )
    budget.fill("50 GB")
    for each, _ in signing.signed_in(team, Mode.PASSWORD):
        signing.end(team, each.id)
    save.click()
    expect(page.get_by_text(SIGN_IN_FIRST)).to_have_count(1)
    pictures(page, "sign-in-ended")
    sign_in(page)
    pressed_until(page.get_by_text("50.0 GB at most"), save)
    said = page.evaluate("window.said")
    assert SIGN_IN_FIRST in said and "Connection to the server was lost" not in said

    def is_ours(request: Request) -> bool:
        return "queue/join" in request.url and "60 GB" in (request.post_data or "")

    on_its_way: list[Route] = []
    page.route(JOIN, lambda route: on_its_way.append(route) if is_ours(route.request) else route.continue_())
    budget.fill("60 GB")
    with page.expect_request(is_ours):
        save.click()
    page.route(LINE, lambda route: route.abort())
    while lines:  # on which the last answer came; the next is opened for the next question
        page.wait_for_timeout(20)
    for _ in ("closed", "opened"):  # which is asked of the server
        page.get_by_role("button", name="Space and bin").click()
    expect(lost).to_be_visible()
    with page.expect_response(lambda response: is_ours(response.request)):  # accepted just when the line was lost
        on_its_way.pop().continue_()
    page.unroute(JOIN)
    page.unroute(LINE)
    expect(back).to_be_visible()
    expect(lost).to_have_count(0)
    pictures(page, "line-back")
    expect(budget).to_have_value("60 GB")
    save.click()
    expect(page.get_by_text("60.0 GB at most")).to_be_visible()


def sign_in(page: Page) -> None:
    """As another tab of the same browser does it."""
    own = page.context.request
    address = own.get("/signin").url.removesuffix("/signin")
    assert own.post("/signin", form={"name": "Olga", "password": GOOD}, headers={"Origin": address}).ok


def pressed_until(done: Locator, press: Locator) -> None:
    """Press anew, as the page asks for, until it is taken: what was on its way may say once more that the sign-in had ended."""
    for _ in range(6):
        press.click()
        with suppress(AssertionError):
            expect(done).to_be_visible(timeout=4_000)
            return
    expect(done).to_be_visible()


@pytest.mark.e2e
def test_with_a_provider_somebody_comes_looks_and_leaves_both(team: Studio, fresh: Callable[..., Page], tmp_path: Path):
    place = free_socket()
    here = f"http://127.0.0.1:{place.getsockname()[1]}"
    with provider.running(tmp_path, back=f"{here}/signin/back", out=f"{here}/signin") as there:
        access = Access(Mode.OIDC, openid=OpenId(there.issuer, provider.CLIENT, provider.SECRET))
        with served(team, place, access):
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
    place = free_socket()
    here = f"http://127.0.0.1:{place.getsockname()[1]}"
    with served(team, place, Access(Mode.PROXY, proxies=("127.0.0.1",))):
        stranger = fresh(base_url=here)
        stranger.goto("/")
        expect(stranger.get_by_text("You have no role here yet")).to_be_visible()
        pictures(stranger, "no-role")
        page = fresh(base_url=here, extra_http_headers={"X-Forwarded-User": "pat@example.org"})
        page.goto("/")
        looks_and_may_not_change(page, "pat@example.org")
        assert page.get_by_role("button", name="Sign out").count() == 0  # the proxy does that
