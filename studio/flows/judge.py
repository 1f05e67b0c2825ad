"""Judge: hand a rater one blind card at a time and keep what they say."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median

from studio.domain.errors import StudyError
from studio.domain.study import Card, Choice, Item, Rating, Side, Study, StudyState
from studio.flows.compare import study_by_token
from studio.flows.studio import Studio
from studio.store import studies as stored

LONGEST_COMMENT = 2000


@dataclass(frozen=True, slots=True)
class Vote:
    """What one rater says of one card."""

    item_id: str
    choice: Choice
    seconds: float | None = None
    comment: str = ""


def next_card(studio: Studio, token: str, rater: str) -> Card | None:
    """The next card that this rater has not judged, in an order of their own; None when there is none left."""
    cards = remaining_cards(studio, token, rater)
    return cards[0] if cards else None


def remaining_cards(studio: Studio, token: str, rater: str) -> list[Card]:
    """Every card that this rater has not judged, in their own order; for judging in bulk."""
    study = _open_study(studio, token)
    items = stored.items(studio.store, study.id)
    done = stored.rated_items(studio.store, study.id, rater)
    left = _seconds_left(studio, study, rater, len(items) - len(done))
    waiting = [item for item in _own_order(items, rater) if item.id not in done]
    return [_card(study, item, rated=len(done), total=len(items), seconds_left=left) for item in waiting]


def rate(
    studio: Studio,
    token: str,
    rater: str,
    item_id: str,
    choice: Choice,
    *,
    seconds: float | None = None,
    comment: str = "",
) -> Card | None:
    """Keep one judgement and hand out the next card; the same judgement twice changes nothing."""
    study = _open_study(studio, token)
    _keep(studio, study, rater, Vote(item_id, choice, seconds, comment))
    return next_card(studio, token, rater)


def rate_all(studio: Studio, token: str, rater: str, votes: Sequence[Vote]) -> None:
    """Keep many judgements at once; StudyError before the first of them when one is of no card of the study."""
    study = _open_study(studio, token)
    known = {item.id for item in stored.items(studio.store, study.id)}
    for vote in votes:
        if vote.item_id not in known:
            raise StudyError(f"{vote.item_id} is no card of this study.", fix="Take the items from `study answers`.")
    for vote in votes:
        _keep(studio, study, rater, vote)


def is_rater(name: object) -> bool:
    """Whether this can be a rater's name: up to 64 letters, digits, dots, dashes and the like."""
    return isinstance(name, str) and re.fullmatch(r"[\w.@+-]{1,64}", name) is not None


def _keep(studio: Studio, study: Study, rater: str, vote: Vote) -> None:
    if not is_rater(rater):
        raise StudyError("This cannot be a rater's name.", fix="Use up to 64 letters, digits, dots and dashes.")
    stored.rate(
        studio.store,
        Rating(
            item_id=vote.item_id,
            study_id=study.id,
            rater=rater,
            choice=vote.choice,
            at=datetime.now(UTC),
            seconds=vote.seconds,
            comment=vote.comment.strip()[:LONGEST_COMMENT],
        ),
    )


def undo(studio: Studio, token: str, rater: str) -> Card | None:
    """Take this rater's last judgement back and show that card again."""
    study = _open_study(studio, token)
    item_id = stored.unrate(studio.store, study.id, rater)
    if item_id is None:
        return next_card(studio, token, rater)
    items = stored.items(studio.store, study.id)
    done = stored.rated_items(studio.store, study.id, rater)
    item = next(item for item in items if item.id == item_id)
    left = _seconds_left(studio, study, rater, len(items) - len(done))
    return _card(study, item, rated=len(done), total=len(items), seconds_left=left)


def _open_study(studio: Studio, token: str) -> Study:
    study = study_by_token(studio, token)
    if study.state is StudyState.CLOSED:
        raise StudyError("This comparison is closed.", fix="Thank you; nothing more is needed.")
    if study.state is not StudyState.OPEN:
        raise StudyError("The answers are still being written.", fix="Come back in a minute.")
    return study


def _own_order(items: list[Item], rater: str) -> list[Item]:
    """A fixed order per rater, so that nobody's tiredness falls on the same prompts."""
    return sorted(items, key=lambda item: hashlib.sha256(f"{rater}:{item.id}".encode()).digest())


def _card(study: Study, item: Item, *, rated: int, total: int, seconds_left: float | None) -> Card:
    tuned_left = item.tuned_side is Side.LEFT
    return Card(
        item_id=item.id,
        question=study.question,
        prompt=item.prompt,
        left=item.tuned_answer if tuned_left else item.base_answer,
        right=item.base_answer if tuned_left else item.tuned_answer,
        position=rated + 1,
        total=total,
        rated=rated,
        seconds_left=seconds_left,
    )


def _seconds_left(studio: Studio, study: Study, rater: str, cards: int) -> float | None:
    """How long this rater needs for so many cards at their own pace; None before it is known."""
    ratings = stored.ratings(studio.store, study.id)
    own = [rating.seconds for rating in ratings if rating.rater == rater and rating.seconds is not None]
    return median(own) * cards if len(own) >= 3 else None
