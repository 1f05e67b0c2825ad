"""Deliver: what is handed out, and a warning while nobody has judged it."""

from studio.domain.job import JobState
from studio.ui.tabs import deliver
from tests.ui import examples
from tests.ui.markup import attributes, words

RUN = examples.run(state=JobState.DONE)


def test_what_is_delivered_is_named_with_its_size_and_hash() -> None:
    said = words(deliver.view(RUN, examples.KEPT[0], judged=True))
    assert "triage-1, checkpoint of step 40" in said
    assert "Validation loss 1.600 · 4.0 MB on disk · sha256 abababababababab…" in said
    for name, about in deliver.CONTENTS:
        assert f"{name} {about}" in said


def test_the_adapter_is_one_click_away() -> None:
    page = deliver.view(RUN, examples.KEPT[0], judged=True)
    assert attributes(page, "href") == ["/download/adapter/run-1"]
    assert "python run_adapter.py" in words(page)


def test_what_nobody_judged_blind_is_delivered_with_a_warning() -> None:
    warning = "▲ Nobody has judged it blind yet."
    assert warning in words(deliver.view(RUN, examples.KEPT[0], judged=False))
    assert warning not in words(deliver.view(RUN, examples.KEPT[0], judged=True))
