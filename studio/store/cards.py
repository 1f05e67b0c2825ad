"""Cards in the database: who was handed what on which side, what they said of it, and which side they suspected."""

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, select, update
from sqlalchemy.sql.functions import aggregate_strings

from studio.domain.dealing import Dealt, Out, Ratings
from studio.domain.errors import StudyError
from studio.domain.study import Choice, Guessed, PastRating, Rating, Side, Suspicion
from studio.store import links, remembered, tables
from studio.store.columns import readable
from studio.store.database import Store, writing
from studio.store.remembered import Own, Pace, Remembered
from studio.store.studies import insist_on_open

AT_ONCE = 1000  # as many ids as any database takes in one question

SIDES = {side.value: side for side in Side}

Draw = Callable[[Sequence[Dealt]], Sequence[Dealt]]
BETWEEN = "\n"  # ids of pairs that are told in one text

# Written once, since they are asked at every vote: to put a question together takes longer than to answer it.
CARDS, RATINGS = tables.cards.c, tables.ratings.c
_DEALT = (
    select(CARDS.id, CARDS.pair_id, CARDS.rater, CARDS.side, CARDS.at, RATINGS.choice)
    .outerjoin(tables.ratings, RATINGS.card_id == CARDS.id)
    .where(CARDS.study_id == bindparam("study"))
    .order_by(CARDS.at, CARDS.id)
)
_OWN, _HELD = _DEALT.where(CARDS.rater == bindparam("rater")), _DEALT.where(RATINGS.card_id.is_(None))
_JUDGED = (
    select(CARDS.side).join(tables.ratings, RATINGS.card_id == CARDS.id).where(CARDS.study_id == bindparam("study"))
)
_TOLD = _JUDGED.where(RATINGS.choice != Choice.SKIP.value).with_only_columns(aggregate_strings(CARDS.pair_id, BETWEEN))
_FIRST = _JUDGED.where(CARDS.pair_id == bindparam("pair")).order_by(CARDS.at, CARDS.id).limit(1)
_PACES = (
    select(RATINGS.card_id, RATINGS.at, RATINGS.seconds)
    .where(RATINGS.study_id == bindparam("study"), RATINGS.rater == bindparam("rater"))
    .order_by(RATINGS.at, RATINGS.card_id)
)
_KNOWN = (
    select(CARDS.id.label("dealt"), CARDS.study_id.label("of_study"), CARDS.rater.label("of_rater"), tables.ratings)
    .outerjoin_from(tables.cards, tables.ratings, RATINGS.card_id == CARDS.id)
    .where(CARDS.id.in_(bindparam("ids", expanding=True)))
)
_RATE, _DEAL = tables.ratings.insert(), tables.cards.insert()


def dealt(store: Store, study_id: str) -> list[Dealt]:
    """Every card of a study, in the order in which they were handed out; not for raters' eyes."""
    with store.read() as connection:
        return _dealt(connection, study_id)


def deal(target: Store | Connection, study_id: str, draw: Draw) -> list[Dealt]:
    """Hand out what `draw` makes of the cards that are out; one at a time, so that no pair is handed out twice.

    A card that comes back to the same person keeps its id. StudyError when the study is not open.
    """
    with writing(target) as connection:
        insist_on_open(connection, study_id)
        known = _dealt(connection, study_id)
        return _kept(connection, study_id, draw(known), known=known)


def deal_to(connection: Connection, study_id: str, rater: str, draw: Callable[[Out], Sequence[Dealt]]) -> list[Dealt]:
    """The same for one rater who has a seat, and is told no more of others' cards than has a say in what comes next."""
    known, own = _remembered(connection, study_id, rater)
    others = (card for card in known.held.values() if card.rater != rater)
    first, paces = partial(_first_side, connection, study_id), {id: pace.seconds for id, pace in own.paces.items()}
    out = Out([*own.cards.values(), *others], known.ratings, first, paces)
    return _kept(connection, study_id, draw(out), known=own.cards.values())


def rate(target: Store | Connection, rating: Rating) -> bool:
    """Keep a judgement in place of an earlier one of the same card; False if it says nothing new
    (how long it took is told by the first).

    StudyError when the study is not open or the card is not this rater's.
    """
    return rate_all(target, [rating]) == 1


def rate_all(target: Store | Connection, given: Sequence[Rating]) -> int:
    """Keep many judgements of one study, all or none; how many of them say something new. StudyError as of `rate`."""
    if not given:
        return 0
    with writing(target) as connection:
        insist_on_open(connection, given[0].study_id)
        for rater in {rating.rater for rating in given}:
            links.insist_on_right(connection, rater)
        return keep(connection, given)


def keep(connection: Connection, given: Sequence[Rating]) -> int:
    """The same of raters who have a seat in the study, which is not looked at again."""
    known = _known(connection, given)
    left, new = list[Rating](), dict[str, Rating]()
    for rating in given:
        owner, current = known.get(rating.card_id, (None, None))
        if owner != (rating.study_id, rating.rater):
            raise StudyError("This card is not yours to judge.", fix="Reload the page.")
        rating = replace(rating, comment=readable(rating.comment))
        earlier = new.get(rating.card_id) or current
        if earlier and _says(earlier) == _says(rating):
            continue
        left += [earlier] if earlier else []
        new[rating.card_id] = rating
    _retire(connection, left, why="replaced")
    if new:
        connection.execute(_RATE, [_rating_values(rating) for rating in new.values()])
    _note_judged(connection, new.values(), replaced=left)
    return len(new)


def unrate(target: Store | Connection, study_id: str, rater: str, *, only: str | None = None) -> str | None:
    """Take back what a rater judged last, who holds that card again from now on; its id, or None without any.

    Where `only` is given, nothing is taken back unless that card is the last: the same press twice is one.
    """
    columns = tables.ratings.c
    with writing(target) as connection:
        insist_on_open(connection, study_id)
        links.insist_on_right(connection, rater)
        last = connection.execute(
            select(tables.ratings)
            .where(columns.study_id == study_id, columns.rater == rater)
            .order_by(columns.at.desc(), columns.card_id.desc())
            .limit(1)
        ).one_or_none()
        if last is None or only not in (None, last.card_id):
            return None
        remembered.forget(connection, study_id)
        _retire(connection, [_rating(last)], why="taken_back")
        connection.execute(tables.suspicions.delete().where(tables.suspicions.c.card_id == last.card_id))
        held = update(tables.cards).where(tables.cards.c.id == last.card_id).values(at=datetime.now(UTC))
        connection.execute(held)
        return last.card_id


def ratings(store: Store, study_id: str, *, rater: str | None = None) -> list[Rating]:
    """The ratings that count, or those of one rater, in the order in which they were given."""
    columns = tables.ratings.c
    question = select(tables.ratings).where(columns.study_id == study_id).order_by(columns.at, columns.card_id)
    if rater is not None:
        question = question.where(columns.rater == rater)
    with store.read() as connection:
        return [_rating(row) for row in connection.execute(question)]


def last_judged(connection: Connection, study_id: str, rater: str) -> str | None:
    """The card that this rater judged last."""
    _, own = _remembered(connection, study_id, rater)
    return next(reversed(own.paces), None)


def history(store: Store, study_id: str) -> list[PastRating]:
    """The ratings that no longer count, in the order in which they were replaced or taken back."""
    columns = tables.rating_history.c
    question = select(tables.rating_history).where(columns.study_id == study_id).order_by(columns.id)
    with store.read() as connection:
        return [PastRating(_rating(row), row.left_at, row.why) for row in connection.execute(question)]


def suspect(target: Store | Connection, study_id: str, suspicion: Suspicion) -> None:
    """Keep which side a rater took for the new model; once per card, and only of a card that they have judged."""
    columns = tables.ratings.c
    with writing(target) as connection:
        insist_on_open(connection, study_id)
        links.insist_on_right(connection, suspicion.rater)
        judged = select(columns.card_id).where(
            columns.card_id == suspicion.card_id, columns.study_id == study_id, columns.rater == suspicion.rater
        )
        if connection.execute(judged).first() is None:
            raise StudyError("Judge the card first.", fix="Reload the page.")
        told = select(tables.suspicions.c.card_id).where(tables.suspicions.c.card_id == suspicion.card_id)
        if connection.execute(told).first() is None:
            values = {"card_id": suspicion.card_id, "rater": suspicion.rater, "guessed": suspicion.guessed.value}
            connection.execute(tables.suspicions.insert().values(study_id=study_id, at=suspicion.at, **values))


def is_suspected(connection: Connection, card_id: str) -> bool:
    """Whether its rater has said which side of this card they take for the new model."""
    columns = tables.suspicions.c
    return connection.execute(select(columns.card_id).where(columns.card_id == card_id)).first() is not None


def suspicions(store: Store, study_id: str) -> list[Suspicion]:
    """Which sides raters took for the new model, in the order in which they said so."""
    columns = tables.suspicions.c
    question = select(tables.suspicions).where(columns.study_id == study_id).order_by(columns.at, columns.card_id)
    with store.read() as connection:
        found = connection.execute(question)
        return [Suspicion(row.card_id, row.rater, Guessed(row.guessed), row.at) for row in found]


def _dealt(connection: Connection, study_id: str) -> list[Dealt]:
    return _cards(connection, _DEALT, {"study": study_id})


def _cards(connection: Connection, question: Select[*tuple[Any, ...]], about: dict[str, str]) -> list[Dealt]:
    return [
        Dealt(pair_id, rater, SIDES[side], at, said is not None, id, said == Choice.SKIP.value)
        for id, pair_id, rater, side, at, said in connection.execute(question, about).all()
    ]


def _ratings(connection: Connection, about: dict[str, str]) -> Ratings:
    """How often each pair was judged; told in one text, since thousands of rows cost a hundred times as much."""
    found = connection.execute(_TOLD, about).scalar()
    return Ratings(found.split(BETWEEN) if found else [])


def _remembered(connection: Connection, study_id: str, rater: str) -> tuple[Remembered, Own]:
    """What is out of a study, and what of it belongs to one rater; read as far as the connection does not know it."""
    about, every = {"study": study_id, "rater": rater}, remembered.studies(connection)
    known = every.get(study_id)
    if known is None:
        held = {card.id: card for card in _cards(connection, _HELD, about)}
        known = Remembered(_ratings(connection, about), held)
        if len(every) >= remembered.MOST:
            every.clear()
        every[study_id] = known
    if rater not in known.own:
        paces = {card_id: Pace(at, seconds) for card_id, at, seconds in connection.execute(_PACES, about).all()}
        known.own[rater] = Own({card.id: card for card in _cards(connection, _OWN, about)}, paces)
    return known, known.own[rater]


def _note_judged(connection: Connection, new: Iterable[Rating], *, replaced: Sequence[Rating]) -> None:
    """Let what the connection knows say so too; where something else was said before, it is read anew."""
    known = remembered.studies(connection)
    for rating in new:
        study = known.get(rating.study_id)
        if study is not None and (replaced or not study.judged(rating)):
            remembered.forget(connection, rating.study_id)


def _first_side(connection: Connection, study_id: str, pair_id: str) -> Side | None:
    """On which side the fine-tuned answer of a pair stood when it was shown to the first who rated it."""
    found = connection.execute(_FIRST, {"study": study_id, "pair": pair_id}).scalar()
    return found and SIDES[found]


def _kept(connection: Connection, study_id: str, drawn: Sequence[Dealt], *, known: Iterable[Dealt]) -> list[Dealt]:
    """The cards as they were drawn, each with its id; one that comes back is held from now on."""
    ids = {(card.pair_id, card.rater): card.id for card in known}
    named = [replace(card, id=card.id or ids.get((card.pair_id, card.rater), "")) for card in drawn]
    made = [card if card.id else replace(card, id=secrets.token_urlsafe(12)) for card in named]
    back = [card for card, was in zip(named, drawn, strict=True) if card.id and not was.id]
    new = [card for card, was in zip(made, named, strict=True) if not was.id]
    for card in back:
        connection.execute(update(tables.cards).where(tables.cards.c.id == card.id).values(at=card.at))
    if new:
        connection.execute(_DEAL, [_card_values(study_id, card) for card in new])
    if back:
        remembered.forget(connection, study_id)
    elif study := remembered.studies(connection).get(study_id):
        for card in new:
            study.dealt(card)
    return made


def _card_values(study_id: str, card: Dealt) -> dict[str, Any]:
    return {
        "id": card.id,
        "study_id": study_id,
        "pair_id": card.pair_id,
        "rater": card.rater,
        "side": card.side.value,
        "at": card.at,
    }


def _known(connection: Connection, given: Sequence[Rating]) -> dict[str, tuple[tuple[str, str], Rating | None]]:
    """Study and rater of each card that is judged, and what is said of it already."""
    ids = list({readable(rating.card_id) for rating in given})
    return {
        row.dealt: ((row.of_study, row.of_rater), None if row.card_id is None else _rating(row))
        for start in range(0, len(ids), AT_ONCE)
        for row in connection.execute(_KNOWN, {"ids": ids[start : start + AT_ONCE]})
    }


def _says(rating: Rating) -> tuple[Any, ...]:
    return rating.choice, rating.comment, rating.marks


def _retire(connection: Connection, left: Sequence[Rating], *, why: str) -> None:
    """Move current ratings to the history."""
    if not left:
        return
    now = datetime.now(UTC)
    for rating in left:
        connection.execute(tables.ratings.delete().where(tables.ratings.c.card_id == rating.card_id))
    told = [_rating_values(rating) | {"left_at": now, "why": why} for rating in left]
    connection.execute(tables.rating_history.insert(), told)


def _rating_values(rating: Rating) -> dict[str, Any]:
    return {
        "card_id": rating.card_id,
        "study_id": rating.study_id,
        "rater": rating.rater,
        "choice": rating.choice.value,
        "at": rating.at,
        "seconds": rating.seconds,
        "comment": readable(rating.comment),
        "marks": {side: dict(given) for side, given in rating.marks.items()},
    }


def _rating(row: Row[Any]) -> Rating:
    return Rating(row.card_id, row.study_id, row.rater, Choice(row.choice), row.at, row.seconds, row.comment, row.marks)
