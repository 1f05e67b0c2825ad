"""Sharing: addresses at which a verdict can be read without the studio, each of which can be taken back."""

from datetime import UTC, datetime

from studio.domain.errors import StudyError
from studio.domain.study import Link, LinkKind, StudyState
from studio.flows import compare
from studio.flows.audit import logged
from studio.flows.studio import Studio
from studio.store import links

LONGEST_LABEL = 64


@logged("shared a verdict")
def share(studio: Studio, study_id: str, label: str = "") -> Link:
    """A new address of a closed study's verdict; `label` says for whom it is. StudyError while the study is open."""
    if compare.study(studio, study_id).state is not StudyState.CLOSED:
        raise StudyError("This comparison is still open.", fix="Close the rating first; then there is a verdict.")
    return links.add(studio.store, compare.new_link(study_id, LinkKind.VERDICT, label.strip()[:LONGEST_LABEL]))


def shared(studio: Studio, study_id: str) -> list[Link]:
    """The addresses of a verdict in the order in which they were made, those taken back included."""
    return links.all(studio.store, study_id, LinkKind.VERDICT)


@logged("took back the address of a verdict")
def take_back(studio: Studio, study_id: str, link_id: str) -> None:
    """From now on nobody reads the verdict at this address; StudyError where it is none of this study's."""
    if link_id not in {link.id for link in shared(studio, study_id)}:
        raise StudyError("There is no such link.", fix="Pick one of those listed.")
    links.revoke(studio.store, link_id, at=datetime.now(UTC))


def study_at(studio: Studio, token: str) -> str:
    """The study whose verdict is read at this address; StudyError where there is none, or it was taken back."""
    return links.by_token(studio.store, token, LinkKind.VERDICT).study_id


def address(link: Link) -> str:
    """Where the verdict is read, from the studio's own root."""
    return f"/verdict/{link.token}"
