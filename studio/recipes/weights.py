"""Weights: whether the safetensors files of a model folder are all there and whole, from their headers alone."""

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.domain.errors import RecipeError
from studio.recipes.settings import read_settings, settings_in, shown

HEADER_BYTES = 8_000_000
MOST_TENSORS, MOST_DIMENSIONS = 20_000, 8
LARGEST = 2**48  # bytes of a file, or numbers along one side of a tensor
SHARD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_. -]{0,200}\.safetensors")
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
    try:
        names = sorted(set(read_settings(folder / INDEX, most=HEADER_BYTES)["weight_map"].values()))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RecipeError(f"{INDEX} cannot be read.", fix=AGAIN) from error
    for name in names:
        if not isinstance(name, str) or not SHARD.fullmatch(name):
            raise RecipeError(f"{INDEX} points outside its folder or to another format: {shown(name)}.", fix=AGAIN)
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
            tensors = _tensors(settings_in(file.read(length)))
        except (ValueError, KeyError, TypeError) as error:
            raise RecipeError(f"{path.name} has a damaged header.", fix=AGAIN) from error
    end = max((tensor.end for tensor in tensors), default=0)
    if size != 8 + length + end:
        raise RecipeError(f"{path.name} has {size:,} bytes where {8 + length + end:,} belong.", fix=AGAIN)
    odd = sorted({tensor.kind for tensor in tensors} - FLOATS.keys())
    if odd:
        raise RecipeError(
            f"{path.name} holds compressed weights ({shown(', '.join(odd))}).",
            fix="Download the original 16-bit model; the studio makes the 4-bit version itself.",
        )
    if not _lie_end_to_end(tensors):
        raise RecipeError(f"The tensors of {path.name} do not lie end to end.", fix=AGAIN)
    return sum(tensor.count for tensor in tensors)


@dataclass(frozen=True, slots=True)
class _Tensor:
    """Where a tensor lies in its file, from the end of the header on, and what it holds."""

    start: int
    end: int
    kind: str
    count: int


def _tensors(header: dict[str, Any]) -> list[_Tensor]:
    """ValueError, KeyError or TypeError where the header does not say it."""
    found = [entry for name, entry in header.items() if name != "__metadata__"]
    if len(found) > MOST_TENSORS:
        raise ValueError("too many tensors")
    return [_tensor(entry["dtype"], entry["shape"], entry["data_offsets"]) for entry in found]


def _tensor(kind: Any, shape: Any, offsets: Any) -> _Tensor:
    if not isinstance(kind, str) or not isinstance(shape, list) or len(shape) > MOST_DIMENSIONS:
        raise TypeError("no tensor")
    start, end = offsets
    if any(type(number) is not int or not 0 <= number <= LARGEST for number in (start, end, *shape)):
        raise ValueError("not a size")
    return _Tensor(start, end, kind, math.prod(shape))


def _lie_end_to_end(tensors: list[_Tensor]) -> bool:
    """Whether each begins where another ends and takes what its shape says, as the format demands."""
    place = 0
    for tensor in sorted(tensors, key=lambda tensor: (tensor.start, tensor.end)):
        if tensor.start != place or tensor.end - place != tensor.count * FLOATS[tensor.kind]:
            return False
        place = tensor.end
    return True
