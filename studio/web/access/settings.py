"""Settings: how the studio knows who somebody is, and whom it believes."""

from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from studio.domain.access import Mode
from studio.domain.errors import SetupError

HEADER = "x-forwarded-user"


@dataclass(frozen=True, slots=True)
class Access:
    """`proxies` are the addresses, or networks, of the reverse proxies whose headers are believed; `header` is the one
    that names the person in the mode `proxy`."""

    mode: Mode = Mode.LOCAL
    proxies: tuple[str, ...] = ()
    header: str = HEADER

    def trusts(self, address: str) -> bool:
        """Whether this is the address of one of the proxies."""
        try:
            found = ip_address(address)
        except ValueError:
            return False
        return any(found in ip_network(each, strict=False) for each in self.proxies)


def access_of(mode: Mode, *, proxies: str = "", header: str = "") -> Access:
    """The settings as somebody wrote them; SetupError where they cannot be meant."""
    listed = tuple(each.strip() for each in proxies.split(",") if each.strip())
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
    if mode is Mode.OIDC:
        raise SetupError("OpenID Connect is not there yet.", fix="Choose --access password, or proxy.")
    return Access(mode, listed, (header or HEADER).lower())
