"""A comparison is frozen before anyone rates: sealed prompts, drawn sides, answers written beforehand."""

from collections.abc import Callable
from dataclasses import fields

import pytest

from studio.domain.dataset import Dataset
from studio.domain.errors import StudyError
from studio.domain.job import JobState
from studio.domain.run import Run
from studio.domain.split import Bin
from studio.domain.study import TUNED, Choice, Study, StudyState
from studio.flows import asking, bring, compare, judge, train
from studio.flows.models import STARTER
from studio.flows.studio import Studio
from studio.store import splits, studies
from tests.flows.conftest import PATIENCE, RECIPE


def test_prompts_come_from_the_sealed_rows_alone(quiet: Studio, trained: Run):
    study = compare.create(quiet, trained.id, key="study")
    asks = studies.asks(quiet.store, study.id)
    sealed = set(asking.sealed_rows(quiet, trained.id))
    assert {ask.row_number for ask in asks} == sealed <= set(splits.get(quiet.store, trained.split_id).rows(Bin.TEST))
    rows = bring.preview(quiet, trained.dataset_id, count=64)
    for ask in asks:
        assert ask.row_number is not None
        assert (ask.prompt, ask.reference) == (rows[ask.row_number].prompt, rows[ask.row_number].answer)


def test_a_row_too_long_for_training_is_no_prompt_either(quiet: Studio, trained: Run):
    assert 63 not in asking.sealed_rows(quiet, trained.id)


def test_links_to_two_studies_differ_and_tell_nothing(quiet: Studio, trained: Run):
    both = [compare.create(quiet, trained.id, key=key) for key in ("one", "two")]
    tokens = [compare.invitation(quiet, study.id).token for study in both]
    assert tokens[0] != tokens[1]
    assert not any(told in token for token in tokens for told in (trained.id, *(study.id for study in both)))


def test_what_was_frozen_has_a_fingerprint(quiet: Studio, trained: Run):
    first = compare.create(quiet, trained.id, key="one", question="  ")
    other = compare.create(quiet, trained.id, key="two", question="Which is kinder?")
    assert first.protocol.criterion == compare.QUESTION
    assert first.fingerprint == first.protocol.fingerprint != other.fingerprint
    assert compare.study(quiet, first.id).fingerprint == first.fingerprint


def test_every_study_on_the_same_prompts_is_counted_and_raises_the_bar(quiet: Studio, trained: Run):
    studies = [compare.create(quiet, trained.id, key=f"study {number}") for number in range(3)]
    assert [study.protocol.opening for study in studies] == [1, 2, 3]
    assert [study.protocol.bar for study in studies] == [40, 80, 160]


def test_the_same_study_created_twice_is_one(quiet: Studio, trained: Run):
    first = compare.create(quiet, trained.id, key="a click")
    assert compare.create(quiet, trained.id, key="a click") == first
    assert compare.studies(quiet, trained.id) == [first]


@pytest.mark.parametrize("prompts", [0, -3, 1000])
def test_more_prompts_than_are_sealed_or_none_are_refused(quiet: Studio, trained: Run, prompts: int):
    with pytest.raises(StudyError) as refused:
        compare.create(quiet, trained.id, prompts=prompts, key="study")
    assert refused.value.field == "cap"


def test_a_run_that_is_still_learning_cannot_be_compared(quiet: Studio, dataset: Dataset):
    run = train.start(quiet, dataset.id, STARTER, RECIPE, key="a click")
    with pytest.raises(StudyError, match="still training"):
        compare.create(quiet, run.id, key="study")


def test_a_study_opens_once_its_answers_are_written(quiet: Studio, trained: Run, write_answers: Callable[..., None]):
    study = compare.create(quiet, trained.id, prompts=4, key="study")
    assert study.state is StudyState.WRITING
    rater = judge.named(quiet, study.id, "ann").token
    for act in (judge.next_card, judge.undo):
        with pytest.raises(StudyError, match="still being written"):
            act(quiet, rater)
    with pytest.raises(StudyError, match="not all written"):
        compare.close(quiet, study.id)
    write_answers(quiet, study)
    assert compare.study(quiet, study.id).state is StudyState.OPEN


def test_answers_with_every_kind_of_line_separator_arrive_whole(opened: Callable[..., Study], quiet: Studio):
    odd = "one\u2028two\x85three\x0bfour\r\nfive"
    study = opened(prompts=2, tuned=lambda row: odd)
    answers = studies.answers(quiet.store, study.id)
    assert {answer.text for (_, who), answer in answers.items() if who == TUNED} == {odd}


def test_writing_can_be_stopped_and_goes_on_later(quiet: Studio, trained: Run, write_answers: Callable[..., None]):
    study = compare.create(quiet, trained.id, prompts=2, key="study")
    assert compare.stop_writing(quiet, study.id).job.state is JobState.STOPPED
    assert compare.go_on_writing(quiet, study.id).job.state is JobState.QUEUED
    write_answers(quiet, study)
    assert compare.study(quiet, study.id).state is StudyState.OPEN


def test_an_owner_sees_how_far_the_rating_is_and_nothing_that_could_sway(
    opened: Callable[..., Study], quiet: Studio, judge_all: Callable[..., None]
):
    study = opened(prompts=4, twice=1.0)
    told = {"rated", "total", "again", "twice", "raters", "job", "invitation"}
    assert {field.name for field in fields(compare.StudyProgress)} == told
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
    answers = studies.answers(copied.store, study.id)
    assert len(answers) == 8 and all(answers[ask.key, "base"].text for ask in studies.asks(copied.store, study.id))
    assert any(answers[key, "base"].text != answers[key, TUNED].text for key, _ in answers)
    adapter = train.best_checkpoint(copied, trained.id).sha256
    for (_, contestant), answer in answers.items():
        who = {"model": STARTER, "adapter_sha256": adapter, "adapter_on": contestant == TUNED}
        assert {name: answer.identity[name] for name in who} == who
