"""Deliver: what is handed out, and a warning while nobody has judged it."""

import pytest

from studio.domain.job import JobState
from studio.domain.verdict import Judged
from studio.flows.ask import Said
from studio.ui.tabs import deliver
from studio.verdict.decide import decide
from tests.ui import examples
from tests.ui.markup import attributes, words

RUN = examples.run(state=JobState.DONE)


def test_what_is_delivered_is_named_with_its_size_and_hash() -> None:
    said = words(deliver.view(RUN, examples.KEPT[0], None))
    assert "triage-1, checkpoint of step 40" in said
    assert "Validation loss 1.600 · sha256 abababababababab…" in said
    for name, about in deliver.CONTENTS:
        assert f"{name} {about}" in said


def test_the_adapter_is_one_click_away() -> None:
    page = deliver.view(RUN, examples.KEPT[0], None)
    assert attributes(page, "href") == ["/download/adapter/run-1"]
    assert "python run_adapter.py" in words(page)


def test_what_nobody_judged_blind_is_delivered_with_a_warning() -> None:
    assert "▲ Nobody has judged it blind yet." in words(deliver.view(RUN, examples.KEPT[0], None))


@pytest.mark.parametrize(("wins", "sign", "headline"), [(24, "✓", "Ship it."), (0, "✕", "Don't ship it.")])
def test_the_verdict_stands_above_what_is_delivered(wins: int, sign: str, headline: str) -> None:
    judged = [
        Judged(prompt_id=f"{n}", rater="ann", outcome="tuned" if n < wins else "base", tuned_side="left")
        for n in range(24)
    ]
    said = words(deliver.view(RUN, examples.KEPT[0], decide(judged, planned=24)))
    assert said.startswith(f"{sign} {headline}") and "Nobody has judged" not in said


def test_a_question_that_waits_says_for_what_and_how_long() -> None:
    queued = words(deliver.waiting(examples.job(state=JobState.QUEUED, started_at=None), 3.0))
    assert "Waiting for its turn" in queued and "3 s so far" in queued
    loading = examples.job(state=JobState.RUNNING, phase="loading the model", started_at=examples.AT)
    assert "Loading the model" in words(deliver.waiting(loading, 12.0))
    begun = examples.job(state=JobState.RUNNING, phase="", started_at=examples.AT)
    assert words(deliver.waiting(begun, 1.0)).startswith("Starting …")


def test_answers_to_a_question_are_named_and_count_for_no_verdict() -> None:
    said = deliver.answers(Said(base="<b>Thanks.</b>", tuned="category: billing"))
    assert "Fine-tuned category: billing" in words(said) and "Not blind, so it counts for no verdict." in words(said)
    assert "<b>Thanks" not in said
