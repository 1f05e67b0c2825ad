"""Busy: what a browser shows at once when a screen is asked for anew, so that no empty state stands that is not true."""

import json

from studio.ui.parts import html

WAITING = json.dumps(html.waiting())
HIDDEN = "{__type__: 'update', visible: false}"
# On coming back to a screen: what it shows stays, unless that says that there is nothing, which may have changed.
UNLESS_FULL = f"(shown) => (shown || '').includes('class=\"empty') ? {WAITING} : shown"


def cleared(hidden: int) -> str:
    """For another run: one sentence to wait by, in place of what was said of the run before, and `hidden` parts away."""
    return f"() => [{', '.join([WAITING, *[HIDDEN] * hidden])}]"
