"""Deliver: what is handed out in which form, what is on its way and what is there, and a warning while nobody judged it."""

from dataclasses import replace
from pathlib import Path

import gradio as gr
import pytest

from studio.domain.job import JobKind, JobState, Wish
from studio.domain.release import Form, Release
from studio.domain.ruling import overridden
from studio.domain.verdict import Decision
from studio.flows.deliver import Offer
from studio.flows.studio import Studio
from studio.ui import shell
from studio.ui.delivering import delivered, making
from studio.ui.drawn import drawn_for
from studio.ui.rights import innermost
from studio.ui.tabs import deliver
from tests.ui import examples
from tests.ui.markup import attributes, words

RUN = examples.run(state=JobState.DONE)
FILES = [{"name": "run.py", "bytes": 900, "sha256": "ab" * 32}, {"name": "model.safetensors", "bytes": 9_000_000, "sha256": "cd" * 32}]  # fmt: skip
OFFER = Offer(Form.MERGED, "Whole model", "One folder that needs nothing beside it.", 16_000_000_000, 16_000_000_000)


def release(*, state: JobState = JobState.DONE, form: Form = Form.MERGED, **values) -> Release:
    job = examples.job(
        kind=JobKind.EXPORT, state=state, **{"result": {"files": FILES, "measured": "Same tokens."}} | values
    )
    return Release("release-1", "run-1", "triage-1", 40, form, Path("/w/exports/release-1"), True, examples.AT, job)


def test_a_form_tells_what_it_is_what_is_in_it_and_how_large_it_gets() -> None:
    said = words(making.about(OFFER))
    assert "One folder that needs nothing beside it. About 16.0 GB on disk." in said
    assert "model.safetensors all weights" in said and "README.md the model card" in said
    twice = Offer(Form.GGUF, "GGUF", "One file.", 16_000_000_000, 32_000_000_000)
    assert "32.0 GB while it is made" in words(making.about(twice))


def test_a_form_that_cannot_be_had_says_why_and_what_to_type() -> None:
    none = Offer(Form.GGUF, "GGUF", "One file.", 1, 2, "It is not installed.", "Get it.", "git clone it")
    said = words(making.about(none))
    assert said == "▲ It is not installed. Get it. git clone it"


def test_checkpoints_are_named_with_their_loss_and_the_best_is_marked() -> None:
    assert making.label(examples.KEPT[0], is_best=True) == "Step 40, validation loss 1.600, the best"
    assert making.label(examples.KEPT[1], is_best=False) == "Step 80, validation loss 1.700"


def test_a_run_that_still_trains_says_that_its_checkpoints_can_be_delivered_later() -> None:
    said = words(deliver.view(examples.run(), None))
    assert said.startswith("▲ It is still training.") and "stop it on Train and keep the best" in said


def test_what_is_being_made_says_how_far_it_is_and_can_be_cancelled() -> None:
    live = release(state=JobState.RUNNING, phase="merging", done=4, total=16, seconds_left=72.0)
    page = delivered.busy([live])
    assert "triage-1, step 40: whole model. Merging … about 1 min 12 s left Cancel" in words(page)
    assert attributes(page, "data-act") == ["cancel"] and attributes(page, "aria-valuenow") == ["25"]
    waiting = release(state=JobState.QUEUED, started_at=None)
    assert "Waiting for its turn" in words(delivered.busy([waiting]))
    stopping = delivered.busy([release(state=JobState.RUNNING, wish=Wish.STOP)])
    assert "Stopping" in words(stopping) and not attributes(stopping, "data-act")


def test_what_is_there_is_one_click_away_with_the_fingerprint_of_every_file() -> None:
    page = delivered.listed([release()], [])
    assert attributes(page, "href") == ["/download/release/release-1"] and attributes(page, "data-act") == ["delete"]
    said = words(page)
    assert "04 Mar, 05:06 UTC" in said and "9.0 MB" in said and f"run.py 900 B {'ab' * 32}" in said
    assert "Same tokens." in said and 'python run.py "your question"' in said


def test_what_could_not_be_made_says_why_and_offers_no_download() -> None:
    failed = release(state=JobState.FAILED, message="It could not be merged.", fix="Deliver the adapter.", result={})
    page = delivered.listed([failed], [])
    assert "✕ It could not be merged. Deliver the adapter." in words(page) and not attributes(page, "href")


def test_what_was_deleted_last_can_be_brought_back() -> None:
    page = delivered.listed([], [release()])
    assert "was deleted. It stays in the bin on Runs for a while." in words(page)
    assert attributes(page, "data-act") == ["restore"]


def test_before_anything_was_delivered_there_is_no_list() -> None:
    assert delivered.listed([], []) == "" and delivered.busy([]) == ""


def test_what_nobody_judged_blind_is_delivered_with_a_warning() -> None:
    assert "▲ Nobody has judged it blind yet." in words(deliver.view(RUN, None))


@pytest.mark.parametrize(("wins", "sign", "headline"), [(24, "✓", "Ship it."), (0, "✕", "Don't ship it.")])
def test_the_verdict_stands_above_what_is_delivered(wins: int, sign: str, headline: str) -> None:
    ruling = examples.ruling(tuned=wins, base=24 - wins, tie=0)
    said = words(deliver.view(RUN, ruling))
    assert said.startswith(f"{sign} {headline}") and "Nobody has judged" not in said


def test_who_decided_otherwise_stands_above_what_is_delivered_with_the_reason() -> None:
    lost = examples.ruling(tuned=0, base=24, tie=0)
    given = overridden(lost, decision=Decision.SHIP, reason="For an internal trial.", by="Ann", at=examples.AT)
    said = words(deliver.view(RUN, given))
    assert said.startswith("▲ Ann decided: Ship it.") and "Reason given: For an internal trial." in said


def test_a_checkpoint_that_was_drawn_for_another_run_is_never_taken_for_one_of_the_run_that_is_picked(
    empty_studio: Studio,
) -> None:
    page = shell.build(empty_studio)
    asks = [
        each.fn
        for each in page.fns.values()
        if each.fn and innermost(each.fn) in (deliver.put_delivery, making.described)
    ]
    assert len(asks) == 2
    for ask in asks:
        with pytest.raises(gr.Error, match="still belonged to what was picked before, so nothing was done"):
            ask(drawn_for("run-1"), "run-2", 40, "adapter")


def test_damaged_checkpoints_are_named_before_anything_is_pressed(
    empty_studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = [replace(each, harm="a file is missing") for each in examples.KEPT]
    monkeypatch.setattr(deliver.train, "saved", lambda studio, run_id: gone)
    page, whole = deliver.show(empty_studio, RUN.id, "adapter")[:2]
    assert "2 checkpoints are damaged. They cannot be used: step 40 (a file is missing)" in words(page)
    assert "Nothing to deliver yet." in words(page) and not whole.visible


def test_a_list_that_is_as_it_was_seen_is_not_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivered.deliver, "releases", lambda studio: [release()])
    monkeypatch.setattr(delivered.deliver, "deleted", lambda studio: [])
    _, page, timer, seen = delivered.look(None, None)  # type: ignore[arg-type]
    assert "Delivered" in page and timer.active is False
    again = delivered.look(None, seen)[1]  # type: ignore[arg-type]
    assert again == gr.skip()
