"""A study is frozen once made; one rating per item and rater counts, none after the closing, and none is lost."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from studio.domain.errors import StudyError
from studio.domain.job import JobKind, JobState
from studio.domain.study import Choice, Rating, Sampling, Side, StudyState
from studio.store import jobs, studies
from studio.store.database import Store
from tests.store.examples import Examples

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_a_new_study_waits_for_its_answers(store: Store, examples: Examples):
    study = examples.study(prompts=3)
    assert studies.get(store, study.id) == study
    assert (study.state, study.prompts, study.seed, study.closed_at) == (StudyState.WRITING, 3, 2**47 + 1, None)
    assert study.sampling == Sampling(max_new_tokens=80)
    assert (study.job.kind, study.job.subject_id) == (JobKind.GENERATE, study.id)
    assert jobs.spec(store, study.job.id) == {"rows": [0, 1, 2]}


def test_its_items_are_frozen_in_their_order_with_their_sides(store: Store, examples: Examples):
    study = examples.study(prompts=3)
    items = studies.items(store, study.id)
    assert [item.position for item in items] == [0, 1, 2]
    assert [item.tuned_side for item in items] == [Side.RIGHT, Side.LEFT, Side.RIGHT]
    assert [message.content for message in items[1].prompt] == ["Be brief.", "Question 1?"]
    assert {item.base_answer + item.tuned_answer for item in items} == {""}


def test_the_same_key_is_the_same_study(store: Store, examples: Examples):
    run = examples.run()
    first = examples.study(run=run, key="click-1")
    assert examples.study(run=run, key="click-1") == first
    assert len(studies.all(store)) == 1
    assert len(studies.items(store, first.id)) == 3


def test_a_rating_link_leads_to_its_study_and_an_unknown_one_nowhere(store: Store, examples: Examples):
    study = examples.study()
    assert studies.by_token(store, study.rating_token) == study
    with pytest.raises(StudyError, match="leads to no comparison"):
        studies.by_token(store, study.rating_token[:-1])


def test_studies_are_listed_with_the_newest_first_of_all_runs_or_of_one(store: Store, examples: Examples):
    run, other = examples.run(), examples.run()
    made = [examples.study(run=each).id for each in (run, other, run)]
    assert [study.id for study in studies.all(store)] == made[::-1]
    assert [study.id for study in studies.all(store, run_id=run.id)] == [made[2], made[0]]


def test_an_unknown_study_is_named(store: Store):
    with pytest.raises(StudyError, match="no comparison called study-0"):
        studies.get(store, "study-0")
    with pytest.raises(StudyError, match="no comparison called study-0"):
        studies.rate(store, _rating("study-0", 0))


def test_a_study_whose_answers_could_not_be_written_has_failed_until_it_goes_on(store: Store, examples: Examples):
    study = examples.study()
    examples.finish(study.job.id, to=JobState.FAILED, message="No memory.")
    assert studies.get(store, study.id).state is StudyState.FAILED
    jobs.requeue(store, study.job.id)
    assert studies.get(store, study.id).state is StudyState.WRITING


def test_the_rating_opens_with_the_answers_word_for_word(store: Store, examples: Examples):
    study = examples.study(prompts=2)
    odd = "line\n\x00 \ud800 ünï 模型"
    opened = studies.set_answers(store, study.id, {10: ("base", odd), 11: ("", "tuned"), 99: ("other", "row")})
    assert opened.state is StudyState.OPEN
    answers = [(item.base_answer, item.tuned_answer) for item in studies.items(store, study.id)]
    assert answers == [("base", odd), ("", "tuned")]


def test_it_does_not_open_while_an_answer_is_missing(store: Store, examples: Examples):
    study = examples.study(prompts=3)
    with pytest.raises(StudyError, match="2 of 3 prompts have no answers yet"):
        studies.set_answers(store, study.id, {10: ("a", "b")})
    assert studies.get(store, study.id).state is StudyState.WRITING
    assert {item.base_answer for item in studies.items(store, study.id)} == {""}


def test_answers_never_change_once_people_may_rate(store: Store, examples: Examples):
    study = examples.open_study(prompts=1)
    studies.set_answers(store, study.id, {10: ("better", "worse")})
    assert studies.items(store, study.id)[0].base_answer == "base 0"


def test_nobody_rates_before_the_answers_are_there(store: Store, examples: Examples):
    study = examples.study()
    with pytest.raises(StudyError, match="still being written"):
        studies.rate(store, _rating(study.id, 0))
    with pytest.raises(StudyError, match="not all written"):
        studies.close(store, study.id, at=NOON)


def test_a_rating_comes_back_as_it_was_given(store: Store, examples: Examples):
    study = examples.open_study()
    rating = _rating(study.id, 0, Choice.BOTH_BAD, seconds=12.5, comment="Both too long.")
    assert studies.rate(store, rating)
    assert studies.ratings(store, study.id) == [rating]


def test_the_same_judgement_sent_again_changes_nothing(store: Store, examples: Examples):
    study = examples.open_study()
    first = _rating(study.id, 0, comment="Odd\x00.", seconds=3.0)
    studies.rate(store, first)
    kept = studies.ratings(store, study.id)
    again = _rating(study.id, 0, comment="Odd\x00.", seconds=3.0, minutes=5)
    assert not studies.rate(store, again)
    assert studies.ratings(store, study.id) == kept
    assert studies.history(store, study.id) == []


def test_a_rater_who_changes_their_mind_is_counted_once_and_nothing_is_lost(store: Store, examples: Examples):
    study = examples.open_study()
    first, second = _rating(study.id, 0, Choice.LEFT), _rating(study.id, 0, Choice.TIE, minutes=1)
    studies.rate(store, first)
    assert studies.rate(store, second)
    assert studies.ratings(store, study.id) == [second]
    assert [(past.rating, past.why) for past in studies.history(store, study.id)] == [(first, "replaced")]


def test_two_raters_of_one_item_both_count(store: Store, examples: Examples):
    study = examples.open_study()
    for rater in ("ann", "bob"):
        studies.rate(store, _rating(study.id, 0, rater=rater))
    assert [rating.rater for rating in studies.ratings(store, study.id)] == ["ann", "bob"]
    assert studies.rated_items(store, study.id, "ann") == {f"{study.id}-card0"}
    assert studies.rated_items(store, study.id, "eve") == set()


def test_ratings_are_listed_in_the_order_in_which_they_were_given(store: Store, examples: Examples):
    study = examples.open_study()
    for minutes, position in ((2, 0), (0, 1), (1, 2)):
        studies.rate(store, _rating(study.id, position, minutes=minutes))
    assert [rating.item_id[-1] for rating in studies.ratings(store, study.id)] == ["1", "2", "0"]


def test_a_card_of_another_study_is_refused(store: Store, examples: Examples):
    study, other = examples.open_study(), examples.open_study()
    with pytest.raises(StudyError, match="not part of the study"):
        studies.rate(store, Rating(f"{other.id}-card0", study.id, "ann", Choice.LEFT, NOON))
    with pytest.raises(StudyError, match="not part of the study"):
        studies.rate(store, Rating("card", study.id, "ann", Choice.LEFT, NOON))


def test_many_ratings_of_one_card_at_once_leave_one_and_keep_the_others(store: Store, examples: Examples):
    study = examples.open_study()
    together = threading.Barrier(8)

    def rate(number: int) -> bool:
        together.wait(30)
        return studies.rate(store, _rating(study.id, 0, comment=f"thought {number}"))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(rate, range(8)))
    current, past = studies.ratings(store, study.id), studies.history(store, study.id)
    assert (len(current), len(past)) == (1, 7)
    comments = {rating.comment for rating in current} | {each.rating.comment for each in past}
    assert comments == {f"thought {number}" for number in range(8)}


def test_a_double_click_is_one_rating(store: Store, examples: Examples):
    study = examples.open_study()
    together = threading.Barrier(2)

    def click(_: int) -> bool:
        together.wait(30)
        return studies.rate(store, _rating(study.id, 0, seconds=4.0))

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(click, range(2))) == [False, True]
    assert len(studies.ratings(store, study.id)) == 1
    assert studies.history(store, study.id) == []


def test_the_last_rating_can_be_taken_back_and_given_again(store: Store, examples: Examples):
    study = examples.open_study()
    for minutes, position in ((0, 0), (1, 1)):
        studies.rate(store, _rating(study.id, position, minutes=minutes))
    studies.rate(store, _rating(study.id, 2, rater="bob", minutes=9))
    assert studies.unrate(store, study.id, "ann") == f"{study.id}-card1"
    assert studies.rated_items(store, study.id, "ann") == {f"{study.id}-card0"}
    assert [past.why for past in studies.history(store, study.id)] == ["taken_back"]
    assert studies.rate(store, _rating(study.id, 1, minutes=2))
    assert studies.unrate(store, study.id, "ann") == f"{study.id}-card1"
    assert studies.unrate(store, study.id, "ann") == f"{study.id}-card0"
    assert studies.unrate(store, study.id, "ann") is None
    assert len(studies.ratings(store, study.id)) == 1


def test_after_the_closing_nobody_rates_or_takes_back(store: Store, examples: Examples):
    study = examples.open_study()
    studies.rate(store, _rating(study.id, 0))
    closed = studies.close(store, study.id, at=NOON)
    assert (closed.state, closed.closed_at) == (StudyState.CLOSED, NOON)
    for late in (lambda: studies.rate(store, _rating(study.id, 1)), lambda: studies.unrate(store, study.id, "ann")):
        with pytest.raises(StudyError, match="is closed"):
            late()
    assert len(studies.ratings(store, study.id)) == 1


def test_a_closed_study_keeps_the_time_of_its_closing(store: Store, examples: Examples):
    study = examples.open_study()
    studies.close(store, study.id, at=NOON)
    assert studies.close(store, study.id, at=NOON + timedelta(days=1)).closed_at == NOON


def test_a_rating_beside_the_closing_is_either_counted_or_refused(store: Store, examples: Examples):
    study = examples.open_study(prompts=12)
    together = threading.Barrier(13)
    counted_at_closing: list[int] = []

    def rate(position: int) -> bool:
        together.wait(30)
        try:
            return studies.rate(store, _rating(study.id, position))
        except StudyError:
            return False

    def close() -> None:
        together.wait(30)
        studies.close(store, study.id, at=NOON)
        counted_at_closing.append(len(studies.ratings(store, study.id)))

    with ThreadPoolExecutor(13) as pool:
        closing = pool.submit(close)
        accepted = sum(pool.map(rate, range(12)))
        closing.result()
    assert [accepted] == counted_at_closing == [len(studies.ratings(store, study.id))]


def _rating(
    study_id: str,
    position: int,
    choice: Choice = Choice.LEFT,
    *,
    rater: str = "ann",
    minutes: int = 0,
    seconds: float | None = None,
    comment: str = "",
) -> Rating:
    at = NOON + timedelta(minutes=minutes)
    return Rating(f"{study_id}-card{position}", study_id, rater, choice, at, seconds, comment)
