"""The whole journey in a real browser, on a model that is really fine-tuned; the steps build on each other."""

import json
import re
import sqlite3
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect

from tests.e2e.conftest import RunningStudio
from tests.e2e.screens import (
    PHONE,
    PICTURES,
    SLOW_LINE,
    bring_sample,
    button,
    note_errors,
    open_tab,
    picture,
    selected,
    set_advanced,
    set_number,
)
from tests.signed_in import for_playwright

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
PASSES, STEPS_PER_PASS = "2", 45
TRIAGE_LINES = re.compile(r"category: \w+\s+priority: \w+\s+team: \w+")


@pytest.fixture(scope="module")
def page(visitor: BrowserContext, studio: RunningStudio) -> Iterator[Page]:
    """One visitor whose page stays open from step to step, but where arriving is what is tested; console errors fail them."""
    visitor.add_cookies([for_playwright(studio.workspaces, studio.address)])
    opened = visitor.new_page()
    opened.set_default_timeout(60_000)
    expect.set_options(timeout=60_000)
    errors: list[str] = []
    note_errors(opened, errors)
    visit(opened, studio)
    yield opened
    opened.close()
    assert not errors, errors


def visit(page: Page, studio: RunningStudio) -> None:
    """Arrive as somebody who was never here before."""
    if page.url.startswith(studio.address):
        page.evaluate("localStorage.clear(); sessionStorage.clear()")
    page.goto(studio.address)
    expect(page.get_by_label("Model", exact=True)).to_have_value(re.compile("Pebble"))


def test_a_newcomer_sees_what_to_do_first(page: Page, studio: RunningStudio) -> None:
    expect(page.get_by_text("Nothing here yet.")).to_be_visible()
    picture(page, "data-empty")
    for tab, says in (("Inspect", "Nothing to inspect yet."), ("Train", "No run yet."), ("Verdict", "No verdict yet.")):
        open_tab(page, tab)
        expect(page.get_by_text(says)).to_be_visible()


def test_a_bad_line_is_named_and_the_good_rows_stay(page: Page, studio: RunningStudio, tmp_path: Path) -> None:
    open_tab(page, "Data")
    broken = tmp_path / "broken.jsonl"
    good = {"messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Good day."}]}
    broken.write_text(f'{json.dumps(good)}\n{{"messages": [,]}}\n{json.dumps(good)}\n')
    with page.expect_file_chooser() as chooser:
        button(page, "Click to Upload").first.click()
    chooser.value.set_files(broken)
    expect(page.get_by_text("2 rows are in, 1 line could not be used.")).to_be_visible()
    expect(page.get_by_text("Line 2, column 15")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download all refused lines").click()
    assert json.loads(Path(download.value.path()).read_text())["line"] == 2


def test_the_messy_sample_shows_its_faults(page: Page, studio: RunningStudio) -> None:
    """Pressed at the moment in which the line of the answers before is being closed."""
    page.evaluate(SLOW_LINE)
    open_tab(page, "Runs")
    page.wait_for_function("window.closing")
    open_tab(page, "Data")
    bring_sample(page, "A file with problems")
    picture(page, "data-messy")
    open_tab(page, "Inspect")
    expect(page.get_by_text("Most worth mending: 8 rows hold personal data")).to_be_visible()
    expect(page.get_by_role("heading", name="8 rows hold personal data")).to_be_visible()
    expect(page.get_by_role("checkbox", name="line 25")).to_be_visible()
    expect(page.get_by_text("adds up")).to_be_visible()
    picture(page, "inspect-messy")


def test_the_address_and_the_back_button_know_the_open_tab(page: Page, studio: RunningStudio) -> None:
    open_tab(page, "Compare")
    open_tab(page, "Recipe")
    expect(page).to_have_url(re.compile("#recipe$"))
    page.reload()
    expect(selected(page, "Recipe")).to_be_visible()
    page.go_back()
    expect(selected(page, "Compare")).to_be_visible()
    page.goto(studio.address + "/#no-such-tab")
    expect(selected(page, "Data")).to_be_visible()
    expect(page).to_have_url(re.compile("#data$"))
    page.go_back()
    expect(selected(page, "Compare")).to_be_visible()


def test_who_goes_on_before_the_page_has_been_told_all_is_not_thrown_back(page: Page, studio: RunningStudio) -> None:
    """Nothing that the page asks on arrival is answered until somebody has gone on to another tab."""
    held, holding = list[Route](), True
    page.route("**/gradio_api/run/**", lambda route: held.append(route) if holding else route.continue_())
    page.reload()
    expect(selected(page, "Compare")).to_be_visible()
    open_tab(page, "Inspect")
    holding = False
    for route in held:
        route.continue_()
    expect(page.locator("#header").get_by_text("disk free")).to_be_visible()
    expect(selected(page, "Inspect")).to_be_visible()
    page.unroute_all(behavior="wait")  # or else what is asked while a server is gone would wait for the next one


def test_the_keyboard_passes_the_pickers_without_leaving_lists_open(page: Page, studio: RunningStudio) -> None:
    open_tab(page, "Data")
    page.get_by_label("Examples", exact=True).focus()
    for _ in range(3):
        page.keyboard.press("Tab")
    expect(page.get_by_role("tab", name="Data", exact=True).last).to_be_focused()
    expect(page.get_by_role("option")).to_have_count(0)


def test_triage_is_inspected(page: Page, studio: RunningStudio) -> None:
    bring_sample(page, "Sort customers' messages")
    picture(page, "data")
    button(page, "Continue to Inspect").click()
    expect(page.get_by_text("360 training rows are usually enough for a format")).to_be_visible()
    page.wait_for_function("window.scrollY === 0")
    expect(page.locator(".seen")).to_contain_text("category: ")
    expect(page.locator(".seen .trained").first).to_be_visible()
    expect(page.locator(".chart svg").first).to_be_visible()
    expect(page.get_by_role("button", name="Share")).to_have_count(0)
    picture(page, "inspect")


def test_a_value_out_of_bounds_is_refused_at_its_control(page: Page, studio: RunningStudio) -> None:
    visit(page, studio)
    page.evaluate(NOTE_FIRST_PLAN)
    open_tab(page, "Recipe")
    expect(button(page, "Start training")).to_be_enabled()
    planned, passes = page.evaluate("firstPlan"), page.get_by_label("Passes over your data").first.input_value()
    assert "Your own values" not in planned and f"{STEPS_PER_PASS * int(passes)}\n{STEPS_PER_PASS} per pass" in planned
    picture(page, "recipe")
    balanced = page.get_by_role("radio", name="Balanced")
    set_number(page, "Passes over your data", "1")
    expect(page.get_by_text("Your own values.")).to_be_visible()
    expect(balanced).not_to_be_checked()
    balanced.check()
    expect(page.get_by_label("Passes over your data").first).not_to_have_value("1")
    set_number(page, "Adapter rank", "9999")
    expect(page.get_by_text("must be at most 256").first).to_be_visible()
    expect(button(page, "Start training")).to_be_disabled()


def test_two_clicks_make_one_run_and_the_curve_is_live(page: Page, studio: RunningStudio) -> None:
    visit(page, studio)
    open_tab(page, "Recipe")
    expect(button(page, "Start training")).to_be_enabled()
    set_advanced(page, "Checks during the run", "4")
    set_number(page, "Passes over your data", PASSES)
    expect(page.locator(".figure", has_text="Steps").get_by_text("90")).to_be_visible()  # in 2 passes
    button(page, "Start training").dblclick()
    expect(page.get_by_text("Stop and keep the best")).to_be_visible()
    expect(page.locator(".chart svg").first).to_be_visible(timeout=200_000)
    picture(page, "train-live")
    page.get_by_label("Run", exact=True).click()
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Escape")


def test_the_zoom_stays_while_the_curve_grows(page: Page, studio: RunningStudio) -> None:
    open_tab(page, "Train")
    expect(page.locator(".chart svg").first).to_be_visible(timeout=200_000)
    at = page.evaluate("[...document.querySelectorAll('.chart')].findIndex((c) => c.offsetParent && c.data)")
    the_chart = f"document.querySelectorAll('.chart')[{at}]"
    whole = page.evaluate(f"{the_chart}.layout.xaxis.range")
    drag_across(page, page.locator(".chart .nsewdrag:visible").first)
    zoomed = page.evaluate(f"{the_chart}.layout.xaxis.range")
    assert whole[0] < zoomed[0] < zoomed[1] < whole[1]
    before = page.evaluate(f"{the_chart}.data[0].x.length")
    page.wait_for_function(f"{the_chart}.data[0].x.length > {before}", timeout=200_000)
    assert page.evaluate(f"{the_chart}.layout.xaxis.range") == zoomed


def test_killing_the_web_process_changes_nothing_about_the_run(page: Page, studio: RunningStudio) -> None:
    worker = studio.worker()
    assert worker is not None, "the run ended before it could be tested"
    open_tab(page, "Runs")
    button(page, "Space and bin").click()
    expect(page.get_by_text("no limit but the disk")).to_be_visible()
    page.get_by_label("The workspace may take").fill("50 GB")
    page.evaluate("window.isOld = true")
    studio.kill()
    studio.start()
    page.wait_for_function("!window.isOld")  # the tab that was left open comes back by itself
    assert worker.is_running()
    carried = page.get_by_role("status").filter(has_text="what you had typed")
    expect(carried).to_contain_text("50 GB")
    button(carried, "Close").click()
    open_tab(page, "Train")
    expect(page.get_by_text("Stop and keep the best")).to_be_visible()
    assert studio.worker() == worker


def test_a_killed_worker_is_told_in_words_and_goes_on(page: Page, studio: RunningStudio) -> None:
    open_tab(page, "Train")
    page.get_by_text("Checkpoints", exact=True).click()
    saved = page.locator("table.plain").filter(has_text="On disk").locator("tbody tr")
    expect(saved.first).to_be_visible(timeout=200_000)
    worker = studio.worker()
    assert worker is not None
    worker.kill()
    expect(page.get_by_text(re.compile("was killed.*It went on by itself from the last checkpoint"))).to_be_visible()
    button(page, "Pause").click()
    expect(page.get_by_text("Paused.")).to_be_visible(timeout=200_000)
    picture(page, "train-paused")
    button(page, "Resume").click()
    if PICTURES is None:  # a picture shows a run that went on to its end, as those of other files do
        halfway = page.get_by_role("cell", name=str(STEPS_PER_PASS), exact=True)
        expect(saved.filter(has=halfway)).to_be_visible(timeout=200_000)
        button(page, "Stop and keep the best").click()
    expect(page.get_by_text("Stopped by you." if PICTURES is None else "Finished.")).to_be_visible(timeout=400_000)
    picture(page, "train")


def test_answers_are_written_and_rated_blind(browser: Browser, page: Page, studio: RunningStudio) -> None:
    open_tab(page, "Compare")
    expect(page.get_by_label("Prompts", exact=True)).to_have_value("24")
    expect(page.get_by_text("the evidence must reach 40 to 1")).to_be_visible()
    button(page, "Best prompt").click()
    expect(page.get_by_label("Instructions to the base model")).to_have_value(re.compile("Answer with exactly 3 lines"))
    picture(page, "compare-new")
    for cheaper in ("with its best prompt", "with examples in its prompt"):
        page.get_by_role("checkbox", name=f"The base model {cheaper}").uncheck()
    expect(page.get_by_text("cannot say that training beats what costs less")).to_be_visible()
    button(page, "Freeze the comparison").click()
    expect(page.get_by_text("Open for rating.")).to_be_visible(timeout=300_000)
    picture(page, "compare")
    button(page, "Make another comparison").click()
    expect(button(page, "Freeze the comparison")).to_have_class(re.compile("secondary"))
    address = page.get_by_role("link", name="Rate now").get_attribute("href")
    assert address is not None
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        rater = context.new_page()
        rater.add_init_script(HEAR)
        rater.goto(studio.address + address)
        expect(rater.locator("#answer-left")).to_be_visible()
        rate_some(rater, 3)
        picture(rater, "rate")
        rater.evaluate("judged = performance.now() + 1e6")  # as if the card before had been judged this very moment
        rater.keyboard.press("ArrowLeft")
        rater.evaluate("judged = -Infinity")
        rate_some(rater, 1)
        expect(rater.get_by_text("Your card 5")).to_be_visible()
        rater.keyboard.press("u")
        expect(rater.get_by_text("Your card 4")).to_be_visible()
        rater.keyboard.press("u")
        expect(rater.get_by_text("Your card 3")).to_be_visible()
        whole = heard_by(rater)
        rater.reload()
        expect(rater.get_by_text("Your card 3")).to_be_visible()
        rater.set_viewport_size(PHONE)
        rate_some(rater, 26)
        expect(rater.get_by_text("You have judged all that can come to you")).to_be_visible()
        expect(rater.locator("body")).not_to_have_attribute("data-taken", "yes")
        whole += heard_by(rater) + "".join(
            fetched(studio.address + path) for path in (address, f"/rate/config?{address.partition('?')[2]}")
        )
    assert "answer-left" in whole, "nothing was heard, so nothing was proved"
    for secret in secrets_of(studio):
        assert secret not in whole, f"the rater's browser was told {secret}"
    assert not re.search(r"\btuned|adapter|\blora\b|checkpoint|base[ _-](model|answer)", whole, re.IGNORECASE)


def test_the_verdict_is_told_after_closing(page: Page, studio: RunningStudio) -> None:
    open_tab(page, "Verdict")
    expect(page.get_by_text("No verdict yet: everything is judged.")).to_be_visible()
    open_tab(page, "Compare")
    button(page, "Close the rating and reveal").click()
    button(page, "Yes, close and show the verdict").click()
    expect(page.get_by_role("heading", name="Ship it.")).to_be_visible()
    picture(page, "verdict")
    with page.expect_download() as download:
        page.get_by_role("link", name="Report as a web page").click()
    report = Path(download.value.path()).read_text()
    assert "Ship it." in report and "http" not in report.replace("http-equiv", "")
    with page.expect_download() as download:
        page.get_by_role("link", name="Votes for a spreadsheet (CSV)").click()
    assert len(Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()) > 24


def test_the_adapter_is_delivered(page: Page, studio: RunningStudio) -> None:
    open_tab(page, "Deliver")
    button(page, "Deliver").click()
    expect(page.get_by_role("heading", name="Delivered")).to_be_visible(timeout=120_000)
    picture(page, "deliver")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download", exact=True).click()
    assert download.value.suggested_filename.endswith("-adapter.zip")


def test_the_base_and_the_checkpoint_are_talked_with_beside_each_other(page: Page, studio: RunningStudio) -> None:
    """Typed at once, before anything there is drawn for the run, and on a line whose closing is told late."""
    page.evaluate(SLOW_LINE)
    open_tab(page, "Deliver")
    button(page, "Ask both models something").click()
    page.get_by_label("Message").fill("Hello, my kettle arrived broken. Can you help?")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Right", exact=True)).to_have_value(re.compile(r"^triage-1, step \d+ \(best\)$"))
    answered = page.locator(".said.learned").filter(has_text="adapter").filter(has_text="on")
    expect(answered.filter(has_text="category: ")).to_be_visible(timeout=120_000)
    expect(page.locator(".said.base").filter(has_text="adapter off")).to_be_visible()
    expect(page.locator(".said .wrong")).to_have_count(0)
    picture(page, "chat")


def drag_across(page: Page, plot: Locator) -> None:
    """Zoom as a reader does: press, drag over the middle of the plot, let go."""
    box = plot.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.8 * box["height"], steps=8)
    page.mouse.up()


# What stands on Recipe in the very moment in which a run can be started.
NOTE_FIRST_PLAN = """() => {
  window.firstPlan = '';
  const seen = new MutationObserver(() => requestAnimationFrame(() => {
    const start = [...document.querySelectorAll('button')].find((b) => b.innerText === 'Start training' && !b.disabled);
    if (start?.offsetParent) window.firstPlan ||= start.closest('[role=tabpanel]').innerText;
  }));
  seen.observe(document.body, {subtree: true, childList: true, attributes: true});
}"""


HEAR = """
window.heard = [];
const parse = JSON.parse;
JSON.parse = (text, ...rest) => { window.heard.push(String(text)); return parse(text, ...rest); };
"""


def heard_by(page: Page) -> str:
    """Everything that the page's scripts have read since it was loaded: configuration, events, answers."""
    return "\n".join(page.evaluate("window.heard")) + page.content()


MOVED = "(document.querySelector('.rate-card')?.innerText ?? '') !== before"
ASKED = "!!document.getElementById('rate-guess')?.offsetParent"  # which side they suspect, now and then


def rate_some(page: Page, count: int) -> None:
    """Judge as somebody would who wants the three lines: by key, waiting for each next card and looking at it."""
    for _ in range(count):
        page.wait_for_function("performance.now() - judged > 500")
        shown = page.locator(".rate-card").inner_text()
        left, right = page.locator("#answer-left").inner_text(), page.locator("#answer-right").inner_text()
        prefers = [bool(TRIAGE_LINES.search(answer)) for answer in (left, right)]
        page.keyboard.press(
            "ArrowLeft" if prefers == [True, False] else "ArrowRight" if prefers == [False, True] else "="
        )
        page.wait_for_function(f"(before) => ({ASKED}) || ({MOVED})", arg=shown)
        if page.evaluate(ASKED):
            page.wait_for_function("performance.now() - judged > 500")
            page.keyboard.press("=")  # no idea which side is the new model
            page.wait_for_function(f"(before) => {MOVED}", arg=shown)
        if page.get_by_text("You have judged all that can come to you").is_visible():
            return


def fetched(address: str) -> str:
    with urllib.request.urlopen(address) as answer:
        return answer.read().decode()


def secrets_of(studio: RunningStudio) -> list[str]:
    """Ids, hashes and seeds that would tell, read from the workspace itself."""
    with sqlite3.connect(studio.workspaces / "studio.db") as database:
        study = database.execute("SELECT id, run_id, seed, fingerprint FROM studies").fetchone()
        (dataset,) = database.execute("SELECT dataset_id FROM runs").fetchone()
    hashes = [p.parent.name for p in studio.workspaces.glob("runs/*/checkpoints/*/MANIFEST.json")]
    assert study and hashes
    return [*map(str, study), dataset, *hashes, str(studio.workspaces)]
