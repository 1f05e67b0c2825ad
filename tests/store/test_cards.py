"""A card is handed to one person; one rating per card counts, none after the closing, and none is lost."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from studio.domain.dealing import Dealt, Out, out_of
from studio.domain.errors import StudyError
from studio.domain.study import Choice, Guessed, Link, Rating, Side, Study, StudyState, Suspicion
from studio.store import cards, links, studies
from studio.store.database import Store
from tests.store.examples import NOON, Examples


@pytest.fixture
def study(examples: Examples) -> Study:
    return examples.open_study(prompts=3)


@pytest.fixture
def ann(examples: Examples, study: Study) -> Link:
    return examples.rater(study, "Ann")


@pytest.fixture
def bob(examples: Examples, study: Study) -> Link:
    return examples.rater(study, "Bob")


@pytest.fixture
def card(examples: Examples, study: Study, ann: Link) -> str:
    """A card in Ann's hands."""
    return examples.card(study, ann)


def rating(
    study: Study, card: str, rater: Link, choice: Choice = Choice.LEFT, *, minutes: int = 0, **more: object
) -> Rating:
    return replace(Rating(card, study.id, rater.id, choice, NOON + timedelta(minutes=minutes)), **more)


def test_a_card_is_handed_out_as_it_was_drawn_and_comes_back_as_the_same(store: Store, study: Study, ann: Link):
    drawn = Dealt("key-1/base", ann.id, Side.RIGHT, NOON)
    (first,) = cards.deal(store, study.id, lambda dealt: [drawn])
    assert cards.dealt(store, study.id) == [first] == [replace(drawn, id=first.id)]
    later = replace(drawn, at=NOON + timedelta(hours=1))
    (again,) = cards.deal(store, study.id, lambda dealt: [later])
    assert again == replace(later, id=first.id)
    assert cards.dealt(store, study.id) == [again]


def test_of_many_who_ask_at_once_each_gets_a_pair_of_their_own(store: Store, examples: Examples):
    study = examples.open_study(prompts=6)
    people = [examples.rater(study, f"rater {number}") for number in range(6)]
    together = threading.Barrier(6)

    def ask(rater: Link) -> str:
        together.wait(30)

        def draw(dealt: Sequence[Dealt]) -> list[Dealt]:
            free = sorted({f"key-{number}/base" for number in range(6)} - {card.pair_id for card in dealt})
            return [Dealt(free[0], rater.id, Side.LEFT, NOON)]

        return cards.deal(store, study.id, draw)[0].pair_id

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(ask, people))) == 6


def test_one_rater_is_told_of_others_cards_what_all_cards_say(store: Store, study: Study, examples: Examples):
    people = [examples.rater(study, name) for name in ("Ann", "Bob", "Cem")]
    ann, bob, cem = people
    for rater, key, side, choice in (
        (ann, "key-0", Side.LEFT, Choice.TIE),
        (bob, "key-0", Side.RIGHT, Choice.LEFT),
        (bob, "key-1", Side.RIGHT, Choice.SKIP),
        (cem, "key-2", Side.RIGHT, None),
    ):
        held = examples.card(study, rater, key=key, side=side)
        if choice:
            cards.rate(store, rating(study, held, rater, choice))
    every, told = out_of(cards.dealt(store, study.id)), list[Out]()
    for rater in people:
        with store.write() as connection:
            assert cards.deal_to(connection, study.id, rater.id, lambda out: told.append(out) or []) == []
            out = told[-1]
            pairs = {card.pair_id for card in every.dealt}
            assert out.ratings == every.ratings == {"key-0/base": 2}
            assert {pair: out.first(pair) for pair in pairs} == {pair: every.first(pair) for pair in pairs}
            expected = [card for card in every.dealt if card.rater == rater.id or not card.is_rated]
            assert sorted(out.dealt, key=lambda card: card.id) == sorted(expected, key=lambda card: card.id)


def test_nobody_is_handed_anything_before_the_answers_are_there(store: Store, examples: Examples):
    with pytest.raises(StudyError, match="still being written"):
        cards.deal(store, examples.study().id, lambda dealt: [])
    with pytest.raises(StudyError, match="no comparison called study-0"):
        cards.deal(store, "study-0", lambda dealt: [])


def test_a_rating_comes_back_as_it_was_given(store: Store, study: Study, ann: Link, card: str):
    given = rating(study, card, ann, Choice.BOTH_BAD, seconds=12.5, comment="Too long.", marks={"left": {"tone": 2}})
    assert cards.rate(store, given)
    assert cards.ratings(store, study.id) == [given]
    assert [each.is_rated for each in cards.dealt(store, study.id)] == [True]


def test_the_same_judgement_sent_again_changes_nothing(store: Store, study: Study, ann: Link, card: str):
    cards.rate(store, rating(study, card, ann, comment="Odd\x00.", seconds=3.0))
    kept = cards.ratings(store, study.id)
    assert not cards.rate(store, rating(study, card, ann, comment="Odd\x00.", seconds=3.0, minutes=5))
    assert (cards.ratings(store, study.id), cards.history(store, study.id)) == (kept, [])


def test_a_rater_who_changes_their_mind_is_counted_once_and_nothing_is_lost(
    store: Store, study: Study, ann: Link, card: str
):
    first, second = rating(study, card, ann, Choice.LEFT), rating(study, card, ann, Choice.TIE, minutes=1)
    cards.rate(store, first)
    assert cards.rate(store, second)
    assert cards.ratings(store, study.id) == [second]
    assert [(past.rating, past.why) for past in cards.history(store, study.id)] == [(first, "replaced")]


def test_nobody_judges_the_card_of_another_or_of_another_study(
    store: Store, examples: Examples, study: Study, ann: Link, bob: Link, card: str
):
    other = examples.open_study()
    for foreign in (rating(study, card, bob), rating(study, "card", ann), rating(other, card, ann)):
        with pytest.raises(StudyError, match="not yours to judge"):
            cards.rate(store, foreign)
    assert cards.ratings(store, study.id) == []


def test_ratings_are_listed_in_the_order_in_which_they_were_given(
    store: Store, examples: Examples, study: Study, ann: Link
):
    held = [examples.card(study, ann, key=f"key-{number}") for number in range(3)]
    for minutes, number in ((2, 0), (0, 1), (1, 2)):
        cards.rate(store, rating(study, held[number], ann, minutes=minutes))
    assert [each.card_id for each in cards.ratings(store, study.id)] == [held[1], held[2], held[0]]


def test_many_ratings_of_one_card_at_once_leave_one_and_keep_the_others(
    store: Store, study: Study, ann: Link, card: str
):
    together = threading.Barrier(8)

    def rate(number: int) -> bool:
        together.wait(30)
        return cards.rate(store, rating(study, card, ann, comment=f"thought {number}"))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(rate, range(8)))
    current, past = cards.ratings(store, study.id), cards.history(store, study.id)
    assert (len(current), len(past)) == (1, 7)
    comments = {each.comment for each in current} | {each.rating.comment for each in past}
    assert comments == {f"thought {number}" for number in range(8)}


def test_a_double_click_is_one_rating(store: Store, study: Study, ann: Link, card: str):
    together = threading.Barrier(2)

    def click(_: int) -> bool:
        together.wait(30)
        return cards.rate(store, rating(study, card, ann, seconds=4.0))

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(click, range(2))) == [False, True]
    assert (len(cards.ratings(store, study.id)), cards.history(store, study.id)) == (1, [])


def test_many_judgements_are_kept_all_or_none_in_the_order_in_which_they_were_given(
    store: Store, examples: Examples, study: Study, ann: Link, bob: Link
):
    first, second = (examples.card(study, ann, key=f"key-{number}") for number in range(2))
    foreign = examples.card(study, bob, key="key-2")
    with pytest.raises(StudyError, match="not yours to judge"):
        cards.rate_all(store, [rating(study, first, ann), rating(study, foreign, ann)])
    assert cards.ratings(store, study.id) == []
    given = [rating(study, second, ann), rating(study, first, ann, minutes=1), rating(study, first, ann, minutes=2)]
    changed = rating(study, second, ann, Choice.TIE, minutes=3)
    assert cards.rate_all(store, [*given, changed]) == 2
    assert cards.ratings(store, study.id) == [given[1], changed]
    assert [past.rating for past in cards.history(store, study.id)] == [given[0]]
    assert cards.rate_all(store, [*given[1:], changed]) == cards.rate_all(store, []) == 0


@pytest.mark.parametrize("many", [2, 6])
def test_many_cards_and_many_judgements_take_as_many_questions_as_a_few(store: Store, examples: Examples, many: int):
    study = examples.open_study(prompts=many)
    ann, asked = examples.rater(study), list[str]()
    drawn = [Dealt(f"key-{number}/base", ann.id, Side.LEFT, NOON) for number in range(many)]

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        asked.extend([statement] if "BEGIN" not in statement else [])

    event.listen(store.engine, "before_cursor_execute", note)
    try:
        held = cards.deal(store, study.id, lambda dealt: drawn)
        handing_out = len(asked)
        cards.rate_all(store, [rating(study, card.id, ann) for card in held])
    finally:
        event.remove(store.engine, "before_cursor_execute", note)
    assert len(cards.ratings(store, study.id)) == many
    assert (handing_out, len(asked) - handing_out) == (3, 4)


def test_the_last_rating_can_be_taken_back_and_given_again(
    store: Store, examples: Examples, study: Study, ann: Link, bob: Link
):
    first, second = (examples.card(study, ann, key=f"key-{number}") for number in range(2))
    for minutes, held in enumerate((first, second)):
        cards.rate(store, rating(study, held, ann, minutes=minutes))
    cards.rate(store, rating(study, examples.card(study, bob, key="key-2"), bob, minutes=9))
    assert cards.unrate(store, study.id, ann.id) == second
    assert [past.why for past in cards.history(store, study.id)] == ["taken_back"]
    assert cards.rate(store, rating(study, second, ann, minutes=2))
    assert [cards.unrate(store, study.id, ann.id) for _ in range(3)] == [second, first, None]
    assert len(cards.ratings(store, study.id)) == 1


def test_which_side_was_suspected_is_kept_once_and_goes_with_its_rating(
    store: Store, study: Study, ann: Link, bob: Link, card: str
):
    guess = Suspicion(card, ann.id, Guessed.RIGHT, NOON)
    with pytest.raises(StudyError, match="Judge the card first"):
        cards.suspect(store, study.id, guess)
    cards.rate(store, rating(study, card, ann))
    with pytest.raises(StudyError, match="Judge the card first"):
        cards.suspect(store, study.id, replace(guess, rater=bob.id))
    for guessed in (Guessed.RIGHT, Guessed.UNSURE):
        cards.suspect(store, study.id, replace(guess, guessed=guessed))
    assert cards.suspicions(store, study.id) == [guess]
    cards.unrate(store, study.id, ann.id)
    assert cards.suspicions(store, study.id) == []


def test_after_the_closing_nothing_is_handed_out_said_or_taken_back(store: Store, study: Study, ann: Link, card: str):
    cards.rate(store, rating(study, card, ann))
    assert studies.close(store, study.id, at=NOON).state is StudyState.CLOSED
    for late in (
        lambda: cards.deal(store, study.id, lambda dealt: []),
        lambda: cards.rate(store, rating(study, card, ann, Choice.TIE)),
        lambda: cards.unrate(store, study.id, ann.id),
        lambda: cards.suspect(store, study.id, Suspicion(card, ann.id, Guessed.LEFT, NOON)),
    ):
        with pytest.raises(StudyError, match="is closed"):
            late()
    assert [each.choice for each in cards.ratings(store, study.id)] == [Choice.LEFT]


def test_a_link_that_was_taken_back_a_moment_ago_changes_nothing_any_more(
    store: Store, study: Study, ann: Link, card: str
):
    cards.rate(store, rating(study, card, ann))
    links.revoke(store, ann.id, at=NOON)
    for late in (
        lambda: cards.rate(store, rating(study, card, ann, Choice.TIE)),
        lambda: cards.unrate(store, study.id, ann.id),
        lambda: cards.suspect(store, study.id, Suspicion(card, ann.id, Guessed.LEFT, NOON)),
    ):
        with pytest.raises(StudyError, match="was taken back"):
            late()
    assert [each.choice for each in cards.ratings(store, study.id)] == [Choice.LEFT]
    assert cards.suspicions(store, study.id) == []


def test_of_two_judgements_at_one_moment_the_one_that_is_listed_last_is_taken_back(
    store: Store, examples: Examples, study: Study, ann: Link
):
    for number in range(3):
        cards.rate(store, rating(study, examples.card(study, ann, key=f"key-{number}"), ann))
    listed = [each.card_id for each in cards.ratings(store, study.id)]
    assert cards.unrate(store, study.id, ann.id, only=listed[0]) is None
    assert cards.unrate(store, study.id, ann.id, only=listed[-1]) == listed[-1]


def test_a_rating_beside_the_closing_is_either_counted_or_refused(store: Store, examples: Examples):
    study = examples.open_study(prompts=12)
    ann = examples.rater(study)
    held = [examples.card(study, ann, key=f"key-{number}") for number in range(12)]
    together = threading.Barrier(13)
    counted_at_closing: list[int] = []

    def rate(card: str) -> bool:
        together.wait(30)
        try:
            return cards.rate(store, rating(study, card, ann))
        except StudyError:
            return False

    def close() -> None:
        together.wait(30)
        studies.close(store, study.id, at=NOON)
        counted_at_closing.append(len(cards.ratings(store, study.id)))

    with ThreadPoolExecutor(13) as pool:
        closing = pool.submit(close)
        accepted = sum(pool.map(rate, held))
        closing.result()
    assert [accepted] == counted_at_closing == [len(cards.ratings(store, study.id))]
