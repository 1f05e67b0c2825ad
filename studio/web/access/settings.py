"""Settings: how the studio knows who somebody is, and whom it believes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from studio.domain.access import Mode, Role
from studio.domain.address import addresses as public
from studio.domain.errors import SetupError
from studio.domain.openid import EMAIL, Rules

HEADER = "x-forwarded-user"


@dataclass(frozen=True, slots=True)
class OpenId:
    """The provider, by its issuer; as whom it knows the studio; and who of those it knows may come in."""

    issuer: str
    client: str
    secret: str = field(default="", repr=False)
    scopes: str = "openid email profile"
    rules: Rules = field(default_factory=Rules)

    @property
    def host(self) -> str:
        return urlsplit(self.issuer).hostname or self.issuer


@dataclass(frozen=True, slots=True)
class Access:
    """`proxies` are the addresses, or networks, of the reverse proxies whose headers are believed; `header` is the one
    that names the person in the mode `proxy`; `addresses` are those by which people reach the studio from elsewhere."""

    mode: Mode = Mode.LOCAL
    proxies: tuple[str, ...] = ()
    header: str = HEADER
    addresses: tuple[str, ...] = ()
    openid: OpenId | None = None

    @property
    def names(self) -> Mapping[str, str]:
        """The names of the studio, and how each is reached: http or https."""
        split = [urlsplit(each) for each in self.addresses]
        return {each.hostname or "": each.scheme for each in split}

    @property
    def gives_roles(self) -> bool:
        """Whether owners say here who has which role; else the provider's groups do, or there is nobody else."""
        return self.mode is not Mode.LOCAL and not (self.openid and self.openid.rules.groups)

    def trusts(self, address: str) -> bool:
        """Whether this is the address of one of the proxies."""
        try:
            found = ip_address(address)
        except ValueError:
            return False
        return any(found in ip_network(each, strict=False) for each in self.proxies)


def access_of(
    mode: Mode, *, proxies: str = "", header: str = "", addresses: str = "", environ: Mapping[str, str] | None = None
) -> Access:
    """The settings as somebody wrote them; SetupError where they cannot be meant."""
    listed = _split(proxies)
    for each in listed:
        try:
            ip_network(each, strict=False)
        except ValueError as error:
            raise SetupError(f"{each} is no address of a proxy.", fix="Write 127.0.0.1, or 10.0.0.0/24.") from error
    if mode is Mode.PROXY and not listed:
        raise SetupError(
            "With --access proxy the proxy says who somebody is, so it must be known which one.",
            fix="Add its address: --proxy 127.0.0.1.",
        )
    own = public(addresses)
    if listed and not own:
        raise SetupError(
            "Behind a proxy people come by a name that the studio must know.",
            fix="Add it: --address https://studio.example.org.",
        )
    openid = openid_of(environ or {}) if mode is Mode.OIDC else None
    return Access(mode, listed, (header or HEADER).lower(), own, openid)


def openid_of(environ: Mapping[str, str]) -> OpenId:
    """The provider as the environment names it; SetupError where something is missing or cannot be meant."""

    def given(name: str, usual: str = "") -> str:
        return environ.get(f"STUDIO_OIDC_{name}", "").strip() or usual

    for name, what in (("ISSUER", "the provider's issuer"), ("CLIENT", "the client as which it knows the studio")):
        if not given(name):
            raise SetupError(f"With --access oidc {what} must be known.", fix=f"Set STUDIO_OIDC_{name}.")
    rules = Rules(
        known_by=given("NAME", EMAIL),
        domains=tuple(each.casefold().removeprefix("@") for each in _split(given("DOMAINS"))),
        newcomer=_role(given("NEWCOMERS", Role.VIEWER)),
        groups={group.strip(): _role(role) for group, role in map(_pair, _split(given("GROUPS"), by=";"))},
        groups_claim=given("GROUPS_CLAIM", "groups"),
    )
    if rules.domains and rules.groups:
        raise SetupError(
            "Either domains say who comes in, or groups.", fix="Unset STUDIO_OIDC_DOMAINS, or STUDIO_OIDC_GROUPS."
        )
    scopes = given("SCOPES", "openid email profile")
    return OpenId(given("ISSUER"), given("CLIENT"), _secret(environ), scopes, rules)


def _secret(environ: Mapping[str, str]) -> str:
    file = environ.get("STUDIO_OIDC_SECRET_FILE", "").strip()
    if not file:
        return environ.get("STUDIO_OIDC_SECRET", "").strip()
    try:
        return Path(file).read_text().strip()
    except (OSError, ValueError) as error:
        raise SetupError(
            f"{file} cannot be read.", fix="Name a file with the secret in STUDIO_OIDC_SECRET_FILE."
        ) from error


def _pair(written: str) -> tuple[str, str]:
    group, is_there, role = written.rpartition("=")
    if not is_there or not group.strip():
        raise SetupError(
            f"{written} names no group and role.", fix="Write STUDIO_OIDC_GROUPS as data-team=editor; staff=viewer."
        )
    return group, role


def _role(written: str) -> Role:
    try:
        return Role(written.strip().lower())
    except ValueError as error:
        raise SetupError(f"{written.strip()} is no role.", fix=f"Write one of {', '.join(Role)}.") from error


def _split(written: str, *, by: str = ",") -> tuple[str, ...]:
    return tuple(each.strip() for each in written.split(by) if each.strip())
