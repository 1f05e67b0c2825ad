"""Adapters: what the settings of one may say. The studio makes all of its own, so that this is known to the word."""

import json
import re
from pathlib import Path
from typing import Any

from studio.domain.errors import RunError

SETTINGS = "adapter_config.json"
SETTINGS_BYTES = 1_000_000
# What an adapter that was trained here has. Whatever else peft reads (code of other libraries, patterns that are tried
# on every layer, layers copied many times over) must be as empty as it was written.
OURS = frozenset(
    "peft_type peft_version task_type base_model_name_or_path inference_mode target_modules r lora_alpha lora_dropout "
    "use_rslora use_dora bias init_lora_weights qalora_group_size megatron_core num_virtual_tokens token_dim "
    "num_transformer_submodules num_attention_heads num_layers encoder_hidden_size prefix_projection".split()
)
KINDS = ("LORA", "PREFIX_TUNING")
PLAIN = re.compile(r"[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*")
BASE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._ -]*(?:/[A-Za-z0-9_][A-Za-z0-9._-]*)?")  # an id of a model, or a hub's name
MAPPED = {"base_model_class", "parent_library"}
HIGHEST_RANK = 4096
LONGEST = 4096


def check_adapter(folder: Path) -> None:
    """RunError where the settings of a checkpoint's adapter are none that the studio writes."""
    try:
        with (folder / SETTINGS).open("rb") as file:
            settings = json.loads(file.read(SETTINGS_BYTES))
        odd = next((key for key, value in settings.items() if not _is_ours(key, value)), None)
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise _refusal(folder, f"{SETTINGS} cannot be read") from error
    if odd or settings.get("peft_type") not in KINDS:
        raise _refusal(folder, f"{SETTINGS}: {str(odd or 'peft_type')[:60]!r}")


def _is_ours(key: str, value: Any) -> bool:
    match key:
        case "target_modules":
            names = value if isinstance(value, list) else []
            return value is None or (
                bool(names) and all(isinstance(each, str) and PLAIN.fullmatch(each) for each in names)
            )
        case "base_model_name_or_path":
            return value is None or (isinstance(value, str) and (bool(BASE.fullmatch(value)) or _is_model(value)))
        case "auto_mapping":
            return value is None or (isinstance(value, dict) and value.keys() <= MAPPED and _is_of_transformers(value))
        case "megatron_core":
            return value in (None, "megatron.core")
        case "r":
            return isinstance(value, int) and 0 < value <= HIGHEST_RANK
    return key in OURS or not value


def _is_model(value: str) -> bool:
    """Whether it is a folder with a model; one that was trained by the script of a run names its base so."""
    return len(value) < LONGEST and Path(value).is_absolute() and (Path(value) / "config.json").is_file()


def _is_of_transformers(mapped: dict[str, Any]) -> bool:
    """Whether the class that peft writes down for an adapter without a task is one of transformers' models."""
    return all(isinstance(each, str) and PLAIN.fullmatch(each) is not None for each in mapped.values()) and str(
        mapped.get("parent_library")
    ).startswith("transformers.models.")


def _refusal(folder: Path, why: str) -> RunError:
    return RunError(
        f"The checkpoint {folder.name} was not made by this studio ({why}).",
        fix="Use another checkpoint of this run, or train again.",
    )
