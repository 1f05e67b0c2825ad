"""Scripts: those that the studio hands out itself: compressed once, and sent anew only where they have changed."""

import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

import plotly
from fastapi import APIRouter, Request
from fastapi.responses import Response

PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
A_DAY = "public, max-age=86400"
ASK_FIRST = "public, no-cache"  # its name says which one of Gradio's it is, and not what was put right in it


@dataclass(frozen=True, slots=True)
class Script:
    """A script, compressed, and how a browser knows it again."""

    packed: bytes
    tag: str
    keep: str

    @classmethod
    def of(cls, text: bytes, keep: str) -> "Script":
        return cls(gzip.compress(text, 9, mtime=0), f'"{sha256(text).hexdigest()[:32]}"', keep)

    def answer(self, request: Request) -> Response:
        headers = {"Cache-Control": self.keep, "ETag": self.tag, "Vary": "Accept-Encoding"}
        if self.tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(gzip.decompress(self.packed), headers=headers, media_type="text/javascript")
        return Response(self.packed, headers=headers | {"Content-Encoding": "gzip"}, media_type="text/javascript")


def script_routes(put_right: Mapping[str, str], *pages: str) -> APIRouter:
    """The library of the charts, and for each page those of Gradio's scripts that are put right, by their names."""
    router = APIRouter()

    @router.get("/static/plotly.min.js")
    def charts(request: Request) -> Response:
        return _plotly().answer(request)

    for name, text in put_right.items():
        handing_out = _handing_out(Script.of(text.encode(), ASK_FIRST))
        for page in pages:
            router.add_api_route(f"{page}/assets/{name}", handing_out)
    return router


@cache
def _plotly() -> Script:
    return Script.of(PLOTLY.read_bytes(), A_DAY)


def _handing_out(script: Script) -> Callable[[Request], Response]:
    def handing_out(request: Request) -> Response:
        return script.answer(request)

    return handing_out
