"""Judge: hand a rater one blind card at a time and keep what they say."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median

from studio.domain import dealing
from studio.domain.dealing import Dealt, Deck, Pair, deck_of
from studio.domain.errors import StudyError
from studio.domain.study import TUNED, Answer, Ask, Card, Choice, Link, LinkKind, Rating, Side, Study, StudyState
from studio.flows import compare
from studio.flows.studio import Studio
from studio.store import cards, links
from studio.store import studies as stored

LONGEST_COMMENT = 2000
LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class Vote:
    """What one rater says of one card."""

    card_id: str
    choice: Choice
    seconds: float | None = None
    comment: str = ""


def enter(studio: Studio, token: str, *, known: str | None = None, name: str = "") -> Link:
    """The rater's own link: that of the address, the `known` one of this browser, or a new one from an invitation."""
    link = links.by_token(studio.store, token, LinkKind.RATER, LinkKind.INVITATION)
    if link.kind is LinkKind.RATER:
        return link
    own = next((each for each in raters(studio, link.study_id) if known and each.token == known), None)
    if own is not None and not own.is_revoked:
        return own
    return links.add(studio.store, compare.new_link(link.study_id, LinkKind.RATER, name[:LONGEST_NAME]))


def raters(studio: Studio, study_id: str) -> list[Link]:
    """Everybody who ever had a rater's link, revoked ones included."""
    return links.all(studio.store, study_id, LinkKind.RATER)


def named(studio: Studio, study_id: str, name: str) -> Link:
    """The link of the rater of this name, made if there is none; StudyError without a name."""
    if not name.strip() or len(name) > LONGEST_NAME:
        raise StudyError("This cannot be a rater's name.", fix=f"Use 1 to {LONGEST_NAME} letters.")
    found = next((link for link in raters(studio, study_id) if link.label == name and not link.is_revoked), None)
    return found or links.add(studio.store, compare.new_link(study_id, LinkKind.RATER, name))


def next_card(studio: Studio, token: str) -> Card | None:
    """The card that this rater holds, or a new one; None when there is nothing for them."""
    table = _table(studio, token)
    held = cards.deal(studio.store, table.study.id, lambda dealt: _one(table.next(dealt)))
    return _card(studio, table, held[0]) if held else None


def remaining_cards(studio: Studio, token: str) -> list[Card]:
    """Every card that this rater could judge now, now held by them; for judging in bulk."""
    table = _table(studio, token)
    held = cards.deal(studio.store, table.study.id, table.hand)
    return [_card(studio, table, card) for card in held]


def rate(
    studio: Studio, token: str, card_id: str, choice: Choice, *, seconds: float | None = None, comment: str = ""
) -> Card | None:
    """Keep one judgement and hand out the next card; the same judgement twice changes nothing."""
    _keep(studio, _table(studio, token), Vote(card_id, choice, seconds, comment))
    return next_card(studio, token)


def rate_all(studio: Studio, token: str, votes: Sequence[Vote]) -> None:
    """Keep many judgements at once; StudyError before the first of them when one is of no card of this rater."""
    table = _table(studio, token)
    known = {card.id for card in cards.dealt(studio.store, table.study.id) if card.rater == table.rater.id}
    for vote in votes:
        if vote.card_id not in known:
            raise StudyError(f"{vote.card_id} is no card of this rater.", fix="Take the cards from `study answers`.")
    for vote in votes:
        _keep(studio, table, vote)


def undo(studio: Studio, token: str) -> Card | None:
    """Take this rater's last judgement back and show that card again."""
    table = _table(studio, token)
    card_id = cards.unrate(studio.store, table.study.id, table.rater.id)
    if card_id is None:
        return next_card(studio, token)
    held = next(card for card in cards.dealt(studio.store, table.study.id) if card.id == card_id)
    return _card(studio, table, held)


@dataclass(frozen=True, slots=True)
class _Table:
    """An open study as one rater sits at it."""

    study: Study
    rater: Link
    deck: Deck
    now: datetime

    def next(self, dealt: Sequence[Dealt]) -> Dealt | None:
        return dealing.next_card(self.deck, dealt, self.rater.id, now=self.now)

    def hand(self, dealt: Sequence[Dealt]) -> list[Dealt]:
        return dealing.hand(self.deck, dealt, self.rater.id, now=self.now)

    def pair(self, card: Dealt) -> Pair:
        return next(pair for pair in self.deck.pairs if pair.id == card.pair_id)


def _table(studio: Studio, token: str) -> _Table:
    link = links.by_token(studio.store, token, LinkKind.RATER)
    study = compare.study(studio, link.study_id)
    if study.state is StudyState.CLOSED:
        raise StudyError("This comparison is closed.", fix="Thank you; nothing more is needed.")
    if study.state is not StudyState.OPEN:
        raise StudyError("The answers are still being written.", fix="Come back in a minute.")
    return _Table(study, link, deck_of(study.protocol, seed=study.seed), datetime.now(UTC))


def _one(card: Dealt | None) -> list[Dealt]:
    return [card] if card else []


def _keep(studio: Studio, table: _Table, vote: Vote) -> None:
    cards.rate(
        studio.store,
        Rating(
            card_id=vote.card_id,
            study_id=table.study.id,
            rater=table.rater.id,
            choice=vote.choice,
            at=datetime.now(UTC),
            seconds=vote.seconds,
            comment=vote.comment.strip()[:LONGEST_COMMENT],
        ),
    )


def _card(studio: Studio, table: _Table, card: Dealt) -> Card:
    """What the rater may see; how far they are counts what is theirs, and what they could still be handed."""
    study, pair = table.study, table.pair(card)
    ask = next(ask for ask in stored.asks(studio.store, study.id) if ask.key == pair.prompt)
    left, right = texts(pair, ask, card.side, stored.answers(studio.store, study.id), seed=study.seed)
    dealt = cards.dealt(studio.store, study.id)
    rated = sum(each.rater == table.rater.id and each.is_rated for each in dealt)
    total = rated + dealing.remaining(table.deck, dealt, table.rater.id, now=table.now)
    return Card(
        id=card.id,
        question=study.protocol.criterion,
        prompt=ask.prompt,
        left=left,
        right=right,
        position=rated + 1,
        total=total,
        rated=rated,
        seconds_left=_seconds_left(studio, table, total - rated),
        rubric=study.protocol.rubric,
    )


def texts(pair: Pair, ask: Ask, side: Side, answers: dict[tuple[str, str], Answer], *, seed: int) -> tuple[str, str]:
    """The two texts of a card, left and right; an identical pair shows the fine-tuned or the base's answer twice."""
    tuned = answers[ask.key, TUNED].text
    if pair.opponent is None:
        others = sorted(who for key, who in answers if key == ask.key)
        same = answers[ask.key, others[(seed + int(ask.key[:8], 16)) % len(others)]].text
        return same, same
    other = answers[ask.key, pair.opponent].text
    return (tuned, other) if side is Side.LEFT else (other, tuned)


def _seconds_left(studio: Studio, table: _Table, remaining: int) -> float | None:
    """How long this rater needs for so many cards at their own pace; None before it is known."""
    given = cards.ratings(studio.store, table.study.id)
    own = [rating.seconds for rating in given if rating.rater == table.rater.id and rating.seconds is not None]
    return median(own) * remaining if len(own) >= 3 else None
