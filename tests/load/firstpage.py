"""First page: what a browser is sent until the studio can be used, beside a bare page of Gradio of that size (L12)."""

import re
from dataclasses import dataclass

import httpx
from playwright.sync_api import Page as Tab
from playwright.sync_api import sync_playwright

from tests.browser import find_browser
from tests.load import serving
from tests.load.filled import Filled, cookies
from tests.load.pages import Page
from tests.load.target import Row, seen

WIDTH, HEIGHT = 1280, 800


@dataclass(slots=True)
class Opened:
    """What went over the line for one opening, in megabytes and requests, and seconds until it could be used."""

    sent: float
    requests: int
    seconds: float


def opened(filled: Filled, pages: dict[str, Page]) -> list[Row]:
    """The first opening, with an empty cache, and the second; and how large the description of the page is."""
    with serving.studio(filled.folder) as server:
        (cookie,) = cookies(filled.folder, server.port, 1)
        ours = _twice(server.address, "tab", "Data", cookie)
        ours_config = _config(server.address, dict([cookie]))
    with serving.bare(pages[""]) as server:
        bare = _twice(server.address, "button", "Press", None)
        bare_config = _config(server.address, {})
    first, again = ours
    bare_first, bare_again = bare
    size = f"{pages[''].controls} controls, {len(pages[''].events)} events"
    return [
        seen("L12", f"a new browser can use the page ({size})", first.seconds, "s", bare=bare_first.seconds),
        seen("L12", f"what it is sent, in {first.requests} requests (bare Gradio: {bare_first.requests})", first.sent, "MB", bare=bare_first.sent),
        seen("L12", "one that was here before", again.seconds, "s", bare=bare_again.seconds),
        seen("L12", f"what that is sent, in {again.requests} requests (bare Gradio: {bare_again.requests})", again.sent, "MB", bare=bare_again.sent),
        seen("L12", "the description of the page, as it is sent", ours_config, "kB", bare=bare_config),
    ]  # fmt: skip


def _twice(address: str, role: str, name: str, cookie: tuple[str, str] | None) -> list[Opened]:
    found = find_browser()  # before Playwright is begun: it may ask one of its own
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT})
        if cookie:
            context.add_cookies([{"name": cookie[0], "value": cookie[1], "url": address}])
        opened = [_once(context.new_page(), address, role, name) for _ in range(2)]
        browser.close()
    return opened


def _once(tab: Tab, address: str, role: str, name: str) -> Opened:
    """Counted by the browser itself, since it alone knows what came compressed and what it had kept."""
    counted = {"bytes": 0, "requests": 0}
    line = tab.context.new_cdp_session(tab)
    line.send("Network.enable")

    def ended(event: dict) -> None:
        counted["bytes"] += event["encodedDataLength"]
        counted["requests"] += event["encodedDataLength"] > 0

    line.on("Network.loadingFinished", ended)
    tab.goto(address)
    tab.get_by_role(role, name=re.compile(f"^{name}$")).first.wait_for()
    seconds = tab.evaluate("performance.now() / 1000")
    tab.wait_for_timeout(1000)  # what comes just afterwards belongs to it
    tab.close()
    return Opened(counted["bytes"] / 1e6, counted["requests"], seconds)


def _config(address: str, known: dict[str, str]) -> float:
    """Kilobytes of /config over the line."""
    with httpx.stream("GET", f"{address}/config", cookies=known, timeout=60) as answer:
        answer.raise_for_status()
        return sum(map(len, answer.iter_raw())) / 1e3
