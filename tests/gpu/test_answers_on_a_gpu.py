"""Base and fine-tuned answers from one batch on a GPU: nothing but the adapter may differ between them."""

import json
from pathlib import Path

import pytest

from studio.domain.chat import Chat
from studio.domain.row import records_of
from studio.domain.sampling import Sampling
from studio.engine import checkpoints
from studio.engine.answering import answer, encode, training_matters, write
from studio.engine.load import load_model, load_tokenizer
from studio.engine.rows import read_rows
from studio.engine.sides import BASE, TUNED, Pair
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


def test_a_worker_writes_both_answers_of_every_row_and_measures_them(straight, triage, work, tmp_path):
    adapter = straight[0] / "checkpoints" / "step-36"
    asks = [
        {
            "key": str(row.number),
            "set": "study",
            "contestant": side,
            "tuned": side == "tuned",
            "messages": records_of(row.prompt),
            "tools": "",
            "reference": records_of(row.messages[-1:]),
        }
        for row in read_rows(triage, ROWS)
        for side in ("base", "tuned")
    ]
    (tmp_path / "asks.jsonl").write_text("".join(json.dumps(ask) + "\n" for ask in asks))
    keys = [str(row) for row in ROWS]
    attempt = work(
        {
            "kind": "generate",
            "job": "job-2",
            "attempt": 1,
            "model": str(STARTER),
            "model_id": "starter",
            "adapter": str(adapter),
            "adapter_sha256": checkpoints.verify(adapter).weights_sha256,
            "sampling": {"max_new_tokens": 40, "temperature": 0.0, "top_p": 1.0, "seed": 7},
            "asks": str(tmp_path / "asks.jsonl"),
            "out": str(tmp_path / "answers.jsonl"),
            "measure": {
                "timings": keys[:2],
                "losses": keys,
                "tasks": [],
                "limit": None,
                "out": str(tmp_path / "measured.jsonl"),
            },
        }
    )
    assert attempt.outcome.state == "done", attempt.outcome
    lines = [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text(encoding="utf-8").splitlines()]
    texts = {(line["key"], line["contestant"]): line["text"] for line in lines}
    assert len(texts) == len(lines) == 2 * len(ROWS)
    assert sum(texts[key, "tuned"].startswith("category: ") for key in keys) >= 6
    assert any(texts[key, "base"] != texts[key, "tuned"] for key in keys)
    measured = [json.loads(line) for line in (tmp_path / "measured.jsonl").read_text().splitlines()]
    losses = [line for line in measured if line["kind"] == "loss"]
    assert len(losses) == len(ROWS) and sum(line["kind"] == "timing" for line in measured) == 2
    assert sum(line["tuned_nll"] for line in losses) < sum(line["base_nll"] for line in losses)


def test_a_prompt_has_the_same_luck_in_any_company_on_a_gpu(tokenizer, tuned_model, prompts):
    """Against a batch of the same size, since 16-bit sums depend on a batch's size."""
    hot, keys = Sampling(max_new_tokens=40, temperature=1.0, top_p=0.95), [str(row) for row in ROWS]
    ahead, behind = (
        write(tuned_model, tokenizer, prompts[::way], sampling=hot, keys=keys[::way], adapters=[TUNED] * len(keys))
        for way in (1, -1)
    )
    same = sum(one == other for one, other in zip(ahead, behind[::-1], strict=True))
    assert same >= 0.75 * len(keys)
    assert len({each.text for each in ahead}) > 1
