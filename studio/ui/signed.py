"""Signed: who is signed in, in the header, and what somebody who may only look should know."""

from studio.domain.access import Mode, Right, Visitor
from studio.ui.parts import html


def words(who: Visitor) -> str:
    """Name, role, and the ways to the team and out; on this machine alone there is nobody to tell apart."""
    if who.person is None or who.person.mode is Mode.LOCAL:
        return ""
    own = '<a href="/account">Your account</a>'
    team = '<a href="/team">Team</a>' if who.may(Right.MANAGE) else ""
    out = '<form method="post" action="/signout"><button>Sign out</button></form>'
    ways = own + team + ("" if who.person.mode is Mode.PROXY else out)
    limits = (
        "" if who.may(Right.CHANGE) else "<p>You may look at everything here. Editors and owners may change it.</p>"
    )
    return f'<div class="signed"><span>{html.text(who.name)} · {who.person.role}</span>{ways}{limits}</div>'
