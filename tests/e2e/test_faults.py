"""A run that breaks says why in a card, and goes on from there once the cause is mended."""

import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.command_line import InThisProcess
from tests.e2e.conftest import REPOSITORY, RunningStudio
from tests.e2e.screens import button, open_tab, picture, set_number

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
ROWS = 40


def few_rows(folder: Path) -> Path:
    sample = next((REPOSITORY / "assets" / "samples").glob("triage*.jsonl"))
    few = folder / "few.jsonl"
    few.write_text("".join(sample.read_text().splitlines(keepends=True)[:ROWS]))
    return few


def test_a_run_whose_model_is_gone_says_so_in_a_card_and_goes_on_from_it(
    page: Page, studio: RunningStudio, tmp_path: Path
) -> None:
    model = shutil.copytree(REPOSITORY / "assets" / "starter", tmp_path / "Borrowed")
    InThisProcess(studio.workspaces).json("models", "add", model)
    page.goto(studio.address)
    page.locator("input[type=file]").first.set_input_files(few_rows(tmp_path))
    expect(page.get_by_role("heading", name="few", exact=True)).to_be_visible()
    page.get_by_label("Model", exact=True).click()
    page.get_by_role("option", name=re.compile("Borrowed")).click()
    open_tab(page, "Recipe")
    expect(button(page, "Start training")).to_be_enabled()
    set_number(page, "Passes over your data", "4")
    button(page, "Start training").click()
    page.get_by_text("Checkpoints", exact=True).click()
    expect(page.locator("table.saved tbody tr").first).to_be_visible(timeout=200_000)
    button(page, "Pause").click()
    expect(page.get_by_text("Paused.")).to_be_visible(timeout=200_000)

    away = model.rename(tmp_path / "Elsewhere")
    button(page, "Resume").click()
    expect(page.get_by_role("alert").filter(has_text="The model cannot be loaded.")).to_be_visible(timeout=200_000)
    picture(page, "train-failed")
    away.rename(model)
    button(page, "Resume").click()
    expect(page.get_by_text("Finished.")).to_be_visible(timeout=200_000)
