"""Remembered: what of a study each vote asks, read once by the connection that keeps the votes, and kept up to date.

To look through all votes of a study at each vote took most of what a vote took. See docs/decisions/0049.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection

from studio.domain.dealing import Dealt, Ratings
from studio.domain.study import Choice, Rating

MOST = 8  # studies
BEGAN, ENDED, STUDIES = "began", "ended", "studies"


@dataclass(frozen=True, slots=True)
class Pace:
    """When a card was judged, and how long that took."""

    at: datetime
    seconds: float | None


@dataclass(slots=True)
class Own:
    """What one rater has or had in their hands, and what they judged, each in its order and by the card."""

    cards: dict[str, Dealt]
    paces: dict[str, Pace]


@dataclass(slots=True)
class Remembered:
    """How often each pair was judged, the cards in anybody's hands, and what belongs to those who were here lately."""

    ratings: Ratings
    held: dict[str, Dealt]
    own: dict[str, Own] = field(default_factory=dict)

    def dealt(self, card: Dealt) -> None:
        """A card that nobody had before."""
        self.held[card.id] = card
        if (own := self.own.get(card.rater)) is not None:
            own.cards[card.id] = card

    def judged(self, rating: Rating) -> bool:
        """The first judgement of a card; False where it is not known in which order it came."""
        card, own = self.held.pop(rating.card_id, None), self.own.get(rating.rater)
        newest = next(reversed(own.paces.values()), None) if own else None
        if card is None or (newest is not None and newest.at >= rating.at):
            return False
        is_skip = rating.choice is Choice.SKIP
        if own is not None:
            own.cards[card.id] = replace(card, is_rated=True, is_skip=is_skip)
            own.paces[card.id] = Pace(rating.at, rating.seconds)
        if not is_skip:
            self.ratings.judged(card.pair_id)
        return True


def begin(connection: Connection) -> None:
    """Forget everything, unless this connection put on disk what it did last and nobody else has written since.

    To be asked when nobody else can write any more. SQLite counts for each connection what others have written.
    """
    version = connection.exec_driver_sql("PRAGMA data_version").scalar_one()
    if connection.info.pop(ENDED, None) != version:
        connection.info[STUDIES] = {}
    connection.info[BEGAN] = version


def committed(connection: Connection) -> None:
    """What this connection did since it began is on disk."""
    connection.info[ENDED] = connection.info.get(BEGAN)


def end(connection: Connection) -> None:
    """Remember nothing: others may be given this connection from now on."""
    if not connection.invalidated:  # what is, knows nothing any more
        connection.info.pop(STUDIES, None)


def studies(connection: Connection) -> dict[str, Remembered]:
    """What this connection remembers, by study; of one that remembers nothing, a place that nobody looks at again."""
    return {} if connection.invalidated else connection.info.get(STUDIES, {})


def forget(connection: Connection, study_id: str | None = None) -> None:
    """Read anew, before it is asked again, what belongs to this study; or to all."""
    if study_id is None:
        studies(connection).clear()
    else:
        studies(connection).pop(study_id, None)
