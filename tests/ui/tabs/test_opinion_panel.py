"""A model's opinion on the screen: announced first, advice with its failures and its agreement, and never a verdict."""

from datetime import UTC, datetime

from studio.domain.job import JobKind, JobState
from studio.domain.judge import Endpoint, LocalJudge
from studio.domain.opinion import Alike, Failure, OpinionTally, TwoAnswers
from studio.domain.protocol import Rival
from studio.domain.row import Message
from studio.flows.opinion import Advice, Against
from studio.ui.comparing import opinion
from studio.verdict import advising
from tests.ui import examples
from tests.ui.markup import words

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
FAR = Endpoint("https://judge.example/v1", "large <b>", price_in=2.0, price_out=8.0)
PAIRS = [TwoAnswers("p", (Message("user", "Hello"),), "One", "Two")] * 12
TALLY = OpinionTally(12, 7, 2, 1, 1, 1, 0, 1, 24, 1, ((Failure.NOT_JSON, 1),), (9, 9), 9000, 1000)
NONE = OpinionTally(12, 0, 0, 0, 0, 6, 6, 0, 12, 12, ((Failure.NOT_JSON, 12),), (0, 0), 9000, 1000)


def advice(state: JobState = JobState.DONE, *, tally: OpinionTally = TALLY, same: int = 10, **job) -> Advice:
    alike = Alike(11, same, 0.8 if same > 5 else 0.1, 12, 11, 0.9)
    return Advice(
        judge=FAR,
        job=examples.job(kind=JobKind.OPINION, state=state, **job),
        asked_at=NOON,
        tally=tally,
        against=(Against(Rival.BASE, tally, ()),),
        alike=alike,
        reliability=advising.reliability_sentence(tally, alike),
        is_reliable=advising.is_reliable(tally, alike),
        cost=0.03,
    )


def test_what_leaves_the_machine_stands_above_the_button_that_sends_it():
    said = words(opinion.announcement(advising.announce(FAR, PAIRS, question="Which?", base="qwen3-4b")))
    assert "24 questions to large <b> at judge.example. Texts leave this machine to judge.example." in said
    assert "at most about" in said and "no vote and no name goes along" in said
    here = words(
        opinion.announcement(advising.announce(LocalJudge("starter", "/m"), PAIRS, question="Which?", base="x"))
    )
    assert "No text leaves this machine." in here


def test_an_opinion_is_called_advice_with_its_failures_agreement_and_cost():
    said = words(opinion.opinion_of(advice()))
    assert "Advice, not a verdict." in said and "large <b> at judge.example" in said
    assert (
        "in 7 of 9 pairs with a preference; it called 1 equally good and 1 bad on both sides. 1 pair could not be judged."
        in said
    )
    assert "said what a person said in 10 of 11 pairs; two people said the same in 11 of 12" in said
    assert "1 of 24 replies could not be read: 1 × the reply was not the one JSON object" in said
    assert "10,000 tokens, which cost 0.03" in said
    assert "<b>model" not in opinion.opinion_of(advice()) and "large &lt;b&gt;" in opinion.opinion_of(advice())


def test_a_judge_that_does_not_say_what_people_say_is_not_to_be_rested_on():
    said = words(opinion.opinion_of(advice(same=3)))
    assert "▲ Do not rest on it. Unreliable for this task" in said


def test_a_judge_at_work_shows_how_long_it_takes_and_can_be_stopped():
    page, stop, go_on, timer = opinion.view(
        [advice(JobState.RUNNING, done=6, total=24, seconds_left=90.0, phase="asking the judge")]
    )
    assert "6 of 24 questions · asking the judge" in words(page) and "about 1 min 30 s left" in words(page)
    assert "preferred" not in words(page)
    assert (stop.visible, go_on.visible, timer.active) == (True, False, True)


def test_one_that_was_stopped_can_go_on_and_one_that_is_hopeless_cannot():
    _, stop, go_on, timer = opinion.view([advice(JobState.STOPPED, message="Stopped after 6 of 24 questions.")])
    assert (stop.visible, go_on.visible, timer.active) == (False, True, False)
    page, _, go_on, _ = opinion.view([advice(JobState.FAILED, tally=NONE, message="This judge cannot be used here.")])
    assert not go_on.visible and "12 of 12 replies could not be read" in words(page)
    assert opinion.view([])[0] == opinion.NOBODY


def test_another_choice_takes_back_what_was_announced():
    said, ask, agreed = opinion.withdrawn()
    assert (said, ask.visible, agreed) == ("", False, None)
