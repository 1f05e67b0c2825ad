"""Reached: by which address people are told to come, held against how the studio is set and what it listens to."""

from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from urllib.parse import SplitResult, urlsplit

from studio.domain.access import Mode
from studio.domain.address import addresses, port_of
from studio.domain.errors import SetupError
from studio.domain.machine import Check

NAME = "Public address"
LOOPBACK = ("localhost", "127.0.0.1", "::1")
STRANGE = 421  # what it answers to a name that is not its own
SOON = 2.0  # seconds


def check(environ: Mapping[str, str], *, port: int) -> Check:
    """Whether people can come by STUDIO_ADDRESS; the studio that listens here on `port`, if any, is asked as well."""
    proxies = environ.get("STUDIO_PROXY", "").strip()
    mode = environ.get("STUDIO_ACCESS") or Mode.LOCAL
    try:
        listed = [urlsplit(each) for each in addresses(environ.get("STUDIO_ADDRESS", ""))]
    except SetupError as error:
        return Check(NAME, False, error.message, "Set STUDIO_ADDRESS as https://studio.example.org.")
    if not listed:
        fix = "Set STUDIO_ADDRESS to the address by which people come: https://studio.example.org."
        words = "none is set, so this machine alone comes in by a name"
        return Check(NAME, not proxies, f"{words}; a proxy is" if proxies else words, fix if proxies else "")
    for address in listed:
        if wrong := _wrong(address, mode, proxies, port):
            return Check(NAME, False, f"{address.geturl()}: {wrong[0]}", wrong[1])
    return Check(NAME, True, ", ".join(address.geturl() for address in listed))


def _wrong(address: SplitResult, mode: str, proxies: str, port: int) -> tuple[str, str] | None:
    """What stands against this one, and what to do."""
    is_here = address.hostname in LOOPBACK
    if mode == Mode.LOCAL and not is_here:
        return "with STUDIO_ACCESS local nobody else comes in", "Set STUDIO_ACCESS=password, or oidc."
    if address.scheme == "http" and not is_here:
        fix = "Let a proxy serve TLS (deploy/Caddyfile), and set STUDIO_ADDRESS with https."
        return "without TLS others on the way read passwords and cookies", fix
    if address.scheme == "https" and not proxies:
        fix = "Set STUDIO_PROXY to the address of the proxy that does, 127.0.0.1 where it runs here."
        return "the studio itself serves no TLS, and no proxy is named", fix
    if not proxies and port and port_of(address) != port:
        return f"the studio listens on port {port}", "Write that port in STUDIO_ADDRESS, or start it with --port."
    if _is_strange(address.netloc, port):
        return "the studio that runs here does not know it", "Restart it with these settings."
    return None


def _is_strange(name: str, port: int) -> bool:
    """Whether a studio listens here and refuses this name; where none does, there is nobody to ask."""
    if not port:
        return False
    connection = HTTPConnection("127.0.0.1", port, timeout=SOON)
    try:
        connection.request("GET", "/favicon.ico", headers={"Host": name})
        answer = connection.getresponse()
        return answer.status == STRANGE and answer.headers["x-request-id"] is not None
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
