"""Base and fine-tuned answers from one batch on a GPU: nothing but the adapter may differ between them."""

import json
from pathlib import Path

import pytest

from studio.domain.chat import Chat
from studio.domain.sampling import Sampling
from studio.engine import checkpoints
from studio.engine.answering import BASE, TUNED, Pair, answer, encode, training_matters
from studio.engine.load import load_model, load_tokenizer
from studio.engine.rows import read_rows
from tests.gpu.conftest import STARTER

pytestmark = pytest.mark.gpu

ROWS = list(range(120, 128))
SAMPLING = Sampling(max_new_tokens=40)


@pytest.fixture(scope="module")
def tokenizer():
    return load_tokenizer(STARTER)


@pytest.fixture(scope="module")
def prompts(triage: Path):
    return [Chat(row.prompt) for row in read_rows(triage, ROWS)]


@pytest.fixture(scope="module")
def base_logits(tokenizer, prompts):
    """What the plain base computes, before any adapter was near it."""
    import torch

    model = load_model(STARTER, quantisation="nf4").eval()
    with torch.no_grad():
        return model(**encode(tokenizer, prompts).to(model.device)).logits


@pytest.fixture(scope="module")
def tuned_model(straight):
    from peft import PeftModel

    adapter = straight[0] / "checkpoints" / "step-36"
    model = load_model(STARTER, quantisation="nf4").eval()
    return PeftModel.from_pretrained(model, str(adapter), adapter_name=TUNED, is_trainable=False).eval()


def test_without_its_adapter_the_model_is_the_base_to_the_bit(base_logits, tuned_model, tokenizer, prompts):
    import torch

    inputs = encode(tokenizer, prompts).to(tuned_model.device)
    with torch.no_grad(), tuned_model.disable_adapter():
        off = tuned_model(**inputs).logits
    assert torch.equal(off, base_logits)
    assert training_matters(Pair(tuned_model, tuned_model), tokenizer, prompts[0])


def test_one_mixed_batch_answers_as_base_and_tuned_would_alone(tuned_model, tokenizer, prompts, record_property):
    """Against batches of the same size and one side only, since 16-bit sums depend on a batch's size."""
    count = len(prompts)
    mixed = answer(tuned_model, tokenizer, prompts * 2, sampling=SAMPLING, adapters=[BASE] * count + [TUNED] * count)
    with tuned_model.disable_adapter():
        base = answer(tuned_model, tokenizer, prompts * 2, sampling=SAMPLING)[:count]
    tuned = answer(tuned_model, tokenizer, prompts * 2, sampling=SAMPLING)[count:]
    same = sum(one == other for one, other in zip(mixed[count:], tuned, strict=True))
    record_property("tuned_answers_the_same", json.dumps([same, count]))
    assert mixed[:count] == base
    # The adapter computes half as many rows at once in a mixed batch: at a tie of two words the texts may part.
    assert same >= 0.75 * count
    assert base != tuned


def test_the_scores_of_a_row_do_not_depend_on_its_neighbours(tuned_model, tokenizer, prompts, record_property):
    """Alone or among others, with padding or without: the same next word, unless two words were as good as equal.

    Texts may still part at such a tie, since 16-bit sums depend on a batch's size; base and tuned share one batch.
    """
    which = [BASE] * len(prompts) + [TUNED] * len(prompts)
    mixed = next_scores(tuned_model, tokenizer, prompts * 2, which)
    alone = [next_scores(tuned_model, tokenizer, [p], [name])[0] for p, name in zip(prompts * 2, which, strict=True)]
    differences = [float((one - other).abs().max()) for one, other in zip(mixed, alone, strict=True)]
    apart = [float((mixed[at] - mixed[at + len(prompts)]).abs().max()) for at in range(len(prompts))]
    record_property("differences_and_effects_of_the_adapter", json.dumps([max(differences), min(apart)]))
    assert max(differences) < 0.1 * min(apart)
    for one, other, difference in zip(mixed, alone, differences, strict=True):
        best, second = one.topk(2).values
        assert int(one.argmax()) == int(other.argmax()) or float(best - second) <= difference


def next_scores(model, tokenizer, prompts, which) -> list:
    """For each prompt the scores of every possible next word."""
    import torch

    inputs = encode(tokenizer, prompts).to(model.device)
    # As generation does it: positions count from the first word, not from the padding.
    positions = (inputs["attention_mask"].cumsum(-1) - 1).clamp(min=0)
    with torch.no_grad():
        return list(model(**inputs, position_ids=positions, adapter_names=which).logits[:, -1].float())


def test_a_worker_writes_both_answers_of_every_row(straight, triage, work, tmp_path):
    adapter = straight[0] / "checkpoints" / "step-36"
    out = tmp_path / "answers.jsonl"
    attempt = work(
        {
            "kind": "generate",
            "job": "job-2",
            "attempt": 1,
            "dataset": str(triage),
            "model": str(STARTER),
            "model_id": "starter",
            "adapter": str(adapter),
            "adapter_sha256": checkpoints.verify(adapter).weights_sha256,
            "rows": ROWS,
            "sampling": {"max_new_tokens": 40, "temperature": 0.0, "top_p": 1.0, "seed": 7},
            "out": str(out),
        }
    )
    assert attempt.outcome.state == "done", attempt.outcome
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert sorted(line["row"] for line in lines) == ROWS
    assert sum(line["tuned"].startswith("category: ") for line in lines) >= 6
    assert any(line["base"] != line["tuned"] for line in lines)
