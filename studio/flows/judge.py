"""Judge: hand a rater one blind card at a time and keep what they say."""

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from statistics import median

from studio.domain import dealing
from studio.domain.dealing import Dealt, Deck, Pair, deck_of
from studio.domain.errors import StillWriting, StudyError
from studio.domain.job import JobState
from studio.domain.masking import masked
from studio.domain.study import (
    TUNED,
    Answer,
    Ask,
    Card,
    Choice,
    Criterion,
    Guessed,
    Link,
    LinkKind,
    Rating,
    Side,
    Study,
    StudyState,
    Suspicion,
    Turn,
)
from studio.flows import compare
from studio.flows.audit import logged
from studio.flows.studio import Studio
from studio.store import cards, links
from studio.store import studies as stored

LONGEST_COMMENT = 2000
LONGEST_NAME = 64
ASKED_EVERY = 10
LEAST_FOR_PACE = 3

Marks = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Vote:
    """What one rater says of one card; marks are 1 to 5 by side and criterion."""

    card_id: str
    choice: Choice
    seconds: float | None = None
    comment: str = ""
    marks: Marks = field(default_factory=dict)


def enter(studio: Studio, token: str, *, known: Collection[str] = (), name: str = "") -> Link:
    """The rater's own link: that of the address, one of those `known` to this browser, or a new one by an invitation.

    Who has joined goes on by their own link, also once the invitation is taken back; who is taken back themselves does
    not come in again by it. StudyError where there is no way in.
    """
    link = links.of_token(studio.store, token, LinkKind.RATER, LinkKind.INVITATION)
    if link.kind is LinkKind.RATER:
        return links.valid(link)
    own = [each for each in raters(studio, link.study_id) if each.token in known]
    if own:
        return links.valid(own[-1])
    links.valid(link)
    return links.add(studio.store, compare.new_link(link.study_id, LinkKind.RATER, name.strip()[:LONGEST_NAME]))


def at_the_door(studio: Studio, token: str) -> Link:
    """The link by which somebody comes to the rating page; StudyError where nobody comes in by it.

    An invitation that was taken back still leads to the page, where whoever has joined by it goes on.
    """
    link = links.of_token(studio.store, token, LinkKind.RATER, LinkKind.INVITATION)
    return link if link.kind is LinkKind.INVITATION else links.valid(link)


def raters(studio: Studio, study_id: str) -> list[Link]:
    """Everybody who ever had a rater's link, revoked ones included."""
    return links.all(studio.store, study_id, LinkKind.RATER)


def named(studio: Studio, study_id: str, name: str) -> Link:
    """The link of the rater of this name, made if there is none; StudyError without a name."""
    stored.get(studio.store, study_id)
    name = called(name)
    found = next((link for link in raters(studio, study_id) if link.label == name and not link.is_revoked), None)
    return found or links.add(studio.store, compare.new_link(study_id, LinkKind.RATER, name))


def call(studio: Studio, token: str, name: str) -> Link:
    """Keep what a rater wants to be called; said once, it stays."""
    link = links.by_token(studio.store, token, LinkKind.RATER)
    links.name(studio.store, link.id, called(name))
    return links.by_token(studio.store, token, LinkKind.RATER)


def turn(studio: Studio, token: str) -> Turn:
    """The card that this rater holds, or a new one, or whether to wait for one."""
    return _turn(studio, _table(studio, token))


def next_card(studio: Studio, token: str) -> Card | None:
    """The card that this rater holds, or a new one; None when there is nothing for them."""
    return turn(studio, token).card


def rate(
    studio: Studio,
    token: str,
    card_id: str,
    choice: Choice,
    *,
    seconds: float | None = None,
    comment: str = "",
    marks: Marks | None = None,
) -> Turn:
    """Keep one judgement and say what comes next; the same judgement twice changes nothing.

    After every tenth card, and after the last one, the rater is asked which side they suspect. Only how many cards they
    have judged decides when, so that neither being asked nor not being asked says anything about a card.
    """
    table = _table(studio, token)
    cards.rate(studio.store, _said(table, Vote(card_id, choice, seconds, comment, marks or {})))
    return _asked(studio, table, card_id) or _turn(studio, table)


def suspect(studio: Studio, token: str, card_id: str, guessed: Guessed | None) -> Turn:
    """Keep which side of the card just judged this rater took for the new model (None: not said), and go on."""
    table = _table(studio, token)
    own = cards.ratings(studio.store, table.study.id, rater=table.rater.id)
    if guessed is not None and own and own[-1].card_id == card_id:
        cards.suspect(studio.store, table.study.id, Suspicion(card_id, table.rater.id, guessed, datetime.now(UTC)))
    return _turn(studio, table)


def undo(studio: Studio, token: str, card_id: str | None = None) -> Turn:
    """Take this rater's last judgement back and show that card again.

    With a `card_id`, only where that is the card judged last: a press that arrives twice takes nothing more back.
    """
    table = _table(studio, token)
    taken = cards.unrate(studio.store, table.study.id, table.rater.id, only=card_id)
    return _turn(studio, table, taken or card_id)


def remaining_cards(studio: Studio, token: str) -> list[Card]:
    """Every card that this rater could judge now, now held by them; for judging in bulk."""
    table = _table(studio, token)
    held = cards.deal(studio.store, table.study.id, table.hand)
    asks = {ask.key: ask for ask in stored.asks(studio.store, table.study.id)}
    answers: dict[str, dict[str, Answer]] = {}
    for (key, contestant), answer in stored.answers(studio.store, table.study.id).items():
        answers.setdefault(key, {})[contestant] = answer
    far = _far(studio, table, cards.dealt(studio.store, table.study.id))
    return [
        _card(table, card, asks[key], answers[key], far) for card in held for key in [table.pairs[card.pair_id].prompt]
    ]


@logged("handed in judgements")
def rate_all(studio: Studio, token: str, votes: Sequence[Vote]) -> None:
    """Keep many judgements at once; StudyError before the first of them when one is of no card of this rater."""
    table = _table(studio, token)
    known = {card.id for card in cards.dealt(studio.store, table.study.id) if card.rater == table.rater.id}
    for vote in votes:
        if vote.card_id not in known:
            raise StudyError(f"{vote.card_id} is no card of this rater.", fix="Take the cards from `study answers`.")
    cards.rate_all(studio.store, [_said(table, vote) for vote in votes])


def called(name: str) -> str:
    """A rater's name in one line; StudyError where it is none."""
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME:
        raise StudyError("This cannot be a rater's name.", fix=f"Use 1 to {LONGEST_NAME} letters.", field="name")
    return name


@dataclass(frozen=True, slots=True)
class _Table:
    """An open study as one rater sits at it; `pairs` are those of its deck by their id."""

    study: Study
    rater: Link
    deck: Deck
    pairs: Mapping[str, Pair]
    now: datetime

    def next(self, dealt: Sequence[Dealt]) -> Dealt | None:
        return dealing.next_card(self.deck, dealt, self.rater.id, now=self.now)

    def hand(self, dealt: Sequence[Dealt]) -> list[Dealt]:
        return dealing.hand(self.deck, dealt, self.rater.id, now=self.now)


@dataclass(frozen=True, slots=True)
class _Far:
    """How far a rater is: what is theirs, and with it what they could still be handed; and how far everybody is."""

    rated: int
    total: int
    together: int
    needed: int
    seconds_left: float | None = None
    last: str = ""


def _table(studio: Studio, token: str) -> _Table:
    link = links.by_token(studio.store, token, LinkKind.RATER)
    study = compare.study(studio, link.study_id)
    if study.state is StudyState.CLOSED:
        raise StudyError("This comparison is closed.", fix="Thank you; nothing more is needed.")
    if study.state is StudyState.FAILED or (study.state is StudyState.WRITING and study.job.state is JobState.STOPPED):
        raise StudyError("The answers to judge could not be written.", fix="Ask whoever sent you the link.")
    if study.state is not StudyState.OPEN:
        raise StillWriting("The answers are still being written.", fix="Come back in a minute.")
    deck = deck_of(study.protocol, seed=study.seed)
    return _Table(study, link, deck, {pair.id: pair for pair in deck.pairs}, datetime.now(UTC))


def _turn(studio: Studio, table: _Table, card_id: str | None = None) -> Turn:
    """What comes next, or this card once more where it is in their hands."""
    seen: list[Dealt] = []

    def draw(dealt: Sequence[Dealt]) -> list[Dealt]:
        seen.extend(dealt)
        own = [card for card in dealt if card.rater == table.rater.id and not card.is_rated]
        again = [card for card in own if card.id == card_id]
        return again or [card for card in [table.next(dealt)] if card]

    held = cards.deal(studio.store, table.study.id, draw)
    far = _far(studio, table, seen)
    turn = Turn(rated=far.rated, total=far.total, last=far.last, together=far.together, needed=far.needed)
    if not held:
        return replace(turn, is_waiting=not dealing.is_settled(table.deck, seen, table.rater.id))
    ask, answers = stored.asked(studio.store, table.study.id, table.pairs[held[0].pair_id].prompt)
    return replace(turn, card=_card(table, held[0], ask, answers, far))


def _asked(studio: Studio, table: _Table, card_id: str) -> Turn | None:
    """The question about the card that was just judged, if it is its turn and was not answered."""
    own = cards.ratings(studio.store, table.study.id, rater=table.rater.id)
    if not own or own[-1].card_id != card_id:
        return None
    dealt = cards.dealt(studio.store, table.study.id)
    far = _far(studio, table, dealt)
    if len(own) % ASKED_EVERY and far.total > far.rated:
        return None
    if any(told.card_id == card_id for told in cards.suspicions(studio.store, table.study.id)):
        return None
    return Turn(None, card_id, rated=far.rated, total=far.total, last=card_id, together=far.together, needed=far.needed)


def _far(studio: Studio, table: _Table, dealt: Sequence[Dealt]) -> _Far:
    own = cards.ratings(studio.store, table.study.id, rater=table.rater.id)
    left = dealing.remaining(table.deck, dealt, table.rater.id, now=table.now)
    paces = [rating.seconds for rating in own if rating.seconds is not None]
    seconds_left = median(paces) * left if len(paces) >= LEAST_FOR_PACE else None
    whole = dealing.progress(table.deck, dealt)
    return _Far(
        rated=len(own),
        total=len(own) + left,
        together=whole.together,
        needed=whole.needed,
        seconds_left=seconds_left,
        last=own[-1].card_id if own else "",
    )


def _said(table: _Table, vote: Vote) -> Rating:
    return Rating(
        card_id=vote.card_id,
        study_id=table.study.id,
        rater=table.rater.id,
        choice=vote.choice,
        at=datetime.now(UTC),
        seconds=vote.seconds,
        comment=(vote.comment or "").strip()[:LONGEST_COMMENT],
        marks=_checked(vote.marks),
    )


def _checked(marks: Marks) -> Marks:
    """The marks without sides that got none; StudyError where one is no mark."""
    for side, given in marks.items():
        if side not in set(Side) or not all(_is_mark(criterion, mark) for criterion, mark in given.items()):
            raise StudyError(
                "This is no mark.", fix="Give 1 to 5 for accuracy, tone or format of the left or the right answer."
            )
    return {side: dict(given) for side, given in marks.items() if given}


def _is_mark(criterion: str, mark: object) -> bool:
    return criterion in set(Criterion) and type(mark) is int and 1 <= mark <= 5


def _card(table: _Table, card: Dealt, ask: Ask, answers: Mapping[str, Answer], far: _Far) -> Card:
    """What the rater may see."""
    study = table.study
    left, right = texts(table.pairs[card.pair_id], card.side, answers, seed=study.seed)
    return Card(
        id=card.id,
        question=study.protocol.criterion,
        prompt=ask.prompt,
        left=masked(left, study.protocol.masked),
        right=masked(right, study.protocol.masked),
        position=far.rated + 1,
        total=far.total,
        rated=far.rated,
        seconds_left=far.seconds_left,
        together=far.together,
        needed=far.needed,
        rubric=study.protocol.rubric,
    )


def texts(pair: Pair, side: Side, answers: Mapping[str, Answer], *, seed: int) -> tuple[str, str]:
    """The two texts of a card, left and right; an identical pair shows the answer of a drawn contestant twice."""
    tuned = answers[TUNED].text
    if pair.opponent is None:
        same = answers[random.Random(f"{seed}/{pair.id}").choice(sorted(answers))].text
        return same, same
    other = answers[pair.opponent].text
    return (tuned, other) if side is Side.LEFT else (other, tuned)
