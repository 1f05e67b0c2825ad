"""Rows of a batch that go on without those that have ended, with every family of models and its way of remembering."""

from pathlib import Path
from typing import Any

import pytest

from studio.domain.chat import Chat
from studio.domain.row import Message
from studio.domain.sampling import Sampling
from studio.engine.answering import write
from studio.engine.load import load_tokenizer

FAMILIES: dict[str, dict[str, Any]] = {
    "Gemma3Text": {"sliding_window": 8, "layer_types": ["sliding_attention", "full_attention"], "head_dim": 16},
    "Granite": {"attention_multiplier": 0.3},
    "Lfm2": {"layer_types": ["conv", "full_attention"]},
    "Llama": {},
    "Mistral": {"sliding_window": 8},
    "Qwen3": {"head_dim": 16},
}
ASKED = ("Hi", "My lamp is broken. Please help me soon.", "My kettle was lost.", "What is a parcel, and where is mine?")


@pytest.mark.parametrize("family", FAMILIES)
def test_a_row_says_the_same_alone_and_when_others_end_before_it(family: str, tiny_model: Path, monkeypatch):
    """Rows that may say 3, 9 or 20 words: some go on without the others, several times; what they would say alone is known in 32 bits."""
    import torch
    import transformers

    tokenizer = load_tokenizer(tiny_model)
    sizes = {
        "vocab_size": len(tokenizer), "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 256, "pad_token_id": 0,
        "eos_token_id": tokenizer.eos_token_id,
    }  # fmt: skip
    torch.manual_seed(3)
    config = getattr(transformers, f"{family}Config")(**sizes | FAMILIES[family])
    named = "Gemma3ForCausalLM" if family == "Gemma3Text" else f"{family}ForCausalLM"
    model = getattr(transformers, named)._from_config(config).eval()

    prompts = [Chat((Message("user", text),)) for text in ASKED * 3]
    keys, budgets = [str(row) for row in range(12)], [3] * 6 + [9] * 3 + [20] * 3
    hot, parts = Sampling(max_new_tokens=20, temperature=1.0), list[int]()
    whole = type(model).generate

    def counted(self: Any, **settings: Any) -> Any:
        parts.append(len(settings["input_ids"]))
        return whole(self, **settings)

    monkeypatch.setattr(type(model), "generate", counted)
    together = write(model, tokenizer, prompts, sampling=hot, keys=keys, budgets=budgets)
    assert parts == sorted(parts, reverse=True) and len(parts) > 1
    alone = [
        write(model, tokenizer, [chat], sampling=hot, keys=[key], budgets=[most])[0]
        for chat, key, most in zip(prompts, keys, budgets, strict=True)
    ]
    assert together == alone
    assert max(each.tokens for each in together) == 20
