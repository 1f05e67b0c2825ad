"""A rater sees one prompt and two texts, and nothing that tells which is which."""

import json
from collections.abc import Callable
from dataclasses import asdict

import pytest

from studio.domain.errors import StudyError
from studio.domain.run import Run
from studio.domain.study import Card, Choice, Side, Study
from studio.flows import compare, judge, train
from studio.flows.judge import Vote
from studio.flows.studio import Studio
from studio.store import studies

MakeStudy = Callable[..., Study]
JudgeAll = Callable[..., None]


def first_card(studio: Studio, study: Study, rater: str = "ann") -> Card:
    card = judge.next_card(studio, study.rating_token, rater)
    assert card is not None
    return card


def test_each_answer_is_shown_on_the_side_that_was_drawn(opened: MakeStudy, quiet: Studio):
    study = opened()
    items = {item.id: item for item in studies.items(quiet.store, study.id)}
    sides = set()
    for card in judge.remaining_cards(quiet, study.rating_token, "ann"):
        item = items[card.item_id]
        shown = {Side.LEFT: card.left, Side.RIGHT: card.right}
        assert shown.pop(item.tuned_side) == f"tuned {item.row_number}"
        assert list(shown.values()) == [f"base {item.row_number}"]
        sides.add(item.tuned_side)
    assert sides == set(Side)


def test_a_card_names_no_model_no_side_and_nothing_of_the_study(opened: MakeStudy, quiet: Studio, trained: Run):
    study = opened(base=lambda row: "A.", tuned=lambda row: "B.", question="Which one?")
    adapter = train.best_checkpoint(quiet, trained.id).sha256
    for card in judge.remaining_cards(quiet, study.rating_token, "ann"):
        assert set(asdict(card)) == {
            "item_id", "question", "prompt", "left", "right", "position", "total", "rated", "seconds_left",
        }  # fmt: skip
        told = json.dumps(asdict(card)).lower()
        for secret in (
            study.id,
            study.run_id,
            study.protocol,
            study.name,
            str(study.seed),
            adapter,
            "starter",
            "tuned",
            "base",
        ):
            assert secret.lower() not in told, secret


def test_a_rater_goes_through_all_cards_in_an_order_of_their_own(opened: MakeStudy, quiet: Studio):
    study = opened()
    orders = {
        rater: [card.item_id for card in judge.remaining_cards(quiet, study.rating_token, rater)]
        for rater in ("ann", "ben", "cem")
    }
    assert len({frozenset(order) for order in orders.values()}) == 1
    assert len({tuple(order) for order in orders.values()}) == 3
    seen = [first_card(quiet, study).item_id]
    while (card := judge.rate(quiet, study.rating_token, "ann", seen[-1], Choice.TIE)) is not None:
        assert (card.position, card.rated, card.total) == (len(seen) + 1, len(seen), 10)
        seen.append(card.item_id)
    assert seen == orders["ann"]
    assert judge.next_card(quiet, study.rating_token, "ann") is None


def test_the_same_card_comes_again_until_it_is_judged(opened: MakeStudy, quiet: Studio):
    study = opened()
    assert first_card(quiet, study) == first_card(quiet, study)


def test_two_raters_judge_the_same_card_and_both_count(opened: MakeStudy, quiet: Studio):
    study = opened()
    item_id = first_card(quiet, study).item_id
    judge.rate(quiet, study.rating_token, "ann", item_id, Choice.LEFT)
    judge.rate(quiet, study.rating_token, "ben", item_id, Choice.RIGHT)
    kept = {rating.rater: rating.choice for rating in studies.ratings(quiet.store, study.id)}
    assert kept == {"ann": Choice.LEFT, "ben": Choice.RIGHT}


def test_a_judgement_posted_twice_is_one(opened: MakeStudy, quiet: Studio):
    study = opened()
    item_id = first_card(quiet, study).item_id
    after = [
        judge.rate(quiet, study.rating_token, "ann", item_id, Choice.LEFT, seconds=4.0, comment=" good ")
        for _ in range(2)
    ]
    assert after[0] == after[1] and after[0] is not None and after[0].item_id != item_id
    (kept,) = studies.ratings(quiet.store, study.id)
    assert (kept.choice, kept.seconds, kept.comment) == (Choice.LEFT, 4.0, "good")
    assert studies.history(quiet.store, study.id) == []


def test_the_last_judgement_can_be_taken_back_and_its_card_comes_again(opened: MakeStudy, quiet: Studio):
    study = opened()
    first = first_card(quiet, study)
    second = judge.rate(quiet, study.rating_token, "ann", first.item_id, Choice.LEFT)
    assert second is not None
    judge.rate(quiet, study.rating_token, "ann", second.item_id, Choice.RIGHT)
    for expected in (second, first):
        card = judge.undo(quiet, study.rating_token, "ann")
        assert card is not None and (card.item_id, card.position) == (expected.item_id, expected.position)
    assert judge.undo(quiet, study.rating_token, "ann") == first
    assert studies.ratings(quiet.store, study.id) == []


def test_nobody_takes_back_what_another_said(opened: MakeStudy, quiet: Studio):
    study = opened()
    judge.rate(quiet, study.rating_token, "ann", first_card(quiet, study).item_id, Choice.LEFT)
    judge.undo(quiet, study.rating_token, "ben")
    assert len(studies.ratings(quiet.store, study.id)) == 1


def test_how_long_it_still_takes_is_told_after_three_cards_at_the_raters_own_pace(opened: MakeStudy, quiet: Studio):
    study = opened()
    card: Card | None = first_card(quiet, study)
    for seconds in (2.0, 90.0, 5.0):
        assert card is not None and card.seconds_left is None
        card = judge.rate(quiet, study.rating_token, "ann", card.item_id, Choice.TIE, seconds=seconds)
    assert card is not None and card.seconds_left == 7 * 5.0
    assert first_card(quiet, study, "ben").seconds_left is None


def test_a_closed_study_takes_no_more_judgements(opened: MakeStudy, quiet: Studio, judge_all: JudgeAll):
    study = opened()
    card = first_card(quiet, study)
    judge.rate(quiet, study.rating_token, "ann", card.item_id, Choice.LEFT)
    compare.close(quiet, study.id)
    for act in (
        lambda: judge.rate(quiet, study.rating_token, "ann", card.item_id, Choice.RIGHT),
        lambda: judge.rate_all(quiet, study.rating_token, "ann", [Vote(card.item_id, Choice.RIGHT)]),
        lambda: judge.next_card(quiet, study.rating_token, "ann"),
        lambda: judge.undo(quiet, study.rating_token, "ann"),
    ):
        with pytest.raises(StudyError, match="comparison is closed"):
            act()
    (kept,) = studies.ratings(quiet.store, study.id)
    assert kept.choice is Choice.LEFT


def test_a_link_that_leads_nowhere_and_a_card_of_another_study_are_refused(opened: MakeStudy, quiet: Studio):
    mine, other = opened(key="mine"), opened(key="other")
    with pytest.raises(StudyError, match="leads to no comparison"):
        judge.next_card(quiet, mine.id, "ann")
    with pytest.raises(StudyError, match="not part of the study"):
        judge.rate(quiet, mine.rating_token, "ann", first_card(quiet, other).item_id, Choice.LEFT)


def test_judgements_in_bulk_count_all_or_not_at_all(opened: MakeStudy, quiet: Studio):
    study = opened()
    votes = [Vote(card.item_id, Choice.TIE) for card in judge.remaining_cards(quiet, study.rating_token, "ann")]
    with pytest.raises(StudyError, match="nonsense is no card"):
        judge.rate_all(quiet, study.rating_token, "ann", [*votes, Vote("nonsense", Choice.TIE)])
    assert studies.ratings(quiet.store, study.id) == []
    judge.rate_all(quiet, study.rating_token, "ann", votes)
    assert judge.remaining_cards(quiet, study.rating_token, "ann") == []


def test_a_very_long_comment_is_kept_to_its_beginning(opened: MakeStudy, quiet: Studio):
    study = opened()
    judge.rate(quiet, study.rating_token, "ann", first_card(quiet, study).item_id, Choice.TIE, comment="x" * 5000)
    assert len(studies.ratings(quiet.store, study.id)[0].comment) == judge.LONGEST_COMMENT


@pytest.mark.parametrize("name", ["", "a" * 65, "two words", "<b>", "line\nbreak"])
def test_what_cannot_be_a_name_is_no_rater(opened: Callable[..., Study], quiet: Studio, name: str):
    study = opened()
    card = judge.next_card(quiet, study.rating_token, "ann")
    assert card is not None
    with pytest.raises(StudyError, match="cannot be a rater's name"):
        judge.rate(quiet, study.rating_token, name, card.item_id, Choice.LEFT)
    assert compare.progress(quiet, study.id).rated == 0
