"""Sizes of models, from their configuration alone."""

import pytest

from studio.domain.errors import RecipeError
from studio.recipes.catalogue import catalogue
from studio.recipes.shape import shape_of
from tests.recipes.conftest import CONFIG

# What the makers state, in billions of parameters.
PUBLISHED = {
    "qwen3-0.6b": 0.596,
    "qwen3-1.7b": 1.72,
    "qwen3-4b": 4.02,
    "qwen3-8b": 8.19,
    "qwen3-14b": 14.77,
    "qwen3-32b": 32.76,
    "qwen2.5-0.5b": 0.494,
    "qwen2.5-1.5b": 1.54,
    "qwen2.5-7b": 7.62,
    "llama-3.2-1b": 1.236,
    "llama-3.2-3b": 3.213,
    "llama-3.1-8b": 8.03,
    "llama-3-8b": 8.03,
    "qwen2.5-3b": 3.09,
    "mixtral-8x7b": 46.7,
    "phi-3.5-mini": 3.82,
    "llama-3.3-70b": 70.55,
    "mistral-7b-v0.3": 7.248,
    "mistral-nemo-12b": 12.25,
    "gemma-3-270m": 0.268,
    "gemma-3-1b": 1.0,
    "phi-4": 14.66,
    "smollm2-135m": 0.1345,
    "smollm2-360m": 0.362,
    "smollm2-1.7b": 1.711,
    "smollm3-3b": 3.075,
    "olmo-2-1b": 1.485,
    "olmo-2-7b": 7.30,
    "falcon3-7b": 7.46,
    "yi-1.5-6b": 6.06,
    "yi-1.5-9b": 8.83,
}


@pytest.mark.parametrize("entry", [entry for entry in catalogue() if entry.id in PUBLISHED], ids=lambda entry: entry.id)
def test_the_shape_of_a_known_model_gives_its_published_size_within_one_percent(entry):
    assert entry.shape.parameters / 1e9 == pytest.approx(PUBLISHED[entry.id], rel=0.01)


def test_sizes_nested_under_the_text_part_are_found():
    gemma_3_4b = {
        "architectures": ["Gemma3ForConditionalGeneration"],
        "text_config": {
            "model_type": "gemma3_text", "num_hidden_layers": 34, "hidden_size": 2560, "intermediate_size": 10240,
            "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256, "vocab_size": 262208,
            "max_position_embeddings": 131072,
        },
    }  # fmt: skip
    shape = shape_of(gemma_3_4b)
    assert shape.tied_embeddings
    assert shape.parameters / 1e9 == pytest.approx(3.88, rel=0.01)


def test_missing_optional_sizes_are_what_transformers_assumes():
    llama = {**CONFIG, "architectures": ["LlamaForCausalLM"]}
    for name in ("head_dim", "num_key_value_heads", "tie_word_embeddings"):
        llama.pop(name)
    shape = shape_of(llama)
    assert (shape.head_size, shape.key_value_heads, shape.tied_embeddings) == (16, 4, False)


def test_what_config_files_leave_out_agrees_with_transformers():
    transformers = pytest.importorskip("transformers")
    assumed = {
        "Gemma3ForCausalLM": transformers.Gemma3TextConfig,
        "LlamaForCausalLM": transformers.LlamaConfig,
        "MistralForCausalLM": transformers.MistralConfig,
        "Olmo2ForCausalLM": transformers.Olmo2Config,
        "Phi3ForCausalLM": transformers.Phi3Config,
        "Qwen2ForCausalLM": transformers.Qwen2Config,
        "Qwen3ForCausalLM": transformers.Qwen3Config,
        "SmolLM3ForCausalLM": transformers.SmolLM3Config,
    }
    for architecture, kind in assumed.items():
        short = {**CONFIG, "architectures": [architecture], "hidden_size": 512, "num_attention_heads": 8}
        short.pop("tie_word_embeddings")
        short.pop("head_dim")
        config = kind(hidden_size=512, num_attention_heads=8)
        shape = shape_of(short)
        assert shape.tied_embeddings == config.tie_word_embeddings, architecture
        assert shape.head_size == (getattr(config, "head_dim", None) or 64), architecture


def test_a_count_of_parameters_equals_that_of_the_real_model():
    transformers = pytest.importorskip("transformers")
    model = transformers.Qwen3ForCausalLM(transformers.Qwen3Config(**CONFIG))
    assert shape_of(CONFIG).parameters == pytest.approx(sum(p.numel() for p in model.parameters()), rel=0.01)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"architectures": ["MambaForCausalLM"]}, "MambaForCausalLM cannot be fine-tuned here"),
        ({"architectures": None}, "kind unknown"),
        ({"num_experts": 8}, "several experts"),
        ({"architectures": ["MixtralForCausalLM"], "num_local_experts": 8}, "they are made of several experts"),
        (
            {"architectures": ["FalconH1ForCausalLM"], "mamba_d_state": 256},
            "they have state-space layers, whose memory",
        ),
        ({"architectures": ["OlmoHybridForCausalLM"], "layer_types": ["linear_attention"]}, "state-space layers"),
        ({"hidden_size": None}, "no usable hidden_size"),
        ({"num_hidden_layers": -1}, "no usable num_hidden_layers"),
        ({"vocab_size": "many"}, "no usable vocab_size"),
    ],
)
def test_a_model_of_an_unknown_kind_is_refused_in_words(change, sentence):
    with pytest.raises(RecipeError, match=sentence) as refused:
        shape_of({**CONFIG, **change})
    assert refused.value.fix
