"""OpenID: to the provider and back; what comes back is checked before anybody is let in."""

import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from time import monotonic
from typing import Any

import httpx2
from anyio import to_thread
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.starlette_client import OAuth, OAuthError, StarletteOAuth2App
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from itsdangerous import BadData, URLSafeTimedSerializer
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from studio.domain.access import Mode
from studio.domain.errors import AccessError, SetupError, StudioError
from studio.domain.openid import told
from studio.flows import openid, signing
from studio.flows.discovery import described
from studio.flows.studio import Studio
from studio.web.access import cookies, pages
from studio.web.access.pressing import address_of, answered, device_of
from studio.web.access.settings import OpenId
from studio.web.access.within import within

BEGUN_FOR = 600  # seconds that somebody has for signing in at the provider
FRESH, AFTER_FAULT = 600.0, 5.0  # for how many seconds what the provider says of itself is believed, or not asked again
SKEW = 60  # by how many seconds its clock may differ
SECONDS = 10
OUT = "/signout"
STALE = "Signing in was begun in another browser, or too long ago."
UNPROVEN = "What the provider sent does not prove who you are."
AGAIN = "Sign in again."
CODE = re.compile(r"[a-z_]{1,60}")


class Provider:
    """The provider, as it describes itself and with its keys: both are read anew every ten minutes, and the keys at
    once where one is not known yet."""

    def __init__(self, settings: OpenId) -> None:
        self.settings = settings
        self._client: StarletteOAuth2App | None = None
        self._fault: SetupError | None = None
        self._asked = self._renewed = 0.0

    async def client(self) -> StarletteOAuth2App:
        """What speaks with it; SetupError where it cannot be reached or says what cannot be used."""
        age = monotonic() - self._asked
        if self._fault is not None and age < AFTER_FAULT:
            raise self._fault
        if self._client is None or self._fault is not None or age > FRESH:
            try:
                found = await to_thread.run_sync(described, self.settings.issuer)
            except SetupError as error:
                self._fault, self._asked = error, monotonic()
                raise
            self._client, self._fault, self._asked = _client(self.settings, found), None, monotonic()
        return self._client

    async def said(self, request: Request) -> tuple[dict[str, Any], str]:
        """The claims of the token for which the code in this request was given, checked, and the token itself."""
        client = await self.client()
        _check_sender(request, self.settings.issuer, client.server_metadata)
        # By itself the library takes a token for another client whose `azp` names this one.
        meant = {"iss": self.settings.issuer, "aud": self.settings.client}
        options = {name: {"essential": True, "value": value} for name, value in meant.items()}
        token = await client.authorize_access_token(request, leeway=SKEW, claims_options=options)
        if not isinstance(token.get("userinfo"), dict):
            raise OAuthError("no_id_token")
        claims = dict(token["userinfo"])
        if not self.settings.rules.claims <= claims.keys() and client.server_metadata.get("userinfo_endpoint"):
            more = await client.userinfo(token=token)
            if more.get("sub") != claims["sub"]:
                raise OAuthError("userinfo_of_another")
            claims = dict(more) | claims
        return claims, token["id_token"]

    async def proven(self, text: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """The header and the claims of a token that the provider has signed; a JoseError where it has not.

        Whoever sends tokens of unknown keys does not make the studio ask for its keys each time.
        """
        client = await self.client()
        usable = JWSRegistry(
            algorithms=client.server_metadata["id_token_signing_alg_values_supported"], strict_check_header=False
        )
        try:
            found = jwt.decode(text, KeySet.import_key_set(await client.fetch_jwk_set()), registry=usable)
        except InvalidKeyIdError:
            if monotonic() - self._renewed < AFTER_FAULT:
                raise
            self._renewed = monotonic()
            found = jwt.decode(text, KeySet.import_key_set(await client.fetch_jwk_set(force=True)), registry=usable)
        return dict(found.header), dict(found.claims)

    async def way_out(self, token: str | None, *, back: str) -> str | None:
        """Where somebody also signs out of the provider; None where it has no such place, or does not answer."""
        try:
            client = await self.client()
        except SetupError:
            return None
        place = client.server_metadata.get("end_session_endpoint")
        asked = {"client_id": self.settings.client, "post_logout_redirect_uri": back}
        asked |= {"id_token_hint": token} if token else {}
        return str(httpx2.URL(place).copy_merge_params(asked)) if place else None


def _client(settings: OpenId, found: Mapping[str, Any]) -> StarletteOAuth2App:
    methods = found.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    method = "client_secret_basic" if "client_secret_basic" in methods else "client_secret_post"
    return OAuth().register(
        "openid", client_id=settings.client, client_secret=settings.secret or None,
        client_kwargs={
            "scope": settings.scopes, "code_challenge_method": "S256", "timeout": SECONDS,
            "token_endpoint_auth_method": method if settings.secret else "none",
        }, **found,
    )  # fmt: skip


def _check_sender(request: Request, issuer: str, found: Mapping[str, Any]) -> None:
    """An answer meant for another provider's question says so (RFC 9207)."""
    named = request.query_params.get("iss")
    must = found.get("authorization_response_iss_parameter_supported") is True
    if named != issuer and (must or named is not None):
        raise OAuthError("answer_of_another_issuer")


def openid_routes(studio: Studio, provider: Provider) -> APIRouter:
    """The page that says where one signs in, the way there and back, and the way out."""
    routes, settings = APIRouter(), provider.settings
    signed = URLSafeTimedSerializer(secrets.token_urlsafe(32), salt="sign-in")

    @routes.get("/signin")
    def ask(next: str = "") -> Response:
        return answered(pages.elsewhere(settings.host, back=within(next)))

    @routes.get("/signin/go")
    async def go(request: Request, next: str = "") -> Response:
        return await _or_why_not(studio, lambda: _begin(provider, request, signed, within(next)))

    @routes.get("/signin/back")
    async def back(request: Request) -> Response:
        return await _or_why_not(studio, lambda: _come_in(studio, provider, request, signed))

    @routes.post("/signout")
    async def sign_out(request: Request) -> Response:
        sent, token = cookies.read(request.scope), cookies.kept(request.scope, "token", path=OUT)
        await to_thread.run_sync(signing.sign_out, studio, sent, Mode.OIDC)
        way = await provider.way_out(token, back=_here(request, "/signin")) if sent else None
        answer = answered(pages.signed_out(settings.host, way))
        cookies.take(answer, request.scope)
        cookies.forget(answer, request.scope, "token", path=OUT)
        return answer

    return routes


async def _begin(provider: Provider, request: Request, signed: URLSafeTimedSerializer, place: str) -> Response:
    """Send somebody to the provider; what proves on the way back that it was this browser stays in it, signed."""
    request.scope["session"] = {"next": place}
    client = await provider.client()
    answer = await client.authorize_redirect(request, _here(request, "/signin/back"))
    cookies.keep(answer, request.scope, "begun", signed.dumps(request.session), lasts=BEGUN_FOR)
    return answer


async def _come_in(studio: Studio, provider: Provider, request: Request, signed: URLSafeTimedSerializer) -> Response:
    """Let in whom the provider vouches for, and lead them on to where they were going."""
    request.scope["session"] = begun = _begun(signed, cookies.kept(request.scope, "begun"))
    claims, token = await provider.said(request)
    settings = provider.settings
    who, device = told(settings.issuer, claims, settings.rules), device_of(request)
    address = address_of(request)
    given = await to_thread.run_sync(
        lambda: openid.sign_in(studio, who, settings.rules, address=address, device=device)
    )
    answer = RedirectResponse(within(begun.get("next", "")), status_code=303)
    cookies.give(answer, request.scope, given, Mode.OIDC)
    cookies.keep(answer, request.scope, "token", token, lasts=cookies.lasts(Mode.OIDC), path=OUT)
    cookies.forget(answer, request.scope, "begun")
    return answer


async def _or_why_not(studio: Studio, go: Callable[[], Awaitable[Response]]) -> Response:
    """What it comes to; where it comes to nothing a sentence with the next step, and why in the log."""
    try:
        return await go()
    except AccessError as error:
        return answered(pages.not_in(error.sentence), 403)
    except SetupError as error:
        return await _refusal(studio, "The provider of sign-ins cannot be used now. Try again in a minute.", error, 503)
    except httpx2.HTTPError as error:
        return await _refusal(studio, "The provider of sign-ins does not answer. Try again in a minute.", error, 503)
    except (AuthlibBaseError, JoseError, ValueError, KeyError, TypeError, RuntimeError) as error:
        code = str(getattr(error, "error", ""))
        if code == "mismatching_state":
            return answered(pages.not_in(f"{STALE} {AGAIN}"), 400)
        if code in ("access_denied", "login_required", "interaction_required", "consent_required"):
            return answered(pages.not_in(f"The provider did not let you in. {AGAIN}"), 403)
        return await _refusal(studio, f"{UNPROVEN} {AGAIN}", error, 401)


async def _refusal(studio: Studio, said: str, error: Exception, status: int) -> Response:
    """The sentence for whoever signs in; the log says why, in no words that a stranger could have chosen."""
    code = str(getattr(error, "error", ""))
    why = error.sentence if isinstance(error, StudioError) else code if CODE.fullmatch(code) else type(error).__name__
    claim = getattr(error, "claim", None)
    about = f"{why} {claim}" if isinstance(claim, str) and CODE.fullmatch(claim) else why
    await to_thread.run_sync(openid.could_not_check, studio, about)
    return answered(pages.not_in(said), status)


def _begun(signed: URLSafeTimedSerializer, kept: str | None) -> dict[str, Any]:
    """What was begun in this browser; nothing where that was too long ago, or was not written here."""
    try:
        return signed.loads(kept or "", max_age=BEGUN_FOR)
    except BadData:
        return {}


def _here(request: Request, path: str) -> str:
    """The whole address of a place of the studio, as the browser knows it; the name was checked before this."""
    return f"{str(request.base_url).rstrip('/')}{path}"
