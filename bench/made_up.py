"""Models of real shapes with random weights, made in seconds, and rows of an exact number of tokens.

Speed and memory do not depend on what weights say, only on their shapes; nothing is downloaded and nothing is learned.
"""

import json
import os
import random
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from studio.domain.row import Message, Row

STARTER = Path(__file__).parents[1] / "assets" / "starter"
BLOCK = 1 << 24  # random values, used again and again
WORDS = "the and of to in is that for it with as was on be at by this have from or an are not but they you all".split()
ANSWER_SHARE = 0.75

QWEN3 = {
    "architectures": ["Qwen3ForCausalLM"],
    "model_type": "qwen3",
    "dtype": "bfloat16",
    "head_dim": 128,
    "hidden_act": "silu",
    "max_position_embeddings": 40960,
    "num_key_value_heads": 8,
    "rms_norm_eps": 1e-6,
    "rope_parameters": {"rope_theta": 1_000_000.0, "rope_type": "default"},
    "vocab_size": 151936,
    "eos_token_id": 2,
    "pad_token_id": 0,
}
# As their makers publish them.
SIZES: dict[str, dict[str, Any]] = {
    "qwen3-0.6b": {"hidden_size": 1024, "intermediate_size": 3072, "num_hidden_layers": 28, "num_attention_heads": 16},
    "qwen3-1.7b": {"hidden_size": 2048, "intermediate_size": 6144, "num_hidden_layers": 28, "num_attention_heads": 16},
    "qwen3-4b": {"hidden_size": 2560, "intermediate_size": 9728, "num_hidden_layers": 36, "num_attention_heads": 32},
    "qwen3-8b": {"hidden_size": 4096, "intermediate_size": 12288, "num_hidden_layers": 36, "num_attention_heads": 32},
    # Proves the bench itself, where there is no GPU.
    "tiny": {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4},
}


def config_of(name: str) -> dict[str, Any]:
    """The config.json of a size."""
    own = {"num_key_value_heads": 2, "head_dim": 16, "vocab_size": 4096} if name == "tiny" else {}
    return {**QWEN3, **SIZES[name], **own, "tie_word_embeddings": name != "qwen3-8b"}


def make_model(folder: Path, name: str) -> Path:
    """A model folder of that size: random weights, and the starter's tokenizer with ids below the vocabulary's end."""
    folder.mkdir(parents=True, exist_ok=True)
    if name == "starter":
        return STARTER
    config = config_of(name)
    (folder / "config.json").write_text(json.dumps(config, indent=1))
    for tokenizer in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "generation_config.json"):
        shutil.copy(STARTER / tokenizer, folder)
    _write_weights(folder / "model.safetensors", config)
    return folder


def room_for_models() -> Path:
    """A folder in main memory where there is one with room, else the usual temporary one."""
    memory = Path("/dev/shm")
    return memory if memory.is_dir() and shutil.disk_usage(memory).free > 24e9 else Path("/tmp")


def rows_of(tokenizer: Any, count: int, *, length: int, seed: int = 7) -> list[Row]:
    """Rows of exactly `length` tokens each as the chat template writes them, three quarters of them answer."""
    chance = random.Random(seed)
    words = [word for word in WORDS if len(tokenizer.encode(f" {word}", add_special_tokens=False)) == 1]
    frame = _tokens(tokenizer, _row(0, [words[0]], [words[0]])) - 2
    told = max(1, round((length - frame) * ANSWER_SHARE))
    asked = length - frame - told
    rows = [_row(n, chance.choices(words, k=asked), chance.choices(words, k=told)) for n in range(count)]
    wrong = {_tokens(tokenizer, row) for row in rows[:2]} - {length}
    if wrong:
        raise SystemExit(f"Rows of {length} tokens were asked for and came out at {wrong}.")
    return rows


def _row(number: int, question: Sequence[str], answer: Sequence[str]) -> Row:
    # A word at the start of a line has no space before it and may be another token, so the first is the same for all.
    asked, told = " ".join(["", *question]), " ".join(["", *answer])
    return Row(number=number, line=number + 1, messages=(Message("user", asked), Message("assistant", told)))


def _tokens(tokenizer: Any, row: Row) -> int:
    messages = [{"role": message.role, "content": message.content} for message in row.messages]
    return len(tokenizer.encode(tokenizer.apply_chat_template(messages, tokenize=False), add_special_tokens=False))


def _write_weights(path: Path, config: dict[str, Any]) -> None:
    """A safetensors file written by hand: its header, then random bytes in place from several threads."""
    import torch
    from transformers import Qwen3Config, Qwen3ForCausalLM

    with torch.device("meta"):
        tensors = Qwen3ForCausalLM(Qwen3Config(**config)).state_dict()
    if config["tie_word_embeddings"]:
        tensors.pop("lm_head.weight", None)
    places, at = {}, 0
    for name, tensor in tensors.items():
        places[name] = (at, at + 2 * tensor.numel())
        at += 2 * tensor.numel()
    header = {
        name: {"dtype": "BF16", "shape": list(tensors[name].shape), "data_offsets": list(place)}
        for name, place in places.items()
    }
    text = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    text += b" " * (-len(text) % 8)
    torch.manual_seed(0)
    noise = (torch.randn(BLOCK) * 0.02).bfloat16().view(torch.int16).numpy().tobytes()
    ones = torch.ones(1, dtype=torch.bfloat16).view(torch.int16).numpy().tobytes()
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        start = file.tell()
        file.truncate(start + at)

    def fill(name: str) -> None:
        first, end = places[name]
        handle = os.open(path, os.O_WRONLY)
        for begin in range(first, end, len(noise)):
            size = min(len(noise), end - begin)
            os.pwrite(handle, ones * (size // 2) if tensors[name].ndim == 1 else noise[:size], start + begin)
        os.close(handle)

    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(fill, places))
