"""Cookies: by which a browser is known again. No script reads them, and no other site makes a browser send them."""

from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Scope

from studio.domain.access import LONGEST, ON_THIS_MACHINE, Mode


def is_secure(scope: Scope) -> bool:
    """Whether the browser came over TLS; behind a proxy that is believed, whether it came to that one so."""
    return scope.get("scheme") == "https"


def name(scope: Scope, of: str = "", *, path: str = "/") -> str:
    """Over TLS a name that no neighbour can set; without it, one per port: a machine's ports share their cookies."""
    called = f"studio-{of}" if of else "studio"
    if is_secure(scope):
        return f"__Host-{called}" if path == "/" else f"__Secure-{called}"
    return f"{called}-{(scope.get('server') or ('', 0))[1]}"


def lasts(mode: Mode) -> int:
    """For how many seconds a browser is known at most."""
    return int((ON_THIS_MACHINE if mode is Mode.LOCAL else LONGEST).total_seconds())


def read(scope: Scope) -> str | None:
    """By what the browser is known; None where it sent nothing, or the same name twice."""
    return kept(scope, "")


def kept(scope: Scope, of: str, *, path: str = "/") -> str | None:
    """What the browser keeps of something; None where it sent nothing, or the same name twice."""
    sent, wanted = Headers(scope=scope).getlist("cookie"), name(scope, of, path=path)
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
    keep(answer, scope, "", token, lasts=lasts(mode), is_strict=mode is Mode.LOCAL)


def keep(
    answer: Response, scope: Scope, of: str, value: str, *, lasts: int, path: str = "/", is_strict: bool = False
) -> None:
    """Let the browser keep something, and send it to addresses under `path`."""
    answer.set_cookie(
        name(scope, of, path=path), value, max_age=lasts, path=path, secure=is_secure(scope), httponly=True,
        samesite="strict" if is_strict else "lax",
    )  # fmt: skip


def take(answer: Response, scope: Scope) -> None:
    """Let the browser not be known any more."""
    forget(answer, scope, "")


def forget(answer: Response, scope: Scope, of: str, *, path: str = "/") -> None:
    answer.delete_cookie(name(scope, of, path=path), path=path, secure=is_secure(scope), httponly=True)
