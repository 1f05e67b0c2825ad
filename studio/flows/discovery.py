"""Discovery: what an OpenID provider says of itself, checked before anybody is sent there."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx2
import orjson

from studio.domain.errors import SetupError
from studio.domain.machine import Check

SECONDS = 10
LARGEST = 1_000_000
# Signed with a key of which the studio holds the public half alone; so never "none", and no key that both sides know.
ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})
NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")
PLACES = (*NEEDED, "userinfo_endpoint", "end_session_endpoint")
WAYS = ("token_endpoint_auth_methods_supported", "authorization_response_iss_parameter_supported")
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def address(issuer: str) -> str:
    """Where a provider describes itself."""
    return f"{issuer.rstrip('/')}/.well-known/openid-configuration"


def described(issuer: str) -> dict[str, Any]:
    """What counts of the provider's description, with the algorithms that can be trusted; SetupError where none can."""
    place = address(issuer)
    if not is_safe(place):
        raise SetupError(f"{issuer} is not served over TLS.", fix="Write the issuer with https, as the provider does.")
    try:
        with httpx2.stream("GET", place, timeout=SECONDS) as answer:
            answer.raise_for_status()
            found = orjson.loads(_all_of(answer))
    except httpx2.HTTPStatusError as error:
        why = f"{place} answers {error.response.status_code}."
        raise SetupError(why, fix="Check the issuer: it is the part before /.well-known.") from error
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise SetupError(
            f"{urlsplit(place).hostname} does not answer.", fix="Check that it runs and can be reached from here."
        ) from error
    except ValueError as error:
        raise SetupError(f"{place} is no description of a provider.", fix="Check the issuer.") from error
    return _checked(found, issuer)


def checks(environ: Mapping[str, str]) -> list[Check]:
    """Whether people can be sent to the provider that is set; nothing where none is."""
    issuer = environ.get("STUDIO_OIDC_ISSUER", "").strip()
    if not issuer:
        return []
    try:
        found = described(issuer)
    except SetupError as error:
        return [Check("OpenID provider", False, error.message, error.fix)]
    return [Check("OpenID provider", True, f"{issuer} signs with {found['id_token_signing_alg_values_supported'][0]}")]


def is_safe(place: object) -> bool:
    """Whether nobody on the way can read or change what is sent there."""
    try:
        found = urlsplit(place) if isinstance(place, str) else None
        if found is None or not found.hostname:
            return False
        return found.scheme == "https" or (found.scheme == "http" and found.hostname in LOOPBACK)
    except ValueError:
        return False


def _all_of(answer: httpx2.Response) -> bytes:
    parts = b""
    for part in answer.iter_bytes():
        parts += part
        if len(parts) > LARGEST:
            raise ValueError("too long")
    return parts


def _checked(found: Any, issuer: str) -> dict[str, Any]:
    if not isinstance(found, dict) or found.get("issuer") != issuer:
        named = found.get("issuer") if isinstance(found, dict) else None
        fix = f"Write the issuer exactly so: {named}." if isinstance(named, str) else "Check the issuer."
        raise SetupError(f"The provider at {issuer} calls itself something else.", fix=fix)
    missing = [name for name in NEEDED if name not in found]
    unsafe = [name for name in PLACES if name in found and not is_safe(found[name])]
    for name in [*missing, *unsafe][:1]:
        what = "names no" if missing else "does not serve over TLS its"
        raise SetupError(f"The provider {what} {name}.", fix="Ask whoever runs it.")
    offered = found.get("id_token_signing_alg_values_supported") or ["RS256"]
    usable = [each for each in offered if each in ALGORITHMS] if isinstance(offered, list) else []
    if not usable:
        raise SetupError("The provider signs with none of RS256, PS256, ES256 or EdDSA.", fix="Ask whoever runs it.")
    kept = {name: found[name] for name in ("issuer", *PLACES, *WAYS) if name in found}
    return kept | {"id_token_signing_alg_values_supported": usable}
