"""Foreign code: what in a model's settings would have a library run code that came with the model."""

from typing import Any

# Keys that name code, wherever in a configuration they stand.
CODE_KEYS = frozenset({"auto_map", "custom_pipelines", "trust_remote_code", "custom_generate", "megatron_core"})
CONFIGS = ("config.json", "tokenizer_config.json", "generation_config.json")


def code_asked_for(settings: Any) -> str | None:
    """The first key that names code, or attention by a kernel that would be downloaded; None where there is none."""
    waiting = [settings]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            for key, inner in value.items():
                is_kernel = "attn_implementation" in key and "/" in str(inner)
                if (key in CODE_KEYS and inner) or is_kernel:
                    return key
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return None
