"""Judge: hand a rater one blind card at a time and keep what they say."""

import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache, partial
from statistics import median
from typing import TypeVar

from studio.domain.dealing import Dealt, Deck, Out, Pair, Standing, deck_of
from studio.domain.errors import StillWriting, StudyError
from studio.domain.job import JobState
from studio.domain.marks import Marks, checked
from studio.domain.masking import masked
from studio.domain.protocol import Protocol
from studio.domain.row import Message
from studio.domain.study import (
    TUNED,
    Card,
    Choice,
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
from studio.store.database import Connection
from studio.store.studies import Seat
from studio.store.turns import piece

LONGEST_COMMENT = 2000
LONGEST_NAME = 64
ASKED_EVERY = 10
LEAST_FOR_PACE = 3
DECKS = 8  # that are kept in memory

Done = TypeVar("Done")


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
    return _turn(studio, token, _next)


def next_card(studio: Studio, token: str) -> Card | None:
    """The card that this rater holds, or a new one; None when there is nothing for them."""
    return turn(studio, token).card


def rate(
    studio: Studio, token: str, card_id: str, choice: Choice, *, seconds: float | None = None, comment: str = "",
    marks: Marks | None = None,
) -> Turn:  # fmt: skip
    """Keep one judgement and say what comes next; the same judgement twice changes nothing.

    After every tenth card, and after the last one, the rater is asked which side they suspect. Only how many cards they
    have judged decides when, so that neither being asked nor not being asked says anything about a card.
    """
    vote = Vote(card_id, choice, seconds, comment, marks or {})

    def keep(connection: Connection, table: _Table) -> _Next | Exception:
        cards.keep(connection, [_said(table, vote)])
        try:
            with piece(connection):
                return _next(connection, table, judged=card_id)
        except Exception as error:  # what was said is kept, whatever comes of the next card
            return error

    return _turn(studio, token, keep)


def suspect(studio: Studio, token: str, card_id: str, guessed: Guessed | None) -> Turn:
    """Keep which side of the card just judged this rater took for the new model (None: not said), and go on."""

    def keep(connection: Connection, table: _Table) -> _Next:
        if guessed is not None and cards.last_judged(connection, table.study_id, table.rater) == card_id:
            told = Suspicion(card_id, table.rater, guessed, datetime.now(UTC))
            cards.suspect(connection, table.study_id, told)
        return _next(connection, table)

    return _turn(studio, token, keep)


def undo(studio: Studio, token: str, card_id: str | None = None) -> Turn:
    """Take this rater's last judgement back and show that card again.

    With a `card_id`, only where that is the card judged last: a press that arrives twice takes nothing more back.
    """

    def take_back(connection: Connection, table: _Table) -> _Next:
        taken = cards.unrate(connection, table.study_id, table.rater, only=card_id)
        return _next(connection, table, again=taken or card_id)

    return _turn(studio, token, take_back)


def remaining_cards(studio: Studio, token: str) -> list[Card]:
    """Every card that this rater could judge now, now held by them; for judging in bulk."""

    def deal(connection: Connection, table: _Table) -> tuple[_Table, _Far, list[Dealt]]:
        far = list[_Far]()

        def draw(out: Out) -> list[Dealt]:
            standing = table.standing(out)
            far.append(_far(out.paces, standing))
            return standing.hand()

        held = cards.deal_to(connection, table.study_id, table.rater, draw)
        return table, far[0], held

    table, far, held = _seated(studio, token, deal, together=False)
    prompts = {ask.key: ask.prompt for ask in stored.asks(studio.store, table.study_id)}
    answers: dict[str, dict[str, str]] = {}
    for (key, contestant), answer in stored.answers(studio.store, table.study_id).items():
        answers.setdefault(key, {})[contestant] = answer.text
    return [
        _card(table, card, prompts[key], answers[key], far)
        for card in held
        for key in [table.laid.deck.by_id[card.pair_id].prompt]
    ]


@logged("handed in judgements")
def rate_all(studio: Studio, token: str, votes: Sequence[Vote]) -> None:
    """Keep many judgements at once; StudyError before the first of them when one is of no card of this rater."""
    table = _seated(studio, token, lambda _connection, table: table, together=False)
    known = {card.id for card in cards.dealt(studio.store, table.study_id) if card.rater == table.rater}
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
class _Laid:
    """What of a study raters are dealt by, fixed since it was frozen."""

    deck: Deck
    question: str
    rubric: str
    masked: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Table:
    """An open study as one rater sits at it."""

    study_id: str
    rater: str
    laid: _Laid
    now: datetime

    def standing(self, out: Out) -> Standing:
        return Standing(self.laid.deck, out, self.rater, now=self.now)


@dataclass(frozen=True, slots=True)
class _Sealed:
    """A study by what never changes of it; `read` reads its protocol."""

    fingerprint: str
    seed: int
    read: Callable[[], Protocol] = field(compare=False)


@dataclass(frozen=True, slots=True)
class _Far:
    """How far a rater is: what is theirs, and with it what they could still be handed; and how far everybody is."""

    rated: int
    total: int
    together: int
    needed: int
    seconds_left: float | None = None
    last: str = ""


@dataclass(frozen=True, slots=True)
class _Next:
    """What comes next as the database has it: a card, the question about the one just judged, or neither."""

    far: _Far
    card: Dealt | None = None
    asked_about: str = ""
    is_waiting: bool = False
    prompt: tuple[Message, ...] = ()
    answers: Mapping[str, str] = field(default_factory=dict)


def _seated(studio: Studio, token: str, act: Callable[[Connection, _Table], Done], *, together: bool = True) -> Done:
    """What comes of it where this rater sits at an open study, all in one transaction; StudyError where they do not."""
    while True:
        with studio.store.write(together=together) as connection:
            seat = stored.seat(connection, token)
            if seat is not None:
                return act(connection, _table(connection, seat))
        link = links.by_token(studio.store, token, LinkKind.RATER)
        _insist_on_open(compare.study(studio, link.study_id))  # which opens one whose answers have just been written


def _turn(studio: Studio, token: str, act: Callable[[Connection, _Table], _Next | Exception]) -> Turn:
    """What the rater is told of what came of it."""
    table, step = _seated(studio, token, lambda connection, table: (table, act(connection, table)))
    if isinstance(step, Exception):
        raise step
    return _shown(table, step)


def _table(connection: Connection, seat: Seat) -> _Table:
    sealed = _Sealed(seat.fingerprint, seat.seed, read=partial(stored.protocol, connection, seat.study_id))
    return _Table(seat.study_id, seat.rater, _laid(sealed), datetime.now(UTC))


@lru_cache(maxsize=DECKS)
def _laid(sealed: _Sealed) -> _Laid:
    """The deck of a study, worked out once: it is the same for the same fingerprint and seed."""
    protocol = sealed.read()
    deck = deck_of(protocol, seed=sealed.seed)
    return _Laid(deck, protocol.criterion, protocol.rubric, protocol.masked)


def _insist_on_open(study: Study) -> None:
    if study.state is StudyState.CLOSED:
        raise StudyError("This comparison is closed.", fix="Thank you; nothing more is needed.")
    if study.state is StudyState.FAILED or (study.state is StudyState.WRITING and study.job.state is JobState.STOPPED):
        raise StudyError("The answers to judge could not be written.", fix="Ask whoever sent you the link.")
    if study.state is not StudyState.OPEN:
        raise StillWriting("The answers are still being written.", fix="Come back in a minute.")


def _next(connection: Connection, table: _Table, *, judged: str = "", again: str | None = None) -> _Next:
    """The question about the card that was `judged` a moment ago, if it is its turn; else the card to come `again`,
    where it is in their hands, the one that they hold, or a new one."""
    seen = list[_Next]()

    def draw(out: Out) -> list[Dealt]:
        standing = table.standing(out)
        far = _far(out.paces, standing)
        if _is_asked(connection, far, judged):
            seen.append(_Next(far, asked_about=judged))
            return []
        held = [card for card in out.dealt if card.rater == table.rater and not card.is_rated and card.id == again]
        drawn = held or [card for card in [standing.next()] if card]
        seen.append(_Next(far, is_waiting=not drawn and not standing.is_settled))
        return drawn

    (card,) = cards.deal_to(connection, table.study_id, table.rater, draw) or [None]
    if card is None:
        return seen[0]
    prompt, answers = stored.asked(connection, table.study_id, table.laid.deck.by_id[card.pair_id].prompt)
    return replace(seen[0], card=card, prompt=prompt, answers=answers)


def _is_asked(connection: Connection, far: _Far, judged: str) -> bool:
    """Whether it is the turn of the question about this card, and it was not answered."""
    is_turn = judged != "" and far.last == judged and (far.rated % ASKED_EVERY == 0 or far.total <= far.rated)
    return is_turn and not cards.is_suspected(connection, judged)


def _far(own: dict[str, float | None], standing: Standing) -> _Far:
    left, whole = standing.remaining, standing.progress
    paces = [seconds for seconds in own.values() if seconds is not None]
    return _Far(
        rated=len(own),
        total=len(own) + left,
        together=whole.together,
        needed=whole.needed,
        seconds_left=median(paces) * left if len(paces) >= LEAST_FOR_PACE else None,
        last=next(reversed(own), ""),
    )


def _shown(table: _Table, step: _Next) -> Turn:
    far = step.far
    told = Turn(rated=far.rated, total=far.total, last=far.last, together=far.together, needed=far.needed)
    if step.card is None:
        return replace(told, asked_about=step.asked_about, is_waiting=step.is_waiting)
    return replace(told, card=_card(table, step.card, step.prompt, step.answers, far))


def _said(table: _Table, vote: Vote) -> Rating:
    return Rating(
        card_id=vote.card_id,
        study_id=table.study_id,
        rater=table.rater,
        choice=vote.choice,
        at=datetime.now(UTC),
        seconds=vote.seconds,
        comment=(vote.comment or "").strip()[:LONGEST_COMMENT],
        marks=checked(vote.marks),
    )


def _card(table: _Table, card: Dealt, prompt: tuple[Message, ...], answers: Mapping[str, str], far: _Far) -> Card:
    """What the rater may see."""
    laid = table.laid
    left, right = texts(laid.deck.by_id[card.pair_id], card.side, answers, seed=laid.deck.seed)
    return Card(
        id=card.id,
        question=laid.question,
        prompt=prompt,
        left=masked(left, laid.masked),
        right=masked(right, laid.masked),
        position=far.rated + 1,
        total=far.total,
        rated=far.rated,
        seconds_left=far.seconds_left,
        together=far.together,
        needed=far.needed,
        rubric=laid.rubric,
    )


def texts(pair: Pair, side: Side, answers: Mapping[str, str], *, seed: int) -> tuple[str, str]:
    """The two texts of a card, left and right; an identical pair shows the answer of a drawn contestant twice."""
    tuned = answers[TUNED]
    if pair.opponent is None:
        same = answers[random.Random(f"{seed}/{pair.id}").choice(sorted(answers))]
        return same, same
    other = answers[pair.opponent]
    return (tuned, other) if side is Side.LEFT else (other, tuned)
