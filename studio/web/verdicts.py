"""Verdicts: what a stakeholder may read at an address of its own, and nothing else."""

import logging
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
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
GONE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>No verdict here</title>
<body style="font: 17px/1.5 system-ui, sans-serif; margin: 12vh auto; max-width: 34em; padding: 0 20px">
<p>{sentence}</p></body></html>"""
# Why is for the people of the studio: it may name what lies on their machine.
NOT_NOW = "This verdict cannot be shown at the moment. Ask whoever gave you the link."

log = logging.getLogger(__name__)


def verdict_routes(studio: Studio) -> APIRouter:
    """The page, its details and its PDF, for whoever has the address; without a script, and kept by no cache."""
    routes = APIRouter(prefix="/verdict")

    @routes.api_route("/{token}.pdf", methods=["GET", "HEAD"])
    def pdf(token: str) -> Response:
        return _told(studio, token, lambda study_id: _pdf(studio, study_id))

    @routes.api_route("/{token}/details", methods=["GET", "HEAD"])
    def details(token: str) -> Response:
        return _told(studio, token, lambda _: _page(report.shared_page(studio, token, details=True)))

    @routes.api_route("/{token}", methods=["GET", "HEAD"])
    def verdict(token: str) -> Response:
        return _told(studio, token, lambda _: _page(report.shared_page(studio, token)))

    return routes


def _page(text: str) -> Response:
    return HTMLResponse(text, headers=HEADERS)


def _pdf(studio: Studio, study_id: str) -> Response:
    named = HEADERS | {"Content-Disposition": 'inline; filename="verdict.pdf"'}
    made = report.report_pdf_bytes(studio, study_id, for_others=True)
    return Response(made, media_type="application/pdf", headers=named)


def _told(studio: Studio, token: str, make: Callable[[str], Response]) -> Response:
    """What is made of the study at this address; else one sentence, that says nothing of the studio."""
    try:
        study_id = sharing.study_at(studio, token)
    except StudioError as error:
        return HTMLResponse(GONE.format(sentence=escape(error.sentence)), status_code=404, headers=HEADERS)
    try:
        return make(study_id)
    except Exception:
        log.exception("the verdict of %s cannot be shown", study_id)
        return HTMLResponse(GONE.format(sentence=NOT_NOW), status_code=503, headers=HEADERS)
