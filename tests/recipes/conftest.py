"""A small but whole model folder, and machines to plan for."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from studio.domain.machine import Gpu, Machine
from studio.domain.model import Shape
from studio.recipes.shape import shape_of

CONFIG = {
    "architectures": ["Qwen3ForCausalLM"],
    "model_type": "qwen3",
    "num_hidden_layers": 2,
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "vocab_size": 100,
    "max_position_embeddings": 512,
    "tie_word_embeddings": True,
}
TEMPLATE = "{% for m in messages %}{% generation %}{{ m.content }}{% endgeneration %}{% endfor %}"


@pytest.fixture
def model_folder(tmp_path: Path) -> Path:
    """A folder that holds all that a model needs."""
    folder = tmp_path / "small-model"
    folder.mkdir()
    write_json(folder / "config.json", CONFIG)
    write_json(folder / "tokenizer.json", {"version": "1.0"})
    write_json(folder / "tokenizer_config.json", {"chat_template": TEMPLATE})
    save_file({"weights": np.zeros(shape_of(CONFIG).parameters, dtype=np.float16)}, folder / "model.safetensors")
    return folder


@pytest.fixture
def laptop() -> Machine:
    """Two cores, no GPU."""
    return Machine(cores=2, memory=24_000_000_000, memory_free=21_000_000_000, disk_free=80_000_000_000)


@pytest.fixture
def gaming_pc() -> Machine:
    """One GPU of 24 GB."""
    gpu = Gpu("NVIDIA GeForce RTX 4090", memory=24_000_000_000, free=23_000_000_000, uuid="GPU-1")
    return Machine(cores=16, memory=64_000_000_000, memory_free=60_000_000_000, disk_free=10**12, gpus=(gpu,))


@pytest.fixture
def starter_shape() -> Shape:
    return Shape(
        architecture="Qwen3ForCausalLM",
        layers=6,
        hidden=256,
        intermediate=768,
        heads=4,
        key_value_heads=4,
        head_size=64,
        vocabulary=3072,
        context=2048,
        tied_embeddings=True,
    )


def write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")
