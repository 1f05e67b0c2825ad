"""Invite: who may rate a study, by links that can be taken back, and how much each of them has judged."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

from studio.domain.errors import StudyError
from studio.domain.study import Choice, Link, LinkKind
from studio.flows import compare, judge
from studio.flows.audit import logged
from studio.flows.studio import Studio
from studio.store import cards, links
from studio.store import studies as stored


@dataclass(frozen=True, slots=True)
class Seat:
    """A link to rate by, and how far whoever has it is: how many cards were judged, and how many were skipped; nothing
    of what was said."""

    link: Link
    judged: int
    skipped: int
    last: datetime | None

    @property
    def is_open(self) -> bool:
        """Whether anybody who has it may join by it."""
        return self.link.kind is LinkKind.INVITATION


def seats(studio: Studio, study_id: str) -> list[Seat]:
    """Every link to rate by, those taken back included, with how many cards were judged and skipped, and when last."""
    stored.get(studio.store, study_id)
    given = cards.ratings(studio.store, study_id)
    skipped = Counter(rating.rater for rating in given if rating.choice is Choice.SKIP)
    judged = Counter(rating.rater for rating in given) - skipped
    last = {rating.rater: rating.at for rating in given}
    both = (LinkKind.INVITATION, LinkKind.RATER)
    every = [link for link in links.all(studio.store, study_id) if link.kind in both]
    return [Seat(link, judged[link.id], skipped[link.id], last.get(link.id)) for link in every]


@logged("made a link to rate by")
def invite(studio: Studio, study_id: str, name: str = "") -> Link:
    """A new link: of one person's own, where a name is given, else one by which anybody may join."""
    stored.get(studio.store, study_id)
    if not name.strip():
        return links.add(studio.store, compare.new_link(study_id, LinkKind.INVITATION, "Invitation"))
    name = judge.called(name)
    if any(link.label == name and not link.is_revoked for link in judge.raters(studio, study_id)):
        raise StudyError(f"{name} has a link already.", fix="Send that one, or take it back first.", field="name")
    return links.add(studio.store, compare.new_link(study_id, LinkKind.RATER, name))


@logged("took back a link to rate by")
def revoke(studio: Studio, study_id: str, who: str) -> Link:
    """Take a link back by its id, its address or the name on it; what was judged by it stays and counts.

    StudyError where no valid link is meant, or more than one.
    """
    held = [seat.link for seat in seats(studio, study_id) if not seat.link.is_revoked]
    found = [link for link in held if who.strip() in (link.id, link.token, link.label)] if who.strip() else []
    found = found or [link for link in held if who.rpartition("?t=")[2].strip() == link.token]
    if not found:
        raise StudyError("There is no such link that could be taken back.", fix="Name one that `study raters` lists.")
    if len(found) > 1:
        raise StudyError(f"{len(found)} links have this name.", fix="Name one of them by its address.")
    links.revoke(studio.store, found[0].id, at=datetime.now(UTC))
    return found[0]
