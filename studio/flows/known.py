"""Known: a browser in which somebody signed in before is told from a stranger's, before any password is looked at.

It was given a number then, and a proof that only this studio could make for that number and that name. That lets nobody
in, but their own browsers are told apart: whoever guesses is not in the way of those who belong here.
"""

import hmac
import secrets
from dataclasses import dataclass, field

from studio.flows.people import folded
from studio.flows.studio import Studio
from studio.store import settings

SECRET = "browsers"  # under which name it is kept


@dataclass(frozen=True, slots=True)
class Known:
    """What proofs are made with; asked for nothing else, so that a flood of false ones costs nothing."""

    secret: str = field(repr=False)

    def give(self, name: str) -> str:
        """What the browser is given in which this name has signed in."""
        number = secrets.token_urlsafe(12)
        return f"{number}.{self._proof(number, name)}"

    def number(self, shown: str | None, name: str) -> str:
        """The number of the browser that shows this; empty where it proves nothing for this name."""
        number, _, proof = (shown or "").partition(".")
        return number if hmac.compare_digest(proof.encode(), self._proof(number, name).encode()) else ""

    def _proof(self, number: str, name: str) -> str:
        said = f"{number} {folded(name)}".encode(errors="replace")
        return hmac.digest(self.secret.encode(), said, "sha256").hex()


def known_browsers(studio: Studio) -> Known:
    """By the secret of this workspace, which is made at the first use and stays."""
    if settings.get(studio.store, SECRET) is None:
        settings.put(studio.store, SECRET, secrets.token_urlsafe(32))
    return Known(settings.get(studio.store, SECRET))
