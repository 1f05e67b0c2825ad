"""Three people judge three comparisons blind in browsers, by keys and by touch, and each ends in its own verdict."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from studio.domain.study import TUNED, Choice, Guessed, Side, Study
from studio.flows import compare, invite, judge
from studio.flows.judge import Vote
from studio.flows.studio import Studio
from studio.store import cards, runs, tables
from tests.e2e.screens import note_errors
from tests.signed_in import for_playwright
from tests.ui.rating_room import LETTERS, door, open_study, served

PROMPTS = 30
BEFORE = {"Zoe": 11, "Cem": 9}  # what is judged before the browsers open; the tenth card of Cem is asked about
KEYS = {Side.LEFT: "ArrowLeft", Side.RIGHT: "ArrowRight"}
PATIENCE = 30_000
# Presses again half a second after the first press, when the next card has been there for less than that.
HASTY = """let pressed = null;
document.addEventListener('click', () => { pressed ??= performance.now(); }, true);
new MutationObserver((_, watching) => {
  if (document.querySelector('.bar-words')?.textContent.includes('Your card 2')) {
    watching.disconnect();
    setTimeout(() => {
      document.querySelector('#rate-left').click();
      window.pressedAgain = true;
    }, Math.max(0, pressed + 510 - performance.now()));
  }
}).observe(document, {childList: true, characterData: true, subtree: true})"""


@dataclass(frozen=True)
class Room:
    studio: Studio
    address: str


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with served(tmp_path_factory.mktemp("verdicts") / "workspace") as (studio, address):
        yield Room(studio, address)


@pytest.fixture(scope="module")
def people(browser: Browser) -> Iterator[tuple[Page, Page, Page, Page]]:
    """Ann, Ben on a phone, Cem, and the owner: each in a browser of their own; what fails in a page fails the test."""
    contexts, errors = [], list[str]()

    def new(width: int, height: int, *, has_touch: bool = False) -> Page:
        contexts.append(browser.new_context(viewport={"width": width, "height": height}, has_touch=has_touch))
        page = contexts[-1].new_page()
        page.set_default_timeout(PATIENCE)
        note_errors(page, errors)
        return page

    expect.set_options(timeout=PATIENCE)
    yield new(1280, 900), new(390, 844, has_touch=True), new(1280, 900), new(1280, 900)
    for context in contexts:
        context.close()
    assert not errors, errors


def prepared(studio: Studio, name: str, wins: Callable[[int], bool]) -> Study:
    """A comparison of which two people have judged most, by name."""
    study = open_study(studio, name=name, prompts=PROMPTS)
    for who, count in BEFORE.items():
        token = judge.named(studio, study.id, who).token
        held = judge.remaining_cards(studio, token)[:count]
        sides = {card.id: card.side for card in cards.dealt(studio.store, study.id)}
        votes = [Vote(card.id, _choice(sides[card.id], is_won=wins(n))) for n, card in enumerate(held)]
        judge.rate_all(studio, token, votes)
        _give_back(studio, study)
    return study


def _choice(tuned: Side, *, is_won: bool) -> Choice:
    return Choice((tuned if is_won else tuned.other).value)


def tuned_side(page: Page) -> Side:
    """Where the fine-tuned answer stands, which only the test can know, by its letters."""
    left = page.locator("#answer-left").inner_text()
    return Side.LEFT if 3 * LETTERS[TUNED] in left else Side.RIGHT


def judge_one(page: Page, *, is_won: bool, by_touch: bool = False) -> None:
    """Judge the card that is shown, and see that it was taken."""
    tuned = tuned_side(page)
    side, far = tuned if is_won else tuned.other, page.locator(".bar-words")
    shown = re.search(r"Your card [\d,]+", far.inner_text())  # its other words may change without a press
    assert shown is not None
    page.wait_for_function("performance.now() - judged > 500")  # what comes sooner is the second half of a double click
    if by_touch:
        page.locator(f"#rate-{side}").tap()
    else:
        page.keyboard.press(KEYS[side])
    expect(far).not_to_have_text(re.compile(rf"{shown[0]}(?!\d)"))  # its words run on without a blank between them


def _give_back(studio: Studio, study: Study) -> None:
    """Let go of all cards that somebody holds, as half an hour does."""
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    with studio.store.write() as connection:
        mine = tables.cards.c.study_id == study.id
        connection.execute(tables.cards.update().where(mine).values(at=long_ago))


@pytest.mark.parametrize(
    ("name", "wins", "headline"),
    [
        ("better", lambda number: True, "Ship it."),
        ("worse", lambda number: False, "Don't ship it."),
        ("alike", lambda number: number % 2 == 0, "Not yet."),
    ],
)
def test_three_people_end_a_comparison_in_the_verdict_that_they_gave(
    room: Room, people: tuple[Page, Page, Page, Page], name: str, wins: Callable[[int], bool], headline: str
) -> None:
    studio = room.studio
    study = prepared(studio, name, wins)
    ann, ben, cem, owner = people
    for page, token in ((ann, door(study)), (ben, door(study)), (cem, judge.named(studio, study.id, "Cem").token)):
        page.goto(f"{room.address}/rate/?t={token}")
        expect(page.locator("#answer-left")).to_contain_text("Answer-")

    ann.evaluate(HASTY)
    judge_one(ann, is_won=wins(0))
    ann.wait_for_function("window.pressedAgain")
    judge_one(ann, is_won=wins(1))
    held: list[Route] = []
    ben.route("**/run/predict*", lambda route: held.append(route), times=1)
    ben.locator("#rate-skip").tap()
    expect(ben.locator("body")).to_have_attribute(
        "data-taken", "yes"
    )  # the press was taken, while the answer is awaited
    held[0].continue_()
    expect(ben.locator("body")).not_to_have_attribute("data-taken", "yes")
    expect(ben.locator(".bar-words")).to_contain_text("Your card 2")
    judge_one(ben, is_won=wins(0), by_touch=True)
    assert ben.evaluate("document.documentElement.scrollWidth") <= 390
    judge_one(cem, is_won=wins(1))
    expect(cem.get_by_text("Which of the two you have just seen do you think came from the new model?")).to_be_visible()
    cem.wait_for_function("performance.now() - judged > 500")
    cem.keyboard.press("=")
    expect(cem.locator(".bar-words")).to_contain_text("Your card 11")

    given = cards.ratings(studio.store, study.id)
    assert len(given) == 20 + 2 + 2 + 1 and len({rating.rater for rating in given}) == 4
    assert [told.guessed for told in cards.suspicions(studio.store, study.id)] == [Guessed.UNSURE]
    ann.reload()
    expect(ann.locator(".bar-words")).to_contain_text("Your card 3")

    invite.revoke(studio, study.id, "Cem")
    cem.wait_for_function("performance.now() - judged > 500")
    cem.keyboard.press("ArrowLeft")
    expect(cem.locator(".toast-body")).to_contain_text("This link was taken back. Ask whoever sent it for a new one.")
    compare.close(studio, study.id)
    ann.wait_for_function("performance.now() - judged > 500")
    ann.keyboard.press("ArrowLeft")
    expect(ann.get_by_text("This comparison is closed.")).to_be_visible()
    assert len(cards.ratings(studio.store, study.id)) == len(given)
    data = runs.get(studio.store, study.run_id).dataset_id
    owner.context.add_cookies([for_playwright(room.studio, room.address)])
    owner.goto(f"{room.address}/?data={data}&run={study.run_id}#verdict")
    expect(owner.get_by_role("heading", name=headline).filter(visible=True)).to_be_visible()
