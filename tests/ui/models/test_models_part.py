"""The models on the Recipe tab: what one is said to be, how its download is doing, and what can be pressed."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from studio.domain.job import JobState, Wish
from studio.domain.model import Fit, Kind, Licence, Model, Need
from studio.flows import models
from studio.flows.studio import Studio, open_studio
from studio.store import models as stored
from studio.ui.models import card, panel
from tests.ui import examples
from tests.ui.markup import attributes, words

APACHE = Licence("Apache 2.0", True, "You may pass it on.", "Keep the notices.")
LLAMA = Licence("Llama Licence", True, "With the agreement.", "Say “Built with Llama”.", "Below 700 million users.")
FITS = Need(900_000_000, 1_400_000_000, False, Fit.FITS, "A run takes at least 0.9 GB; this machine has 8 GB.")
LARGE = Need(9_000_000_000, 17_000_000_000, True, Fit.TOO_LARGE, "Needs 9 GB; there is no GPU.", "Pick a smaller one.")


def model(**values: Any) -> Model:
    made = Model("m", "Pebble", "us", 5_900_000, 2048, APACHE, "Tiny.", FITS, path=Path("/m"))
    return replace(made, **values)


def far(**values: Any) -> Model:
    """A model of the hub that is not here."""
    return model(id="far", title="Qwen3 0.6B", hub_id="Qwen/Qwen3-0.6B", path=None, bytes=1_500_000_000, **values)


def test_a_card_says_what_a_model_is_for_and_what_its_licence_means_in_plain_words() -> None:
    said = words(card.card(far(licence=LLAMA, gated=True)))
    assert "Here ● terms first Not on this machine, and its maker's terms come first" in said
    assert "Good at Tiny." in said
    assert "What it is 5.9 M parameters · 2,048 tokens. It answers:" in said
    assert "Memory At least 900.0 MB of memory with QLoRA, 1.4 GB with LoRA." in said
    assert "Licence Llama Licence Commercial use Yes." in said
    assert "Passing it on With the agreement. Naming it Say “Built with Llama”. Limits Below 700 million users." in said
    assert "Where from Qwen/Qwen3-0.6B" in said


def test_a_licence_that_nobody_has_read_is_not_called_free() -> None:
    said = words(card.card(far(licence=Licence("See the licence on its page", None))))
    assert "Commercial use Nobody here has read this licence" in said and "Limits" not in said
    assert "Commercial use No." in words(card.card(far(licence=replace(APACHE, commercial=False))))


def test_base_and_instruct_are_explained() -> None:
    assert "nobody has taught it to answer yet" in words(card.card(model(kind=Kind.BASE)))


def test_a_downloaded_model_tells_the_commit_that_it_is_pinned_to() -> None:
    assert f"Qwen/Qwen3-0.6B, pinned to revision {'a' * 40}" in words(
        card.card(replace(far(), path=Path("/m"), revision="a" * 40))
    )


@pytest.mark.parametrize(
    ("made", "chip"),
    [
        (model(), "✓ fits A run takes at least 0.9 GB"),
        (model(need=replace(FITS, fit=Fit.TIGHT)), "▲ tight"),
        (far(), "● to download Not on this machine: download it first. It would fit."),
        (far(need=LARGE, obstacle="Needs 9 GB; there is no GPU. Pick a smaller one."), "✕ does not fit Needs 9 GB; there is no GPU."),
        (far(obstacle="Its template marks no answers."), "✕ cannot be used Its template marks no answers."),
        (far(download=examples.job()), "● downloading"),
        (far(download=examples.job(state=JobState.FAILED, message="Gone.", fix="Again.")), "▲ not complete Gone. Again."),
    ],
)  # fmt: skip
def test_every_badge_is_a_sign_a_word_and_a_reason(made: Model, chip: str) -> None:
    sign_and_word = chip.partition(" ")[0] + " " + made.standing
    assert sign_and_word in words(card.card(made)) and chip in words(card.table([made]))


def test_a_download_shows_how_far_it_is_how_fast_and_how_long_it_takes() -> None:
    job = examples.job(phase="Weights, file 1 of 2", done=500_000_000, total=1_500_000_000, seconds_left=20.0)
    page = card.download(far(download=job))
    assert attributes(page, "aria-valuenow") == ["33"]
    assert "Weights, file 1 of 2 · 500.0 MB of 1.5 GB 50.0 MB/s · 20 s left" in words(page)
    asleep = replace(job, message="The hub asks to wait a moment (30 s); it goes on by itself.", seconds_left=None)
    assert "The hub asks to wait a moment (30 s); it goes on by itself. · 500.0 MB of 1.5 GB" in words(
        card.download(far(download=asleep))
    )
    assert "Waiting for its turn" in words(card.download(far(download=replace(job, state=JobState.QUEUED))))
    assert "Stopping" in words(card.download(far(download=replace(job, wish=Wish.STOP))))


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (JobState.FAILED, "✕ The download failed. The hub cannot be reached. Check the network."),
        (JobState.STOPPED, "● The download was stopped. The hub cannot"),
        (JobState.INTERRUPTED, "▲ The download was interrupted. The hub cannot"),
    ],
)
def test_a_download_that_has_ended_says_how_and_what_to_do(state: JobState, said: str) -> None:
    job = examples.job(state=state, message="The hub cannot be reached.", fix="Check the network.")
    assert said in words(card.download(far(download=job)))


def test_a_model_that_lost_its_files_says_so() -> None:
    said = words(card.download(far(download=examples.job(state=JobState.DONE))))
    assert "▲ The model is no longer whole. It was downloaded, but some of its files are gone." in said


def test_on_a_phone_every_cell_of_the_models_names_its_column() -> None:
    page = card.table([model()])
    assert 'class="plain stacked' in page
    assert attributes(page, "data-label") == ["Model", "Size", "Context", "Licence", "Here"]


def shown(*made: Model) -> dict[str, Any]:
    """What each component of the panel shows when the first of these models is chosen."""
    return dict(zip(panel.Panel.__dataclass_fields__, panel.view(list(made), made[0].id), strict=True))


def buttons(made: Model) -> dict[str, bool]:
    """The buttons that are shown for a model, and whether each can be pressed."""
    parts = {name: shown(made)[name] for name in ("download", "use", "remove")}
    return {name: part.interactive is not False for name, part in parts.items() if part.visible}


def test_what_can_be_pressed_follows_what_can_be_done() -> None:
    assert buttons(far()) == {"download": True}
    assert buttons(far(obstacle="No.")) == {"download": False}
    assert buttons(far(download=examples.job())) == {"download": True}
    assert buttons(far(download=examples.job(wish=Wish.STOP))) == {"download": False}
    assert buttons(far(download=examples.job(state=JobState.STOPPED))) == {"download": True, "remove": True}
    assert buttons(model(starter=True)) == {"use": True}
    assert buttons(model()) == {"use": True, "remove": True}


def test_a_button_says_what_it_does_and_how_much_comes() -> None:
    assert shown(far())["download"].value == "Download (1.5 GB)"
    assert shown(far(obstacle="No."))["download"].value == "Cannot be used here"
    assert shown(far(download=examples.job()))["download"].value == "Cancel download"
    cut = far(download=examples.job(state=JobState.STOPPED, done=5, total=9))
    assert shown(cut)["download"].value == "Go on downloading"
    assert shown(cut)["remove"].value == "Delete its files"
    assert shown(model())["remove"].value == "Remove from the list"


def test_the_panel_ticks_only_while_something_is_on_its_way() -> None:
    assert shown(model(), far())["timer"].active is False
    assert shown(model(), far(download=examples.job()))["timer"].active is True


def test_a_list_that_has_not_changed_is_not_sent_again(empty_studio: Studio) -> None:
    first = panel.show(empty_studio, None, None)
    again = panel.show(empty_studio, first[0].value, first[-2])
    assert again[6] == again[0] == gr.skip() == again[-1]
    assert "Pebble (starter)" in words(again[1])


def test_models_are_found_by_any_word_that_is_said_of_them(empty_studio: Studio) -> None:
    table = words(panel.view(models.models(empty_studio), None, "mistral  APACHE")[6])
    assert table.startswith(f"6 of {len(models.models(empty_studio))} models") and "Mistral Nemo" in table
    assert "Qwen" not in table
    assert panel.view(models.models(empty_studio), None, None)[6] == panel.view(models.models(empty_studio), None)[6]
    assert "No model fits" in words(panel.view(models.models(empty_studio), None, "no such words")[6])
    assert {each.standing for each in models.find(models.models(empty_studio), "to download")} == {"to download"}
    again = panel.show(empty_studio, None, panel.show(empty_studio, None, None)[-2], "qwen")
    assert "Qwen3 8B" in words(again[6])


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    """A studio of its own, whose jobs wait."""
    made = open_studio(tmp_path / "workspace")
    yield made
    made.store.close()


def test_adding_by_name_begins_a_download_once_and_shows_it(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    shown = panel.bring(studio, "assay/Pebble")
    assert shown[-1] == "" and "Waiting for its turn" in words(shown[2])
    panel.bring(studio, " https://huggingface.co/assay/Pebble ")
    (held,) = stored.all(studio.store)
    assert models.cancel(studio, held.id).standing == "not complete"
    assert "The download was stopped." in words(panel.show(studio, held.id, None)[2])
    assert panel.fetch(studio, held.id, "Go on downloading")[3].value == panel.CANCEL
    assert "stopped" in str(panel.fetch(studio, held.id, panel.CANCEL)[2])
    assert panel.forget(studio, held.id, "starter")[0].value == "starter"
    assert stored.all(studio.store) == []
