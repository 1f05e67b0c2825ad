"""Converting: run llama.cpp's converter, and name it the way in which a tokenizer splits text where it cannot.

python -m studio.engine.converting CONVERTER FOLDER …

The converter knows a way of splitting by the tokens that one text becomes, so only in vocabularies that it has seen.
Where tokenizer.json says the same way, word for word, as a model that it knows, that model's way is named to it.
"""

import json
import runpy  # noqa: TID251  llama.cpp's own converter, which the user has installed
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

BYTES = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True}
DIGITS = {"type": "Digits", "individual_digits": True}
# llama.cpp's name of each way of splitting (src/llama-vocab.cpp).
WAYS: dict[str, list[dict[str, Any]]] = {"gpt-2": [BYTES], "smollm": [DIGITS, BYTES]}


def main(arguments: Sequence[str]) -> None:
    """Become the converter."""
    converter, folder = Path(arguments[0]), Path(arguments[1])
    sys.path.insert(0, str(converter.parent))
    sys.argv = [*arguments]
    if way := way_of(folder / "tokenizer.json"):
        _name(way)
    runpy.run_path(str(converter), run_name="__main__")


def way_of(tokenizer: Path) -> str:
    """llama.cpp's name of the way in which a tokenizer splits text; empty for any that is not one of the plain ones."""
    if not tokenizer.is_file():
        return ""
    says = json.loads(tokenizer.read_bytes())
    splits = says["pre_tokenizer"] or {}
    parts = splits.get("pretokenizers", [splits])
    if says["model"].get("type") != "BPE" or says["normalizer"] is not None:
        return ""
    told = [{name: value for name, value in part.items() if name != "trim_offsets"} for part in parts]
    return next((name for name, way in WAYS.items() if way == told), "")


def _name(way: str) -> None:
    """Answer with `way` where the converter would give up; what it knows itself stays."""
    try:
        text_model: Any = import_module("conversion.base").TextModel
    except ImportError:
        return  # a converter from before 2026: it tells by itself what it does not know
    known = text_model.get_vocab_base_pre

    def named(model: Any, tokenizer: Any) -> str:
        try:
            return known(model, tokenizer)
        except NotImplementedError:
            return way

    text_model.get_vocab_base_pre = named


if __name__ == "__main__":
    main(sys.argv[1:])
