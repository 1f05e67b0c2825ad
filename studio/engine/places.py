"""Places: how each tracker is told of a run, by its own library."""

import json
import os
import socket
import time
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit
from urllib.request import getproxies

from studio.domain.recipe import Recipe
from studio.domain.tracker import WANDB, WANDB_ALONE, Tracker

PROJECT = "assay-studio"
PORTS = {"http": 80, "https": 443}
ANSWERS_WITHIN = 10.0  # seconds


class UnreachableError(Exception):
    """Nothing answers at the address of a tracker; the words hold no key."""


class Place(Protocol):
    """Somewhere that is told of a run; a run that goes on is the same one there."""

    def begin(self) -> None: ...

    def tell(self, step: int, figures: Mapping[str, float]) -> None: ...

    def end(self, *, failed: bool) -> None: ...


def place_of(name: Tracker, spec: dict[str, Any]) -> Place:
    """The place of a tracker for the run that `spec` describes."""
    places = {"wandb": WeightsAndBiases, "mlflow": MLflow, "trackio": Trackio}
    return places[name](Path(spec["run"]), spec.get("name", ""), _choices(spec))


def reach(address: str) -> None:
    """UnreachableError where nothing answers: the libraries take minutes to find that out, and some never say so."""
    there = urlsplit(address)
    if there.scheme not in PORTS or there.hostname is None or getproxies():
        return
    port = there.port or PORTS[there.scheme]
    try:
        socket.create_connection((there.hostname, port), ANSWERS_WITHIN).close()
    except OSError as error:
        raise UnreachableError(f"nothing answers at {there.hostname}:{port}") from error


def _choices(spec: dict[str, Any]) -> dict[str, Any]:
    """What is told of the run itself: its model and its recipe; no rows, no paths, no keys."""
    recipe = Recipe.model_validate(spec["recipe"])
    chosen = {name: value for name, value in recipe.choices.items() if name != "trackers"}
    return {"model": spec["model_id"], "train_rows": len(spec["train"]), **chosen}


class WeightsAndBiases:
    def __init__(self, run: Path, name: str, choices: dict[str, Any]) -> None:
        self._run, self._name, self._choices, self._told = run, name, choices, None

    def begin(self) -> None:
        if os.environ.get("WANDB_MODE") not in WANDB_ALONE:
            reach(os.environ.get("WANDB_BASE_URL") or WANDB)
        wandb: Any = import_module("wandb")
        # Of itself it also tells of the machine, its user, the command with its paths, and every package.
        quiet = wandb.Settings(
            console="off", silent=True, host="", disable_git=True, disable_code=True, save_code=False,
            x_disable_meta=True, x_disable_stats=True, x_disable_machine_info=True, x_save_requirements=False,
        )  # fmt: skip
        self._told: Any = wandb.init(
            project=os.environ.get("WANDB_PROJECT") or PROJECT, id=self._run.name, name=self._name or self._run.name,
            resume="allow", config=self._choices, dir=str(self._run), settings=quiet,
        )  # fmt: skip

    def tell(self, step: int, figures: Mapping[str, float]) -> None:
        # With a step of its own, what a resumed run trains again would be refused.
        self._told.log({**figures, "step": step})

    def end(self, *, failed: bool) -> None:
        self._told.finish(exit_code=int(failed))


class MLflow:
    """Told through its client: a run that is begun the usual way also names the user, the script and its git commit."""

    def __init__(self, run: Path, name: str, choices: dict[str, Any]) -> None:
        self._run, self._name, self._choices = run, name, choices
        self._kept = run / "mlflow-run.json"

    def begin(self) -> None:
        reach(os.environ.get("MLFLOW_TRACKING_URI", ""))
        self._mlflow: Any = import_module("mlflow")
        self._client = self._mlflow.MlflowClient()
        if self._kept.is_file():
            self._id = json.loads(self._kept.read_text(encoding="utf-8"))["run_id"]
            self._client.update_run(self._id, status="RUNNING")
            return
        experiment = self._mlflow.set_experiment(os.environ.get("MLFLOW_EXPERIMENT_NAME") or PROJECT)
        begun = self._client.create_run(experiment.experiment_id, run_name=self._name or self._run.name)
        self._id = begun.info.run_id
        self._kept.write_text(json.dumps({"run_id": self._id}), encoding="utf-8")
        params = [self._mlflow.entities.Param(name, str(value)) for name, value in self._choices.items()]
        self._client.log_batch(self._id, params=params)

    def tell(self, step: int, figures: Mapping[str, float]) -> None:
        now = int(time.time() * 1000)
        metrics = [self._mlflow.entities.Metric(name, value, now, step) for name, value in figures.items()]
        self._client.log_batch(self._id, metrics=metrics)

    def end(self, *, failed: bool) -> None:
        self._client.set_terminated(self._id, status="FAILED" if failed else "FINISHED")


class Trackio:
    def __init__(self, run: Path, name: str, choices: dict[str, Any]) -> None:
        self._run, self._name, self._choices = run, name, choices

    def begin(self) -> None:
        reach(os.environ.get("TRACKIO_SERVER_URL", ""))
        self._trackio: Any = import_module("trackio")
        name = f"{self._name} {self._run.name}".strip()
        quiet = {
            "embed": False,
            "auto_log_gpu": False,
            "auto_log_cpu": False,
        }  # figures of the machine are not the run's
        self._trackio.init(project=PROJECT, name=name, config=self._choices, resume="allow", **quiet)

    def tell(self, step: int, figures: Mapping[str, float]) -> None:
        self._trackio.log(dict(figures), step=step)

    def end(self, *, failed: bool) -> None:
        self._trackio.finish()
