"""Cookies: by which a browser is known again. No script reads them, and no other site makes a browser send them."""

from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Scope

from studio.domain.access import LONGEST, ON_THIS_MACHINE, Mode


def is_secure(scope: Scope) -> bool:
    """Whether the browser came over TLS; behind a proxy that is believed, whether it came to that one so."""
    return scope.get("scheme") == "https"


def name(scope: Scope) -> str:
    """Over TLS a name that no neighbour can set; without it, one per port: a machine's ports share their cookies."""
    return "__Host-studio" if is_secure(scope) else f"studio-{(scope.get('server') or ('', 0))[1]}"


def read(scope: Scope) -> str | None:
    """What the browser sent; None where it sent nothing, or the same name twice."""
    sent, wanted = Headers(scope=scope).getlist("cookie"), name(scope)
    found = []
    for part in "; ".join(sent).split(";"):
        try:
            held = SimpleCookie(part.strip())
        except CookieError:
            continue
        found += [held[wanted].value] if wanted in held else []
    return found[0] if len(found) == 1 else None


def give(answer: Response, scope: Scope, token: str, mode: Mode) -> None:
    """Let the browser be known by this from now on."""
    local = mode is Mode.LOCAL
    answer.set_cookie(
        name(scope), token, max_age=int((ON_THIS_MACHINE if local else LONGEST).total_seconds()), path="/",
        secure=is_secure(scope), httponly=True, samesite="strict" if local else "lax",
    )  # fmt: skip


def take(answer: Response, scope: Scope) -> None:
    answer.delete_cookie(name(scope), path="/", secure=is_secure(scope), httponly=True)
