"""Places: how each tracker is told of a run, by its own library."""

import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from studio.domain.recipe import Recipe
from studio.domain.tracker import Tracker

PROJECT = "assay-studio"


class Place(Protocol):
    """Somewhere that is told of a run; a run that goes on is the same one there."""

    def begin(self) -> None: ...

    def tell(self, step: int, figures: Mapping[str, float]) -> None: ...

    def end(self) -> None: ...


def place_of(name: Tracker, spec: dict[str, Any]) -> Place:
    """The place of a tracker for the run that `spec` describes."""
    places = {"wandb": WeightsAndBiases, "mlflow": MLflow, "trackio": Trackio}
    return places[name](Path(spec["run"]), spec.get("name", ""), _choices(spec))


def _choices(spec: dict[str, Any]) -> dict[str, Any]:
    """What is told of the run itself: its model and its recipe; no rows, no paths, no keys."""
    recipe = Recipe.model_validate(spec["recipe"])
    chosen = {name: value for name, value in recipe.choices.items() if name != "trackers"}
    return {"model": spec["model_id"], "train_rows": len(spec["train"]), **chosen}


class WeightsAndBiases:
    def __init__(self, run: Path, name: str, choices: dict[str, Any]) -> None:
        self._run, self._name, self._choices, self._told = run, name, choices, None

    def begin(self) -> None:
        wandb: Any = import_module("wandb")
        quiet = wandb.Settings(console="off", silent=True, x_disable_stats=True, disable_git=True)
        self._told: Any = wandb.init(
            project=PROJECT, id=self._run.name, name=self._name or self._run.name, resume="allow", config=self._choices,
            dir=str(self._run), settings=quiet,
        )  # fmt: skip

    def tell(self, step: int, figures: Mapping[str, float]) -> None:
        # With a step of its own, what a resumed run trains again would be refused.
        self._told.log({**figures, "step": step})

    def end(self) -> None:
        self._told.finish()


class MLflow:
    def __init__(self, run: Path, name: str, choices: dict[str, Any]) -> None:
        self._run, self._name, self._choices = run, name, choices
        self._kept = run / "mlflow-run.json"

    def begin(self) -> None:
        self._mlflow: Any = import_module("mlflow")
        if self._kept.is_file():
            self._mlflow.start_run(run_id=json.loads(self._kept.read_text(encoding="utf-8"))["run_id"])
            return
        self._mlflow.set_experiment(PROJECT)
        begun = self._mlflow.start_run(run_name=self._name or self._run.name)
        self._kept.write_text(json.dumps({"run_id": begun.info.run_id}), encoding="utf-8")
        self._mlflow.log_params(self._choices)

    def tell(self, step: int, figures: Mapping[str, float]) -> None:
        self._mlflow.log_metrics(dict(figures), step=step)

    def end(self) -> None:
        self._mlflow.end_run()


class Trackio:
    def __init__(self, run: Path, name: str, choices: dict[str, Any]) -> None:
        self._run, self._name, self._choices = run, name, choices

    def begin(self) -> None:
        self._trackio: Any = import_module("trackio")
        name = f"{self._name} {self._run.name}".strip()
        self._trackio.init(project=PROJECT, name=name, config=self._choices, resume="allow", embed=False)

    def tell(self, step: int, figures: Mapping[str, float]) -> None:
        self._trackio.log(dict(figures), step=step)

    def end(self) -> None:
        self._trackio.finish()
