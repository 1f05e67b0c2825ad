"""Files that are not as they should be, in a real browser: seen where they are wrong, mended, and read another way.

A run learns from what was mended by hand.
"""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import RunningStudio
from tests.e2e.screens import bring_sample, button, open_tab, picture, set_advanced, set_number

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
VERSION = "Examples"
GOOD = json.dumps({"prompt": "Open?", "completion": "Until six."})


def visit(page: Page, studio: RunningStudio) -> None:
    page.goto(studio.address)
    expect(page.get_by_label("Model", exact=True)).to_have_value(re.compile("Pebble"))


def bring(page: Page, studio: RunningStudio, file: Path, content: bytes) -> None:
    file.write_bytes(content)
    visit(page, studio)
    with page.expect_file_chooser() as chooser:
        button(page, "Click to Upload").first.click()
    chooser.value.set_files(file)
    expect(page.get_by_role("heading", name=file.stem)).to_be_visible(timeout=60_000)


def test_a_broken_line_is_seen_with_its_caret_and_mended_with_one_click(
    page: Page, studio: RunningStudio, tmp_path: Path
) -> None:
    lines = [GOOD, '{"prompt": "漢字 👩‍👩‍👧", "completion": "Yes, mended.",}', GOOD, '{"prompt": "Cut', GOOD]
    bring(page, studio, tmp_path / "broken.jsonl", "\n".join(lines).encode())
    expect(page.get_by_text("3 rows are in, 2 lines could not be used.")).to_be_visible()
    first = page.get_by_role("listitem").filter(has_text=f"Line 2, column {lines[1].rindex(',') + 1}")
    expect(first).to_contain_text("There is a comma before a closing bracket. Remove that comma.")
    expect(first).to_contain_text("can be repaired below")
    place = first.locator("mark")
    expect(place).to_have_text(",")
    assert place.evaluate("mark => getComputedStyle(mark, '::after').content") == '"^"'
    cut_off = page.get_by_role("listitem").filter(has_text="Line 4, column 16")
    expect(cut_off).to_contain_text("its closing quotation mark is missing")
    picture(page, "data-refused")

    button(page, "Repair these lines").click()
    expect(page.get_by_text("4 rows are in, 1 line could not be used.")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("1 line was repaired as you asked: each had a comma")).to_be_visible()
    expect(page.get_by_text("Yes, mended.")).to_be_visible()
    expect(first).to_have_count(0)


def test_what_another_field_would_make_of_a_row_is_seen_before_the_file_is_read_anew(
    page: Page, studio: RunningStudio, tmp_path: Path
) -> None:
    row = json.dumps({"question": "Open?", "answer": "Until six, but not on Sundays.", "short": "Until six."})
    bring(page, studio, tmp_path / "fields.jsonl", f"{row}\n".encode() * 4)
    expect(page.get_by_text("All 4 rows were understood.")).to_be_visible()
    button(page, "How the file was read").click()
    page.get_by_label("The answer", exact=True).click()
    page.get_by_role("option", name="short", exact=True).click()
    sample = page.locator(".sample-row .bubble.assistant")
    expect(sample).to_contain_text("Until six.")
    expect(sample).not_to_contain_text("Sundays")
    picture(page, "data-fields")
    button(page, "Read the file again this way").click()
    rows = page.locator(".bubble.assistant").filter(has_text=re.compile(r"Until six\.$"))
    expect(rows.first).to_be_visible(timeout=60_000)
    expect(page.get_by_text("Chosen by you: 4 of 4 rows fit.").first).to_be_visible()


def test_a_file_in_another_encoding_is_read_right_after_one_click(
    page: Page, studio: RunningStudio, tmp_path: Path
) -> None:
    rows = [{"prompt": f"Größe {number}?", "completion": "Schön groß."} for number in range(4)]
    content = "\n".join([GOOD, *(json.dumps(row, ensure_ascii=False) for row in rows)]).encode("cp1252")
    bring(page, studio, tmp_path / "western.jsonl", content)
    expect(page.get_by_text("In which encoding do they read right?")).to_be_visible()
    expect(page.get_by_role("radio", name="Windows-1252 (Western Europe)")).to_be_checked()
    picture(page, "data-encodings")
    button(page, "Read the file in this encoding").click()
    expect(page.get_by_text("All 5 rows were understood.")).to_be_visible(timeout=60_000)
    expect(page.locator(".bubble.user").filter(has_text="Größe 0?")).to_be_visible()
    expect(page.get_by_text("In which encoding do they read right?")).to_be_hidden()


def test_a_messy_file_is_mended_by_hand_and_trained_on(page: Page, studio: RunningStudio) -> None:
    visit(page, studio)
    bring_sample(page, "A file with problems")
    open_tab(page, "Inspect")
    page.get_by_role("button", name=re.compile("Rows: find, edit, leave out")).click()
    page.get_by_label("Find rows that say").fill("company name on invoice J-426")
    page.get_by_label("Find rows that say").press("Enter")
    row = page.get_by_role("radio", name=re.compile("^line 1 "))
    expect(row).to_be_visible()
    row.click()
    text = page.get_by_label("Its text")
    expect(text).to_have_value(re.compile("priority: high"))
    text.fill("category: billing\npriority: low\nteam: payments")
    button(page, "Save as a new version").click()
    expect(page.get_by_role("cell", name="Line 1 was edited.")).to_be_visible()
    expect(page.get_by_label(VERSION, exact=True)).to_have_value(re.compile("version 2"))
    expect(page.locator(".bubble ins", has_text="low")).to_be_visible()

    button(page, "Leave this row out").click()
    expect(page.get_by_role("cell", name="1 row was left out: by hand.")).to_be_visible()
    expect(page.get_by_label(VERSION, exact=True)).to_have_value(re.compile("version 3"))
    undo = button(page, "Undo the last change")
    expect(undo).to_be_enabled(timeout=60_000)
    undo.click(timeout=60_000)
    expect(page.get_by_role("cell", name="Went back to version 2.")).to_be_visible()
    expect(page.get_by_label(VERSION, exact=True)).to_have_value(re.compile("version 4"))
    expect(page.get_by_text("adds up").first).to_be_visible(timeout=60_000)
    picture(page, "inspect-mended")

    page.reload()
    expect(page.get_by_label(VERSION, exact=True)).to_have_value(re.compile("version 4"))
    open_tab(page, "Recipe")
    expect(button(page, "Start training")).to_be_enabled(timeout=60_000)
    set_number(page, "Passes over your data", "0.1")
    cut_off = page.get_by_label("Cut-off (tokens)").locator("visible=true").first
    cut_off.fill("256")
    cut_off.blur()
    set_advanced(page, "Checks during the run", "1")
    expect(button(page, "Start training")).to_be_enabled()
    button(page, "Start training").click()
    expect(page.get_by_text("Stop and keep the best")).to_be_visible(timeout=60_000)
    expect(page.get_by_text(re.compile("Finished"))).to_be_visible(timeout=300_000)
