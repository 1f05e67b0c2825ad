"""Real answers of a tiny model, with and without an adapter."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studio.domain.chat import Chat, conversation
from studio.domain.event import EventKind
from studio.domain.row import Message, records_of
from studio.domain.sampling import Sampling
from studio.domain.thoughts import spoken
from studio.engine import checkpoints
from studio.engine.answering import Written, answer, encode, write
from studio.engine.asking import Answers, read_asks
from studio.engine.generate import generate
from studio.engine.load import load_model, load_tokenizer
from studio.engine.rows import read_rows
from studio.engine.sides import BASE, TUNED, load_sides
from tests.engine.conftest import Notebook

ROWS = list(range(28, 40))
SAMPLING = {"max_new_tokens": 12, "temperature": 0.0, "top_p": 1.0, "seed": 7}
BRIEF = {"role": "system", "content": "Answer in three lines."}
Asks = list[dict[str, Any]]


@pytest.fixture(scope="module")
def asks(dataset: Path) -> Asks:
    """Every row asked of the base, of what was trained, and of the base with instructions."""
    made = []
    for row in read_rows(dataset, ROWS):
        common = {"key": str(row.number), "set": "study", "tools": "", "reference": records_of(row.messages[-1:])}
        plain = records_of(row.prompt)
        made += [
            {**common, "contestant": "tuned", "tuned": True, "messages": plain},
            {**common, "contestant": "base", "tuned": False, "messages": plain},
            {**common, "contestant": "prompt", "tuned": False, "messages": [BRIEF, *plain]},
        ]
    return made


@pytest.fixture
def spec(tmp_path: Path, tiny_model: Path, adapter: Path, asks: Asks) -> Callable[..., dict[str, Any]]:
    """A job as the flow hands it over."""

    def made(*, asks: Asks = asks, adapter: Path | None = adapter, **changes: Any) -> dict[str, Any]:
        return spec_for(tmp_path, tiny_model, adapter, asks) | changes

    return made


def spec_for(folder: Path, model: Path, adapter: Path | None, asks: Asks) -> dict[str, Any]:
    (folder / "asks.jsonl").write_text("".join(json.dumps(ask) + "\n" for ask in asks))
    return {
        "model": str(model),
        "model_id": "tiny",
        "adapter": str(adapter) if adapter else None,
        "adapter_sha256": checkpoints.verify(adapter).weights_sha256 if adapter else None,
        "sampling": SAMPLING,
        "asks": str(folder / "asks.jsonl"),
        "out": str(folder / "answers.jsonl"),
        "measure": None,
    }


def lines(out: Path | str) -> dict[tuple[str, str], dict[str, Any]]:
    found = [json.loads(line) for line in Path(out).read_text(encoding="utf-8").splitlines()]
    by_prompt = {(line["key"], line["contestant"]): line for line in found}
    assert len(by_prompt) == len(found), "an answer was written twice"
    return by_prompt


def texts(out: Path | str, contestant: str) -> list[str]:
    return [line["text"] for (_, who), line in sorted(lines(out).items()) if who == contestant]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path, adapter: Path, asks: Asks) -> Path:
    folder = tmp_path_factory.mktemp("study")
    outcome = generate(spec_for(folder, tiny_model, adapter, asks), Notebook())
    assert outcome.state == "done"
    assert outcome.result.keys() == {"answers", "identical", "compared", "unfinished", "thought", "seconds"}
    assert (outcome.result["answers"], outcome.result["compared"]) == (36, 12)
    for who, counts in outcome.result["unfinished"].items():
        said = [line for (_, of), line in lines(folder / "answers.jsonl").items() if of == who]
        cut, empty = sum(line["cut"] for line in said), sum(not line["text"] for line in said)
        assert counts == {"cut": cut, "empty": empty, "of": 12} and cut + empty
    assert outcome.result["unfinished"], "a model this small does not always come to an end"
    return folder / "answers.jsonl"


def test_every_prompt_is_answered_by_every_contestant_and_says_by_whom(written: Path, adapter: Path):
    answers = lines(written)
    assert sorted(answers) == sorted((str(row), who) for row in ROWS for who in ("base", "prompt", "tuned"))
    sha256 = checkpoints.verify(adapter).weights_sha256
    for (_, who), line in answers.items():
        assert line["identity"] == {"model": "tiny", "adapter_sha256": sha256, "adapter_on": who == "tuned"}
        assert line["set"] == "study" and "<|" not in line["text"]
    assert texts(written, "base") != texts(written, "tuned")


def test_an_answer_says_how_long_it_is_and_whether_it_came_to_its_end(written: Path, tiny_model: Path):
    tokenizer, answers = load_tokenizer(tiny_model), lines(written).values()
    assert all(line["tokens"] == SAMPLING["max_new_tokens"] for line in answers if line["cut"])
    whole = [line for line in answers if not line["cut"]]
    for line in whole:
        said = line.get("written", line["text"])
        assert line["tokens"] == 1 + len(tokenizer(said, add_special_tokens=False)["input_ids"])


def test_one_mixed_batch_answers_as_each_contestant_would_alone(written, tiny_model, asks, adapter):
    from peft import PeftModel

    tokenizer, model = load_tokenizer(tiny_model), load_model(tiny_model, quantisation="nf4").eval()

    def prompts(contestant: str) -> list[Chat]:
        chosen = [ask for ask in asks if ask["contestant"] == contestant]
        return [Chat(tuple(Message(**message) for message in ask["messages"])) for ask in chosen]

    def alone(contestant: str) -> list[str]:
        return [spoken(said) for said in answer(model, tokenizer, prompts(contestant), sampling=Sampling(**SAMPLING))]

    assert texts(written, "base") == alone("base")
    assert texts(written, "prompt") == alone("prompt")
    model = PeftModel.from_pretrained(model, str(adapter), adapter_name=TUNED).eval()
    assert texts(written, "tuned") == alone("tuned")


def test_rows_that_go_on_when_others_have_ended_keep_their_own_adapter(tiny_model, adapter, asks):
    """Two of three rows may only say a word: the others are divided from them in the middle of what they say."""
    sides = load_sides(tiny_model, trained=adapter, manifest=checkpoints.verify(adapter))
    tokenizer, some = load_tokenizer(tiny_model), asks[:12]
    assert sides.can_mix

    def said(some: Asks, budgets: list[int]) -> list[Written]:
        prompts = [Chat(tuple(Message(**message) for message in ask["messages"])) for ask in some]
        adapters = [TUNED if ask["tuned"] else BASE for ask in some]
        with sides.side(on=True) as model:
            return write(model, tokenizer, prompts, sampling=Sampling(24), budgets=budgets, adapters=adapters)

    together = said(some, [1 + 23 * (place % 4 == 0) for place in range(12)])
    assert together[::4] == said(some[::4], [24] * 3)
    assert {each.tokens for each in together[1::4]} == {1} and max(each.tokens for each in together) > 12


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


@pytest.mark.parametrize(
    ("name", "ends"),
    [
        ("qwen3", "<think>\n\n</think>\n\n"),
        ("qwen3_5_think", "<think>\n\n</think>\n\n"),
        ("qwen3_instruct_2507", "assistant\n"),
        ("gemma4", "model\n"),
        ("glm4moe", "<|assistant|>"),  # answers that it writes do not go on from where it is told not to think
    ],
)
def test_a_model_is_asked_where_its_answers_begin_as_they_were_learned(tiny_model, name: str, ends: str):
    """A base that thinks aloud beside a fine-tuned model that never learned to could be told at a glance."""
    import trl

    tokenizer = load_tokenizer(tiny_model)
    tokenizer.chat_template = (Path(trl.__file__).parent / "chat_templates" / f"{name}.jinja").read_text()
    (asked,) = encode(tokenizer, [Chat((Message("user", "Hello?"),))])["input_ids"]
    learned = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "Hi."}], tokenize=False
    )
    prompt = tokenizer.decode(asked)
    assert prompt.endswith(ends) and learned.startswith(prompt)


def test_what_a_model_thinks_aloud_is_kept_and_is_no_part_of_its_answer(tmp_path: Path, asks: Asks):
    kept, ask = Answers(tmp_path / "answers.jsonl", {"model": "tiny"}), read_asks(_written_asks(tmp_path, asks[:1]))[0]
    line = kept.line(ask, Written("<think>\nHm.\n</think>\n\nYes.", 9, cut=False))
    assert (line["text"], line["written"]) == ("Yes.", "<think>\nHm.\n</think>\n\nYes.")
    assert "written" not in kept.line(ask, Written("Yes.", 2, cut=False))


def _written_asks(folder: Path, asks: Asks) -> Path:
    path = folder / "asks.jsonl"
    path.write_text("".join(json.dumps(ask) + "\n" for ask in asks))
    return path


def test_a_prompt_holds_the_tools_that_may_be_called(tiny_model):
    from trl.chat_template_utils import qwen3_chat_template

    tokenizer = load_tokenizer(tiny_model)
    tokenizer.chat_template = qwen3_chat_template
    batch = encode(
        tokenizer, [Chat((Message("user", "Warm?"),), '[{"name": "weather"}]'), Chat((Message("user", "Hi"),))]
    )
    with_tools, without = (tokenizer.decode(ids) for ids in batch["input_ids"])
    assert '{"name": "weather"}' in with_tools and "weather" not in without


def test_writing_goes_on_after_a_torn_line_to_the_same_answers(written, spec):
    job = spec()
    whole = written.read_bytes().splitlines(keepends=True)
    Path(job["out"]).write_bytes(b"".join(whole[:5]) + whole[5][:20])
    notebook = Notebook()
    outcome = generate(job, notebook)
    assert outcome.result["answers"] == 36
    assert lines(job["out"]) == lines(written)
    assert notebook.of(EventKind.PROGRESS)[-1] == {"done": 36, "total": 36, "seconds_left": 0.0}


def test_sampled_answers_are_the_same_for_the_same_seed_and_in_any_company(spec, asks):
    hot = {**SAMPLING, "temperature": 1.0, "top_p": 0.95}
    some = [ask for ask in asks if int(ask["key"]) % 2 and ask["contestant"] != "prompt"]
    found = []
    for asked, seed in ((asks, 1), (some, 1), (some, 2)):
        job = spec(asks=asked, sampling={**hot, "seed": seed})
        Path(job["out"]).unlink(missing_ok=True)
        generate(job, Notebook())
        found.append({key: line["text"] for key, line in lines(job["out"]).items()})
    assert found[1] == {key: text for key, text in found[0].items() if key in found[1]}
    assert found[1] != found[2]


def test_a_model_without_an_adapter_answers_alone_and_for_nobody_else(spec, asks):
    outcome = generate(spec(adapter=None, asks=[ask for ask in asks if not ask["tuned"]]), Notebook())
    assert (outcome.state, outcome.result["compared"]) == ("done", 0)
    refused = generate(spec(adapter=None, out=spec()["out"] + ".other"), Notebook())
    assert (refused.state, refused.code) == ("failed", "study")


def test_a_stop_request_ends_between_two_batches(spec):
    job = spec()
    outcome = generate(job, Notebook(stop_at=2))
    assert outcome.state == "stopped"
    assert 0 < len(lines(job["out"])) < 36


def test_a_damaged_or_foreign_adapter_answers_nothing(spec, tmp_path, adapter):
    job = spec(adapter_sha256="0" * 64)
    foreign = generate(job, Notebook())
    assert (foreign.state, foreign.code) == ("failed", "run")
    damaged = Path(shutil.copytree(adapter, tmp_path / "step-18"))
    job = spec(adapter=damaged)
    (damaged / checkpoints.ADAPTER).write_bytes(b"")
    assert "damaged" in generate(job, Notebook()).message
    assert not Path(job["out"]).exists()


def test_answers_of_two_adapters_are_never_mixed(written, spec, asks):
    job = spec(adapter=None, asks=[ask for ask in asks if not ask["tuned"]])
    shutil.copy(written, job["out"])
    outcome = generate(job, Notebook())
    assert (outcome.state, outcome.code) == ("failed", "study")
    assert Path(job["out"]).read_bytes() == written.read_bytes()


def test_a_prompt_that_the_model_cannot_hold_is_refused_by_the_name_of_who_is_asked(spec, asks):
    long = {**asks[0], "key": "long", "contestant": "few_shot", "tuned": False}
    long["messages"] = [{"role": "user", "content": "My lamp is broken. " * 200}]
    job = spec(asks=[*asks, long])
    outcome = generate(job, Notebook())
    assert (outcome.state, outcome.code) == ("failed", "study")
    assert "few_shot" in outcome.message and "512" in outcome.message
    assert not Path(job["out"]).exists()


def test_where_memory_runs_out_half_as_many_are_answered_at_once_and_all_the_same(written, spec, monkeypatch):
    import torch

    from studio.engine import asking

    whole = asking.write

    def in_little_memory(model, tokenizer, prompts, **settings):
        if len(prompts) > 8:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return whole(model, tokenizer, prompts, **settings)

    monkeypatch.setattr(asking, "write", in_little_memory)
    job, notebook = spec(), Notebook()
    assert generate(job, notebook).state == "done"
    assert {key: line["text"] for key, line in lines(job["out"]).items()} == {
        key: line["text"] for key, line in lines(written).items()
    }
    notes = [note["text"] for note in notebook.of(EventKind.NOTE)]
    assert len(notes) == 2 and "at most 16" in notes[0] and "at most 8" in notes[1]


def test_an_adapter_that_changes_nothing_is_called_out_and_has_the_luck_of_the_base(spec, tmp_path, adapter, asks):
    from safetensors.torch import load_file, save_file

    idle = Path(shutil.copytree(adapter, tmp_path / "idle"))
    manifest = checkpoints.verify(idle)
    weights = {name: tensor * ("lora_A" in name) for name, tensor in load_file(idle / checkpoints.ADAPTER).items()}
    save_file(weights, idle / checkpoints.ADAPTER)
    (idle / checkpoints.MANIFEST).unlink()
    folder = checkpoints.commit(idle, tmp_path / "checkpoints", manifest)
    job, notebook = spec(adapter=folder, sampling={**SAMPLING, "temperature": 1.0}), Notebook()
    outcome = generate(job, notebook)
    assert outcome.result["identical"] == outcome.result["compared"] == len(ROWS)
    assert len(set(texts(job["out"], "tuned"))) > 6
    notes = [note["text"] for note in notebook.of(EventKind.NOTE)]
    assert notes[0].startswith("This adapter changes nothing")
    assert notes[1].startswith("Every fine-tuned answer is identical")


def test_a_base_that_is_not_the_frozen_one_answers_nothing(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_text("other weights")
    spec = {
        "model": str(tmp_path),
        "model_id": "mine",
        "out": str(tmp_path / "answers.jsonl"),
        "base_sha256": "00" * 32,
    }
    outcome = generate(spec, Notebook())
    assert outcome.state == "failed" and "not those that this comparison was frozen with" in outcome.message
    assert outcome.fix and not (tmp_path / "answers.jsonl").exists()
