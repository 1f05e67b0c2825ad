"""Train: which buttons there are in each state, and what the curves and tables show."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from studio.domain.fault import Fault, FaultCode
from studio.domain.job import JobState, Stretch, Wish
from studio.domain.recipe import Recipe
from studio.domain.run import Checkpoint, Metric, Run
from studio.flows.follow import Answers
from studio.ui.tabs import train
from studio.ui.training.answers import answers_table
from studio.ui.training.checkpoints import checkpoint_table, damage
from studio.ui.training.curves import MEASURES, curves
from tests.ui import examples
from tests.ui.markup import words

NAMES = "heading situation retry whole checkpoints log pause stop resume forward timer".split()


def view(
    run: Run,
    points: list[Metric] | None = None,
    kept: list[Checkpoint] | None = None,
    survived: list[Fault] | None = None,
    origin: str = "",
    at_work: list[Stretch] | None = None,
) -> dict[str, Any]:
    log = "09:00:00  training\n<b>the last words</b>"
    once = [Stretch(run.job.started_at, run.job.ended_at)] if run.job.started_at else []
    listed = train.view(
        run,
        points or [],
        at_work=at_work or once,
        title="Pebble",
        kept=kept or [],
        survived=survived or [],
        origin=origin,
        log=log,
    )
    return dict(zip(NAMES, listed, strict=True))


def buttons(parts: dict[str, Any]) -> list[str]:
    return [name for name in ("pause", "stop", "resume", "retry", "forward") if parts[name].visible]


@pytest.mark.parametrize(
    ("state", "kept", "expected", "ticks"),
    [
        (JobState.QUEUED, [], ["pause", "stop"], True),
        (JobState.RUNNING, [], ["pause", "stop"], True),
        (JobState.RUNNING, examples.KEPT, ["pause", "stop"], True),
        (JobState.INTERRUPTED, examples.KEPT, ["resume"], False),
        (JobState.FAILED, [], ["resume"], False),
        (JobState.STOPPED, examples.KEPT, ["resume", "forward"], False),
        (JobState.STOPPED, [], ["resume"], False),
        (JobState.DONE, examples.KEPT, ["forward"], False),
        (JobState.DONE, [], [], False),
    ],
)
def test_each_state_offers_what_can_be_done_in_it(
    state: JobState, kept: list[Checkpoint], expected: list[str], ticks: bool
) -> None:
    parts = view(examples.run(state=state, ended_at=examples.AT), examples.CURVE, kept)
    assert buttons(parts) == expected
    assert parts["timer"].active is ticks


def test_a_run_that_ended_before_its_first_check_waits_for_none() -> None:
    waiting = words(view(examples.run())["situation"])
    assert "Best validation loss … after the first check" in waiting
    ended = words(view(examples.run(state=JobState.FAILED, ended_at=examples.AT))["situation"])
    assert "Best validation loss – no check was reached" in ended and "…" not in ended


def test_a_stop_is_asked_for_once() -> None:
    parts = view(examples.run(wish=Wish.STOP))
    assert parts["stop"].visible and not parts["stop"].interactive
    assert parts["stop"].value == "Stopping …"
    assert "Stopping." in words(parts["situation"])


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (JobState.QUEUED, "Waiting."),
        (JobState.INTERRUPTED, "Interrupted. The worker was killed. What to do Resume it."),
        (JobState.FAILED, "It stopped with a problem. The worker was killed. What to do Resume it."),
    ],
)
def test_why_nothing_moves_is_said_in_words(state: JobState, says: str) -> None:
    message = {} if state is JobState.QUEUED else {"message": "The worker was killed.", "fix": "Resume it."}
    assert says in words(view(examples.run(state=state, **message))["situation"])


BROKEN = Fault(
    code=FaultCode.NOT_FINITE,
    happened="The loss stopped being a number at step 9 of 120.",
    why="That step read the rows on lines 3, 7 of your file.",
    done="The run was stopped at once.",
    change={"learning_rate": 0.001},
    proposal="Go on from the checkpoint of step 6 with a third of the learning rate (0.001 instead of 0.003)",
    step=6,
)


def test_a_fault_ends_in_a_card_with_its_cause_what_was_done_and_one_change() -> None:
    parts = view(examples.run(state=JobState.FAILED, result={"fault": BROKEN.model_dump()}), examples.CURVE)
    assert (
        "The loss broke. The loss stopped being a number at step 9 of 120. "
        "Why That step read the rows on lines 3, 7 of your file. What was done The run was stopped at once. "
        "What to do Go on from the checkpoint of step 6 with a third of the learning rate (0.001 instead of 0.003)."
    ) in words(parts["situation"])
    assert "<b>the last words</b>" not in parts["situation"] and "the last words" in parts["situation"]
    assert buttons(parts) == ["retry"]  # resumed, it would break at the same step again
    short = BROKEN.model_copy(update={"code": FaultCode.OUT_OF_MEMORY})
    parts = view(examples.run(state=JobState.FAILED, result={"fault": short.model_dump()}), examples.CURVE)
    assert (buttons(parts), parts["resume"].variant) == (["resume", "retry"], "secondary")


def test_what_a_run_went_on_after_is_told_beside_how_it_goes() -> None:
    short = Fault(code=FaultCode.OUT_OF_MEMORY, happened="Memory ran out.", done="It goes on with 2 rows.")
    parts = view(examples.run(), examples.CURVE, survived=[short])
    assert "Memory ran out. Memory ran out. It goes on with 2 rows." in words(parts["situation"])
    assert buttons(parts) == ["pause", "stop"]


def test_a_run_that_went_on_tells_its_whole_time_and_each_ending_once() -> None:
    minute = timedelta(minutes=1)
    at_work = [
        Stretch(examples.AT, examples.AT + 2 * minute),
        Stretch(examples.AT + 12 * minute, examples.AT + 15 * minute),
    ]
    job = {"attempt": 2, "started_at": at_work[1].began_at, "ended_at": at_work[1].ended_at}
    first, second = (Fault(code=FaultCode.KILLED, happened=f"It was killed at step {step}.") for step in (4, 9))
    done = view(examples.run(state=JobState.DONE, **job), examples.CURVE, survived=[first], at_work=at_work)
    said = words(done["situation"])
    assert "Took 5 min 0 s finished · 2 attempts with 10 min 0 s between them" in said
    assert "▲ It was ended from outside. It was killed at step 4." in said
    assert "started 05:06 UTC" in words(done["heading"])
    again = examples.run(state=JobState.INTERRUPTED, result={"fault": second.model_dump()}, **job)
    said = words(view(again, examples.CURVE, survived=[first], at_work=at_work)["situation"])
    assert said.count("It was ended from outside.") == 1
    assert "▲ Before that: it was ended from outside. It was killed at step 4." in said
    assert "so far, in 2 attempts with 10 min 0 s between them" in words(
        view(examples.run(attempt=2), examples.CURVE, at_work=[at_work[0], replace(at_work[1], ended_at=None)])[
            "situation"
        ]
    )


def test_every_column_of_the_checkpoints_has_a_heading() -> None:
    heads = re.findall("<th [^>]*>(.*?)</th>", checkpoint_table(examples.run(state=JobState.DONE), examples.KEPT))
    assert heads == ["Step", "Pass", "Validation loss", "On disk", "What it is", "Use it"]


def test_a_pause_says_so_and_can_be_resumed_exactly() -> None:
    pausing = view(examples.run(wish=Wish.STOP, pausing=True), examples.CURVE)
    assert (pausing["pause"].value, pausing["stop"].value) == ("Pausing …", "Stop and keep the best")
    assert "Pausing." in words(pausing["situation"])
    paused = view(examples.run(state=JobState.STOPPED, pausing=True), examples.CURVE, examples.KEPT)
    assert "Paused. It stands after step 80 of 120; Resume goes on exactly from there." in words(paused["situation"])
    assert paused["resume"].variant == "primary"


def test_a_run_says_which_one_it_comes_from() -> None:
    assert "retry of triage-1 from step 6" in words(
        view(examples.run(), origin="retry of triage-1 from step 6")["heading"]
    )


def test_a_run_that_waits_has_not_started() -> None:
    waiting = words(view(examples.run(state=JobState.QUEUED, started_at=None))["heading"])
    assert "waiting since" in waiting and "started" not in waiting
    assert "started" in words(view(examples.run())["heading"])


def test_a_finished_run_says_what_is_kept_and_how_long_it_took() -> None:
    ended = examples.AT.replace(minute=8)
    said = words(view(examples.run(state=JobState.DONE, ended_at=ended), examples.CURVE, examples.KEPT)["situation"])
    assert "Took 2 min 0 s finished" in said
    assert "The best checkpoint is step 40 with a validation loss of 1.60; it is kept." in said
    assert "Time left" not in said


def test_a_live_run_says_how_long_it_still_takes() -> None:
    said = words(view(examples.run(seconds_left=125.0, phase="training"), examples.CURVE)["situation"])
    assert "Time left 2 min 5 s" in said and "80 of 120" in said and "67 %" in said


def test_a_live_run_stands_beside_its_plan_and_says_when_it_takes_longer() -> None:
    late, in_time = (examples.run(seconds_left=left, started_at=datetime.now(UTC)) for left in (600.0, 50.0))
    paused_before = replace(late, job=replace(late.job, attempt=2))
    for run, told in ((late, True), (in_time, False), (paused_before, False)):
        said = words(view(run, examples.CURVE)["situation"])
        whence = "so far, in 2 attempts" if run is paused_before else "so far, 40–90 s planned in all"
        assert whence in said
        assert ("It takes longer than was planned." in said) is told


def test_before_the_first_check_it_is_told_when_that_comes() -> None:
    run = examples.run(recipe=Recipe(evaluations=4))
    assert "after the first check, at step 30" in words(view(run, examples.POINTS[:5])["situation"])


def test_a_run_in_16_bits_is_not_called_qlora() -> None:
    assert "QLoRA on Pebble" in words(view(examples.run())["heading"])
    plain = words(view(examples.run(recipe=Recipe(method="lora")))["heading"])
    assert "LoRA on Pebble" in plain and "QLoRA" not in plain


def test_the_curve_marks_its_best_check_and_says_so_aloud() -> None:
    value = curves(examples.run(), examples.CURVE)
    assert value is not None
    figure = json.loads(value["figure"])
    assert [len(line["x"]) for line in figure["data"]] == [80, 80, 2]
    assert [shape["x0"] for shape in figure["layout"]["shapes"]] == [40, 80, 120, 40]
    named = [note["text"] for note in figure["layout"]["annotations"]]
    assert named == ["pass 1", "pass 2", "pass 3", "best, step 40"]
    assert figure["layout"]["uirevision"] == "run-1"
    assert value["words"] == "Training loss over 80 steps; validation loss lowest at step 40 with 1.600."


def test_before_the_first_point_there_is_no_curve() -> None:
    assert curves(examples.run(), []) is None
    assert curves(examples.run(), [Metric(step=0, epoch=0, validation_loss=3.0)]) is None


MEASURED = [
    replace(p, learning_rate=1e-3, grad_norm=1.0 + p.step % 2, tokens_per_second=900.0, memory=2e9, token_accuracy=0.5)
    for p in examples.CURVE
]


@pytest.mark.parametrize("measure", MEASURES)
def test_every_measure_is_drawn_with_its_unit_and_keeps_the_steps_that_were_zoomed_to(measure: str) -> None:
    value = curves(examples.run(), MEASURED, measure=measure)
    assert value is not None and "not measured" not in value["words"]
    figure = json.loads(value["figure"])
    assert figure["data"] and figure["layout"]["yaxis"]["title"]["text"] == MEASURES[measure].unit
    assert figure["layout"]["uirevision"] == "run-1" and "uirevision" not in figure["layout"]["xaxis"]
    assert figure["layout"]["yaxis"]["uirevision"] == f"run-1 {measure}"


def test_shares_are_shown_in_per_cent_and_bytes_in_gigabytes() -> None:
    for measure, expected in (("Token accuracy", 50), ("Memory", 2)):
        value = curves(examples.run(), MEASURED, measure=measure, smooth=False)
        assert value is not None
        assert json.loads(value["figure"])["data"][0]["y"][-1] == pytest.approx(expected)


def test_without_smoothing_a_curve_is_as_it_was_measured() -> None:
    for smooth, expected in (
        (True, ["training loss", "smoothed", "validation loss"]),
        (False, ["training loss", "validation loss"]),
    ):
        value = curves(examples.run(), examples.CURVE, smooth=smooth)
        assert value is not None
        assert [line["name"] for line in json.loads(value["figure"])["data"]] == expected


def test_what_an_earlier_run_did_not_measure_is_said() -> None:
    value = curves(examples.run(), examples.CURVE, measure="Memory")
    assert value is not None and value["words"] == "Memory was not measured in this run."
    assert "Not measured in this run." in value["figure"]


def test_many_passes_are_marked_by_a_few_lines() -> None:
    points = [replace(point, epoch=point.step / 2) for point in examples.CURVE]
    value = curves(examples.run(), points)
    assert value is not None
    named = [note["text"] for note in json.loads(value["figure"])["layout"]["annotations"]]
    assert named == [*(f"pass {n}" for n in range(12, 61, 12)), "best, step 40"]


def test_answers_of_every_check_are_there_when_asked_for() -> None:
    said = [Answers(step, (("Where is it?", f"answer {step}"),)) for step in range(0, 70, 10)]
    assert "answer 20" not in words(answers_table(said, 50))
    assert all(f"answer {step}" in words(answers_table(said, 50, every=True)) for step in range(0, 70, 10))


def test_answers_stand_side_by_side_from_before_to_the_last_checks() -> None:
    said = [Answers(step, (("Where is it?", f"answer {step}"),)) for step in (0, 10, 20, 30, 40)]
    drawn = words(answers_table(said, 40))
    assert drawn == "Prompt Before Step 20 Step 30 Step 40, best Where is it? answer 0 answer 20 answer 30 answer 40"
    assert "the first answers follow soon" in words(answers_table([], None))


def test_the_answers_of_the_best_check_stay_in_sight() -> None:
    said = [Answers(step, (("Where is it?", f"answer {step}"),)) for step in (0, 10, 20, 30, 40)]
    heads = words(answers_table(said, 10)).split(" Where")[0]
    assert heads == "Prompt Before Step 10, best Step 30 Step 40"


def test_every_checkpoint_says_what_it_is_and_what_can_be_done_with_it() -> None:
    live = words(checkpoint_table(examples.run(), examples.KEPT))
    assert "40 1.0 1.600 4.0 MB best 80 2.0 1.700 4.0 MB last" in live and "Compare" not in live
    ended = checkpoint_table(examples.run(state=JobState.DONE), examples.KEPT)
    acts = "Compare Chat Try or deliver Train longer"
    assert f"4.0 MB best, in use {acts} 80 2.0 1.700 4.0 MB last {acts}" in words(ended)
    assert 'aria-label="Train longer: step 80"' in ended
    chosen = replace(examples.run(state=JobState.DONE), chosen_step=80)
    assert "4.0 MB last, in use" in words(checkpoint_table(chosen, examples.KEPT))
    whole, prefix = (examples.run(state=JobState.DONE, recipe=Recipe().by(method)) for method in ("full", "prefix"))
    assert "Train longer" in words(checkpoint_table(whole, examples.KEPT))
    assert "Train longer" not in words(checkpoint_table(prefix, examples.KEPT))
    assert "saved at the first check" in words(checkpoint_table(examples.run(), []))


def test_a_damaged_checkpoint_says_why_and_cannot_be_chosen() -> None:
    run = replace(examples.run(state=JobState.DONE), chosen_step=40)
    drawn = checkpoint_table(run, [replace(examples.KEPT[0], harm="a <b>file</b> is missing"), examples.KEPT[1]])
    assert "40 1.0 1.600 4.0 MB damaged a <b>file</b> is missing. 80 2.0 1.700 4.0 MB best, last, in use" in words(
        drawn
    )
    assert "<b>file" not in drawn and 'data-step="40"' not in drawn and 'data-step="80"' in drawn
    assert damage(examples.KEPT) == ""
    assert words(damage([replace(examples.KEPT[0], harm="a file is missing"), examples.KEPT[1]])) == (
        "▲ A checkpoint is damaged. It cannot be used: step 40 (a file is missing)."
    )
    nothing = words(checkpoint_table(run, [replace(each, harm="gone") for each in examples.KEPT]))
    assert nothing.count("gone.") == 2 and "best" not in nothing.split("Kept are")[0]


def test_of_plain_text_nothing_is_offered_to_be_judged() -> None:
    run = examples.run(state=JobState.DONE, ended_at=examples.AT)
    run = replace(run, plan=replace(run.plan, is_text=True))
    parts, table = view(run, examples.CURVE, examples.KEPT), checkpoint_table(run, examples.KEPT)
    assert not parts["forward"].visible and "Compare" not in words(table) and "Chat" in words(table)
    said = words(parts["situation"])
    assert "judge it blind" not in said and "there is nothing to judge" in said


def test_why_a_run_ended_early_is_said() -> None:
    run = examples.run(state=JobState.DONE, result={"stopped_early": True})
    said = words(view(run, examples.CURVE, examples.KEPT)["situation"])
    assert "Finished early. Validation loss had not improved for 3 checks, so more would not have helped." in said


def test_the_log_stands_below_the_exact_recipe() -> None:
    said = words(train.log_page(examples.run(), "step 1 <loss 2.1>"))
    assert "rank 16" in said and "step 1 <loss 2.1>" in said and "prefix_tokens" not in said
    assert "The log is empty so far." in words(train.log_page(examples.run(), ""))


def test_a_run_that_lost_its_number_of_steps_shows_no_impossible_share() -> None:
    run = examples.run(total=40)
    assert "100 %" in words(view(replace(run), examples.CURVE)["situation"])


def test_the_curve_of_preference_training_shows_the_margin_and_how_many_pairs_are_told_apart() -> None:
    points = [Metric(1, 0.1, loss=0.69), Metric(2, 0.2, validation_loss=0.6, margin=0.4, accuracy=0.75)]
    drawn = curves(examples.run(), points)
    assert drawn is not None
    named = {line["name"] for line in json.loads(drawn["figure"])["data"]}
    assert {"margin", "pairs told apart (share)"} <= named
