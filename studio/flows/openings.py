"""Openings: which studies asked the same words before, whatever system prompt, tools or spacing they had."""

from collections.abc import Iterable
from functools import lru_cache

from studio.data.said import said_key
from studio.domain.protocol import Opening
from studio.domain.row import Message
from studio.domain.study import Ask
from studio.flows.studio import Studio
from studio.store import studies as stored
from studio.store.database import Store


def earlier(studio: Studio) -> list[Opening]:
    """Every study that was frozen, whatever became of it, with the words that it asks."""
    return [Opening(study_id, _asked(studio.store, study_id)) for study_id in stored.frozen(studio.store)]


def words(ask: Ask) -> str:
    """By which words a prompt is counted: two with the same words are one prompt opened twice."""
    return _words(ask.prompt)


def asked_by(openings: Iterable[Opening]) -> frozenset[str]:
    """All words that these studies ask."""
    return frozenset().union(*(opening.prompts for opening in openings))


@lru_cache(maxsize=20_000)
def _words(prompt: tuple[Message, ...]) -> str:
    return said_key(prompt)


@lru_cache(maxsize=1000)
def _asked(store: Store, study_id: str) -> frozenset[str]:
    """What a study asks; frozen, so it is worked out once."""
    return frozenset(said_key(ask.prompt) for ask in stored.asks(store, study_id))
