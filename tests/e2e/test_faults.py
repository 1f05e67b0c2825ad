"""A run that breaks says why in a card and goes on from there once the cause is mended; runs wait in a line to be seen."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tokenizers import Tokenizer

from tests.command_line import InThisProcess
from tests.e2e.conftest import REPOSITORY, RunningStudio
from tests.e2e.screens import button, open_tab, picture, set_advanced, set_number

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
ROWS = 40


@pytest.fixture(scope="module")
def data(studio: RunningStudio, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A dataset of a few rows, enough for a short run."""
    sample = next((REPOSITORY / "assets" / "samples").glob("triage*.jsonl"))
    few = tmp_path_factory.mktemp("rows") / "few.jsonl"
    rows = sample.read_text().splitlines()[:ROWS]
    few.write_text("\n".join([rows[0], rows[1].replace('"content": "', '"content": "☃ ', 1), *rows[2:]]))
    return InThisProcess(studio.workspaces).json("import", few)["dataset"]


def damage(model: Path) -> None:
    """Make the weights of a snowman's token no numbers: whatever reads it breaks, and nothing else does."""
    token = Tokenizer.from_file(str(model / "tokenizer.json")).encode("☃").ids[0]
    file = model / "model.safetensors"
    data = file.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header, tensors = json.loads(data[8 : 8 + size]), data[8 + size :]
    begin, end = header["model.embed_tokens.weight"]["data_offsets"]
    # A model that writes with the weights that it reads with would write no numbers either, so it gets a copy to write with.
    header["lm_head.weight"] = header["model.embed_tokens.weight"] | {
        "data_offsets": [len(tensors), len(tensors) + end - begin]
    }
    row = begin + token * (end - begin) // header["model.embed_tokens.weight"]["shape"][0]
    said = json.dumps(header).encode()
    nan = b"\xc0\x7f"  # of a bfloat16
    file.write_bytes(
        len(said).to_bytes(8, "little") + said + tensors[:row] + nan + tensors[row + 2 :] + tensors[begin:end]
    )
    config = model / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"tie_word_embeddings": False}))


@pytest.fixture(scope="module")
def model(studio: RunningStudio, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model in a folder of its owner's, which the studio uses where it lies."""
    folder = shutil.copytree(REPOSITORY / "assets" / "starter", tmp_path_factory.mktemp("models") / "Borrowed")
    InThisProcess(studio.workspaces).json("models", "add", folder)
    return folder


def choose(page: Page, studio: RunningStudio, *, passes: str, checks: str) -> None:
    """Pick the model while Recipe is open, and type at once: nothing is there to type in before it is drawn for it."""
    page.goto(f"{studio.address}/#recipe")
    expect(page.get_by_label("Examples", exact=True)).to_have_value(re.compile("few"))
    field = page.get_by_label("Passes over your data").first
    expect(field).to_be_visible()
    page.route("**/queue/join*", lambda _: None)  # all that is asked of the server waits until it is let go
    page.get_by_label("Model", exact=True).click()
    page.get_by_role("option", name=re.compile("Borrowed")).click()
    expect(field).to_be_hidden()
    expect(button(page, "Start training")).to_be_hidden()
    expect(page.locator(".moment").first).to_be_visible()
    page.unroute("**/queue/join*")
    set_number(page, "Passes over your data", passes)
    expect(page.get_by_text("Your own values.")).to_be_visible()
    expect(field).to_have_value(passes)
    set_advanced(page, "Checks during the run", checks)


@pytest.mark.usefixtures("data")
def test_a_run_whose_model_is_gone_says_so_in_a_card_and_goes_on_from_it(
    page: Page, studio: RunningStudio, model: Path, tmp_path: Path
) -> None:
    choose(page, studio, passes="4", checks="4")
    button(page, "Start training").click()
    page.get_by_text("Checkpoints", exact=True).click()
    expect(page.locator("table.saved tbody tr").first).to_be_visible(timeout=200_000)
    button(page, "Pause").click()
    expect(page.get_by_text("Paused.")).to_be_visible(timeout=200_000)

    away = model.rename(tmp_path / "Elsewhere")
    button(page, "Resume").click()
    expect(page.get_by_role("alert").filter(has_text="The model cannot be used.")).to_be_visible(timeout=200_000)
    away.rename(model)
    button(page, "Resume").click()
    expect(page.get_by_text("Finished.")).to_be_visible(timeout=200_000)


@pytest.mark.usefixtures("data")
def test_a_loss_that_breaks_is_mended_from_its_card(page: Page, studio: RunningStudio, model: Path) -> None:
    whole = {file: file.read_bytes() for file in model.iterdir()}
    damage(model)
    choose(page, studio, passes="1", checks="1")
    button(page, "Start training").click()
    broken = page.get_by_role("alert").filter(has_text="stopped being a number")
    expect(broken).to_contain_text("a third of the learning rate (0.0013 instead of 0.004)", timeout=200_000)
    expect(broken).to_contain_text(re.compile("read the rows on lines 2, "))
    picture(page, "train-failed")

    for file, content in whole.items():
        file.write_bytes(content)
    button(page, "Retry with this change").click()
    expect(page.get_by_label("Run", exact=True)).to_have_value(re.compile("retry"))
    expect(page.get_by_text("Finished.")).to_be_visible(timeout=200_000)
    expect(broken).to_have_count(0)
    page.get_by_role("button", name="Recipe and log").click()
    expect(page.get_by_text("learning_rate 0.0013")).to_be_visible()


@pytest.mark.skipif("STUDIO_PICTURES" not in os.environ, reason="a minute of training for a picture alone")
def test_a_run_that_memorises_says_so(page: Page, studio: RunningStudio, tmp_path: Path) -> None:
    sample = next((REPOSITORY / "assets" / "samples").glob("triage*.jsonl"))
    (tmp_path / "tiny.jsonl").write_text("".join(sample.read_text().splitlines(keepends=True)[:14]))
    studio_says = InThisProcess(studio.workspaces)
    data = studio_says.json("import", tmp_path / "tiny.jsonl")["dataset"]
    values = {
        "epochs": 45,
        "batch_size": 11,
        "micro_batch": 11,
        "learning_rate": 0.008,
        "evaluations": 15,
        "patience": 0,
    }
    chosen = [part for name, value in values.items() for part in ("--set", f"{name}={value}")]
    studio_says.json("train", data, "--name", "memorising", *chosen, "--wait")
    page.goto(studio.address)
    open_tab(page, "Train")
    expect(page.get_by_text("After that it began to memorise")).to_be_visible()
    expect(page.locator(".chart svg").first).to_be_visible()
    picture(page, "train-overfitting")


def test_runs_that_wait_are_seen_in_order_and_can_be_moved_and_taken_out(
    page: Page, studio: RunningStudio, data: str
) -> None:
    studio_says = InThisProcess(studio.workspaces)
    for name, passes in (("first", "50"), ("second", "0.25"), ("third", "0.25"), ("fourth", "0.25")):
        shortened = [part for value in (f"epochs={passes}", "evaluations=1") for part in ("--set", value)]
        studio_says.json("train", data, "--name", name, *shortened)
    page.goto(studio.address)
    open_tab(page, "Train")
    line = page.locator("ol.line li")
    expect(line.locator("b:not(.number)")).to_have_text(["second", "third", "fourth"])
    expect(line.locator(".number")).to_have_text(["1", "2", "3"])
    expect(line.first).to_contain_text("after first")
    button(page, "Move up: fourth").click()
    expect(line.locator("b:not(.number)")).to_have_text(["second", "fourth", "third"])
    button(page, "Move up: fourth").click()
    expect(line.locator("b:not(.number)")).to_have_text(["fourth", "second", "third"])
    expect(line.first).to_contain_text("after first")
    picture(page, "train-line")
    button(page, "Take out of the line: third").click()
    expect(line.locator("b:not(.number)")).to_have_text(["fourth", "second"])

    page.get_by_label("Run", exact=True).click()
    page.get_by_role("option", name=re.compile("first")).click()
    expect(page.get_by_role("heading", name="first", exact=True)).to_be_visible()
    button(page, "Stop and keep the best").click()
    expect(line.locator("b:not(.number)")).to_have_text(["second"], timeout=200_000)
    expect(line).to_have_count(0, timeout=200_000)
    page.get_by_label("Run", exact=True).click()
    page.get_by_role("option", name=re.compile("second")).click()
    expect(page.get_by_text("Finished.")).to_be_visible(timeout=200_000)
    runs = {run["name"]: run for run in studio_says.json("runs")}
    assert runs["first"]["started"] < runs["fourth"]["started"] < runs["second"]["started"]
    assert runs["third"]["state"] == "stopped"
