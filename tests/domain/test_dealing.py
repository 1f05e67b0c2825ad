"""Who judges what: one primary rating each, every side a coin of its own, nobody both of a pair's ratings."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.domain.dealing import (
    HOLD,
    Dealt,
    Deck,
    Pair,
    Ratings,
    Standing,
    deck,
    deck_of,
    out_of,
    progress,
    recurring,
)
from studio.domain.errors import StudyError
from studio.domain.protocol import Asked, Candidate, Opponent, Protocol, Rival
from studio.domain.study import Side

START = datetime(2026, 11, 26, 9, tzinfo=UTC)
PROMPTS = [f"p{number}" for number in range(24)]


def standing(cards: Deck, dealt: Sequence[Dealt], rater: str, now: datetime = START) -> Standing:
    """How a study stands for one rater, from all cards that are out."""
    return Standing(cards, out_of(dealt), rater, now=now)


class Room:
    """A study being rated: who holds what, and a clock that only moves when told to."""

    def __init__(self, cards: Deck) -> None:
        self.deck, self.dealt, self.now = cards, list[Dealt](), START

    def rate(self, rater: str) -> Dealt | None:
        """One card asked for and judged at once."""
        card = self.ask(rater)
        if card:
            rated = replace(card, is_rated=True)
            self.dealt = [rated if (each.pair_id, each.rater) == (card.pair_id, rater) else each for each in self.dealt]
        return card

    def ask(self, rater: str) -> Dealt | None:
        card = standing(self.deck, self.dealt, rater, self.now).next()
        if card and card not in self.dealt:
            self.dealt = [each for each in self.dealt if (each.pair_id, each.rater) != (card.pair_id, rater)]
            self.dealt.append(card)
        return card

    def finish(self, raters: Sequence[str]) -> None:
        """Everybody rates in turn until there is nothing left for any of them."""
        waiting = list(raters)
        while waiting:
            waiting = [rater for rater in waiting if self.rate(rater)]

    @property
    def rated(self) -> list[Dealt]:
        return [card for card in self.dealt if card.is_rated]


shapes = st.fixed_dictionaries({
    "prompts": st.integers(1, 14).map(lambda n: PROMPTS[:n]),
    "opponents": st.integers(1, 3).map(lambda n: ["base", "prompt", "few_shot"][:n]),
    "twice": st.sampled_from([0.0, 0.25, 0.5, 1.0]),
    "identical": st.integers(0, 3).map(lambda n: PROMPTS[20 : 20 + n]),
    "seed": st.integers(0, 2**48),
})  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(shape=shapes, raters=st.lists(st.sampled_from("abcd"), min_size=1, max_size=40))
def test_every_pair_gets_one_primary_and_at_most_one_second_by_somebody_else(shape, raters: list[str]) -> None:
    room = Room(deck(**shape))
    for rater in raters:
        room.rate(rater)
    room.finish("abcd")
    by_pair = defaultdict(list)
    for card in room.rated:
        by_pair[card.pair_id].append(card.rater)
    for pair in room.deck.pairs:
        assert len(by_pair[pair.id]) == pair.wanted, "judged as often as wanted: the first is the primary one"
        assert len(set(by_pair[pair.id])) == len(by_pair[pair.id])
    done = progress(room.deck, room.dealt)
    assert done.is_complete and done.second == done.wanted_twice


@settings(max_examples=40, deadline=None)
@given(shape=shapes, raters=st.lists(st.sampled_from("abc"), min_size=1, max_size=40))
def test_what_was_shown_before_has_no_say_in_what_comes_next_nor_on_which_side(shape, raters: list[str]) -> None:
    room = Room(deck(**shape))
    for rater in raters:
        room.rate(rater)
    turned = [replace(card, side=card.side.other) for card in room.dealt]
    for rater in "abcd":
        card = standing(room.deck, room.dealt, rater, room.now).next()
        other = standing(room.deck, turned, rater, room.now).next()
        is_second = card is not None and any(each.pair_id == card.pair_id for each in room.dealt)
        assert other == (replace(card, side=card.side.other) if card and is_second else card)


def test_both_sides_come_about_equally_often() -> None:
    lefts = []
    for seed in range(100):
        cards = standing(deck(PROMPTS[:20], ["base", "prompt"], twice=0.0, seed=seed), [], "ann").hand()
        lefts.append(sum(card.side is Side.LEFT for card in cards))
    assert sum(14 <= left <= 26 for left in lefts) >= 90, "of 40 cards, as docs/verdict.md says"
    assert 0.48 < sum(lefts) / 4000 < 0.52


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**48))
def test_second_ratings_show_the_pair_the_other_way_round(seed: int) -> None:
    room = Room(deck(PROMPTS, ["base"], twice=0.25, seed=seed))
    room.finish("abc")
    sides = defaultdict(list)
    for card in room.rated:
        sides[card.pair_id].append(card.side)
    doubled = [shown for shown in sides.values() if len(shown) == 2]
    assert len(doubled) == 6 and all(first is not second for first, second in doubled)


events = st.lists(st.tuples(st.sampled_from("abcde"), st.sampled_from(["rate", "rate", "ask", "away"])), max_size=60)


@settings(max_examples=40, deadline=None)
@given(shape=shapes, events=events)
def test_people_may_join_late_and_leave_with_a_card_in_their_hands(shape, events) -> None:
    room = Room(deck(**shape))
    for rater, does in events:
        if does == "away":
            room.ask(rater)
            room.now += HOLD + timedelta(seconds=1)
        else:
            (room.rate if does == "rate" else room.ask)(rater)
    room.now += HOLD + timedelta(seconds=1)
    room.finish(["late", "later"])
    counts = Counter(card.pair_id for card in room.rated)
    assert progress(room.deck, room.dealt).is_complete
    assert all(counts[pair.id] <= pair.wanted for pair in room.deck.pairs)
    assert len({(card.pair_id, card.rater) for card in room.rated}) == len(room.rated)


@settings(max_examples=40, deadline=None)
@given(shape=shapes, events=events)
def test_as_many_cards_are_said_to_be_left_as_could_be_handed_out(shape, events) -> None:
    room = Room(deck(**shape))
    for rater, does in events:
        (room.rate if does == "rate" else room.ask)(rater)
        room.now += HOLD + timedelta(seconds=1) if does == "away" else timedelta(minutes=1)
        for who in "abf":
            seen = standing(room.deck, room.dealt, who, room.now)
            assert seen.remaining == len(seen.hand())
            assert seen.progress == progress(room.deck, room.dealt)


def test_a_card_is_held_for_its_rater_and_goes_to_somebody_else_only_after_a_while() -> None:
    room = Room(deck(["p"], ["base"], twice=0.0, seed=1))
    card = room.ask("ann")
    assert room.ask("ann") == card and room.ask("bob") is None
    room.now += HOLD + timedelta(seconds=1)
    found = room.ask("bob")
    assert found is not None and found.pair_id == (card and card.pair_id)


def test_a_card_that_comes_back_to_the_same_person_stands_as_it_stood() -> None:
    for seed in range(20):
        room = Room(deck(PROMPTS[:6], ["base"], twice=0.0, seed=seed))
        card = room.ask("ann")
        room.now += HOLD + timedelta(seconds=1)
        again = room.ask("ann")
        assert card and again and (again.pair_id, again.side) == (card.pair_id, card.side)
        assert again.at == room.now


def test_sides_that_were_dealt_by_an_earlier_version_stay_as_they_are() -> None:
    made = deck(PROMPTS[:4], ["base"], twice=1.0, seed=3)
    for side in Side:
        long_ago = [Dealt(pair.id, "ann", side, START) for pair in made.pairs]
        again = standing(made, long_ago, "ann", START + 2 * HOLD).hand()
        assert [(card.pair_id, card.side) for card in again] == [(pair.id, side) for pair in made.pairs]
        judged = [replace(card, is_rated=True) for card in long_ago]
        assert {card.side for card in standing(made, judged, "ben").hand()} == {side.other}


def test_nobody_is_asked_for_a_second_opinion_before_there_is_a_first() -> None:
    room = Room(deck(["p"], ["base"], twice=1.0, seed=1))
    room.ask("ann")
    assert room.ask("bob") is None
    room.rate("ann")
    assert room.rate("ann") is None and room.rate("bob") is not None


def test_a_prompt_comes_back_to_the_same_person_only_when_all_others_are_done() -> None:
    room = Room(deck(PROMPTS, ["base", "prompt", "few_shot"], twice=0.0, seed=3))
    prompts = {pair.id: pair.prompt for pair in room.deck.pairs}
    first = [room.rate("ann") for _ in PROMPTS]
    assert len({prompts[card.pair_id] for card in first if card}) == len(PROMPTS)
    assert recurring(room.deck, room.dealt) == 0
    room.finish(["ann"])
    assert recurring(room.deck, room.dealt) == 48


def test_a_study_that_is_stopped_early_has_judged_all_opponents_equally_often() -> None:
    room = Room(deck(PROMPTS, ["base", "prompt", "few_shot"], twice=0.25, identical=PROMPTS[:2], seed=3))
    opponents = {pair.id: pair.opponent for pair in room.deck.pairs}
    for number in range(30):
        room.rate("abc"[number % 3])
    judged = Counter(opponents[card.pair_id] for card in {card.pair_id: card for card in room.rated}.values())
    assert max(judged[each] for each in ("base", "prompt", "few_shot")) <= 12
    assert min(judged[each] for each in ("base", "prompt", "few_shot")) >= 6


def test_a_quarter_is_rated_twice_and_identical_pairs_are_spread_over_the_deck() -> None:
    made = deck(PROMPTS, ["base", "prompt"], twice=0.25, identical=["q1", "q2", "q3"], seed=9)
    assert Counter(pair.opponent for pair in made.pairs if pair.wanted == 2) == {"base": 6, "prompt": 6}
    places = [place for place, pair in enumerate(made.pairs) if pair.is_identical]
    assert [place * 3 // len(made.pairs) for place in places] == [0, 1, 2]
    assert deck(PROMPTS, ["base", "prompt"], twice=0.25, identical=["q1", "q2", "q3"], seed=9) == made


def test_the_deck_of_a_protocol_asks_as_many_prompts_as_its_cap_and_takes_identical_pairs_from_the_rest() -> None:
    protocol = Protocol(
        candidate=Candidate("starter", "ab" * 32),
        opponents=(Opponent(Rival.BASE), Opponent(Rival.PROMPT, instructions="Be brief.")),
        prompts=tuple(Asked(prompt) for prompt in PROMPTS),
        criterion="Which answer is better?",
        cap=20,
        identical=3,
    )
    made = deck_of(protocol, seed=4)
    asked = {pair.prompt for pair in made.pairs if not pair.is_identical}
    same = {pair.prompt for pair in made.pairs if pair.is_identical}
    assert (len(asked), len(same), asked & same, len(made.pairs)) == (20, 3, set(), 43)
    assert deck_of(replace(protocol, prompts=protocol.prompts[::-1]), seed=4) == made
    whole = deck_of(replace(protocol, cap=24), seed=4)
    assert sum(pair.is_identical for pair in whole.pairs) == 3


def test_the_sides_are_drawn_and_not_alternated_from_a_fixed_one() -> None:
    firsts = {Room(deck(PROMPTS, ["base"], twice=0.0, seed=seed)).ask("ann").side for seed in range(20)}  # type: ignore[union-attr]
    assert firsts == {Side.LEFT, Side.RIGHT}


def test_everything_that_one_person_may_judge_can_be_had_at_once() -> None:
    made = deck(PROMPTS, ["base"], twice=0.25, identical=["q"], seed=5)
    cards = standing(made, [], "ann").hand()
    assert {card.pair_id for card in cards} == {pair.id for pair in made.pairs}
    assert len(cards) == len(made.pairs) and not any(card.is_rated for card in cards)


class Counted(tuple[Pair, ...]):
    """Pairs that know how often they were gone through."""

    read = 0

    def __iter__(self) -> Iterator[Pair]:
        self.read += 1
        return super().__iter__()


@pytest.mark.parametrize("prompts", [6, 24])
def test_dealing_everything_goes_through_the_deck_no_oftener_than_dealing_one(prompts: int) -> None:
    made = deck(PROMPTS[:prompts], ["base", "prompt"], twice=0.0, seed=5)
    one, every = Counted(made.pairs), Counted(made.pairs)
    standing(replace(made, pairs=one), [], "ann").next()
    assert len(standing(replace(made, pairs=every), [], "ann").hand()) == 2 * prompts
    assert every.read == one.read


@settings(max_examples=30, deadline=None)
@given(shape=shapes, raters=st.lists(st.sampled_from("ab"), max_size=20))
def test_dealing_everything_is_dealing_one_after_the_other(shape, raters: list[str]) -> None:
    room = Room(deck(**shape))
    for rater in raters:
        room.ask(rater)
    every = standing(room.deck, room.dealt, "ann", room.now).hand()
    one_by_one = []
    while card := room.rate("ann"):
        one_by_one.append(card)
    assert every == one_by_one


def test_a_prompt_that_is_there_twice_is_refused() -> None:
    with pytest.raises(StudyError):
        deck(["p", "p"], ["base"], twice=0.0, seed=1)


def test_what_somebody_cannot_judge_goes_to_somebody_else_and_counts_as_judged_by_nobody() -> None:
    room = Room(deck(PROMPTS[:4], ["base"], twice=0.0, seed=3))
    while card := room.rate("ann"):
        room.dealt = [replace(each, is_skip=True) if each.pair_id == card.pair_id else each for each in room.dealt]
    assert (progress(room.deck, room.dealt).judged, standing(room.deck, room.dealt, "ann").is_settled) == (0, True)
    assert not standing(room.deck, room.dealt, "ben").is_settled
    room.finish(["ben"])
    assert progress(room.deck, room.dealt).is_complete
    assert standing(room.deck, room.dealt, "cem", room.now).next() is None


@given(st.lists(st.integers(0, 29), max_size=90))
def test_what_is_told_of_each_judgement_knows_what_is_open_as_who_counts_them_all(judged: list[int]):
    cards = deck(PROMPTS, ["base"], twice=0.4, identical=PROMPTS[:6], seed=3)
    told = Ratings()
    told.open_in(cards)
    for place in judged:
        told.judged(cards.pairs[place].id)
    counted = Ratings(cards.pairs[place].id for place in judged)
    assert told == counted
    assert list(told.open_in(cards)) == [pair.id for pair in cards.pairs if counted[pair.id] < pair.wanted]
    assert told.progress(cards) == counted.progress(cards)
    assert told.progress(cards).second == sum(counted[pair.id] > 1 for pair in cards.pairs if pair.wanted == 2)
