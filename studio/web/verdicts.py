"""Verdicts: what a stakeholder may read at an address of its own, and nothing else."""

from collections.abc import Callable
from html import escape

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from studio.domain.errors import StudioError
from studio.flows import report, sharing
from studio.flows.studio import Studio

HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Robots-Tag": "noindex",
}
GONE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>No verdict here</title>
<body style="font: 17px/1.5 system-ui, sans-serif; margin: 12vh auto; max-width: 34em; padding: 0 20px">
<p>{sentence}</p></body></html>"""


def verdict_routes(studio: Studio) -> APIRouter:
    """The page, its details and its PDF, for whoever has the address; without a script, and kept by no cache."""
    routes = APIRouter(prefix="/verdict")

    @routes.get("/{token}.pdf")
    def pdf(token: str) -> Response:
        return _told(lambda: _pdf(studio, sharing.study_at(studio, token)))

    @routes.get("/{token}/details")
    def details(token: str) -> Response:
        return _told(lambda: _page(report.details_page(studio, sharing.study_at(studio, token))))

    @routes.get("/{token}")
    def verdict(token: str) -> Response:
        return _told(lambda: _page(report.shared_page(studio, token)))

    return routes


def _page(text: str) -> Response:
    return HTMLResponse(text, headers=HEADERS)


def _pdf(studio: Studio, study_id: str) -> Response:
    named = HEADERS | {"Content-Disposition": 'inline; filename="verdict.pdf"'}
    return Response(report.report_pdf_bytes(studio, study_id), media_type="application/pdf", headers=named)


def _told(make: Callable[[], Response]) -> Response:
    try:
        return make()
    except StudioError as error:
        return HTMLResponse(GONE.format(sentence=escape(error.sentence)), status_code=404, headers=HEADERS)
