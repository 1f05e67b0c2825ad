"""Whatever hostile people wrote stands on every screen as text: it runs nothing, makes no element and calls nobody."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from studio.domain.access import Mode
from studio.store import cards
from studio.web.access.settings import Access
from tests.e2e.hostile_words import FOREIGN, MARK, SET, SHORT, Attacked, attacked, said
from tests.e2e.screens import button, note_errors, open_tab, picture
from tests.ui.rating_room import served

PATIENCE = 30_000
# Elements that an attack made, addresses that it put into the page, and whether a script of it ran.
HARM = f"""() => [
  ...document.querySelectorAll('[{MARK}], [href*="{FOREIGN}"], [src*="{FOREIGN}"], [href^="javascript:" i]')
].map((each) => each.outerHTML.slice(0, 200)).concat(typeof {SET} === 'undefined' ? [] : ['a script ran'])"""


@dataclass
class Watched:
    """A browser of an owner, and everything in it that an attack would have been the cause of."""

    page: Page
    address: str
    wrong: list[str] = field(default_factory=list)

    def watch(self) -> None:
        note_errors(self.page, self.wrong)
        self.page.on("dialog", self._dialog)
        self.page.on("request", lambda request: self._asked(request.url))

    def opens(self, path: str) -> None:
        self.page.goto(self.address + path)

    def unhurt(self, name: str) -> None:
        """The page as it is now, at a desk and on a phone."""
        picture(self.page, f"attacked-{name}")
        assert self.page.evaluate(HARM) == [] == self.wrong, name

    def shows(self, *places: str) -> None:
        """What was written in these places, to the letter."""
        for place in places:
            expect(self.page.get_by_text(said(place)).filter(visible=True).first).to_be_visible()

    def _asked(self, url: str) -> None:
        if urlsplit(url).scheme in ("http", "https") and not url.startswith(f"{self.address}/"):
            self.wrong.append(f"asked {url}")

    def _dialog(self, dialog) -> None:
        self.wrong.append(f"said {dialog.message}")
        dialog.dismiss()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Attacked, str]]:
    folder = tmp_path_factory.mktemp("attacked")
    with served(folder / "workspace", access=Access(mode=Mode.PASSWORD)) as (studio, address):
        yield attacked(studio, folder), address


@pytest.fixture(scope="module")
def seen(browser: Browser, made: tuple[Attacked, str]) -> Iterator[Watched]:
    known, address = made
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        context.add_cookies([{"name": f"studio-{urlsplit(address).port}", "value": known.sign_in, "url": address}])
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        watched = Watched(page, address)
        watched.watch()
        yield watched


def data(seen: Watched) -> None:
    seen.shows("File", "System", "Question", "Label 0")
    for text in (said("Role"), f"roken {SHORT}"):  # the place is marked in the middle of what was written
        expect(seen.page.locator(".refused")).to_contain_text(text)
    expect(seen.page.get_by_text("{{7*7}} {% raw %} ${7*7}").first).to_be_visible()
    seen.page.get_by_label("Run", exact=True).click()
    expect(seen.page.get_by_role("option", name=said("Failed"))).to_be_visible()
    seen.page.keyboard.press("Escape")


def inspect(seen: Watched) -> None:
    seen.shows("Question", "Label 0")
    expect(seen.page.locator(".seen .trained").first).to_be_visible()


def recipe(seen: Watched) -> None:
    expect(button(seen.page, "Start training")).to_be_enabled()
    button(seen.page, "Models: what there is").click()
    seen.page.get_by_text(re.compile(r"^All \d+ models in one table$")).click()
    seen.shows("Model")
    seen.page.get_by_label("Add a model of the hub").fill(f"/{said('Nowhere')}")
    button(seen.page, "Check and add").click()
    expect(seen.page.get_by_text(f"There is no folder /{said('Nowhere')}")).to_be_visible()


def train(seen: Watched) -> None:
    seen.shows("Run", "Watched", "Learned")
    button(seen.page, "Recipe and log").click()
    seen.shows("Worker")


def compare(seen: Watched) -> None:
    seen.shows("Criterion")
    button(seen.page, "Raters and their links").click()
    seen.shows("Rater", "Other")
    for folded in ("Rubric", "The best prompt", "1 prompt of your own, marked"):
        seen.page.locator("summary", has_text=folded).filter(visible=True).click()
    seen.shows("Rubric", "Instructions", "Own")


def verdict(seen: Watched) -> None:
    seen.shows("Reason", "Boss", "Question", "Answer of tuned", "Comment", "Board")
    button(seen.page, "A model's opinion").click()
    seen.shows("Wise", "Silent", "Again")
    button(seen.page, "What was done").click()
    seen.shows("Criterion", "Rubric")


def deliver(seen: Watched) -> None:
    seen.shows("Run", "Boss")


def chat(seen: Watched) -> None:
    seen.shows("Message", "Reply 0", "Reply 1")


def runs(seen: Watched) -> None:
    seen.shows("Run", "Failed", "Note")
    expect(seen.page.get_by_text(said("Tag")[:40]).filter(visible=True).first).to_be_visible()
    seen.page.get_by_role("button", name=said("Run"), exact=True).click()
    expect(seen.page.get_by_label("Notes")).to_have_value(re.compile(re.escape(said("Note"))))
    button(seen.page, "Space and bin").click()
    seen.shows("Binned")


TABS: dict[str, Callable[[Watched], None]] = {
    "Data": data, "Inspect": inspect, "Recipe": recipe, "Train": train, "Compare": compare, "Verdict": verdict,
    "Deliver": deliver, "Chat": chat, "Runs": runs,
}  # fmt: skip


@pytest.fixture(scope="module")
def studio(seen: Watched, made: tuple[Attacked, str]) -> Watched:
    """The studio, where somebody opened it at the attacked run."""
    seen.opens(f"/?data={made[0].dataset}&run={made[0].run}")
    expect(seen.page.get_by_label("Run", exact=True)).to_have_value(re.compile(re.escape(said("Run"))))
    return seen


@pytest.mark.parametrize("name", TABS)
def test_a_tab(studio: Watched, name: str) -> None:
    open_tab(studio.page, name)
    TABS[name](studio)
    studio.unhurt(name.lower())


def test_a_run_that_failed(seen: Watched, made: tuple[Attacked, str]) -> None:
    seen.opens(f"/?data={made[0].dataset}&run={made[0].failed}#train")
    seen.shows("Failed", "Happened", "Mend")
    seen.unhurt("failed")


def test_the_rating_page(seen: Watched, made: tuple[Attacked, str]) -> None:
    known, page = made[0], seen.page
    seen.opens(f"/rate/?t={known.rating}")
    seen.shows("Criterion", "Answer of tuned")
    page.get_by_text("Marks and a comment (optional)").click()
    page.get_by_label("Why?").fill(said("Said"))
    seen.unhurt("rate")
    page.wait_for_function("performance.now() - judged > 500")
    page.locator("#rate-left").click()
    expect(page.locator(".bar-words")).to_contain_text("Your card 2")
    assert [each.comment for each in cards.ratings(known.studio.store, known.open.id)] == [said("Said")]
    seen.unhurt("rated")
    seen.opens(f"/rate/?t={quote(SHORT)}")
    expect(page.locator("body")).to_contain_text("This link leads to no comparison.")
    seen.unhurt("rate-nowhere")


@pytest.mark.parametrize(
    ("name", "path", "places"),
    [
        ("report", "/report/{study}", ("Criterion", "Question", "Answer of tuned", "Comment", "Reason", "Boss")),
        ("verdict", "{verdict}", ("Criterion", "Question", "Answer of tuned", "Comment", "Reason", "Boss")),
        ("details", "{verdict}/details", ("Reason", "Boss")),
        ("team", "/team", ("Owner", "Viewer", "Key", "Guest", "Browser")),
        ("log", f"/team?log={quote(SHORT)}", ("Owner",)),
        ("account", "/account", ("Owner", "Key")),
    ],
)
def test_the_pages_of_their_own(
    seen: Watched, made: tuple[Attacked, str], name: str, path: str, places: tuple[str, ...]
) -> None:
    seen.opens(path.format(study=made[0].closed.id, verdict=made[0].verdict))
    seen.shows(*places)
    seen.unhurt(name)


def test_what_somebody_types_who_is_not_let_in(seen: Watched) -> None:
    seen.page.context.clear_cookies()
    seen.opens(f"/signin?next={quote(SHORT)}")
    seen.page.get_by_label("Name").fill(said("Stranger"))
    seen.page.get_by_label("Password").fill(SHORT)
    button(seen.page, "Sign in").click()
    expect(seen.page.get_by_role("alert")).to_be_visible()
    expect(seen.page.get_by_label("Name")).to_have_value(said("Stranger"))
    seen.unhurt("sign-in")


def test_the_check_itself_sees_what_an_attack_does(browser: Browser) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.set_content(f'{SHORT}<a href="javascript:1">press</a><a href="https://{FOREIGN}">look</a>')
        page.wait_for_function(f"typeof {SET} !== 'undefined'")
        assert len(page.evaluate(HARM)) == 4
