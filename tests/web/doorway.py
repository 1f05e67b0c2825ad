"""The gates of the studio, the pages that are no part of Gradio, and behind them one that tells who was let in."""

from fastapi import FastAPI, Request
from starlette.testclient import TestClient

from studio.domain.access import Mode
from studio.flows.studio import Studio
from studio.web.access.account import account_routes
from studio.web.access.doors import door_routes
from studio.web.access.gate import AccessGate
from studio.web.access.settings import Access
from studio.web.access.team import team_routes
from studio.web.hosts import HostGate
from studio.web.serve import behind_proxies

HERE = "http://127.0.0.1:7860"


def doorway(studio: Studio, access: Access, *, at: str = HERE, peer: str = "127.0.0.1") -> TestClient:
    """A browser that is not known yet, at a studio that lets people in as `access` says."""
    app = FastAPI()
    app.add_middleware(AccessGate, studio=studio, access=access, events={})
    app.add_middleware(HostGate, access=access)
    app.include_router(door_routes(studio, access))
    app.include_router(team_routes(studio, access))
    if access.mode is not Mode.LOCAL:
        app.include_router(account_routes(studio, access))

    @app.get("/config")
    def who(request: Request) -> dict[str, str]:
        visitor = request.scope["visitor"]
        return {"name": visitor.name, "role": visitor.person.role}

    return TestClient(behind_proxies(app, access), base_url=at, client=(peer, 1), follow_redirects=False)
