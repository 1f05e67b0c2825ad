"""Hosts: by which names the studio answers, and whom it believes about where a request came from."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import URL, Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio.web.access.settings import Access

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
STRANGE = (
    "The studio does not answer to this name. Whoever runs it names its own: --address https://studio.example.org."
)
HSTS = "max-age=31536000"
# Whoever asks these sends no secret and learns none, and load balancers ask by names of their own.
HEALTH = frozenset({"/healthz", "/readyz"})


class HostGate:
    """Refuse every name that is not the studio's own (a page elsewhere could give its own name the studio's address),
    and keep a browser on TLS that came by an address which is served so."""

    def __init__(self, app: ASGIApp, *, access: Access) -> None:
        self.app, self.access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        forwarded = _forget_forwarded(scope)
        name = named(scope)
        if not self._is_own(name, scope):
            answer = PlainTextResponse(STRANGE, status_code=421, headers={"X-Content-Type-Options": "nosniff"})
            await answer(scope, receive, send)
            return
        is_tls = name in self.access.names and self.access.names[name] == "https"
        if is_tls and forwarded == "http" and self.access.trusts(scope.get("peer", "")):
            await RedirectResponse(URL(scope=scope).replace(scheme="https"), 308)(scope, receive, send)
            return
        if is_tls:
            scope["scheme"] = "https"  # also behind a proxy that does not say so

        async def send_with_header(message: Message) -> None:
            if is_tls and message["type"] == "http.response.start":
                MutableHeaders(scope=message).setdefault("Strict-Transport-Security", HSTS)
            await send(message)

        await self.app(scope, receive, send_with_header)

    def _is_own(self, name: str, scope: Scope) -> bool:
        if name in LOOPBACK or name in self.access.names or scope["path"] in HEALTH:
            return True
        return not self.access.names and name != "" and name == _reached(scope)


def named(scope: Scope) -> str:
    """The name by which the browser knows the studio, without the port; empty where it sent none, or more than one."""
    sent = Headers(scope=scope).getlist("host")
    try:
        found = urlsplit(f"//{sent[0]}") if len(sent) == 1 else None
    except ValueError:
        return ""
    is_whole = found is not None and found.netloc == sent[0] and "@" not in sent[0]
    return (found.hostname or "").rstrip(".") if found and is_whole else ""


def _reached(scope: Scope) -> str:
    """The number of this machine at which the connection came in; no page elsewhere can be called that."""
    try:
        reached = ip_address(str((scope.get("server") or ("",))[0]))
    except ValueError:
        return ""
    return str((reached.version == 6 and reached.ipv4_mapped) or reached)


def _forget_forwarded(scope: Scope) -> str:
    """What was said of TLS on the way here; from here on nothing of what was forwarded counts but what is in the scope.

    Gradio would make its own addresses of these headers, whoever sent them.
    """
    proto = Headers(scope=scope).get("x-forwarded-proto", "").split(",")[0].strip()
    mute = (b"x-forwarded-host", b"x-forwarded-proto", b"x-forwarded-port", b"x-forwarded-prefix", b"forwarded")
    scope["headers"] = [(name, value) for name, value in scope["headers"] if name.lower() not in mute]
    return proto
