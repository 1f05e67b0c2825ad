"""Access: who somebody is, what their role lets them do, and how long a sign-in or a key holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

IDLE, LONGEST = timedelta(hours=12), timedelta(days=7)
ON_THIS_MACHINE = timedelta(days=90)
KEY_DAYS, MOST_KEY_DAYS = 90, 365


class Right(StrEnum):
    """What can be allowed; every address and every event of a page needs exactly one of these."""

    LOOK = "look"
    RATE = "rate"
    CHANGE = "change"
    MANAGE = "manage"


class Role(StrEnum):
    """What somebody is in this workspace, each more than the one before."""

    VIEWER = "viewer"
    RATER = "rater"
    EDITOR = "editor"
    OWNER = "owner"


RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.VIEWER: frozenset({Right.LOOK}),
    Role.RATER: frozenset({Right.LOOK, Right.RATE}),
    Role.EDITOR: frozenset({Right.LOOK, Right.RATE, Right.CHANGE}),
    Role.OWNER: frozenset(Right),
}
MEANS: Mapping[Role, str] = {
    Role.VIEWER: "looks at everything and changes nothing",
    Role.RATER: "also judges answers blind",
    Role.EDITOR: "also brings data, trains, compares and delivers",
    Role.OWNER: "also says who may do what, and reads the log",
}
# A sentence that names who may, for whoever may not.
NEEDS: Mapping[Right, str] = {
    Right.LOOK: "Sign in first.",
    Right.RATE: "Raters, editors and owners may do this.",
    Right.CHANGE: "Editors and owners may do this.",
    Right.MANAGE: "Owners may do this.",
}
# What a page says whose sign-in has ended while somebody was at it.
SIGN_IN_FIRST = "Sign in first, in another tab for one. What you filled in here stays, and the page goes on with it."


class Mode(StrEnum):
    """How the studio knows who somebody is."""

    LOCAL = "local"
    PASSWORD = "password"
    OIDC = "oidc"
    PROXY = "proxy"


class Scope(StrEnum):
    """What a key may do at most; never more than the person whose key it is."""

    LOOK = "look"
    CHANGE = "change"


SCOPES: Mapping[Scope, frozenset[Right]] = {
    Scope.LOOK: frozenset({Right.LOOK}),
    Scope.CHANGE: frozenset({Right.LOOK, Right.RATE, Right.CHANGE}),
}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a role; `subject` is what the mode knows them by, `mode` the one way in which they sign in."""

    id: str
    name: str
    role: Role
    mode: Mode
    subject: str
    created_at: datetime
    removed_at: datetime | None = None

    @property
    def rights(self) -> frozenset[Right]:
        return frozenset() if self.removed_at else RIGHTS[self.role]


@dataclass(frozen=True, slots=True)
class SignIn:
    """A browser in which somebody has signed in."""

    id: str
    person_id: str
    began_at: datetime
    seen_at: datetime
    ended_at: datetime | None
    address: str
    device: str

    def holds(self, now: datetime, mode: Mode) -> bool:
        """Whether it still lets in; on this machine alone it may lie idle for as long as it lasts."""
        idle, longest = (ON_THIS_MACHINE, ON_THIS_MACHINE) if mode is Mode.LOCAL else (IDLE, LONGEST)
        return self.ended_at is None and now - self.seen_at < idle and now - self.began_at < longest


@dataclass(frozen=True, slots=True)
class Key:
    """A key for programs; what it is made of is shown once and then known to nobody."""

    id: str
    person_id: str
    label: str
    scope: Scope
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    revoked_at: datetime | None = None

    def holds(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.expires_at


class DoorKind(StrEnum):
    """What an address that works once is for."""

    LAUNCH = "launch"
    SETUP = "setup"
    INVITATION = "invitation"
    PASSWORD = "password"


@dataclass(frozen=True, slots=True)
class Door:
    """An address that lets somebody in once: at a start, as the first owner, as invited, or to a new password."""

    id: str
    kind: DoorKind
    role: Role
    label: str
    person_id: str | None
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None

    def holds(self, now: datetime) -> bool:
        return self.used_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log: who did what to what; `seal` covers it and the line before it."""

    number: int
    at: datetime
    who: str
    act: str
    about: str
    seal: str


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever sends a request: by what they were let in, and what they may do."""

    name: str
    rights: frozenset[Right]
    person: Person | None = None
    session_id: str | None = None
    is_program: bool = False

    def may(self, right: Right) -> bool:
        return right in self.rights
