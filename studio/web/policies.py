"""Policies: what every answer tells the browser it may do with it, and what no answer says."""

import re
import secrets
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio import logs

# What a browser could be asked for and nothing here needs.
UNUSED = (
    "accelerometer", "browsing-topics", "camera", "clipboard-read", "display-capture", "geolocation", "gyroscope",
    "hid", "idle-detection", "magnetometer", "microphone", "midi", "payment", "screen-wake-lock", "serial", "usb",
)  # fmt: skip
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{name}=()" for name in UNUSED),
}
# Whatever is no page of Gradio's runs no script, and loads nothing but the studio's own pictures.
DOCUMENT = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
# Gradio writes styles into its page, and makes functions of the texts of our events: see docs/decisions/0031.
PAGE = (
    "default-src 'none'; script-src 'self' 'unsafe-eval' 'nonce-{nonce}'{hashes}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
# The same for everybody, whoever asks: the only answers that a cache may keep.
STATIC = re.compile(r"(?:/rate)?/(?:assets|static|svelte)/.+|(?:/rate)?/(?:gradio_api/)?theme\.css|/favicon\.ico")
# Gradio's own scripts and styles, whose names say what is in them; a week, should one of them ever be put right here.
NAMED = re.compile(r"(?:/rate)?/assets/[\w.-]+-[\w-]{8,9}\.(?:js|css)")
FOR_A_WEEK = "public, max-age=604800, immutable"


class Policies:
    """In front of everything: the headers of all answers, those of errors and of the server's own refusals included.

    `pages` are the paths of Gradio's pages; `scripts` are the digests of what they write into their heads. What of
    their scripts is written in the page itself runs only with the number in `scope["nonce"]`, which is new each time.
    """

    def __init__(self, app: ASGIApp, *, pages: Sequence[str], scripts: Sequence[str]) -> None:
        self.app, self.pages = app, frozenset(pages)
        self.hashes = "".join(f" '{digest}'" for digest in scripts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope["nonce"] = secrets.token_urlsafe(16)
        has_begun = False

        async def send_with_headers(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                self._put(scope, message["status"], MutableHeaders(scope=message))
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        except Exception:
            if not has_begun:
                said = PlainTextResponse(logs.apology(scope.get("number", "")), status_code=500)
                await said(scope, receive, send_with_headers)
            raise

    def _put(self, scope: Scope, status: int, headers: MutableHeaders) -> None:
        for name, value in HEADERS.items():
            headers.setdefault(name, value)
        headers.setdefault("Content-Security-Policy", self._content(scope))
        if not STATIC.fullmatch(scope["path"]):
            headers["Cache-Control"] = "no-store"
        elif status == 200 and NAMED.fullmatch(scope["path"]):
            headers.setdefault("Cache-Control", FOR_A_WEEK)
        for name in [name for name in headers if name.startswith("access-control-")]:
            del headers[name]

    def _content(self, scope: Scope) -> str:
        is_page = scope["path"] in self.pages
        return PAGE.format(nonce=scope["nonce"], hashes=self.hashes) if is_page else DOCUMENT


def digests(head: str) -> list[str]:
    """What a policy calls the scripts of this HTML by."""
    found = SCRIPT.findall(head)
    return [f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}" for text in found]
