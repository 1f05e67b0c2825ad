"""Cards in the database: who was handed what on which side, what they said of it, and which side they suspected."""

import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from studio.domain.dealing import Dealt
from studio.domain.errors import StudyError
from studio.domain.study import Choice, Guessed, PastRating, Rating, Side, Suspicion
from studio.store import tables
from studio.store.database import Store
from studio.store.studies import insist_on_open

Draw = Callable[[Sequence[Dealt]], Sequence[Dealt]]


def dealt(store: Store, study_id: str) -> list[Dealt]:
    """Every card of a study, in the order in which they were handed out; not for raters' eyes."""
    with store.read() as connection:
        return _dealt(connection, study_id)


def deal(store: Store, study_id: str, draw: Draw) -> list[Dealt]:
    """Hand out what `draw` makes of the cards that are out; one at a time, so that no pair is handed out twice.

    A card that comes back to the same person keeps its id. StudyError when the study is not open.
    """
    with store.write() as connection:
        insist_on_open(connection, study_id)
        return [card if card.id else _kept(connection, study_id, card) for card in draw(_dealt(connection, study_id))]


def rate(store: Store, rating: Rating) -> bool:
    """Keep a judgement in place of an earlier one of the same card; False if it says nothing new
    (how long it took is told by the first).

    StudyError when the study is not open or the card is not this rater's.
    """
    values = _rating_values(rating)
    with store.write() as connection:
        insist_on_open(connection, rating.study_id)
        columns = tables.cards.c
        theirs = select(columns.id).where(
            columns.id == rating.card_id, columns.study_id == rating.study_id, columns.rater == rating.rater
        )
        if connection.execute(theirs).first() is None:
            raise StudyError("This card is not yours to judge.", fix="Reload the page.")
        known = select(tables.ratings).where(tables.ratings.c.card_id == rating.card_id)
        earlier = connection.execute(known).one_or_none()
        if earlier is None:
            connection.execute(tables.ratings.insert().values(values))
            return True
        if (earlier.choice, earlier.comment, earlier.marks) == (values["choice"], values["comment"], values["marks"]):
            return False
        _retire(connection, _rating(earlier), why="replaced")
        connection.execute(tables.ratings.insert().values(values))
        return True


def unrate(store: Store, study_id: str, rater: str) -> str | None:
    """Take back what a rater judged last, who holds that card again from now on; its id, or None without any."""
    columns = tables.ratings.c
    with store.write() as connection:
        insist_on_open(connection, study_id)
        last = connection.execute(
            select(tables.ratings)
            .where(columns.study_id == study_id, columns.rater == rater)
            .order_by(columns.at.desc(), columns.card_id)
            .limit(1)
        ).one_or_none()
        if last is None:
            return None
        _retire(connection, _rating(last), why="taken_back")
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


def history(store: Store, study_id: str) -> list[PastRating]:
    """The ratings that no longer count, in the order in which they were replaced or taken back."""
    columns = tables.rating_history.c
    question = select(tables.rating_history).where(columns.study_id == study_id).order_by(columns.id)
    with store.read() as connection:
        return [PastRating(_rating(row), row.left_at, row.why) for row in connection.execute(question)]


def suspect(store: Store, study_id: str, suspicion: Suspicion) -> None:
    """Keep which side a rater took for the new model; once per card, and only of a card that they have judged."""
    columns = tables.ratings.c
    with store.write() as connection:
        insist_on_open(connection, study_id)
        judged = select(columns.card_id).where(
            columns.card_id == suspicion.card_id, columns.study_id == study_id, columns.rater == suspicion.rater
        )
        if connection.execute(judged).first() is None:
            raise StudyError("Judge the card first.", fix="Reload the page.")
        told = select(tables.suspicions.c.card_id).where(tables.suspicions.c.card_id == suspicion.card_id)
        if connection.execute(told).first() is None:
            values = {"card_id": suspicion.card_id, "rater": suspicion.rater, "guessed": suspicion.guessed.value}
            connection.execute(tables.suspicions.insert().values(study_id=study_id, at=suspicion.at, **values))


def suspicions(store: Store, study_id: str) -> list[Suspicion]:
    """Which sides raters took for the new model, in the order in which they said so."""
    columns = tables.suspicions.c
    question = select(tables.suspicions).where(columns.study_id == study_id).order_by(columns.at, columns.card_id)
    with store.read() as connection:
        found = connection.execute(question)
        return [Suspicion(row.card_id, row.rater, Guessed(row.guessed), row.at) for row in found]


def _dealt(connection: Connection, study_id: str) -> list[Dealt]:
    cards, ratings = tables.cards, tables.ratings
    question = (
        select(cards, ratings.c.choice)
        .outerjoin(ratings, ratings.c.card_id == cards.c.id)
        .where(cards.c.study_id == study_id)
        .order_by(cards.c.at, cards.c.id)
    )
    return [
        Dealt(
            row.pair_id,
            row.rater,
            Side(row.side),
            row.at,
            row.choice is not None,
            row.id,
            is_skip=row.choice == Choice.SKIP.value,
        )
        for row in connection.execute(question)
    ]


def _kept(connection: Connection, study_id: str, card: Dealt) -> Dealt:
    columns = tables.cards.c
    same = (columns.study_id == study_id, columns.pair_id == card.pair_id, columns.rater == card.rater)
    known = connection.execute(select(columns.id).where(*same)).scalar_one_or_none()
    if known is not None:
        connection.execute(update(tables.cards).where(columns.id == known).values(at=card.at))
        return Dealt(card.pair_id, card.rater, card.side, card.at, card.is_rated, known)
    made = secrets.token_urlsafe(12)
    connection.execute(
        tables.cards.insert().values(
            id=made, study_id=study_id, pair_id=card.pair_id, rater=card.rater, side=card.side.value, at=card.at
        )
    )
    return Dealt(card.pair_id, card.rater, card.side, card.at, card.is_rated, made)


def _retire(connection: Connection, rating: Rating, *, why: str) -> None:
    """Move a current rating to the history."""
    connection.execute(tables.ratings.delete().where(tables.ratings.c.card_id == rating.card_id))
    left = {"left_at": datetime.now(UTC), "why": why}
    connection.execute(tables.rating_history.insert().values(**_rating_values(rating), **left))


def _rating_values(rating: Rating) -> dict[str, Any]:
    return {
        "card_id": rating.card_id,
        "study_id": rating.study_id,
        "rater": rating.rater,
        "choice": rating.choice.value,
        "at": rating.at,
        "seconds": rating.seconds,
        "comment": tables.readable(rating.comment),
        "marks": {side: dict(given) for side, given in rating.marks.items()},
    }


def _rating(row: Row[Any]) -> Rating:
    return Rating(row.card_id, row.study_id, row.rater, Choice(row.choice), row.at, row.seconds, row.comment, row.marks)
