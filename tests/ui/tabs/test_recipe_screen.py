"""Recipe: what a plan means, and which models there are."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from studio.domain.errors import RecipeError
from studio.domain.job import JobKind, JobState
from studio.domain.lengths import Lengths
from studio.domain.method import OF_OTHER_ROWS, WHEN
from studio.domain.plan import Light, Part
from studio.domain.recipe import Recipe
from studio.flows import choose
from studio.flows.inspect import Inspection
from studio.flows.studio import Studio
from studio.ui.drawn import NOTHING, drawn_for
from studio.ui.parts import forms, plans
from studio.ui.tabs import recipe
from studio.ui.training import papers, trying
from tests.ui import examples
from tests.ui.markup import attributes, words


def test_a_plan_is_a_sentence_and_four_figures() -> None:
    said = words(plans.plan_page(examples.PLAN))
    assert "✓ Fits: needs about 1.2 GB of 8 GB free." in said
    assert "Time 40–90 s on the CPU, 4 cores" in said
    assert "Steps 120 40 per pass, 960 rows read" in said
    assert "Rows to learn from 320 40 check it, 41 are sealed for the verdict" in said
    assert "Too few" not in said
    assert "Too few test rows for a verdict: 3." in words(plans.plan_page(replace(examples.PLAN, test_rows=3)))
    assert "Memory 1.2 GB of 8.0 GB free" in said


def test_of_plain_text_no_verdict_is_spoken_of() -> None:
    assert "erdict" not in words(plans.plan_page(replace(examples.PLAN, test_rows=3), is_text=True))


@pytest.mark.parametrize(("light", "sign"), [(Light.GREEN, "✓"), (Light.AMBER, "▲"), (Light.RED, "✕")])
def test_a_traffic_light_is_also_a_sign(light: Light, sign: str) -> None:
    assert words(plans.plan_page(replace(examples.PLAN, light=light))).startswith(sign)


def test_the_memory_bar_never_leaves_its_frame() -> None:
    tight = replace(examples.PLAN, memory=tuple(Part(f"Part {n}", 3_000_000_000, "") for n in range(8)))
    for plan in (examples.PLAN, tight):
        styles = attributes(plans.memory_bar(plan), "style")
        widths = [float(style.split("width:")[1].split("%")[0]) for style in styles if "width" in style]
        assert len(widths) == len(plan.memory)
        assert sum(widths) <= 100.1


def test_every_value_has_its_reason() -> None:
    said = words(plans.reasons_table(examples.PLAN))
    assert "Rows per step 8 as asked" in said and "Weights 800.0 MB 4 bits each" in said


def test_every_method_and_every_kind_of_rows_says_when_to_use_it() -> None:
    said = words(recipe.methods_list())
    for sentence in (*WHEN.values(), *OF_OTHER_ROWS.values()):
        assert sentence in said


def test_a_changed_value_leaves_the_preset_and_the_same_values_are_it_again() -> None:
    quick, balanced = (choose.Preset(f"{n}", "", "", Recipe(epochs=n)) for n in (1, 3))
    ready = [quick, balanced]
    assert recipe.preset_of(ready, Recipe(epochs=3), None) == balanced
    assert recipe.preset_of(ready, Recipe(epochs=3, max_length=128), 128) == balanced
    assert recipe.preset_of(ready, Recipe(epochs=3, max_length=128), None) is None
    assert recipe.preset_of(ready, Recipe(epochs=2), None) is None


def test_before_there_is_anything_to_plan_nothing_can_be_started(empty_studio: Studio) -> None:
    parts = recipe.show(empty_studio, NOTHING, None, None, None)
    planned, (timer, sent, on_page) = recipe.Planned(*parts[len(forms.FIELDS) : -3]), parts[-3:]
    assert "Nothing to plan yet." in words(planned.situation)
    assert not timer.active and not planned.start.interactive and not planned.try_out.interactive
    assert sent == on_page == NOTHING


@pytest.fixture
def measured(empty_studio: Studio, monkeypatch: pytest.MonkeyPatch) -> Studio:
    """A studio whose one dataset has lengths with every model, and whose one preset is the usual recipe."""
    lengths = Lengths("starter", (1,), (2,), True, ".")
    look = Inspection(examples.dataset(), "starter", (), lengths, None, None)
    monkeypatch.setattr(recipe.bring, "dataset", lambda *_: examples.dataset())
    monkeypatch.setattr(recipe.inspect, "look", lambda *_: look)
    monkeypatch.setattr(recipe.inspect, "measured", lambda *_: lengths)
    ready = [choose.Preset("quick", "", "", Recipe(), is_default=True)]
    monkeypatch.setattr(recipe.choose, "presets", lambda *_: ready)
    monkeypatch.setattr(recipe.choose, "plan", lambda *_, **__: examples.PLAN)
    return empty_studio


def values(parts: list[Any]) -> list[Any]:
    """The values that a screen was drawn with."""
    return [part["value"] for part in parts[: len(forms.FIELDS)]]


def test_while_lengths_are_measured_nothing_is_drawn_that_could_be_typed_into(
    measured: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    *parts, on_page = recipe.show(measured, NOTHING, "data-1", "starter")
    assert values(parts) == forms.values_of(Recipe()) and on_page.startswith(drawn_for("data-1", "starter", None))
    still = Inspection(examples.dataset(), "starter", (), None, examples.job(done=1, total=4), None)
    monkeypatch.setattr(recipe.inspect, "look", lambda *_: still)
    *parts, timer, sent, on_page = recipe.show(measured, on_page, "data-1", "starter")
    assert on_page == sent == NOTHING and timer.active
    assert parts[: len(forms.FIELDS)] == [gr.skip()] * len(forms.FIELDS)


@pytest.mark.parametrize("picked", ["starter", "another", None])
def test_a_saved_recipe_is_loaded_exactly_whichever_model_is_picked(
    picked: str | None, measured: Studio, tmp_path: Path
) -> None:
    saved = Recipe(epochs=7, rank=48, learning_rate=0.00321, max_length=384, packing="off", seed=11)
    path = tmp_path / "recipe.yaml"
    path.write_text(choose.recipe_yaml("starter", saved))
    picker, wanted = papers.load_recipe(measured, "data-1", picked, str(path))
    assert picker == gr.skip() if picked == "starter" else picker.value == "starter"
    sent = drawn_for("data-1", picked, None) + drawn_for(512)
    for cut_off in (None, 512):  # what was chosen on Inspect is not what was saved
        *parts, on_page = recipe.show(measured, sent, "data-1", "starter", wanted, cut_off)
        assert (
            values(parts) == forms.values_of(saved)
            and recipe.Planned(*parts[len(forms.FIELDS) : -2]).preset.value is None
        )
        *parts, on_page = recipe.show(measured, on_page, "data-1", "starter", wanted, cut_off)
        assert parts[: len(forms.FIELDS)] == [gr.skip()] * len(forms.FIELDS)


def test_a_saved_recipe_of_a_model_that_is_not_here_is_loaded_for_the_picked_one_and_that_is_said(
    measured: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(papers.gr, "Warning", lambda words, **_: said.append(words))
    path = tmp_path / "recipe.yaml"
    path.write_text(choose.recipe_yaml("elsewhere/model", Recipe(epochs=7)))
    picker, wanted = papers.load_recipe(measured, "data-1", "starter", str(path))
    assert picker == gr.skip() and (wanted.model, wanted.recipe) == ("starter", Recipe(epochs=7))
    assert said == [
        "The values are loaded, but its model, elsewhere/model, cannot be used here; the chosen model stays."
    ]


def test_no_file_is_no_recipe(empty_studio: Studio) -> None:
    with pytest.raises(RecipeError, match="No file came with that, so nothing was loaded"):
        papers.load_recipe(empty_studio, "data-1", "starter", None)


def test_another_cut_off_changes_no_other_value_that_was_typed(measured: Studio) -> None:
    *_, on_page = recipe.show(measured, NOTHING, "data-1", "starter")
    *parts, on_page = recipe.show(measured, on_page, "data-1", "starter", None, 384)
    drawn = dict(zip(forms.FIELDS, parts, strict=False))
    assert drawn.pop("max_length")["value"] == 384 and on_page.endswith(drawn_for(384))
    assert all(part == gr.skip() for part in drawn.values())


def test_two_steps_can_be_tried_once_the_values_on_the_screen_have_a_plan_and_no_trial_changes_that(
    empty_studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    with gr.Blocks():
        built = trying.build()
    assert not built.start.interactive
    monkeypatch.setattr(recipe.inspect, "measured", lambda *_: Lengths("starter", (1,), (2,), True, "."))
    monkeypatch.setattr(recipe.choose, "presets", lambda *_: [])
    monkeypatch.setattr(recipe.choose, "plan", lambda *_, **__: replace(examples.PLAN, light=Light.RED))
    values = forms.values_of(Recipe())
    *_, start, try_out = recipe.show_plan(empty_studio, "data-1", "starter", None, None, *values)
    assert try_out.interactive and not start.interactive  # a trial may show that it fits after all
    wrong = [0 if name == "epochs" else value for name, value in zip(forms.FIELDS, values, strict=True)]
    *_, start, try_out = recipe.show_plan(empty_studio, "data-1", "starter", None, None, *wrong)
    assert not try_out.interactive and not start.interactive
    for job in (
        None,
        examples.job(kind=JobKind.PROBE),
        examples.job(kind=JobKind.PROBE, state=JobState.FAILED, message="No."),
    ):
        assert "interactive" not in trying.view(job)[1].constructor_args


def test_while_lengths_are_measured_the_screen_follows_and_a_failure_is_told() -> None:
    still = Inspection(examples.dataset(), "m", (), None, examples.job(done=1, total=4), None)
    assert attributes(recipe.measuring(still), "aria-valuenow") == ["25"]
    failed = replace(still, measuring=examples.job(state="failed", message="No template.", fix="Add one."))
    assert "The lengths could not be measured. No template. Add one." in words(recipe.measuring(failed))


def test_a_start_without_data_is_refused_in_words(empty_studio: Studio) -> None:
    with pytest.raises(RecipeError, match="There is nothing to train on"):
        recipe.begin(empty_studio, None, "starter", "click", "", None, *forms.values_of(Recipe()))


def test_nothing_can_be_planned_before_the_values_were_drawn_for_what_is_picked() -> None:
    """Whoever typed a value then would find another one in its place, and the plan would be of values that go."""
    picked = ("data-1", "starter", None, None)
    for others in ((), ("data-2", "starter", None), ("data-1", "starter", ("run-1", "press"))):
        on_page = drawn_for(*others) if others else NOTHING
        assert recipe.show_plan_of_drawn(None, on_page, *picked) == recipe.AS_IT_IS  # type: ignore[arg-type]


def test_a_cut_off_that_was_chosen_since_does_not_keep_the_plan_from_following_the_values(
    empty_studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipe, "show_plan", lambda *_: recipe.AS_IT_IS._replace(situation="a plan"))
    on_page = drawn_for("data-1", "starter", None) + drawn_for(None)
    assert recipe.show_plan_of_drawn(empty_studio, on_page, "data-1", "starter", None, 512).situation == "a plan"


def test_what_was_sent_for_what_is_picked_is_not_sent_again(measured: Studio) -> None:
    """Also while it is on its way: a value that was typed as soon as it was there would be drawn over."""
    sent = drawn_for("data-1", "starter", None) + drawn_for(Recipe().max_length)
    for cut_off in (None, Recipe().max_length):  # what Inspect advises is what the recipe has anyway
        *parts, timer, kept, on_page = recipe.show(measured, sent, "data-1", "starter", None, cut_off)
        assert parts == [gr.skip()] * len(parts) and on_page == gr.skip() and kept == sent and not timer.active


def test_a_trial_that_has_not_told_what_it_does_is_starting() -> None:
    assert "Starting …" in words(trying.told(examples.job(kind=JobKind.PROBE)))
    assert "Loading …" in words(trying.told(examples.job(kind=JobKind.PROBE, phase="loading")))
