"""Dealing: who judges which pair, and on which side the fine-tuned answer stands: a coin of its own for every card.

Every pair has one primary rating, a share of them a second one by somebody else, for agreement. Cards are dealt one at
a time to whoever asks, so people may join late and leave: a card that is held too long goes to the next one.

No side follows from those before it. Were they evened out, whoever found out one side could tell the next
(docs/decisions/0025-every-side-is-a-coin-of-its-own.md).
"""

import hashlib
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from studio.domain.errors import StudyError
from studio.domain.protocol import Protocol, Source
from studio.domain.study import Side

HOLD = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two answers to one prompt: the fine-tuned one and an opponent's, or one answer twice (no opponent).

    `id` names the opponent, so it never leaves the server; a rater gets an opaque number instead.
    """

    id: str
    prompt: str
    opponent: str | None
    wanted: int = 1

    @property
    def is_identical(self) -> bool:
        return self.opponent is None


@dataclass(frozen=True, slots=True)
class Deck:
    """All pairs of a study in the order in which they are dealt; `seed` stays on the server."""

    pairs: tuple[Pair, ...]
    seed: int


@dataclass(frozen=True, slots=True)
class Dealt:
    """A card in somebody's hands, or judged; a judgement taken back is held again, from then on.

    `side` is that of the fine-tuned answer, `id` what the card is called outside of the server once it is kept. A card
    that was skipped is out of its rater's hands, and its pair goes to somebody else.
    """

    pair_id: str
    rater: str
    side: Side
    at: datetime
    is_rated: bool = False
    id: str = ""
    is_skip: bool = False

    @property
    def is_judged(self) -> bool:
        """Whether anything was said of it."""
        return self.is_rated and not self.is_skip


@dataclass(frozen=True, slots=True)
class Progress:
    """How many pairs have their primary rating, and how many of those wanted twice have their second."""

    judged: int
    pairs: int
    second: int
    wanted_twice: int

    @property
    def is_complete(self) -> bool:
        return self.judged == self.pairs

    @property
    def together(self) -> int:
        """Judgements that count towards `needed`, first and second ones."""
        return self.judged + self.second

    @property
    def needed(self) -> int:
        return self.pairs + self.wanted_twice


def deck_of(protocol: Protocol, *, seed: int) -> Deck:
    """The deck of a study: as many drawn prompts as its cap, people's own ones first; identical pairs from the others
    where these suffice."""
    draw = random.Random(seed)
    sealed = sorted(asked.prompt for asked in protocol.prompts)
    own = sorted(asked.prompt for asked in protocol.prompts if asked.source is Source.OWN)[: protocol.cap]
    rest = sorted(set(sealed) - set(own))
    prompts = [*own, *draw.sample(rest, protocol.cap - len(own))]
    spare = sorted(set(sealed) - set(prompts))
    others = spare if len(spare) >= protocol.identical else prompts
    return deck(
        prompts,
        sorted(opponent.rival.value for opponent in protocol.opponents),
        twice=protocol.twice,
        identical=draw.sample(others, min(protocol.identical, len(others))),
        seed=seed,
    )


def deck(
    prompts: Sequence[str], opponents: Sequence[str], *, twice: float, identical: Sequence[str] = (), seed: int
) -> Deck:
    """Every prompt against every opponent in a drawn order, with the prompts of identical pairs mixed in.

    Opponents take turns, so that a study that is stopped early has judged them about equally often, and the same
    prompt comes back only after all others: an answer that recurs is the fine-tuned one. Prompts of identical pairs
    are best taken from those that the study does not ask.
    """
    if len(set(prompts)) < len(prompts) or len(set(opponents)) < len(opponents):
        raise StudyError("A prompt or an opponent is there twice.", fix="Leave one of the two out.")
    draw = random.Random(seed)
    shuffled = draw.sample(list(prompts), len(prompts))
    turns = [
        [(prompt, opponents[(place + turn) % len(opponents)]) for place, prompt in enumerate(shuffled)]
        for turn in range(len(opponents))
    ]
    cards = _with_seconds([card for turn in turns for card in turn], twice=twice)
    part = len(cards) / max(1, len(identical))  # one in each part of the deck, at a drawn place
    for number, prompt in enumerate(identical):
        place = int((number + draw.random()) * part) + number
        cards.insert(place, Pair(id=f"{prompt}/same/{number}", prompt=prompt, opponent=None))
    return Deck(tuple(cards), seed)


def _with_seconds(cards: Iterable[tuple[str, str]], *, twice: float) -> list[Pair]:
    """Pairs, of which an even share of each opponent's is wanted twice."""
    seen: Counter[str] = Counter()
    pairs = []
    for prompt, opponent in cards:
        seen[opponent] += 1
        again = int(seen[opponent] * twice + 0.5) > int((seen[opponent] - 1) * twice + 0.5)
        pairs.append(Pair(id=f"{prompt}/{opponent}", prompt=prompt, opponent=opponent, wanted=2 if again else 1))
    return pairs


def next_card(deck: Deck, dealt: Sequence[Dealt], rater: str, *, now: datetime) -> Dealt | None:
    """The card that this rater holds, or else a new one; None while there is nothing for them.

    On which side the fine-tuned answer stands is drawn for each card, whatever was shown before. A card that comes back
    to the same person stands as it stood, and a second rating by somebody else shows the pair the other way round.
    """
    held = _in_hand(_live(dealt, now), rater)
    return held[0] if held else next(_new_cards(deck, dealt, rater, now=now), None)


def hand(deck: Deck, dealt: Sequence[Dealt], rater: str, *, now: datetime) -> list[Dealt]:
    """All cards that this rater could judge now, those held first; for judging in bulk."""
    return [*_in_hand(_live(dealt, now), rater), *_new_cards(deck, dealt, rater, now=now)]


def remaining(deck: Deck, dealt: Sequence[Dealt], rater: str, *, now: datetime) -> int:
    """How many cards are left for this rater at this moment: the one in hand, and what they could be handed."""
    live = _live(dealt, now)
    table = _Table(deck, live, rater, own=[card for card in dealt if card.rater == rater])
    return len(_in_hand(live, rater)) + len(table.open_pairs())


def is_settled(deck: Deck, dealt: Sequence[Dealt], rater: str) -> bool:
    """Whether nothing can come to this rater any more, also once all that others hold is judged or given back."""
    ratings = Counter(card.pair_id for card in dealt if card.is_judged)
    own = {card.pair_id for card in dealt if card.is_rated and card.rater == rater}
    return all(pair.id in own or ratings[pair.id] >= pair.wanted for pair in deck.pairs)


def progress(deck: Deck, dealt: Sequence[Dealt]) -> Progress:
    """How far the study is; nothing of it tells who leads. A pair that was only skipped is not judged."""
    ratings = Counter(card.pair_id for card in dealt if card.is_judged)
    return Progress(
        judged=sum(ratings[pair.id] > 0 for pair in deck.pairs),
        pairs=len(deck.pairs),
        second=sum(ratings[pair.id] > 1 for pair in deck.pairs if pair.wanted > 1),
        wanted_twice=sum(pair.wanted > 1 for pair in deck.pairs),
    )


def recurring(deck: Deck, dealt: Sequence[Dealt]) -> int:
    """How many ratings were of a prompt that the same person had judged before, with the same fine-tuned answer."""
    prompts = {pair.id: pair.prompt for pair in deck.pairs}
    shown = Counter((card.rater, prompts[card.pair_id]) for card in dealt if card.is_rated)
    return sum(times - 1 for times in shown.values())


def _new_cards(deck: Deck, dealt: Sequence[Dealt], rater: str, *, now: datetime) -> Iterator[Dealt]:
    """Everything that could be handed to this rater now, in the order in which it would be, one after the other."""
    table = _Table(deck, _live(dealt, now), rater, own=[card for card in dealt if card.rater == rater])
    for pair in table.in_order():
        yield Dealt(pair.id, rater, table.side(pair), now)


def _in_hand(live: Sequence[Dealt], rater: str) -> list[Dealt]:
    return [card for card in live if card.rater == rater and not card.is_rated]


def _live(dealt: Sequence[Dealt], now: datetime) -> list[Dealt]:
    """Cards that are judged, or held for less than HOLD; others are free again."""
    return [card for card in dealt if card.is_rated or now - card.at <= HOLD]


class _Table:
    """What lies on the table when one rater asks for a card."""

    def __init__(self, deck: Deck, live: Sequence[Dealt], rater: str, *, own: Sequence[Dealt]) -> None:
        prompts = {pair.id: pair.prompt for pair in deck.pairs}
        self.deck, self.rater = deck, rater
        self.of_pair: dict[str, list[Dealt]] = defaultdict(list)
        self.seen = {prompts[card.pair_id] for card in own}
        self.earlier = {card.pair_id: card.side for card in own}
        for card in live:
            self.of_pair[card.pair_id].append(card)

    def open_pairs(self) -> list[Pair]:
        """What this rater may judge: not theirs yet, and a second rating only once the first is given."""
        return [pair for pair in self.deck.pairs if self._is_open(pair)]

    def in_order(self) -> Iterator[Pair]:
        """First what comes back, then prompts that are new to the rater, then others; no side has a say in it."""
        known, again = set(self.seen), []
        may_judge = self.open_pairs()
        yield from (pair for pair in may_judge if pair.id in self.earlier)
        for pair in may_judge:
            if pair.id in self.earlier:
                continue
            if pair.prompt in known:
                again.append(pair)
            else:
                known.add(pair.prompt)
                yield pair
        yield from again

    def side(self, pair: Pair) -> Side:
        """As it stood where the card comes back, the other way round for a second rating; else drawn."""
        if side := self.earlier.get(pair.id):
            return side
        others = self.of_pair[pair.id]
        return others[0].side.other if others else self._drawn(pair)

    def _is_open(self, pair: Pair) -> bool:
        cards = self.of_pair[pair.id]
        return (
            sum(not card.is_skip for card in cards) < pair.wanted
            and all(card.is_rated for card in cards)
            and all(card.rater != self.rater for card in cards)
        )

    def _drawn(self, pair: Pair) -> Side:
        digest = hashlib.sha256(f"{self.deck.seed}/{self.rater}/{pair.id}".encode()).digest()
        return Side.LEFT if digest[0] % 2 else Side.RIGHT
