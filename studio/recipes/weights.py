"""Weights: whether the safetensors files of a model folder are all there and whole, from their headers alone."""

import json
import math
from pathlib import Path

from studio.domain.errors import RecipeError

HEADER_BYTES = 8_000_000
INDEX = "model.safetensors.index.json"
SINGLE = "model.safetensors"
FLOATS = {"F32": 4, "F16": 2, "BF16": 2}
OTHER_FORMATS = ("*.bin", "*.pt", "*.pth", "*.gguf", "*.h5", "*.msgpack")
AGAIN = "Download the model again; an interrupted download goes on where it stopped."


def stored_parameters(folder: Path) -> int:
    """How many numbers the weight files hold; RecipeError when one is missing, cut short or not plain safetensors."""
    return sum(_parameters(path) for path in _files(folder))


def weight_bytes(folder: Path) -> int:
    """How many bytes the weight files take; RecipeError when one is missing."""
    return sum(path.stat().st_size for path in _files(folder))


def _files(folder: Path) -> list[Path]:
    if (folder / INDEX).is_file():
        return _shards(folder)
    if (folder / SINGLE).is_file():
        return [folder / SINGLE]
    others = sorted(path.name for pattern in OTHER_FORMATS for path in folder.glob(pattern))
    if others:
        raise RecipeError(
            f"The weights are in {others[0]}, not in safetensors; such files can run code when they are opened.",
            fix="Download the safetensors version of this model.",
        )
    raise RecipeError(f"{folder.name} holds no weights ({SINGLE}).", fix=AGAIN)


def shard_names(folder: Path) -> list[str]:
    """The weight files that the index of a folder names; RecipeError when one would lie elsewhere."""
    index = folder / INDEX
    if index.stat().st_size > HEADER_BYTES:
        raise RecipeError(f"{INDEX} is far too large.", fix=AGAIN)
    try:
        names = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RecipeError(f"{INDEX} cannot be read.", fix=AGAIN) from error
    for name in names:
        if not isinstance(name, str) or Path(name).name != name or not name.endswith(".safetensors"):
            raise RecipeError(f"{INDEX} points outside its folder or to another format: {name}.", fix=AGAIN)
    return names


def _shards(folder: Path) -> list[Path]:
    names = shard_names(folder)
    missing = [name for name in names if not (folder / name).is_file()]
    if missing or not names:
        named = ", ".join(missing[:3])
        raise RecipeError(f"{len(missing)} of {len(names)} weight files are missing: {named}.", fix=AGAIN)
    return [folder / name for name in names]


def _parameters(path: Path) -> int:
    """Numbers in one file: its header says where each tensor lies, its size says whether the last one is there."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > min(HEADER_BYTES, max(size - 8, 0)):
            raise RecipeError(f"{path.name} is cut short or is not a safetensors file.", fix=AGAIN)
        try:
            header = json.loads(file.read(length))
            tensors = [entry for name, entry in header.items() if name != "__metadata__"]
            end = max((entry["data_offsets"][1] for entry in tensors), default=0)
            kinds = {entry["dtype"] for entry in tensors}
            count = sum(math.prod(entry["shape"]) for entry in tensors)
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            raise RecipeError(f"{path.name} has a damaged header.", fix=AGAIN) from error
    if size != 8 + length + end:
        raise RecipeError(f"{path.name} has {size:,} bytes where {8 + length + end:,} belong.", fix=AGAIN)
    if kinds - FLOATS.keys():
        raise RecipeError(
            f"{path.name} holds compressed weights ({', '.join(sorted(kinds - FLOATS.keys()))}).",
            fix="Download the original 16-bit model; the studio makes the 4-bit version itself.",
        )
    return count
