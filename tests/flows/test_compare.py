"""A comparison is frozen before anyone rates: sealed prompts, drawn sides, answers written beforehand."""

from collections import Counter
from collections.abc import Callable
from dataclasses import fields

import pytest

from studio.domain.dataset import Dataset
from studio.domain.errors import StudyError
from studio.domain.job import JobState
from studio.domain.run import Run
from studio.domain.split import Bin
from studio.domain.study import Choice, Side, Study, StudyState
from studio.flows import bring, compare, judge, train
from studio.flows.models import STARTER
from studio.flows.studio import Studio
from studio.store import splits, studies
from tests.flows.conftest import PATIENCE, RECIPE


def test_prompts_come_from_the_sealed_rows_alone(quiet: Studio, trained: Run):
    study = compare.create(quiet, trained.id, key="study")
    items = studies.items(quiet.store, study.id)
    sealed = set(compare.sealed_rows(quiet, trained.id))
    assert (
        {item.row_number for item in items} == sealed <= set(splits.get(quiet.store, trained.split_id).rows(Bin.TEST))
    )
    rows = bring.preview(quiet, trained.dataset_id, count=64)
    for item in items:
        assert item.prompt == rows[item.row_number].prompt
        assert item.reference == rows[item.row_number].answer


def test_a_row_too_long_for_training_is_no_prompt_either(quiet: Studio, trained: Run):
    assert 63 not in compare.sealed_rows(quiet, trained.id)


@pytest.mark.parametrize("prompts", [10, 9])
def test_sides_are_balanced_and_drawn_anew_for_every_study(quiet: Studio, trained: Run, prompts: int):
    drawn = []
    for number in range(4):
        study = compare.create(quiet, trained.id, prompts=prompts, key=f"study {number}")
        sides = [item.tuned_side for item in studies.items(quiet.store, study.id)]
        counted = Counter(sides)
        assert abs(counted[Side.LEFT] - counted[Side.RIGHT]) == prompts % 2
        drawn.append(tuple(sides))
    assert len(set(drawn)) > 1


def test_names_of_cards_tell_nothing_and_are_used_once(quiet: Studio, trained: Run):
    both = [compare.create(quiet, trained.id, key=key) for key in ("one", "two")]
    ids = [item.id for study in both for item in studies.items(quiet.store, study.id)]
    assert len(set(ids)) == len(ids)
    assert both[0].rating_token != both[1].rating_token


def test_what_was_frozen_has_a_fingerprint(quiet: Studio, trained: Run):
    first = compare.create(quiet, trained.id, key="one", question="  ")
    other = compare.create(quiet, trained.id, key="two", question="Which is kinder?")
    assert first.question == compare.QUESTION
    assert len(first.protocol) == 16 and first.protocol != other.protocol


def test_the_same_study_created_twice_is_one(quiet: Studio, trained: Run):
    first = compare.create(quiet, trained.id, key="a click")
    assert compare.create(quiet, trained.id, key="a click") == first
    assert compare.studies(quiet, trained.id) == [first]


@pytest.mark.parametrize("prompts", [0, -3, 1000])
def test_more_prompts_than_are_sealed_or_none_are_refused(quiet: Studio, trained: Run, prompts: int):
    with pytest.raises(StudyError) as refused:
        compare.create(quiet, trained.id, prompts=prompts, key="study")
    assert refused.value.field == "prompts"


def test_a_run_that_is_still_learning_cannot_be_compared(quiet: Studio, dataset: Dataset):
    run = train.start(quiet, dataset.id, STARTER, RECIPE, key="a click")
    with pytest.raises(StudyError, match="still training"):
        compare.create(quiet, run.id, key="study")


def test_a_study_opens_once_its_answers_are_written(quiet: Studio, trained: Run, write_answers: Callable[..., None]):
    study = compare.create(quiet, trained.id, prompts=4, key="study")
    assert study.state is StudyState.WRITING
    for act in (judge.next_card, judge.undo):
        with pytest.raises(StudyError, match="still being written"):
            act(quiet, study.rating_token, "ann")
    with pytest.raises(StudyError, match="not all written"):
        compare.close(quiet, study.id)
    write_answers(quiet, study)
    assert compare.study_by_token(quiet, study.rating_token).state is StudyState.OPEN
    assert compare.study(quiet, study.id).state is StudyState.OPEN


def test_answers_with_every_kind_of_line_separator_arrive_whole(opened: Callable[..., Study], quiet: Studio):
    odd = "one\u2028two\x85three\x0bfour\r\nfive"
    study = opened(prompts=2, tuned=lambda row: odd)
    assert {item.tuned_answer for item in studies.items(quiet.store, study.id)} == {odd}


def test_writing_can_be_stopped_and_goes_on_later(quiet: Studio, trained: Run, write_answers: Callable[..., None]):
    study = compare.create(quiet, trained.id, prompts=2, key="study")
    assert compare.stop_writing(quiet, study.id).job.state is JobState.STOPPED
    assert compare.go_on_writing(quiet, study.id).job.state is JobState.QUEUED
    write_answers(quiet, study)
    assert compare.study(quiet, study.id).state is StudyState.OPEN


def test_an_owner_sees_how_far_the_rating_is_and_nothing_that_could_sway(
    opened: Callable[..., Study], quiet: Studio, judge_all: Callable[..., None]
):
    study = opened(prompts=4)
    assert {field.name for field in fields(compare.StudyProgress)} == {"rated", "total", "raters", "job"}
    judge_all(study, Choice.LEFT, rater="ann")
    judge_all(study, Choice.TIE, rater="ben")
    far = compare.progress(quiet, study.id)
    assert (far.rated, far.total, far.raters) == (4, 4, 2)


def test_a_study_that_nobody_rated_is_not_closed_and_a_closed_one_stays_closed(
    opened: Callable[..., Study], quiet: Studio, judge_all: Callable[..., None]
):
    study = opened(prompts=2)
    with pytest.raises(StudyError, match="Nobody has rated"):
        compare.close(quiet, study.id)
    judge_all(study, Choice.SKIP)
    closed = compare.close(quiet, study.id)
    assert closed.state is StudyState.CLOSED and closed.closed_at
    assert compare.close(quiet, study.id) == closed


def test_both_models_really_answer_every_prompt(copied: Studio, trained: Run):
    study = compare.create(copied, trained.id, prompts=4, key="really")
    train.wait(copied, study.job.id, seconds=PATIENCE)
    study = compare.study(copied, study.id)
    assert study.state is StudyState.OPEN, study.job.message
    items = studies.items(copied.store, study.id)
    assert all(item.base_answer for item in items)
    assert any(item.base_answer != item.tuned_answer for item in items)
    written = compare.written_answers(copied.workspace.study(study.id) / "answers.jsonl")
    adapter = train.best_checkpoint(copied, trained.id).sha256
    for line in written:
        assert line["identity"] == {
            "model": STARTER, "adapter_sha256": adapter, "adapter_on_base": False, "adapter_on_tuned": True,
        }  # fmt: skip
