"""A messy file is mended by hand in a real browser, and a run learns from the mended version."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import RunningStudio
from tests.e2e.screens import bring_sample, button, open_tab, picture, set_advanced, set_number

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
VERSION = "Examples"


def visit(page: Page, studio: RunningStudio) -> None:
    page.goto(studio.address)
    expect(page.get_by_label("Model", exact=True)).to_have_value(re.compile("Pebble"))


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
