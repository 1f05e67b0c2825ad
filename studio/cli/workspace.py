"""Workspace: which folder the verbs work on."""

import os
from pathlib import Path

from studio.flows.studio import Studio, open_studio
from studio.jobs.presence import keep_supervised


def workspaces_folder() -> Path:
    """STUDIO_WORKSPACES, or workspaces/ beside the program."""
    named = os.environ.get("STUDIO_WORKSPACES")
    return Path(named) if named else Path(__file__).resolve().parents[2] / "workspaces"


def keep_working(studio: Studio) -> None:
    """See that there is a supervisor to carry out jobs for as long as this verb waits."""
    keep_supervised(studio.workspace)


def opened(*, working: bool = False) -> Studio:
    """The workspace; with `working`, there is a supervisor to carry out jobs for as long as this verb waits."""
    studio = open_studio(workspaces_folder(), url=os.environ.get("STUDIO_DATABASE"))
    if working:
        keep_working(studio)
    return studio
