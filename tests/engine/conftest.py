"""A tiny model, made once per session, and the few parts that engine tests share."""

import gc
import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from studio.domain.event import EventKind
from studio.domain.recipe import Recipe
from studio.engine.load import import_bitsandbytes, prepare_process

import_bitsandbytes()  # before the imports of tests have it bring torch's compiler along, which takes a third of their time
TEMPLATE = (
    "{% for message in messages %}{% if message['role'] == 'assistant' %}"
    "<|im_start|>assistant\n{% generation %}{{ message['content'] }}<|im_end|>{% endgeneration %}\n"
    "{% else %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
ITEMS = ("lamp", "router", "invoice", "kettle", "screen", "parcel", "login", "heater", "chair", "printer")
FAULTS = (
    "is broken",
    "does not start",
    "arrived late",
    "makes noise",
    "was lost",
    "is too small and I want another one",
)


class Notebook:
    """A reporter that keeps a list; `stop_at` asks to stop once a progress of that many steps was reported."""

    def __init__(self, *, stop_at: int | None = None) -> None:
        self.events: list[tuple[EventKind, dict[str, Any]]] = []
        self.stop_at = stop_at

    def report(self, kind: EventKind, **data: Any) -> None:
        json.dumps(data, allow_nan=False)
        self.events.append((kind, data))

    def should_stop(self) -> bool:
        return self.stop_at is not None and len(self.of(EventKind.PROGRESS)) + 1 >= self.stop_at

    def of(self, kind: EventKind) -> list[dict[str, Any]]:
        return [data for one, data in self.events if one == kind]

    def curve(self, name: str) -> dict[int, float]:
        return {data["step"]: data[name] for data in self.of(EventKind.METRIC) if name in data}


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Layers this small gain nothing from a second thread, and lose much when other work wants the core."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module", autouse=True)
def loaded_stays() -> None:
    """Every trainer has garbage looked for: in half a million objects of libraries that stay, that is a tenth of its time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of one layer, which takes a fifth less than one of two; most of what is asked is told alike."""
    return made_model(tmp_path_factory.mktemp("tiny-model"), layers=1)


def made_model(folder: Path, *, layers: int) -> Path:
    """A random Qwen3 with a tokenizer of its own: the real architecture, too small to be clever."""
    prepare_process()
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<|pad|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([text for row in make_rows(40) for text in row], trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<|pad|>", eos_token="<|im_end|>", chat_template=TEMPLATE
    )
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    config = Qwen3Config(
        vocab_size=len(fast),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        eos_token_id=fast.eos_token_id,
        pad_token_id=fast.pad_token_id,
    )
    Qwen3ForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)
    return folder


def make_rows(count: int) -> list[tuple[str, str]]:
    """Questions and answers of very different lengths."""
    chance = random.Random(0)
    rows = []
    for number in range(count):
        item, fault = chance.choice(ITEMS), chance.choice(FAULTS)
        question = f"My {item} {fault}." + " Please help me soon." * (number % 4)
        rows.append((question, f"Item: {item}\nProblem: {fault}\nNumber: {number}"))
    return rows


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dataset")
    with (folder / "rows.jsonl").open("w", encoding="utf-8") as file:
        for number, (question, answer) in enumerate(make_rows(40)):
            messages = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
            file.write(json.dumps({"line": number + 1, "messages": messages, "extra": {}}) + "\n")
    return folder


@pytest.fixture(scope="session")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty questions whose polite answer is preferred to the rude one."""
    folder = tmp_path_factory.mktemp("pairs")
    with (folder / "rows.jsonl").open("w", encoding="utf-8") as file:
        for number in range(20):
            item, fault = ITEMS[number % 10], FAULTS[number % 6]
            asked = [{"role": "user", "content": f"My {item} {fault}."}]
            polite = [{"role": "assistant", "content": f"I am sorry about your {item}. We will help."}]
            rude = [{"role": "assistant", "content": f"So what? It is only a {item}."}]
            record = {"line": number + 1, "messages": asked + polite, "rejected": rude, "extra": {}}
            file.write(json.dumps(record) + "\n")
    return folder


RECIPE = Recipe(
    epochs=3,
    learning_rate=5e-3,
    rank=4,
    max_length=256,
    batch_size=4,
    micro_batch=2,
    dropout=0.1,
    evaluations=3,
    seed=11,
)


def train_spec(
    run: Path,
    dataset: Path,
    model: Path,
    *,
    recipe: Recipe = RECIPE,
    resume: bool = False,
    watch: Sequence[int] = (),
) -> dict[str, Any]:
    """A job as the supervisor writes it: 22 rows to train, 6 steps a pass, 18 in all, checks after 6, 12 and 18.

    Rows to `watch` are answered at every check, which takes longer than the steps between two of them.
    """
    return {
        "kind": "train",
        "job": "job-1",
        "attempt": 1,
        "run": str(run),
        "dataset": str(dataset),
        "model": str(model),
        "model_id": "tiny",
        "recipe": recipe.model_dump(),
        "train": list(range(22)),
        "validation": list(range(22, 28)),
        "watch": list(watch),
        "expected_steps": 18,
        "resume": resume,
    }


def goes_on_bit_for_bit(spec: dict[str, Any], *, stop_at: int) -> None:
    """A run that is stopped after so many steps and resumed has the losses and the weights of one that is not."""
    from studio.engine import checkpoints
    from studio.engine.train import train

    folder, last = Path(spec["run"]), f"step-{spec['expected_steps']}"
    whole, after = Notebook(), Notebook()
    train({**spec, "run": str(folder / "whole")}, whole)
    stopped = {**spec, "run": str(folder / "stopped")}
    assert train(stopped, Notebook(stop_at=stop_at)).state == "stopped"
    assert train({**stopped, "resume": True}, after).state == "done"
    for name in ("loss", "grad_norm", "validation_loss"):
        assert after.curve(name) == {step: value for step, value in whole.curve(name).items() if step > stop_at}
    one, other = (checkpoints.verify(folder / run / "checkpoints" / last) for run in ("whole", "stopped"))
    assert one.weights_sha256 == other.weights_sha256


@pytest.fixture(scope="session")
def adapter(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path, dataset: Path) -> Path:
    """A checkpoint that has learned enough to answer otherwise than its base."""
    from studio.engine.train import train

    run = tmp_path_factory.mktemp("run")
    recipe = RECIPE.model_copy(update={"learning_rate": 0.03, "evaluations": 1})
    train(train_spec(run, dataset, tiny_model, recipe=recipe), Notebook())
    return run / "checkpoints" / "step-18"
