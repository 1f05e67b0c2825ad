"""Back-channel: the provider says that somebody has signed out there, and what they signed in to here by it ends.

It is checked as OpenID Connect Back-Channel Logout 1.0 has it (2.6), with the keys by which people are let in.
"""

import logging
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx2
from anyio import to_thread
from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from joserfc.errors import JoseError
from joserfc.jwt import JWTClaimsRegistry

from studio.domain.errors import StudioError
from studio.domain.openid import SignedOut, signed_out
from studio.flows import openid
from studio.flows.studio import Studio
from studio.web.access.openid import SKEW, Provider
from studio.web.access.pressing import Words

TOLD = "/signout/from-provider"
OLDEST = 300  # seconds since it was said
KEPT = {"Cache-Control": "no-store"}
KINDS = (None, "JWT", "logout+jwt")

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Heard:
    """The numbers of what was said lately, so that nothing counts twice; older words are refused for their age."""

    until: dict[str, float] = field(default_factory=dict)

    def is_new(self, number: str, *, now: float) -> bool:
        self.until = {each: until for each, until in self.until.items() if until > now}
        is_new = number not in self.until
        self.until[number] = now + OLDEST + 2 * SKEW
        return is_new

    def forget(self, number: str) -> None:
        """What came to nothing may be said again."""
        self.until.pop(number, None)


def backchannel_routes(studio: Studio, provider: Provider) -> APIRouter:
    """The one address to which the provider says it."""
    routes, heard = APIRouter(), Heard()

    @routes.post(TOLD)
    async def told(logout_token: Words = "") -> Response:
        try:
            header, claims = await provider.proven(logout_token)
            who, said_at = _checked(provider, heard, header, claims)
        except (JoseError, ValueError, KeyError, TypeError, OverflowError, RuntimeError) as error:
            return _refused(400, error)
        except (StudioError, httpx2.HTTPError) as error:
            return _refused(503, error)
        try:
            await to_thread.run_sync(lambda: openid.sign_out(studio, who, until=said_at))
        except StudioError as error:
            heard.forget(claims["jti"])
            return _refused(503, error)
        return Response(status_code=200, headers=KEPT)

    return routes


def _checked(
    provider: Provider, heard: Heard, header: dict[str, Any], claims: dict[str, Any]
) -> tuple[SignedOut, datetime]:
    """Who has signed out, and when they had at the latest; a JoseError or ValueError where this does not say it."""
    meant = {"iss": provider.settings.issuer, "aud": provider.settings.client}
    needed: dict[str, Any] = {name: {"essential": True, "value": value} for name, value in meant.items()}
    needed |= {name: {"essential": True} for name in ("iat", "exp", "jti", "events")}
    JWTClaimsRegistry(leeway=SKEW, **needed).validate(claims)
    if header.get("typ") not in KINDS:
        raise ValueError("typ")
    now, said_at = time.time(), datetime.fromtimestamp(claims["iat"] + SKEW, UTC)
    if now - claims["iat"] > OLDEST + SKEW:
        raise ValueError("iat")
    who = signed_out(claims)
    if not heard.is_new(claims["jti"], now=now):
        raise ValueError("jti")
    return who, said_at


def _refused(status: int, error: Exception) -> Response:
    """The log says why, in no words that a stranger could have chosen, and the provider hears no more than it needs."""
    log.warning("a sign-out that a provider should have sent was refused: %s", type(error).__name__)
    untrue = {"error": "invalid_request", "error_description": "This does not prove who has signed out."}
    said = untrue if status == 400 else {"error": "temporarily_unavailable"}
    return JSONResponse(said, status_code=status, headers=KEPT)
