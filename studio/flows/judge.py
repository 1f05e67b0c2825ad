"""Judge: hand a rater one blind card at a time and keep what they say."""

import hashlib
from datetime import UTC, datetime
from statistics import median

from studio.domain.errors import StudyError
from studio.domain.study import Card, Choice, Item, Rating, Side, Study, StudyState
from studio.flows.compare import study_by_token
from studio.flows.studio import Studio
from studio.store import studies as stored

LONGEST_COMMENT = 2000


def next_card(studio: Studio, token: str, rater: str) -> Card | None:
    """The next card that this rater has not judged, in an order of their own; None when there is none left."""
    study = _open_study(studio, token)
    items = stored.items(studio.store, study.id)
    done = stored.rated_items(studio.store, study.id, rater)
    left = [item for item in _own_order(items, rater) if item.id not in done]
    return _card(studio, study, left[0], rater=rater, rated=len(done), total=len(items)) if left else None


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
    if item_id not in {item.id for item in stored.items(studio.store, study.id)}:
        raise StudyError("This card is not part of the study.", fix="Reload the page.")
    stored.rate(
        studio.store,
        Rating(
            item_id=item_id,
            study_id=study.id,
            rater=rater,
            choice=choice,
            at=datetime.now(UTC),
            seconds=seconds,
            comment=comment.strip()[:LONGEST_COMMENT],
        ),
    )
    return next_card(studio, token, rater)


def undo(studio: Studio, token: str, rater: str) -> Card | None:
    """Take this rater's last judgement back and show that card again."""
    study = _open_study(studio, token)
    item_id = stored.unrate(studio.store, study.id, rater)
    if item_id is None:
        return next_card(studio, token, rater)
    items = stored.items(studio.store, study.id)
    done = stored.rated_items(studio.store, study.id, rater)
    item = next(item for item in items if item.id == item_id)
    return _card(studio, study, item, rater=rater, rated=len(done), total=len(items))


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


def _card(studio: Studio, study: Study, item: Item, *, rater: str, rated: int, total: int) -> Card:
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
        seconds_left=_seconds_left(stored.ratings(studio.store, study.id), rater, total - rated),
    )


def _seconds_left(ratings: list[Rating], rater: str, left: int) -> float | None:
    own = [r.seconds for r in ratings if r.rater == rater and r.seconds is not None]
    return median(own) * left if len(own) >= 3 else None


def remaining_cards(studio: Studio, token: str, rater: str) -> list[Card]:
    """Every card that this rater has not judged, in their own order; for judging in bulk."""
    study = _open_study(studio, token)
    items = stored.items(studio.store, study.id)
    done = stored.rated_items(studio.store, study.id, rater)
    left = [item for item in _own_order(items, rater) if item.id not in done]
    return [_card(studio, study, item, rater=rater, rated=len(done), total=len(items)) for item in left]
