"""App: one FastAPI application with the studio, the rating page and the report behind it."""

import os
from collections.abc import Mapping
from typing import Any, TypeVar

from fastapi import APIRouter, FastAPI, HTTPException
from fastapi.responses import FileResponse, HTMLResponse

from studio.domain.access import Mode
from studio.domain.errors import StudioError
from studio.flows import report
from studio.flows.studio import Studio
from studio.ui import rate, shell
from studio.ui.kept import keep_little
from studio.ui.lighter import lighter_scripts
from studio.ui.nonced import number_scripts
from studio.ui.theme import CSS, VERDICT_CSS, theme
from studio.web.access.account import account_routes
from studio.web.access.doors import door_routes
from studio.web.access.gate import AccessGate
from studio.web.access.rights import RATE
from studio.web.access.settings import Access
from studio.web.access.team import team_routes
from studio.web.bodies import BodyLimits
from studio.web.downloads import download_routes
from studio.web.gates import SameOriginGate
from studio.web.health import health_routes
from studio.web.hosts import HostGate
from studio.web.metrics import Figures
from studio.web.noting import Noting
from studio.web.packed import Packed
from studio.web.policies import Policies, digests
from studio.web.presses import press_routes
from studio.web.scripts import script_routes
from studio.web.verdicts import verdict_routes

import gradio as gr  # isort: skip  # studio.ui has loaded it, in less time

Page = TypeVar("Page", bound=gr.Blocks)
AT_ONCE = 48  # threads for what is clicked on one page; with 40 Gradio takes those that all share
# How both pages are shown: none of what else Gradio has to offer.
SHOWN: Mapping[str, Any] = {
    "ssr_mode": False, "show_error": False, "enable_monitoring": False, "run_history": False, "footer_links": [],
    "mcp_server": False, "pwa": False,
}  # fmt: skip


def build_app(
    studio: Studio,
    *,
    access: Access = Access(),  # noqa: B008  a frozen value
    max_upload: int = 1 << 30,
) -> FastAPI:
    """The whole web process. The rating page is a Gradio app of its own, so that a rater's page holds nothing else."""
    # Gradio asks the environment alone. On the disk of the workspace a file of 1 GB is taken in without copying it.
    os.environ["GRADIO_TEMP_DIR"] = str(studio.workspace.uploads.resolve())
    app = FastAPI(title="Assay Studio", docs_url=None, redoc_url=None, openapi_url=None)
    figures = Figures(studio)
    rating, whole = calm(rate.build(studio)), calm(shell.build(studio))
    seen = {f"{at}{path}": page.seen_by for at, page in (("", whole), (RATE, rating)) for path in ("/", "/config")}
    app.add_middleware(Packed, pages=seen)
    app.add_middleware(AccessGate, studio=studio, access=access, events={"": whole.right_of, RATE: rating.right_of})
    app.add_middleware(BodyLimits, upload=max_upload)
    app.add_middleware(SameOriginGate, origins=access.addresses)
    app.add_middleware(HostGate, access=access)
    app.add_middleware(Policies, pages=("/", f"{RATE}/"), scripts=digests(shell.HEAD + rate.HEAD))
    app.add_middleware(Noting, answered=figures.answered, believes=access.trusts)
    number_scripts()
    # What is asked for most comes first: each address is looked for in the order of these.
    app.include_router(press_routes(rating.answered, at_once=AT_ONCE))
    app.include_router(door_routes(studio, access))
    app.include_router(script_routes(lighter_scripts(), "", RATE))
    app.include_router(_file_routes(studio))
    app.include_router(health_routes(studio, figures))
    app.include_router(download_routes(studio))
    app.include_router(verdict_routes(studio))
    app.include_router(team_routes(studio, access))
    if access.mode is not Mode.LOCAL:
        app.include_router(account_routes(studio, access))
    shared: dict[str, Any] = {**SHOWN, "theme": theme(), "max_file_size": max_upload}
    gr.mount_gradio_app(app, rating, path=RATE, head=rate.HEAD, css_paths=[CSS], **shared)
    gr.mount_gradio_app(app, whole, path="", head=shell.HEAD, css_paths=[CSS, VERDICT_CSS], **shared)
    keep_little(app)
    return app


def _file_routes(studio: Studio) -> APIRouter:
    """The picture of a tab, and the report of a study."""
    routes = APIRouter()

    @routes.get("/favicon.ico")
    def favicon() -> FileResponse:
        return FileResponse(studio.assets / "logo.svg", media_type="image/svg+xml")

    @routes.get("/report/{study_id}")
    def report_of_study(study_id: str) -> HTMLResponse:
        try:
            return HTMLResponse(report.report_page(studio, study_id))
        except StudioError as error:
            raise HTTPException(404, error.sentence) from error

    return routes


def calm(page: Page) -> Page:
    """Let a page look for what was clicked a hundred times a second; Gradio looks a thousand times, also while idle.

    What is clicked on it has threads of its own: where all are busy, the other page and every address still answer.
    """
    page.max_threads = AT_ONCE
    page._queue.sleep_when_free = 0.01
    page._queue.progress_update_sleep_when_free = 0.1
    return page
