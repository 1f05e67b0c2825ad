"""Studio: an open workspace, passed to every flow."""

from dataclasses import dataclass, field
from pathlib import Path

from studio.domain.latest import Latest
from studio.store.database import Store, open_store
from studio.store.workspace import Workspace

ASSETS = Path(__file__).resolve().parents[2] / "assets"


@dataclass(frozen=True, slots=True)
class Studio:
    """What a flow needs: the store with its workspace, and the files that we ship.

    `latest` holds what was made last for all who look at the same; it says nothing that they might not see.
    """

    store: Store
    assets: Path = ASSETS
    latest: Latest = field(default_factory=Latest, repr=False, compare=False)

    @property
    def workspace(self) -> Workspace:
        return self.store.workspace


def open_studio(workspaces: Path, *, url: str | None = None, assets: Path = ASSETS) -> Studio:
    """Open the workspace at `workspaces`, made or migrated if need be; SetupError where it cannot be written."""
    return Studio(store=open_store(Workspace(workspaces), url=url), assets=assets)
