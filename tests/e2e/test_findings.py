"""Every kind of finding in a real browser: opened, seen where it is meant, acted on, counted again, and taken back."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from studio.domain.finding import FindingKind as K
from tests.e2e import planted
from tests.e2e.conftest import RunningStudio
from tests.e2e.screens import DESK, button, note_errors, open_tab, picture
from tests.signed_in import for_playwright

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

MARKED = {
    K.SECRET: "AKI•••", K.PERSONAL: "m•••@f•••.net", K.CONFLICT: "Yes", K.TOKENS: "<|im_end|>",
    K.PLACEHOLDER: "[INSERT NAME HERE]", K.EMPTY: "...", K.CUT_SHORT: "of the poles and then",
    K.REPEATS: "Where does the path behind the house lead?", K.REFUSAL: "I cannot help with that",
    K.SELF_REFERENCE: "As an AI language model", K.TOXIC: "assholes", K.LANGUAGE: "Le colis a quitté",
    K.LABELS: "Billing", K.FORMAT: "category:", K.ROLE_ORDER: "Assistant:", K.ONE_WORD: "Yes",
    K.SPACES: "", K.LANGUAGE_MIX: "Le colis a quitté",
}  # fmt: skip
COMPARED = {K.NEAR_EXACT_DUPLICATE: ("?", "WHICH"), K.NEAR_DUPLICATE: ("courier", "corier")}
BESIDE = {K.EXACT_DUPLICATE: 3, K.VARIETY: 2}
JUDGED = {K.SWAPPED_PAIR: "No, we are closed then.", K.SAME_PAIR: "Yes,", K.FAMILY: "kettle"}
SUM = "Lines with something in them (adds up)"


@pytest.fixture(scope="module")
def visitor(browser: Browser, studio: RunningStudio) -> Iterator[Page]:
    """One visitor for all of these tests; whatever the console calls an error fails them."""
    context = browser.new_context(viewport=DESK)
    context.add_cookies([for_playwright(studio.workspaces, studio.address)])
    page = context.new_page()
    page.set_default_timeout(60_000)
    expect.set_options(timeout=60_000)
    errors: list[str] = []
    note_errors(page, errors)
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.goto(studio.address)
    expect(page.get_by_label("Model", exact=True)).to_have_value(re.compile("Pebble"))
    yield page
    context.close()
    assert not errors, errors


def test_what_is_meant_is_marked_for_every_kind_of_finding(visitor: Page, tmp_path: Path) -> None:
    bring(visitor, planted.write(tmp_path / "chat.jsonl", planted.chat_lines()))
    expect(
        visitor.get_by_text("Most worth mending: 1 row holds a password or a key (mask, or leave out).")
    ).to_be_visible()
    name_of(visitor, K.CONFLICT).click()  # and at once another, while the first is on its way
    for kind, text in MARKED.items():
        expect(opened(visitor, kind).locator("mark", has_text=text).first).to_be_visible()
    for kind, (gone, new) in COMPARED.items():
        rows = opened(visitor, kind)
        expect(rows.locator("del", has_text=gone).first).to_be_visible()
        expect(rows.locator("ins", has_text=new).first).to_be_visible()
    for kind, rows in BESIDE.items():
        expect(opened(visitor, kind).locator(".chat")).to_have_count(rows)
    picture(visitor, "inspect-findings")


def test_an_action_changes_the_counts_and_not_their_sum_and_is_undone(visitor: Page) -> None:
    before = ledger(visitor)
    assert 2 * before[SUM] == sum(before.values()) and before[SUM] == len(planted.chat_lines())
    press(visitor, K.REFUSAL, "Leave 1 row out", then="Take 1 row back")
    expect(lines_in(visitor, "Left out by you")).to_have_text("1")
    assert sum(ledger(visitor).values()) == sum(before.values())
    line = planted.line_of(planted.chat_lines(), "I cannot help")
    assert reasons(visitor, "Left out by you") == {line: "Left out by you: refusals, all that were found."}
    button(visitor, "Undo the last change").click()
    expect(act_of(visitor, K.REFUSAL)).to_have_text("Leave 1 row out")
    expect(lines_in(visitor, "Left out by you")).to_have_text("0")
    assert ledger(visitor) == before


def test_copies_say_which_line_they_repeat_and_how_exactly(visitor: Page) -> None:
    first = planted.line_of(planted.chat_lines(), "Which oil is best for oak?")
    exactly, nearly = f"Word for word the same as line {first}, which is kept.", f"The same as line {first} but for"
    said = reasons(visitor, "Duplicate of another row")
    assert [said[first + 1], said[first + 2]] == [exactly, exactly] and said[first + 3].startswith(nearly)


def test_what_was_masked_is_found_no_more_until_it_is_undone(visitor: Page) -> None:
    press(visitor, K.SECRET, "Mask in 1 row")
    expect(name_of(visitor, K.SECRET)).to_have_count(0)
    expect(visitor.locator("ins", has_text="[").first).to_be_visible()
    button(visitor, "Undo the last change").click()
    expect(name_of(visitor, K.SECRET)).to_be_visible()


def test_the_keyboard_opens_a_finding_leaves_a_row_out_and_keeps_its_place(visitor: Page) -> None:
    name_of(visitor, K.CONFLICT).focus()
    visitor.keyboard.press("Enter")
    expect(heading_of(visitor, K.CONFLICT)).to_be_focused()
    walk_to(visitor, visitor.get_by_role("button", name="Next →").first)
    visitor.keyboard.press("Enter")
    expect(rows_shown(visitor).locator("mark", has_text="Lyon")).to_be_visible()
    line = planted.line_of(planted.chat_lines(), "harbour of Nantes")
    tick = rows_shown(visitor).get_by_role("checkbox", name=f"line {line}", exact=True)
    walk_to(visitor, tick)
    visitor.keyboard.press("Space")
    expect(lines_in(visitor, "Left out by you")).to_have_text("1")
    expect(tick).to_be_checked()
    expect(tick).to_be_focused()
    assert reasons(visitor, "Left out by you") == {line: "Left out by you: contradiction, picked by hand."}
    tick.focus()
    visitor.keyboard.press("Space")
    expect(lines_in(visitor, "Left out by you")).to_have_text("0")
    expect(tick).to_be_focused()


def test_pairs_of_answers_are_marked_where_they_are_at_odds(visitor: Page, tmp_path: Path) -> None:
    open_tab(visitor, "Data")
    bring(visitor, planted.write(tmp_path / "pairs.jsonl", planted.pair_lines()))
    for kind, text in JUDGED.items():
        expect(opened(visitor, kind).locator("mark", has_text=text).first).to_be_visible()
    expect(opened(visitor, K.PERSONAL).locator(".worse mark", has_text="•••")).to_be_visible()
    picture(visitor, "inspect-pairs")


def bring(page: Page, file: Path) -> None:
    """Bring a file and wait until Inspect has counted all of it."""
    with page.expect_file_chooser() as chooser:
        button(page, "Click to Upload").first.click()
    chooser.value.set_files(file)
    expect(page.get_by_role("heading", name=file.stem, exact=True)).to_be_visible()
    expect(page.get_by_text(re.compile("rows were understood|could not be used"))).to_be_visible()
    open_tab(page, "Inspect")
    expect(page.get_by_role("cell", name=SUM)).to_be_visible()


def name_of(page: Page, kind: K) -> Locator:
    return page.locator(f"ul.findings button.link[data-kind={kind.value}]")


def act_of(page: Page, kind: K) -> Locator:
    return page.locator(f"ul.findings .act button[data-kind={kind.value}]")


def heading_of(page: Page, kind: K) -> Locator:
    return page.locator(f"h3.picked[data-kind={kind.value}]")


def rows_shown(page: Page) -> Locator:
    return page.locator(".pages:visible").first


def opened(page: Page, kind: K) -> Locator:
    """The rows of a finding, once it was opened by its name and whoever opened it was led there."""
    name_of(page, kind).click()
    expect(heading_of(page, kind)).to_be_focused()
    expect(heading_of(page, kind)).to_be_in_viewport()
    return rows_shown(page)


def press(page: Page, kind: K, label: str, *, then: str = "") -> None:
    """Do what is offered about a finding; the focus stays where it was, also when another thing is offered next."""
    act_of(page, kind).focus()
    expect(act_of(page, kind)).to_have_text(label)
    page.keyboard.press("Enter")
    if then:
        expect(act_of(page, kind)).to_have_text(then)
        expect(act_of(page, kind)).to_be_focused()


def walk_to(page: Page, there: Locator) -> None:
    """Press Tab until something has the focus."""
    for _ in range(12):
        page.keyboard.press("Tab")
        if there.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"{there} is not reached by Tab")


def place(page: Page, name: str) -> Locator:
    """One line of the ledger."""
    return page.get_by_role("row").filter(has=page.get_by_role("cell", name=name, exact=True))


def lines_in(page: Page, name: str) -> Locator:
    return place(page, name).get_by_role("cell").nth(1)


def ledger(page: Page) -> dict[str, int]:
    rows = page.locator("table.plain", has_text="With line and reason").locator("tbody tr").all()
    told = [row.get_by_role("cell").all_inner_texts() for row in rows]
    return {name: int(count.replace(",", "")) for name, count, *_ in told}


def reasons(page: Page, name: str) -> dict[int, str]:
    """What the file of one place of the ledger says of each line."""
    with page.expect_download() as download:
        place(page, name).get_by_role("link", name="CSV").click()
    said = Path(download.value.path()).read_text(encoding="utf-8-sig")
    return {int(row["line"]): row["reason"] for row in csv.DictReader(io.StringIO(said))}
