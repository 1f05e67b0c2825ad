"""Dealing: who judges which pair, and on which side the fine-tuned answer stands: a coin of its own for every card.

Every pair has one primary rating, a share of them a second one by somebody else, for agreement. Cards are dealt one at
a time to whoever asks, so people may join late and leave: a card that is held too long goes to the next one.

No side follows from those before it. Were they evened out, whoever found out one side could tell the next
(docs/decisions/0025-every-side-is-a-coin-of-its-own.md).
"""

import hashlib
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

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


@dataclass(frozen=True)
class Deck:
    """All pairs of a study in the order in which they are dealt; `seed` stays on the server."""

    pairs: tuple[Pair, ...]
    seed: int

    @cached_property
    def by_id(self) -> Mapping[str, Pair]:
        return {pair.id: pair for pair in self.pairs}

    @cached_property
    def wanted_twice(self) -> frozenset[str]:
        """The ids of the pairs that are wanted more than once."""
        return frozenset(pair.id for pair in self.pairs if pair.wanted > 1)


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


class Ratings(Counter[str]):
    """How often each pair was judged by anybody; told of each judgement, it knows what is still open."""

    _open: dict[str, Pair] | None = None
    _seconds = 0

    def judged(self, pair_id: str) -> None:
        """Count one more judgement of this pair."""
        self[pair_id] += 1
        if self._open is not None and (pair := self._open.get(pair_id)) is not None:
            self._seconds += self[pair_id] == 2
            if self[pair_id] >= pair.wanted:
                del self._open[pair_id]

    def open_in(self, deck: Deck) -> Mapping[str, Pair]:
        """The pairs that were not judged as often as they are wanted, in their order; of always the same deck."""
        if self._open is None:
            self._open = {pair.id: pair for pair in deck.pairs if self[pair.id] < pair.wanted}
            self._seconds = sum(self[pair_id] > 1 for pair_id in deck.wanted_twice)
        return self._open

    def progress(self, deck: Deck) -> Progress:
        """How far everybody is."""
        self.open_in(deck)
        return Progress(len(self), len(deck.pairs), self._seconds, len(deck.wanted_twice))


@dataclass(frozen=True, slots=True)
class Out:
    """What is out, as far as it matters to one rater: `dealt` has at least their cards and all that are not rated.

    `ratings` is how often each pair was judged by anybody, `first` on which side one that was rated was shown first.
    `paces` is how long each card took that this rater has judged, in the order in which they did.
    """

    dealt: Sequence[Dealt]
    ratings: Ratings
    first: Callable[[str], Side | None]
    paces: dict[str, float | None] = field(default_factory=dict)


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


def out_of(dealt: Sequence[Dealt]) -> Out:
    """The same from all cards that are out."""
    sides: dict[str, Side] = {}
    for card in dealt:
        if card.is_rated:
            sides.setdefault(card.pair_id, card.side)
    return Out(dealt, Ratings(card.pair_id for card in dealt if card.is_judged), sides.get)


def progress(deck: Deck, dealt: Sequence[Dealt]) -> Progress:
    """How far the study is; nothing of it tells who leads. A pair that was only skipped is not judged."""
    return out_of(dealt).ratings.progress(deck)


def recurring(deck: Deck, dealt: Sequence[Dealt]) -> int:
    """How many ratings were of a prompt that the same person had judged before, with the same fine-tuned answer."""
    shown = Counter((card.rater, deck.by_id[card.pair_id].prompt) for card in dealt if card.is_rated)
    return sum(times - 1 for times in shown.values())


class Standing:
    """How a study stands for one rater at one moment, from one look at the cards that are out.

    `held` are those in their hands. A card held by anybody for longer than HOLD is free again. On which side the
    fine-tuned answer stands is drawn for each card, whatever was shown before. A card that comes back to the same
    person stands as it stood, and a second rating by somebody else shows the pair the other way round.
    """

    def __init__(self, deck: Deck, out: Out, rater: str, *, now: datetime) -> None:
        self.deck, self.out, self.rater, self.now = deck, out, rater, now
        self._open = out.ratings.open_in(deck)
        own = [card for card in out.dealt if card.rater == rater]
        live = [card for card in out.dealt if not card.is_rated and now - card.at <= HOLD]
        self.held = [card for card in live if card.rater == rater]
        self._earlier = {card.pair_id: card.side for card in own}  # what was ever theirs
        self._said = {card.pair_id for card in own if card.is_rated}
        self._closed = self._said | {card.pair_id for card in live}

    @property
    def progress(self) -> Progress:
        """How far everybody is."""
        return self.out.ratings.progress(self.deck)

    @property
    def remaining(self) -> int:
        """How many cards are left for this rater at this moment: those in hand, and what they could be handed."""
        return len(self.held) + len(self._open) - sum(pair_id in self._open for pair_id in self._closed)

    @property
    def is_settled(self) -> bool:
        """Whether nothing can come any more, also once all that others hold is judged or given back."""
        return self._open.keys() <= self._said

    def next(self) -> Dealt | None:
        """The card in hand, or else a new one; None while there is nothing."""
        return self.held[0] if self.held else next(self.new_cards(), None)

    def hand(self) -> list[Dealt]:
        """All cards that this rater could judge now, those held first; for judging in bulk."""
        return [*self.held, *self.new_cards()]

    def new_cards(self) -> Iterator[Dealt]:
        """Everything that could be handed to this rater now, in the order in which it would be, one after the other."""
        for pair in self._in_order():
            yield Dealt(pair.id, self.rater, self._side(pair), self.now)

    def _in_order(self) -> Iterator[Pair]:
        """First what comes back, then prompts that are new to the rater, then others; no side has a say in it."""
        known, again = {self.deck.by_id[pair_id].prompt for pair_id in self._earlier}, []
        if not self._earlier.keys() <= self._closed:
            yield from (pair for pair in self._open.values() if pair.id in self._earlier and self._is_free(pair))
        for pair in self._open.values():
            if pair.id in self._earlier or not self._is_free(pair):
                continue
            if pair.prompt in known:
                again.append(pair)
            else:
                known.add(pair.prompt)
                yield pair
        yield from again

    def _is_free(self, pair: Pair) -> bool:
        """Whether this rater may judge an open pair: it was not theirs, and nobody has its first or second card now."""
        return pair.id not in self._closed

    def _side(self, pair: Pair) -> Side:
        """As it stood where the card comes back, the other way round for a second rating; else drawn."""
        if side := self._earlier.get(pair.id):
            return side
        first = self.out.first(pair.id)
        return first.other if first else self._drawn(pair)

    def _drawn(self, pair: Pair) -> Side:
        digest = hashlib.sha256(f"{self.deck.seed}/{self.rater}/{pair.id}".encode()).digest()
        return Side.LEFT if digest[0] % 2 else Side.RIGHT
