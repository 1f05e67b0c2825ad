"""OpenID: what a provider says of somebody, and who of those it knows may come in as what."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from studio.domain.access import Role

EMAIL = "email"
LONGEST_NAME = 80
SIGNED_OUT = "http://schemas.openid.net/event/backchannel-logout"
# Each role is more than the one before it.
BY_RANK = tuple(Role)


@dataclass(frozen=True, slots=True)
class Rules:
    """Who comes in: whom an owner added, known by the claim `known_by`; whoever has an e-mail address in one of
    `domains`, as `newcomer`; or, where `groups` are named, whoever is in one, as what it says, and nobody else."""

    known_by: str = EMAIL
    domains: tuple[str, ...] = ()
    newcomer: Role = Role.VIEWER
    groups: Mapping[str, Role] = field(default_factory=dict)
    groups_claim: str = "groups"

    @property
    def claims(self) -> frozenset[str]:
        """The claims without which nobody could be told from another."""
        return frozenset({self.known_by} | ({self.groups_claim} if self.groups else set()))


@dataclass(frozen=True, slots=True)
class Told:
    """What a provider said of somebody in a token that was checked. `known_as` is what an owner would have written,
    empty where the provider does not vouch for it; `subject` never changes and is nobody else's; `session` is what
    they have there, empty where it is not named."""

    subject: str
    known_as: str
    name: str
    groups: frozenset[str]
    is_unverified: bool = False
    session: str = ""

    def domain(self) -> str:
        return self.known_as.rpartition("@")[2].casefold()


def told(issuer: str, claims: Mapping[str, Any], rules: Rules) -> Told:
    """What counts of the claims of a checked token; what is of another form than it should be is as good as not there.

    An e-mail address counts only where the provider says, with a plain true, that it has verified it.
    """
    written, is_email = _text(claims.get(rules.known_by)), rules.known_by == EMAIL
    is_vouched = not is_email or claims.get("email_verified") is True
    known_as = written if is_vouched else ""
    name = known_as or _text(claims.get("preferred_username")) or _text(claims.get("sub"))
    listed = claims.get(rules.groups_claim)
    groups = listed if isinstance(listed, list) else [listed]
    return Told(
        subject=f"{issuer} {claims['sub']}", known_as=known_as, name=name[:LONGEST_NAME],
        groups=frozenset(filter(None, map(_text, groups))), is_unverified=bool(written) and not is_vouched,
        session=_at(issuer, claims.get("sid")),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class SignedOut:
    """Who has signed out at the provider: of one `session`, or `subject` of all; one of the two may be empty."""

    subject: str
    session: str


def signed_out(claims: Mapping[str, Any]) -> SignedOut:
    """Who has signed out, by a token whose signature, issuer and times were checked; ValueError where it says none."""
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(SIGNED_OUT), dict) or "nonce" in claims:
        raise ValueError("events")
    found = SignedOut(_at(claims["iss"], claims.get("sub")), _at(claims["iss"], claims.get("sid")))
    if not found.subject and not found.session:
        raise ValueError("sub")
    return found


def role_of_groups(who: Told, rules: Rules) -> Role | None:
    """The highest role that one of their groups has; None where none has any."""
    found = [role for group, role in rules.groups.items() if group in who.groups]
    return max(found, key=BY_RANK.index, default=None)


def role_of_newcomer(who: Told, rules: Rules) -> Role | None:
    """As what somebody comes in whom nobody added; None where they do not."""
    if rules.groups:
        return role_of_groups(who, rules)
    is_meant = rules.known_by == EMAIL and "@" in who.known_as and who.domain() in rules.domains
    return rules.newcomer if is_meant else None


def _at(issuer: str, claim: object) -> str:
    """What the provider calls somebody or something, and nobody else does; empty where it names none."""
    named = _text(claim)
    return f"{issuer} {named}" if named else ""


def _text(claim: object) -> str:
    """A claim in one line; empty where it is none."""
    words = " ".join(claim.split()) if isinstance(claim, str) else ""
    return words if words.isprintable() else ""
