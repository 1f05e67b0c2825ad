"""A run's figures also go to TensorBoard's files and to chosen trackers, which can neither stop it nor see its rows."""

import socket
import struct
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from studio.domain.event import EventKind, Outcome, Reporter
from studio.domain.recipe import Recipe
from studio.engine import places, tracking
from studio.engine.tracking import tracked
from tests.engine.conftest import Notebook

EVENTS = [
    (EventKind.START, {"step": 0}),
    (EventKind.METRIC, {"step": 0, "epoch": 0.0, "validation_loss": 2.0}),
    (EventKind.METRIC, {"step": 1, "epoch": 0.5, "loss": 1.5, "learning_rate": 1e-3}),
    (EventKind.ANSWERS, {"step": 1, "items": [{"prompt": "a secret row", "answer": "b"}]}),
]


def spec(run: Path, *trackers: str) -> dict[str, Any]:
    recipe = Recipe.model_validate({"trackers": trackers}).model_dump(mode="json")
    return {"run": str(run), "name": "triage-1", "recipe": recipe, "model_id": "tiny", "train": [0, 1]}


@pytest.fixture
def training(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Notebook]:
    """A training that reports what it is told to, and how it was followed."""

    def run(told: dict[str, Any], events: list[Any] = EVENTS, state: Any = "done") -> Notebook:
        def train(_: dict[str, Any], reporter: Reporter) -> Outcome:
            for kind, data in events:
                reporter.report(kind, **data)
            return Outcome(state=state, message="Trained.")

        monkeypatch.setattr(tracking, "train", train)
        notebook = Notebook()
        assert tracked(told, notebook).state == state
        return notebook

    return run


class Called:
    """A library that writes down how it is called."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **values: Any) -> Any:
            self.calls.append((name, args, values))
            return SimpleNamespace(
                info=SimpleNamespace(run_id="theirs"), experiment_id="7", log=self.log, finish=self.finish
            )

        return call

    def of(self, name: str) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
        return [(args, values) for called, args, values in self.calls if called == name]


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Called]:
    monkeypatch.setenv("WANDB_MODE", "offline")
    for address in ("MLFLOW_TRACKING_URI", "TRACKIO_SERVER_URL"):
        monkeypatch.delenv(address, raising=False)

    def install(name: str) -> Called:
        called, module = Called(), ModuleType(name)
        for verb in ("init", "log", "finish", "set_experiment", "Settings"):
            setattr(module, verb, getattr(called, verb))
        vars(module)["MlflowClient"] = lambda: called
        vars(module)["entities"] = SimpleNamespace(
            Param=lambda *of: of, Metric=lambda name, value, _, step: (name, value, step)
        )
        monkeypatch.setitem(sys.modules, name, module)
        return called

    return install


def scalars(folder: Path) -> list[tuple[int, str, float]]:
    """What TensorBoard reads: every figure of every file, without those of steps that were trained again later."""
    from tensorboardX.proto.event_pb2 import Event

    found: list[tuple[int, str, float]] = []
    for path in sorted(folder.iterdir(), key=lambda path: path.suffix):
        data = path.read_bytes()
        while data:
            (length,) = struct.unpack("<Q", data[:8])
            event = Event.FromString(data[12 : 12 + length])
            data = data[16 + length :]
            if event.session_log.status == 1:
                found = [each for each in found if each[0] < event.step]
            found += [(event.step, value.tag, value.simple_value) for value in event.summary.value]
    return found


def test_tensorboard_is_always_told_the_curves_and_nothing_of_the_rows(training, tmp_path: Path):
    notebook = training(spec(tmp_path))
    assert [(kind, data) for kind, data in notebook.events] == EVENTS
    found = scalars(tmp_path / "tensorboard")
    assert (0, "validation/loss", 2.0) in found and (1, "train/loss", 1.5) in found
    assert all(b"a secret row" not in path.read_bytes() for path in (tmp_path / "tensorboard").iterdir())


def test_steps_that_are_trained_again_take_the_place_of_those_before(training, tmp_path: Path):
    training(spec(tmp_path), [*EVENTS, (EventKind.METRIC, {"step": 2, "epoch": 1.0, "loss": 9.0})])
    again = [(EventKind.START, {"step": 1}), (EventKind.METRIC, {"step": 2, "epoch": 1.0, "loss": 1.25})]
    training(spec(tmp_path), again)
    losses = [(step, value) for step, name, value in scalars(tmp_path / "tensorboard") if name == "train/loss"]
    assert losses == [(1, 1.5), (2, 1.25)]


def test_a_disk_that_takes_no_event_files_does_not_stop_the_run(training, tmp_path: Path):
    (tmp_path / "tensorboard").write_text("a file stands where the folder should be")
    (note,) = training(spec(tmp_path)).of(EventKind.NOTE)
    assert "the run goes on" in note["text"]


def test_weights_and_biases_gets_figures_recipe_and_the_same_run_after_a_resume(training, library, tmp_path: Path):
    wandb = library("wandb")
    assert not training(spec(tmp_path, "wandb")).of(EventKind.NOTE)
    ((_, begun),) = wandb.of("init")
    assert (begun["id"], begun["name"], begun["resume"]) == (tmp_path.name, "triage-1", "allow")
    assert begun["config"]["rank"] == 16 and "trackers" not in begun["config"]
    assert [args[0]["step"] for args, _ in wandb.of("log")] == [0, 1]
    assert wandb.of("finish") == [((), {"exit_code": 0})]


def test_mlflow_goes_on_with_the_run_that_it_knows(training, library, tmp_path: Path):
    mlflow = library("mlflow")
    training(spec(tmp_path, "mlflow"))
    training(spec(tmp_path, "mlflow"))
    assert [args for args, _ in mlflow.of("create_run")] == [
        ("7",)
    ]  # no tags: nothing of the machine, its user, its paths
    assert mlflow.of("update_run") == [(("theirs",), {"status": "RUNNING"})]
    params, first, second, *_ = [values for _, values in mlflow.of("log_batch")]
    assert ("rank", "16") in params["params"] and first["metrics"] == [
        ("train/epoch", 0.0, 0),
        ("validation/loss", 2.0, 0),
    ]
    assert ("train/loss", 1.5, 1) in second["metrics"] and len(mlflow.of("log_batch")) == 5
    assert mlflow.of("set_terminated") == [(("theirs",), {"status": "FINISHED"})] * 2


def test_a_run_that_failed_is_not_told_as_finished(training, library, tmp_path: Path):
    wandb, mlflow = library("wandb"), library("mlflow")
    training(spec(tmp_path, "wandb", "mlflow"), state="failed")
    assert wandb.of("finish") == [((), {"exit_code": 1})]
    assert mlflow.of("set_terminated") == [(("theirs",), {"status": "FAILED"})]


def test_trackio_gets_the_figures_and_none_of_the_machine(training, library, tmp_path: Path):
    trackio = library("trackio")
    training(spec(tmp_path, "trackio"))
    ((_, begun),) = trackio.of("init")
    assert (begun["auto_log_gpu"], begun["auto_log_cpu"]) == (False, False)
    assert [values["step"] for _, values in trackio.of("log")] == [0, 1] and trackio.of("finish")


@pytest.mark.parametrize("error", [ConnectionError("https://user:key@host"), SystemExit(1)])
def test_a_tracker_that_fails_is_told_in_one_sentence_without_its_words(
    training, library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
):
    library("wandb")

    def refuse(**_: Any) -> None:
        raise error

    monkeypatch.setattr(sys.modules["wandb"], "init", refuse)
    (note,) = training(spec(tmp_path, "wandb")).of(EventKind.NOTE)
    assert note["text"].startswith("Weights & Biases cannot be reached") and "key" not in note["text"]
    assert note["text"].endswith("the run goes on without it.")


def test_a_server_that_does_not_answer_is_named_without_its_key(
    training, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(places, "getproxies", dict)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and never listens
        where = f"127.0.0.1:{nobody.getsockname()[1]}"
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://me:key@{where}/path")
        (note,) = training(spec(tmp_path, "mlflow")).of(EventKind.NOTE)
    assert note["text"] == f"MLflow cannot be reached: nothing answers at {where}; the run goes on without it."


def test_a_tracker_that_hangs_does_not_hold_the_run(training, library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    library("trackio")
    never = threading.Event()
    monkeypatch.setattr(sys.modules["trackio"], "init", lambda **_: never.wait())
    monkeypatch.setattr(tracking, "LAST_WORDS_WITHIN", 0.0)
    (note,) = training(spec(tmp_path, "trackio")).of(EventKind.NOTE)
    assert note["text"] == "Trackio did not answer; the run goes on without it."
    never.set()


def test_a_tracker_that_is_not_there_is_told_and_the_run_goes_on(
    training, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    (note,) = training(spec(tmp_path, "mlflow")).of(EventKind.NOTE)
    assert note["text"].startswith("MLflow cannot be reached")
