"""Real answers of a tiny model, with and without an adapter."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from studio.domain.chat import Chat, conversation
from studio.domain.event import EventKind
from studio.domain.row import Message
from studio.domain.sampling import Sampling
from studio.engine import checkpoints
from studio.engine.answering import BASE, TUNED, answer, encode
from studio.engine.generate import generate
from studio.engine.load import load_model, load_tokenizer
from studio.engine.rows import read_rows
from tests.engine.conftest import Notebook

ROWS = list(range(28, 40))
SAMPLING = {"max_new_tokens": 12, "temperature": 0.0, "top_p": 1.0, "seed": 7}


def study_spec(out: Path, dataset: Path, model: Path, adapter: Path | None, **changes: Any) -> dict[str, Any]:
    sha256 = checkpoints.verify(adapter).weights_sha256 if adapter else None
    return {
        "kind": "generate",
        "job": "job-2",
        "attempt": 1,
        "dataset": str(dataset),
        "model": str(model),
        "model_id": "tiny",
        "adapter": str(adapter) if adapter else None,
        "adapter_sha256": sha256,
        "rows": ROWS,
        "sampling": SAMPLING,
        "out": str(out),
        **changes,
    }


def lines(out: Path) -> dict[int, dict[str, Any]]:
    return {line["row"]: line for line in map(json.loads, out.read_text(encoding="utf-8").splitlines())}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path, dataset: Path, adapter: Path) -> Path:
    out = tmp_path_factory.mktemp("study") / "answers.jsonl"
    outcome = generate(study_spec(out, dataset, tiny_model, adapter), Notebook())
    assert outcome.state == "done"
    return out


def test_every_row_is_answered_twice_and_says_by_whom(written: Path, adapter: Path):
    answers = lines(written)
    assert sorted(answers) == ROWS
    assert answers[28]["identity"] == {
        "model": "tiny",
        "adapter_sha256": checkpoints.verify(adapter).weights_sha256,
        "adapter_on_base": False,
        "adapter_on_tuned": True,
    }
    assert any(line["base"] != line["tuned"] for line in answers.values())
    assert not any("<|" in line["base"] + line["tuned"] for line in answers.values())


def test_one_mixed_batch_answers_as_base_and_tuned_would_alone(written, tiny_model, dataset, adapter):
    from peft import PeftModel

    tokenizer, model = load_tokenizer(tiny_model), load_model(tiny_model, quantisation="nf4").eval()
    prompts = [Chat(row.prompt) for row in read_rows(dataset, ROWS)]
    base = answer(model, tokenizer, prompts, sampling=Sampling(**SAMPLING))
    tuned_model = PeftModel.from_pretrained(model, str(adapter), adapter_name=TUNED).eval()
    tuned = answer(tuned_model, tokenizer, prompts, sampling=Sampling(**SAMPLING))
    mixed = answer(
        tuned_model,
        tokenizer,
        prompts * 2,
        sampling=Sampling(**SAMPLING),
        adapters=[BASE] * len(prompts) + [TUNED] * len(prompts),
    )
    assert mixed == base + tuned
    assert base != tuned


def test_prompts_of_different_lengths_are_padded_on_the_left_and_hold_what_the_template_writes(tiny_model, dataset):
    tokenizer = load_tokenizer(tiny_model)
    prompts = [Chat(row.prompt) for row in read_rows(dataset, ROWS)]
    batch = encode(tokenizer, prompts)
    assert bool((batch["attention_mask"].diff(dim=1) >= 0).all())
    assert int(batch["attention_mask"].min()) == 0
    for ids, mask, prompt in zip(batch["input_ids"], batch["attention_mask"], prompts, strict=True):
        alone = tokenizer.apply_chat_template(
            conversation(prompt.messages), add_generation_prompt=True, return_dict=True
        )
        assert ids[mask.bool()].tolist() == alone["input_ids"]


def test_a_prompt_holds_the_tools_that_may_be_called(tiny_model):
    from trl.chat_template_utils import qwen3_chat_template

    tokenizer = load_tokenizer(tiny_model)
    tokenizer.chat_template = qwen3_chat_template
    batch = encode(
        tokenizer, [Chat((Message("user", "Warm?"),), '[{"name": "weather"}]'), Chat((Message("user", "Hi"),))]
    )
    with_tools, without = (tokenizer.decode(ids) for ids in batch["input_ids"])
    assert '{"name": "weather"}' in with_tools and "weather" not in without


def test_writing_goes_on_after_a_torn_line_to_the_same_answers(written, tmp_path, tiny_model, dataset, adapter):
    out = tmp_path / "answers.jsonl"
    whole = written.read_bytes().splitlines(keepends=True)
    out.write_bytes(b"".join(whole[:5]) + whole[5][:20])
    notebook = Notebook()
    outcome = generate(study_spec(out, dataset, tiny_model, adapter), notebook)
    assert outcome.result["answers"] == len(ROWS)
    assert lines(out) == lines(written)
    assert len(out.read_bytes().splitlines()) == len(ROWS)
    assert notebook.of(EventKind.PROGRESS)[-1] == {"done": 12, "total": 12, "seconds_left": 0.0}


def test_sampled_answers_are_the_same_for_the_same_seed(tmp_path, tiny_model, dataset, adapter):
    sampling = {**SAMPLING, "temperature": 1.0, "top_p": 0.95}
    outs = [tmp_path / name for name in ("a", "b", "c")]
    for out, seed in zip(outs, (1, 1, 2), strict=True):
        generate(study_spec(out, dataset, tiny_model, adapter, sampling={**sampling, "seed": seed}), Notebook())
    assert lines(outs[0]) == lines(outs[1])
    assert lines(outs[0]) != lines(outs[2])


def test_prompts_of_ones_own_are_answered_by_their_place(tmp_path, tiny_model, dataset, adapter):
    out = tmp_path / "answers.jsonl"
    prompts = [[{"role": "user", "content": text}] for text in ("My lamp is broken.", "My kettle was lost.")]
    outcome = generate(study_spec(out, dataset, tiny_model, adapter, rows=None, prompts=prompts), Notebook())
    assert outcome.result["answers"] == 2
    assert sorted(lines(out)) == [0, 1]


def test_a_model_without_an_adapter_answers_alone(tmp_path, tiny_model, dataset):
    out = tmp_path / "answers.jsonl"
    outcome = generate(study_spec(out, dataset, tiny_model, None), Notebook())
    assert outcome.state == "done"
    assert "tuned" not in lines(out)[28]


def test_a_stop_request_ends_between_two_batches(tmp_path, tiny_model, dataset, adapter):
    out = tmp_path / "answers.jsonl"
    outcome = generate(study_spec(out, dataset, tiny_model, adapter), Notebook(stop_at=2))
    assert outcome.state == "stopped"
    assert len(lines(out)) == 8


def test_a_damaged_or_foreign_adapter_answers_nothing(tmp_path, tiny_model, dataset, adapter):
    out = tmp_path / "answers.jsonl"
    foreign = generate(study_spec(out, dataset, tiny_model, adapter, adapter_sha256="0" * 64), Notebook())
    assert (foreign.state, foreign.code) == ("failed", "run")
    damaged = Path(shutil.copytree(adapter, tmp_path / "step-18"))
    spec = study_spec(out, dataset, tiny_model, damaged)
    (damaged / checkpoints.ADAPTER).write_bytes(b"")
    assert "damaged" in generate(spec, Notebook()).message
    assert not out.exists()


def test_answers_of_two_adapters_are_never_mixed(written, tmp_path, tiny_model, dataset):
    out = Path(shutil.copy(written, tmp_path / "answers.jsonl"))
    outcome = generate(study_spec(out, dataset, tiny_model, None), Notebook())
    assert (outcome.state, outcome.code) == ("failed", "study")
    assert out.read_bytes() == written.read_bytes()


def test_an_adapter_that_changes_nothing_is_called_out(tmp_path, tiny_model, dataset, adapter):
    from safetensors.torch import load_file, save_file

    idle = Path(shutil.copytree(adapter, tmp_path / "idle"))
    manifest = checkpoints.verify(idle)
    weights = {name: tensor * ("lora_A" in name) for name, tensor in load_file(idle / checkpoints.ADAPTER).items()}
    save_file(weights, idle / checkpoints.ADAPTER)
    (idle / checkpoints.MANIFEST).unlink()
    folder = checkpoints.commit(idle, tmp_path / "checkpoints", manifest)
    notebook = Notebook()
    outcome = generate(study_spec(tmp_path / "answers.jsonl", dataset, tiny_model, folder), notebook)
    assert outcome.result["identical"] == outcome.result["answers"] == len(ROWS)
    notes = [note["text"] for note in notebook.of(EventKind.NOTE)]
    assert notes[0].startswith("This adapter changes nothing")
    assert notes[1].startswith("Every fine-tuned answer is identical")
