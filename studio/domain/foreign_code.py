"""Foreign code: what in a model's settings would have a library run code that came with the model."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Keys that name code, wherever in a configuration they stand.
CODE_KEYS = frozenset(
    "auto_map auto_mapping custom_pipelines trust_remote_code custom_generate megatron_core kernel_config "
    "use_kernels".split()
)
# Ways to compute that come with torch or transformers; a library takes any other name for that of code on a hub.
WAYS = frozenset("eager sdpa flex_attention flash_attention_2 flash_attention_3 grouped_mm batched_mm".split())
# transformers writes a name for each of so many labels into memory, whatever kind of model it is.
MOST_LABELS = 10_000
CONFIGS = ("config.json", "tokenizer_config.json", "generation_config.json")


def code_asked_for(settings: Any) -> str | None:
    """The first key that names code, or a way to compute that would be downloaded; None where there is none."""
    return next((key for key, value in _all(settings) if _names_code(key, value)), None)


def too_many_labels(settings: Any) -> bool:
    """Whether a name for each label would take more memory than there is."""
    counts = (value for key, value in _all(settings) if key in ("num_labels", "id2label"))
    return any((len(value) if isinstance(value, dict) else _number(value)) > MOST_LABELS for value in counts)


def leads_away(path: Path) -> bool:
    """Whether a file of a model's folder is a link to elsewhere; a hub's own cache links to its blobs beside it."""
    if not path.is_symlink():
        return False
    home = path.parent.resolve()
    blobs = home.parent.parent / "blobs" if home.parent.name == "snapshots" else home
    try:
        return path.resolve().parent not in (home, blobs)
    except (OSError, RuntimeError):  # links that lead round in a circle
        return True


def _all(settings: Any) -> Iterator[tuple[str, Any]]:
    """Every key with its value, wherever it stands."""
    waiting = [settings]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield from value.items()
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value


def _names_code(key: str, value: Any) -> bool:
    if key.removesuffix("_internal").endswith(("attn_implementation", "experts_implementation")):
        ways = value.values() if isinstance(value, dict) else (value,)
        return any(way is not None and str(way) not in WAYS for way in ways)
    return key in CODE_KEYS and bool(value)


def _number(value: Any) -> float:
    return value if isinstance(value, int | float) else 0
