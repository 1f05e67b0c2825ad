"""Real training, with real 4-bit weights, of a model that is too small to take long."""

import json
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from studio.domain.errors import RunError
from studio.domain.event import EventKind, Outcome
from studio.engine import checkpoints
from studio.engine.checkpoints import Manifest
from studio.engine.rows import read_rows
from studio.engine.train import _origin, _resume_point, train
from tests.engine.conftest import RECIPE, Notebook, train_spec

WATCHED = (22, 23)


@pytest.fixture(scope="module")
def straight(
    tmp_path_factory: pytest.TempPathFactory, tiny_model: Path, dataset: Path
) -> tuple[Path, Notebook, Outcome]:
    """A run that nothing interrupts."""
    run, notebook = tmp_path_factory.mktemp("straight"), Notebook()
    return run, notebook, train(train_spec(run, dataset, tiny_model, watch=WATCHED), notebook)


def adapter_bytes(run: Path, step: int) -> bytes:
    return (run / "checkpoints" / f"step-{step}" / checkpoints.ADAPTER).read_bytes()


def test_a_run_ends_with_a_verified_checkpoint_and_a_lower_validation_loss(straight):
    run, _, outcome = straight
    assert outcome.state == "done"
    assert outcome.result["steps"] == 18
    assert outcome.result["best_validation_loss"] < outcome.result["first_validation_loss"] - 0.1
    assert checkpoints.verify(run / "checkpoints" / "step-18").step == 18
    assert not (run / "staging").exists()


def test_every_step_is_reported_and_the_curve_starts_before_the_first(straight):
    _, notebook, _ = straight
    assert list(notebook.curve("loss")) == list(range(1, 19))
    assert list(notebook.curve("validation_loss")) == [0, 6, 12, 18]
    assert notebook.of(EventKind.PROGRESS)[-1] == {"done": 18, "total": 18, "seconds_left": 0.0}
    assert all(speed > 0 for speed in notebook.curve("tokens_per_second").values())
    assert list(notebook.curve("token_accuracy")) == list(range(1, 19))
    assert list(notebook.curve("validation_token_accuracy")) == [0, 6, 12, 18]
    assert list(notebook.curve("chance_loss")) == [0] and all(notebook.curve("memory").values())


def test_watched_rows_are_answered_at_the_start_and_at_every_check(straight):
    _, notebook, _ = straight
    answers = notebook.of(EventKind.ANSWERS)
    assert [event["step"] for event in answers] == [0, 6, 12, 18]
    assert [item["row"] for item in answers[0]["items"]] == list(WATCHED)


def test_only_the_best_and_the_last_two_checkpoints_stay(straight):
    run, notebook, outcome = straight
    events = notebook.of(EventKind.CHECKPOINT)
    there = {event["step"] for event in events if "removed" not in event}
    gone = {event["step"] for event in events if "removed" in event}
    assert {checkpoints.step_of(folder) for folder in checkpoints.committed(run / "checkpoints")} == there - gone
    assert there - gone == {12, 18, outcome.result["best_step"]}


def test_an_adapter_names_its_base_model_and_no_path(straight):
    run, _, _ = straight
    config = json.loads((run / "checkpoints" / "step-18" / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == "tiny"


def test_a_run_killed_in_the_middle_goes_on_bit_for_bit(straight, tmp_path, tiny_model, dataset):
    straight_run, straight_book, _ = straight
    spec = train_spec(tmp_path, dataset, tiny_model, watch=WATCHED)
    before = killed_at(9, spec, said=tmp_path / "said.jsonl")
    after = Notebook()
    outcome = train({**spec, "resume": True}, after)
    assert outcome.state == "done"
    assert after.of(EventKind.CHECKPOINT)[0]["step"] == 6  # told anew: it may have been killed before it was told of
    assert list(after.curve("loss")) == list(range(7, 19))
    for name in ("loss", "grad_norm", "learning_rate", "validation_loss"):
        curve = {event["step"]: event[name] for event in before if event["kind"] == "metric" and name in event}
        assert curve | after.curve(name) == straight_book.curve(name)
        assert all(curve[step] == straight_book.curve(name)[step] for step in curve)
    assert adapter_bytes(tmp_path, 18) == adapter_bytes(straight_run, 18)


def killed_at(step: int, spec: dict[str, Any], *, said: Path) -> list[dict[str, Any]]:
    """What a worker told until it was killed once that step was done; forked here, where the libraries are loaded."""

    class Victim(Notebook):
        def report(self, kind: EventKind, **data: Any) -> None:
            super().report(kind, **data)
            file.write(json.dumps({"kind": kind, **data}) + "\n")
            file.flush()
            if data.get("done") == step:
                os.kill(os.getpid(), signal.SIGKILL)

    with said.open("w") as file:
        child = os.fork()
        if child == 0:
            try:
                train(spec, Victim())
            finally:
                os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    return [json.loads(line) for line in said.read_text().splitlines()]


def test_a_damaged_checkpoint_is_passed_over_with_a_note(tmp_path, tiny_model, dataset):
    spec = train_spec(tmp_path, dataset, tiny_model)
    train(spec, Notebook(stop_at=7))
    newest = tmp_path / "checkpoints" / "step-7" / "optimizer.pt"
    newest.write_bytes(newest.read_bytes()[:-1])
    notebook = Notebook()
    assert train({**spec, "resume": True}, notebook).state == "done"
    assert min(notebook.curve("loss")) == 7
    assert [note["text"] for note in notebook.of(EventKind.NOTE)][:1] == [
        "The checkpoint of step 7 was damaged and set aside. Went on from the checkpoint of step 6.",
    ]
    assert {"step": 7, "removed": True} in notebook.of(EventKind.CHECKPOINT)
    assert (tmp_path / "checkpoints" / "damaged-step-7" / "optimizer.pt").exists()


def test_a_run_with_damaged_checkpoints_alone_says_why_it_begins_again(tmp_path, tiny_model, dataset):
    spec = train_spec(tmp_path, dataset, tiny_model)
    train(spec, Notebook(stop_at=7))
    for folder in checkpoints.committed(tmp_path / "checkpoints"):
        (folder / "optimizer.pt").write_bytes(b"")
    notebook = Notebook(stop_at=3)
    assert train({**spec, "resume": True}, notebook).state == "stopped"
    assert notebook.of(EventKind.START) == [{"step": 0}]
    (told,) = [note["text"] for note in notebook.of(EventKind.NOTE)]
    assert told == "The checkpoints of steps 6, 7 were damaged and set aside, so the run began again."


def test_a_run_does_not_go_on_from_another_recipe(straight, dataset, tiny_model):
    run, _, _ = straight
    other = train_spec(run, dataset, tiny_model, recipe=RECIPE.model_copy(update={"rank": 8}), resume=True)
    outcome = train(other, Notebook())
    assert (outcome.state, outcome.code) == ("failed", "run")
    assert "another recipe" in outcome.message


def test_what_a_run_goes_on_from_is_of_the_same_rows_and_base_and_other_libraries_are_told(tmp_path, tiny_model):
    base = Path(shutil.copytree(tiny_model, tmp_path / "base"))
    spec = {"model": str(base), "model_id": "tiny"}
    before = _origin(spec, RECIPE, "rows")
    staged = tmp_path / "staging"
    staged.mkdir()
    for name in checkpoints.ADAPTER_FILES:
        (staged / name).write_bytes(b"{}")
    checkpoints.commit(staged, tmp_path / "checkpoints", before.model_copy(update={"step": 6, "validation_loss": 1.0}))

    def goes_on(now: Manifest) -> list[str]:
        notebook = Notebook()
        assert _resume_point(tmp_path, now, notebook)
        return [note["text"] for note in notebook.of(EventKind.NOTE)]

    assert goes_on(before) == ["Went on from the checkpoint of step 6."]
    older = before.model_copy(update={"versions": {**before.versions, "torch": "1.0"}})
    assert goes_on(older)[0].startswith("Libraries have changed since the checkpoint")
    for other in ({"rows": "others"}, {"model_id": "another"}, {"recipe": "another"}):
        with pytest.raises(RunError, match="another recipe, other rows or another model"):
            goes_on(before.model_copy(update=other))
    template = base / "chat_template.jinja"
    template.write_text(template.read_text() + " ")
    with pytest.raises(RunError, match="files of the base model are others") as refused:
        goes_on(_origin(spec, RECIPE, "rows"))
    assert "Bring them back as they were" in refused.value.fix


def test_a_loss_that_breaks_ends_the_run_and_names_the_last_good_checkpoint(tmp_path, tiny_model, dataset):
    notebook = Poisoner(at=8)
    outcome = train(train_spec(tmp_path, dataset, tiny_model), notebook)
    assert (outcome.state, outcome.code) == ("failed", "not_finite")
    assert 8 <= outcome.result["steps"] <= 11
    assert "step 6" in outcome.message
    assert checkpoints.verify(tmp_path / "checkpoints" / "step-6").step == 6


def test_a_run_stops_early_when_validation_loss_does_not_improve(tmp_path, tiny_model, dataset):
    recipe = RECIPE.model_copy(update={"learning_rate": 1e-9, "evaluations": 9, "patience": 1, "epochs": 3})
    outcome = train(train_spec(tmp_path, dataset, tiny_model, recipe=recipe), Notebook())
    assert outcome.state == "done"
    assert outcome.result["stopped_early"]
    assert outcome.result["steps"] < 18
    # Killed between its last checkpoint and its last word, it says the same when it goes on.
    again = train(train_spec(tmp_path, dataset, tiny_model, recipe=recipe, resume=True), Notebook())
    assert again.message == outcome.message and again.result["stopped_early"]


@pytest.mark.parametrize("choice", [{"method": "lora"}, {"gradient_checkpointing": True}])
def test_other_choices_of_memory_train_as_well(tmp_path, tiny_model, dataset, choice: dict[str, Any]):
    recipe = RECIPE.model_copy(update={**choice, "evaluations": 1})
    outcome = train(train_spec(tmp_path, dataset, tiny_model, recipe=recipe), Notebook())
    assert outcome.state == "done"
    assert outcome.result["best_validation_loss"] < outcome.result["first_validation_loss"] - 0.1


def test_a_plan_that_promised_other_steps_is_noted(tmp_path, tiny_model, dataset):
    recipe = RECIPE.model_copy(update={"epochs": 0.5})
    notebook = Notebook()
    assert train(train_spec(tmp_path, dataset, tiny_model, recipe=recipe), notebook).result["steps"] == 3
    assert notebook.of(EventKind.NOTE) == [{"text": "The plan promised 18 steps; this run makes 3."}]


def test_a_row_longer_than_the_cut_off_is_named_by_its_line(tmp_path, tiny_model, dataset):
    recipe = RECIPE.model_copy(update={"max_length": 40})
    outcome = train(train_spec(tmp_path, dataset, tiny_model, recipe=recipe), Notebook())
    assert outcome.state == "failed"
    assert "line" in outcome.message
    assert "cut-off of 40" in outcome.message


def test_a_lack_of_memory_is_told_in_words(tmp_path, tiny_model, dataset, monkeypatch):
    def exhausted(*_: Any, **__: Any) -> None:
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.")

    monkeypatch.setattr("studio.engine.train.load_model", exhausted)
    outcome = train(train_spec(tmp_path, dataset, tiny_model), Notebook())
    assert (outcome.state, outcome.code) == ("failed", "out_of_memory")
    assert outcome.fix


class Poisoner(Notebook):
    """Damages the adapter in memory after a step, as a bit flip or an exploding step would."""

    def __init__(self, *, at: int) -> None:
        super().__init__()
        self.at = at

    def should_stop(self) -> bool:
        import gc

        import torch

        if len(self.of(EventKind.PROGRESS)) == self.at - 2:
            for thing in gc.get_objects():
                if type(thing) is torch.nn.Parameter and thing.requires_grad and thing.dtype == torch.float32:
                    thing.data.fill_(float("nan"))
        return False


def test_rows_are_read_by_number_in_the_order_asked_for(dataset):
    assert [row.number for row in read_rows(dataset, [5, 0, 3])] == [5, 0, 3]
    assert [row.line for row in read_rows(dataset, [5, 0, 3])] == [6, 1, 4]
