"""Inspect as a whole: being measured, failed, ready."""

from dataclasses import replace
from typing import Any

import pytest

from studio.data.lengths import suggest_cut_off
from studio.domain.job import JobKind, JobState
from studio.domain.lengths import Lengths
from studio.domain.reading import Reading, Tone
from studio.flows.inspect import Inspection
from studio.ui.inspect import lengths
from studio.ui.inspect.looking import Checked, Look
from studio.ui.tabs import inspect
from tests.ui import examples
from tests.ui.markup import attributes, words

ADVICE = Reading(Tone.WARNING, "Usable once the worst is mended.", "Mask them.")
LENGTHS = Lengths("starter", (10,) * 40, (*([60] * 39), 900), stop_token_trained=True, stop_token="<|im_end|>")


def look(*, measured: bool = True, state: JobState | None = None, **values: Any) -> Inspection:
    job = None if state is None else examples.job(kind=JobKind.MEASURE, state=state, done=10, total=40, **values)
    cut_off = suggest_cut_off(LENGTHS) if measured else None
    return Inspection(examples.dataset(), "starter", (), LENGTHS if measured else None, job, cut_off)


def view(found: Inspection, *, is_checked: bool = True) -> dict[str, Any]:
    return dict(
        zip(
            "situation again timer whole checked look".split(),
            inspect.view(found, ADVICE, is_checked=is_checked),
            strict=True,
        )
    )


def test_while_lengths_are_measured_the_screen_follows() -> None:
    parts = view(look(measured=False, state=JobState.RUNNING))
    assert parts["timer"].active and parts["whole"].visible
    assert attributes(parts["situation"], "aria-valuenow") == ["25"]
    assert parts["look"] == Look("data-1", "starter", measured=False)


def test_once_they_are_measured_nothing_ticks_and_the_parts_are_told() -> None:
    parts = view(look())
    assert not parts["timer"].active
    assert parts["look"] == Look("data-1", "starter", measured=True)


def test_the_screen_follows_while_rows_are_examined_again_and_shows_what_is_found_then() -> None:
    parts = (view(look(), is_checked=False), view(look()))
    assert [part["timer"].active for part in parts] == [True, False]
    assert [part["checked"] for part in parts] == [Checked("data-1", False), Checked("data-1", True)]


def test_a_failed_measurement_says_why_and_what_to_do() -> None:
    assert view(look(measured=False, state=JobState.FAILED))["again"].visible
    assert not view(look(measured=False, state=JobState.RUNNING))["again"].visible
    assert not view(look())["again"].visible
    failed = look(measured=False, state=JobState.FAILED, message="No template.", fix="Add one.")
    assert "The lengths could not be measured. No template. Add one." in words(inspect.situation(failed, ADVICE))


def test_the_advice_is_there_from_the_beginning_and_stays() -> None:
    for found in (look(measured=False, state=JobState.RUNNING), look(measured=False, state=JobState.FAILED), look()):
        assert "▲ Usable once the worst is mended. Mask them." in words(inspect.situation(found, ADVICE))


def test_what_the_model_takes_is_said_below_the_advice() -> None:
    assert words(inspect.situation(look(), ADVICE)).endswith(suggest_cut_off(LENGTHS).reason)


def test_a_row_that_the_template_refuses_is_shown_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = replace(LENGTHS, partial=frozenset({3}), refused={3: "Its chat template refuses it: no system."})
    monkeypatch.setattr(lengths.inspect, "measured", lambda *_: refused)
    monkeypatch.setattr(lengths.bring, "dataset", lambda *_: examples.dataset())
    said = words(lengths.show_seen(None, "data-1", "starter", 128, 4))  # type: ignore[arg-type]
    assert "cannot be trained on with this model. Its chat template refuses it: no system." in said
