"""Rating: give links to raters, take them back, and see how many each has judged; never who leads."""

from typing import Annotated, Any

import typer

from studio.cli.output import Json, answer, verb
from studio.cli.workspace import opened
from studio.flows import invite
from studio.flows.invite import Seat

StudyId = Annotated[str, typer.Argument(metavar="STUDY", help="A study, as `study create` names it.")]


@verb
def raters(study: StudyId, json: Json = False) -> None:
    """List the links to rate by, with how many cards were judged by each."""
    seats = invite.seats(opened(), study)
    words = "\n".join(f"{_who(seat):<32} {_far(seat):<24} {_address(seat)}" for seat in seats)
    answer(json, {"study": study, "raters": [_values(seat) for seat in seats]}, words)


@verb
def give(
    study: StudyId,
    name: Annotated[str, typer.Option(help="Whose link; left out, anybody who has the link may join.")] = "",
    json: Json = False,
) -> None:
    """Make a link to rate by."""
    link = invite.invite(opened(), study, name)
    made = Seat(link, 0, 0, None)
    answer(json, {"study": study} | _values(made), f"{_who(made)}: {_address(made)}")


@verb
def revoke(
    study: StudyId,
    who: Annotated[str, typer.Argument(metavar="NAME|LINK", help="The name on the link, or the link itself.")],
    json: Json = False,
) -> None:
    """Take a link back; what was judged by it stays and counts."""
    link = invite.revoke(opened(), study, who)
    answer(json, {"study": study, "link": link.id}, f"{link.label or link.id}: taken back.")


def _values(seat: Seat) -> dict[str, Any]:
    return {
        "link": seat.link.id, "name": seat.link.label, "kind": seat.link.kind, "address": _address(seat),
        "judged": seat.judged, "skipped": seat.skipped, "last": seat.last, "revoked": seat.link.is_revoked,
    }  # fmt: skip


def _who(seat: Seat) -> str:
    return "anybody" if seat.is_open else seat.link.label or "somebody who joined"


def _far(seat: Seat) -> str:
    if seat.link.is_revoked:
        return "taken back"
    if seat.is_open:
        return ""
    return f"{seat.judged:,} judged" + (f", {seat.skipped:,} skipped" if seat.skipped else "")


def _address(seat: Seat) -> str:
    return f"/rate/?t={seat.link.token}"
