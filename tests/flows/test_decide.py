"""A closed study is opened: the verdict, its evidence and the files to check it by."""

from collections import Counter
from collections.abc import Callable

import pytest

from studio.domain.dealing import Dealt
from studio.domain.errors import StudyError
from studio.domain.run import Run
from studio.domain.study import Choice, Side, Study
from studio.domain.verdict import Decision
from studio.flows import bring, compare, decide, judge, preferences, report, sharing, votes
from studio.flows.decide import Decided
from studio.flows.judge import Vote
from studio.flows.studio import Studio
from studio.store import cards, studies
from tests.flows.conftest import for_base, for_tuned

MakeStudy = Callable[..., Study]
JudgeAll = Callable[..., None]
Close = Callable[..., Decided]


@pytest.fixture
def decided(quiet: Studio, judge_all: JudgeAll) -> Close:
    """The verdict of a study of which one rater said the same everywhere."""

    def close(study: Study, choose: Choice | Callable[[Dealt], Choice]) -> Decided:
        judge_all(study, choose)
        compare.close(quiet, study.id)
        return decide.verdict(quiet, study.id)

    return close


def test_nothing_is_revealed_before_the_rating_is_closed(opened: MakeStudy, quiet: Studio, judge_all: JudgeAll):
    study = opened()
    judge_all(study, for_tuned)
    reveals = (decide.verdict, votes.votes_csv, votes.votes_jsonl, report.report_page, report.report_pdf, sharing.share)
    for reveal in (*reveals, preferences.pairs):
        with pytest.raises(StudyError, match="still open"):
            reveal(quiet, study.id)
    assert list(quiet.workspace.exports.glob(f"{study.id}*")) == []


@pytest.mark.parametrize("choose, winner", [(for_tuned, "tuned"), (for_base, "base")])
def test_a_preference_counts_for_the_model_whatever_side_it_was_on(
    opened: MakeStudy, quiet: Studio, decided: Close, choose: Callable[[Dealt], Choice], winner: str
):
    study = opened()
    said = decided(study, choose).verdict
    assert getattr(said.tally, winner) == said.tally.decisive == said.tally.rated == 10
    sides = Counter(card.side if winner == "tuned" else card.side.other for card in cards.dealt(quiet.store, study.id))
    assert (said.side_bias.left, said.side_bias.right) == (sides[Side.LEFT], sides[Side.RIGHT])


def test_a_second_study_on_the_same_rows_says_that_its_bar_is_higher(opened: MakeStudy, decided: Close):
    first = decided(opened(key="first"), for_tuned)
    second = decided(opened(key="second"), for_tuned)
    assert "for the first time" in first.ruling.reasons[-1] and "40 to 1" in first.ruling.reasons[-1]
    assert "for the 2nd time" in second.ruling.reasons[-1] and "80 to 1 instead" in second.ruling.reasons[-1]


def test_a_rater_who_always_picks_left_prefers_nobody(opened: MakeStudy, quiet: Studio, decided: Close):
    study = opened()
    said = decided(study, Choice.LEFT).verdict
    sides = Counter(card.side for card in cards.dealt(quiet.store, study.id))
    assert (said.tally.tuned, said.tally.base) == (sides[Side.LEFT], sides[Side.RIGHT])
    assert (said.side_bias.left, said.side_bias.right) == (10, 0)
    assert said.decision is not Decision.SHIP


def test_ties_bad_pairs_and_skips_are_counted_apart(opened: MakeStudy, quiet: Studio, decided: Close):
    study = opened()
    wanted = iter([Choice.TIE] * 2 + [Choice.BOTH_BAD] * 3 + [Choice.SKIP] + [Choice.LEFT] * 4)
    tally = decided(study, lambda _: next(wanted)).verdict.tally
    assert (tally.tie, tally.both_bad, tally.skipped, tally.decisive, tally.rated) == (2, 3, 1, 4, 9)


def test_a_prompt_that_one_skipped_and_another_judged_is_not_counted_as_skipped(
    opened: MakeStudy, quiet: Studio, judge_all: JudgeAll, decided: Close
):
    study = opened(twice=1.0)
    judge_all(study, Choice.SKIP, rater="ben")
    tally = decided(study, for_tuned).verdict.tally
    assert (tally.skipped, tally.tuned) == (0, 10)


def test_a_study_in_which_everything_was_skipped_has_a_verdict_too(opened: MakeStudy, decided: Close):
    said = decided(opened(), Choice.SKIP).verdict
    assert said.decision is not Decision.SHIP
    assert (said.tally.rated, said.tally.skipped) == (0, 10)


def test_answers_that_equal_the_reference_are_counted_over_all_prompts(
    opened: MakeStudy, quiet: Studio, decided: Close, trained: Run
):
    rows = bring.preview(quiet, trained.dataset_id, count=64)
    study = opened(tuned=lambda row: f"\n{rows[row].answer}  \n", base=lambda row: f"{rows[row].answer}!")
    found = decided(study, Choice.TIE)
    assert (found.exact, found.against[0].exact, found.total) == (10, 0, 10)
    assert found.against[0].equal == 0


def test_examples_are_told_by_model_and_those_with_a_comment_come_first(
    opened: MakeStudy, quiet: Studio, judge_all: JudgeAll, decided: Close
):
    study = opened()
    token = judge.named(quiet, study.id, "ann").token
    judge.next_card(quiet, token)
    held = cards.dealt(quiet.store, study.id)[0]
    judge.rate(quiet, token, held.id, for_tuned(held), comment="Far kinder.")
    found = decided(study, for_tuned)
    against = found.against[0]
    assert against.losses == () and against.both_bad == ()
    assert len(against.wins) == decide.EXAMPLES
    assert (against.wins[0].comment, against.wins[0].rater) == ("Far kinder.", "ann")
    asks = {ask.key: ask.row_number for ask in studies.asks(quiet.store, study.id)}
    row = asks[held.pair_id.partition("/")[0]]
    assert (against.wins[0].tuned, against.wins[0].other) == (f"tuned {row}", f"base {row}")


def test_a_pair_that_two_people_judged_is_shown_once_with_what_both_wrote(opened: MakeStudy, quiet: Studio):
    study = opened(twice=1.0)
    for name, comment in (("ann", "Far kinder."), ("ben", "And shorter.")):
        token = judge.named(quiet, study.id, name).token
        held = [card.id for card in judge.remaining_cards(quiet, token)]
        dealt = {card.id: card for card in cards.dealt(quiet.store, study.id)}
        judge.rate_all(quiet, token, [Vote(card, for_tuned(dealt[card]), comment=comment) for card in held])
    compare.close(quiet, study.id)
    wins = decide.verdict(quiet, study.id).against[0].wins
    assert len({(each.question, each.tuned) for each in wins}) == len(wins) == decide.EXAMPLES
    assert {*wins[0].comment.split(" / ")} == {"Far kinder.", "And shorter."}
