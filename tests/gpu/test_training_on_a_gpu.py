"""A real run on a real GPU: it learns, says what it took, survives being killed, and tells a lack of memory in words."""

import json

import pytest

from studio.domain.event import EventKind
from studio.engine import checkpoints
from studio.engine.load import load_model, load_tokenizer
from studio.engine.rows import read_rows
from studio.engine.train import train
from tests.engine.conftest import Notebook
from tests.gpu.conftest import RECIPE, STARTER, train_spec

pytestmark = pytest.mark.gpu


def test_a_worker_trains_the_starter_on_the_gpu_and_its_loss_falls(straight, record_property):
    import torch

    run, attempt = straight
    result = attempt.outcome.result
    record_property("result", json.dumps(result))
    assert result["device"] == torch.cuda.get_device_name(0)
    assert result["steps"] == 36
    assert result["best_validation_loss"] < result["first_validation_loss"] / 2
    assert list(attempt.curve("validation_loss")) == [0, 12, 24, 36]
    assert checkpoints.verify(run / "checkpoints" / "step-36").step == 36


def test_peak_memory_is_the_gpus_and_grows_no_smaller(straight, record_property):
    _, attempt = straight
    peaks = list(attempt.curve("memory").values())
    record_property("peaks", json.dumps(peaks))
    assert peaks == sorted(peaks)
    assert peaks[-1] == attempt.outcome.result["peak_memory"]
    # The starter in 4 bits with eight short rows: more than its 12 MB of weights, far less than main memory would show.
    assert 12e6 < peaks[-1] < 3e9


def test_the_base_is_in_four_bits_on_the_gpu_and_the_adapter_in_full_precision(triage, tmp_path):
    import torch
    from bitsandbytes.nn import Linear4bit

    from studio.engine.trainer import build_trainer

    trainer = build_trainer(
        load_model(STARTER, quantisation="nf4"),
        load_tokenizer(STARTER),
        recipe=RECIPE,
        train=read_rows(triage, range(16)),
        validation=read_rows(triage, range(16, 20)),
        staging=tmp_path,
    )
    frozen = [module for module in trainer.model.modules() if isinstance(module, Linear4bit)]
    trained = [weight for weight in trainer.model.parameters() if weight.requires_grad]
    assert len(frozen) == 6 * 7 and len(trained) == 2 * len(frozen)
    assert {module.weight.device.type for module in frozen} == {weight.device.type for weight in trained} == {"cuda"}
    assert {module.weight.dtype for module in frozen} == {torch.uint8}
    assert {weight.dtype for weight in trained} == {torch.float32}


def test_a_run_killed_in_the_middle_goes_on_from_its_checkpoint(straight, triage, work, tmp_path, record_property):
    _, whole = straight
    spec = train_spec(tmp_path, triage)
    killed = work(spec, until=lambda event: event.kind is EventKind.PROGRESS and event.data["done"] >= 18)
    assert not (killed.folder / "outcome.json").exists()
    resumed = work({**spec, "resume": True, "attempt": 2})
    assert resumed.outcome.state == "done"
    assert resumed.of(EventKind.START) == [{"step": 12}]
    loss, again = whole.curve("loss"), resumed.curve("loss")
    assert list(again) == list(range(13, 37))
    differences = {step: abs(again[step] - loss[step]) / loss[step] for step in again}
    record_property("same_bits", sum(again[step] == loss[step] for step in again))
    record_property("first_difference", json.dumps(differences[13]))
    record_property("largest_difference", json.dumps(max(differences.values())))
    # A GPU may add in another order from one run to the next, so the curve is the same curve, not the same bits.
    assert again[13] == pytest.approx(loss[13], rel=0.05)
    assert again[14] == pytest.approx(loss[14], rel=0.1)
    ends = resumed.outcome.result["best_validation_loss"], whole.outcome.result["best_validation_loss"]
    assert ends[0] == pytest.approx(ends[1], rel=0.25)


def test_gradients_after_a_check_are_those_from_before_it(triage, tmp_path):
    import torch

    from studio.engine.checks import undisturbed, validation_loss
    from studio.engine.trainer import build_trainer

    trainer = build_trainer(
        load_model(STARTER, quantisation="nf4"),
        load_tokenizer(STARTER),
        recipe=RECIPE,
        train=read_rows(triage, range(16)),
        validation=read_rows(triage, range(16, 20)),
        staging=tmp_path,
    )
    before = gradients(trainer)
    with undisturbed(trainer.model):
        validation_loss(trainer)
    after = gradients(trainer)
    assert any(float(gradient.abs().max()) > 0 for gradient in before)
    assert all(torch.allclose(one, other, rtol=0.05, atol=1e-4) for one, other in zip(before, after, strict=True))


@pytest.mark.parametrize("choice", [{"method": "lora"}, {"gradient_checkpointing": True}])
def test_other_choices_of_memory_train_as_well(triage, tmp_path, choice):
    recipe = RECIPE.model_copy(update={**choice, "epochs": 1, "evaluations": 1})
    outcome = train(train_spec(tmp_path, triage, recipe=recipe), Notebook())
    assert outcome.state == "done", outcome
    assert outcome.result["best_validation_loss"] < outcome.result["first_validation_loss"]


def test_a_lack_of_gpu_memory_is_told_in_words_and_given_back(tmp_path, triage):
    import torch

    whole = torch.cuda.get_device_properties(0).total_memory
    long = tmp_path / "long"
    long.mkdir()
    with (long / "rows.jsonl").open("w") as file:
        for number in range(64):
            said = [{"role": "user", "content": f"Say {number}"}, {"role": "assistant", "content": "and so on " * 450}]
            file.write(json.dumps({"line": number + 1, "messages": said, "extra": {}}) + "\n")
    recipe = RECIPE.model_copy(update={"batch_size": 32, "micro_batch": 32, "max_length": 2048, "epochs": 1})
    spec = train_spec(tmp_path / "run", long, recipe=recipe, train=list(range(32)), validation=[40], watch=[], way={})
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(1.2e9 / whole)
    try:
        outcome = train(spec, Notebook())
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert (outcome.state, outcome.code) == ("failed", "out_of_memory")
    assert outcome.message == "There was not enough memory for this recipe."
    assert "rows in memory" in outcome.fix
    smaller = RECIPE.model_copy(update={"epochs": 0.2, "evaluations": 1})
    assert train(train_spec(tmp_path / "next", triage, recipe=smaller), Notebook()).state == "done"


def gradients(trainer) -> list:
    """The gradient of every adapter weight for the first two rows."""
    batch = trainer.data_collator([trainer.train_dataset[0], trainer.train_dataset[1]])
    batch = {name: tensor.to(trainer.args.device) for name, tensor in batch.items()}
    trainer.model.train()
    trainer.model.zero_grad()
    trainer.compute_loss(trainer.model, batch).backward()
    return [weight.grad.clone() for weight in trainer.model.parameters() if weight.requires_grad]
