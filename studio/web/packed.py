"""Packed: the pages are sent compressed; Gradio compresses what they load, and not the pages themselves."""

from collections.abc import Collection

from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send


class Packed:
    """Compresses the answers at these paths, each whole and no stream: half a megabyte becomes a tenth of it."""

    def __init__(self, app: ASGIApp, *, paths: Collection[str]) -> None:
        self.app, self.paths, self.packing = app, frozenset(paths), GZipMiddleware(app, compresslevel=5)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_page = scope["type"] == "http" and scope["path"] in self.paths
        await (self.packing if is_page else self.app)(scope, receive, send)
