"""Trackers: whether a run can be told of elsewhere, found out before it starts, and its files for TensorBoard."""

import importlib.util
import netrc
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from studio.domain.errors import RecipeError, RunError
from studio.domain.recipe import Recipe
from studio.domain.tracker import TRACKER_TITLES, TRACKERS, WANDB, WANDB_ALONE, Tracker
from studio.flows.studio import Studio
from studio.flows.zipping import zipped


def installed() -> tuple[Tracker, ...]:
    """The trackers whose library is here."""
    return tuple(name for name in TRACKERS if importlib.util.find_spec(name) is not None)


def check(recipe: Recipe, *, environ: Mapping[str, str] | None = None) -> None:
    """RecipeError where a tracker that was chosen could not be told of the run; keys are looked for, never read out."""
    known, here = os.environ if environ is None else environ, installed()
    for name in recipe.trackers:
        title = TRACKER_TITLES[name]
        if name not in here:
            raise RecipeError(
                f"{title} is not installed here.", fix=f"Run pip install {name}, or leave it out.", field="trackers"
            )
        if name == "wandb" and not _has_login(known):
            raise RecipeError(
                f"{title} does not know who you are.",
                fix="Run wandb login in a terminal, or start the studio with WANDB_API_KEY set, or leave it out.",
                field="trackers",
            )
        if name == "mlflow" and not known.get("MLFLOW_TRACKING_URI"):
            raise RecipeError(
                f"{title} is not told where its server is.",
                fix="Start the studio with MLFLOW_TRACKING_URI set, or leave it out.",
                field="trackers",
            )


def event_folder(studio: Studio, run_id: str) -> Path:
    """Where a run's files for TensorBoard lie, or will."""
    return studio.workspace.run(run_id) / "tensorboard"


def event_files(studio: Studio, run_id: str) -> tuple[str, Iterator[bytes]]:
    """A run's files for TensorBoard as one zip file: its name, and its bytes."""
    files = sorted(event_folder(studio, run_id).glob("events.out.tfevents.*"))
    if not files:
        raise RunError("This run has no files for TensorBoard.", fix="They are written from its first step on.")
    return f"{run_id}-tensorboard.zip", zipped(files, within=run_id)


def _has_login(environ: Mapping[str, str]) -> bool:
    """Whether there is a key, or none is needed."""
    if environ.get("WANDB_API_KEY") or environ.get("WANDB_MODE") in WANDB_ALONE:
        return True
    kept = Path(environ.get("NETRC") or Path(environ.get("HOME") or Path.home()) / ".netrc")
    host = urlsplit(environ.get("WANDB_BASE_URL") or WANDB).hostname or ""
    try:
        return netrc.netrc(str(kept)).authenticators(host) is not None
    except (OSError, netrc.NetrcParseError):
        return False
