"""Shape: the sizes of a model, read from its config.json without loading anything."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from studio.domain.errors import RecipeError
from studio.domain.model import Shape
from studio.recipes.settings import read_settings, shown

CONFIG_BYTES = 1_000_000
LARGEST_SIZE = 10**9

# Text models whose code is part of transformers: stacks of attention and one gated feed-forward of three matrices.
# The value is what transformers assumes when config.json leaves `tie_word_embeddings` out.
ARCHITECTURES = {
    "Gemma3ForCausalLM": True,
    "GraniteForCausalLM": False,
    "LlamaForCausalLM": False,
    "MistralForCausalLM": False,
    "Olmo2ForCausalLM": False,
    "Olmo3ForCausalLM": False,
    "Phi3ForCausalLM": False,
    "Qwen2ForCausalLM": False,
    "Qwen3ForCausalLM": False,
    "SmolLM3ForCausalLM": True,
}
# What two families assume for one head when config.json leaves `head_dim` out; the others divide width by heads.
HEAD_SIZES = {"Gemma3ForCausalLM": 256, "Qwen3ForCausalLM": 128}
TEXT_PARTS = {"gemma3_text": "Gemma3ForCausalLM", "llama": "LlamaForCausalLM", "mistral": "MistralForCausalLM"}
EXPERTS = ("num_experts", "num_local_experts", "n_routed_experts")
STATE_SPACE = ("mamba", "ssm", "linear_attention")  # what layers that are no attention are called
PICK_ANOTHER = "Pick a text model such as Qwen3, Llama 3, Mistral, Gemma 3 1B, Phi-4, SmolLM or OLMo."


def shape_of_folder(folder: Path) -> Shape:
    """The shape of the model in `folder`; RecipeError when its config.json is missing, broken or of an unknown kind."""
    return shape_of(read_config(folder))


def read_config(folder: Path) -> dict[str, Any]:
    """The config.json of a model folder as plain values."""
    path = folder / "config.json"
    if not path.is_file():
        raise RecipeError(f"{folder.name} holds no config.json.", fix="Pick the folder that holds config.json itself.")
    try:
        return read_settings(path, most=CONFIG_BYTES)
    except ValueError as error:
        raise RecipeError("config.json is not a model's configuration.", fix="Download the model again.") from error


def shape_of(config: Mapping[str, Any]) -> Shape:
    """The shape that a configuration describes, its text part where sizes are nested; RecipeError for unknown ones."""
    architecture, sizes = _text_part(config)
    if any(sizes.get(name) for name in EXPERTS):
        raise RecipeError("Models made of several experts cannot be fine-tuned here yet.", fix=PICK_ANOTHER)
    hidden, heads = _size(sizes, "hidden_size"), _size(sizes, "num_attention_heads")
    head_size = HEAD_SIZES.get(architecture) or max(hidden // heads, 1)
    tied = sizes.get("tie_word_embeddings", config.get("tie_word_embeddings"))
    return Shape(
        architecture=architecture,
        layers=_size(sizes, "num_hidden_layers"),
        hidden=hidden,
        intermediate=_size(sizes, "intermediate_size"),
        heads=heads,
        key_value_heads=_size(sizes, "num_key_value_heads", default=heads),
        head_size=_size(sizes, "head_dim", default=head_size),
        vocabulary=_size(sizes, "vocab_size"),
        context=_size(sizes, "max_position_embeddings"),
        tied_embeddings=ARCHITECTURES[architecture] if tied is None else bool(tied),
    )


def _text_part(config: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    nested = config.get("text_config")
    if isinstance(nested, dict):
        architecture, sizes = TEXT_PARTS.get(str(nested.get("model_type")), ""), nested
    else:
        named = config.get("architectures")
        architecture, sizes = (str(named[0]) if isinstance(named, list) and named else ""), config
    if architecture not in ARCHITECTURES:
        named = nested.get("model_type") if isinstance(nested, dict) else architecture
        said = f"Models of the kind {shown(named) or 'unknown'} cannot be fine-tuned here{_why_not(sizes)}."
        raise RecipeError(said, fix=PICK_ANOTHER)
    return architecture, sizes


def _why_not(sizes: Mapping[str, Any]) -> str:
    """What of a model that is not known stands in the way, where its configuration tells."""
    layers = sizes.get("layer_types") or sizes.get("layers_block_type") or ()
    if any(name.startswith(STATE_SPACE) for name in (*sizes, *map(str, layers if isinstance(layers, list) else ()))):
        return ": they have state-space layers, whose memory and time cannot be planned yet"
    if any(sizes.get(name) for name in EXPERTS):
        return ": they are made of several experts"
    return ""


def _size(sizes: Mapping[str, Any], name: str, *, default: int | None = None) -> int:
    value = sizes.get(name)
    value = default if value is None else value
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= LARGEST_SIZE:
        raise RecipeError(f"config.json gives no usable {name}.", fix="Download the model again.")
    return value
