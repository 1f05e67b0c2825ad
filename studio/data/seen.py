"""Seen: one row exactly as the model sees it, from the measured tokens; needs the `tokenizers` package alone."""

import struct
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from io import SEEK_CUR
from itertools import groupby
from pathlib import Path
from typing import BinaryIO

import numpy as np
from tokenizers import Tokenizer

from studio.domain.errors import DatasetError
from studio.domain.lengths import Piece

SHOWN_TOKENS, BEYOND = 4096, 128
REPLACEMENT = "\ufffd"
LONGEST_CHARACTER = 8  # tokens that one character or one joined emoji may take before it is shown as it is


@dataclass(frozen=True, slots=True)
class Seen:
    """`pieces` is what the model sees at the cut-off, `cut` what it would lose; `cut_trained` of those it should learn.

    `total` counts the tokens of the whole row. Very long rows are shown as far as SHOWN_TOKENS; the counts are exact.
    `beyond` is a little of the text after that, so that an address in which it ends is known as one.
    """

    pieces: tuple[Piece, ...]
    cut: tuple[Piece, ...]
    total: int
    cut_tokens: int
    cut_trained: int
    beyond: str = ""


def pieces(lengths_file: Path, tokenizer_file: Path, row: int, *, cut_off: int) -> Seen:
    """The tokens of one row as readable pieces, and what a cut-off of so many tokens would strike from it."""
    with zipfile.ZipFile(lengths_file) as held, lengths_file.open("rb") as file:
        offsets = _array(held, file, "offsets")
        if not 0 <= row < len(offsets) - 1:
            raise DatasetError(f"There is no row {row}.", fix=f"Rows are numbered from 0 to {len(offsets) - 2}.")
        start, end = int(offsets[row]), int(offsets[row + 1])
        ids, mask = _array(held, file, "ids", start, end), _array(held, file, "mask", start, end)
    tokenizer = _tokenizer(tokenizer_file, tokenizer_file.stat().st_mtime_ns)
    return Seen(
        pieces=_pieces(tokenizer, ids[: min(cut_off, SHOWN_TOKENS)], mask),
        cut=_pieces(tokenizer, ids[cut_off : max(cut_off, SHOWN_TOKENS)], mask[cut_off:]),
        total=len(ids),
        cut_tokens=max(0, len(ids) - cut_off),
        cut_trained=int(mask[cut_off:].sum()),
        beyond=tokenizer.decode(ids[SHOWN_TOKENS : SHOWN_TOKENS + BEYOND].tolist(), skip_special_tokens=False),
    )


def _array(held: zipfile.ZipFile, file: BinaryIO, name: str, start: int = 0, end: int | None = None) -> np.ndarray:
    """A stretch of one array of an uncompressed .npz, without reading the rest: a row of a large dataset is small."""
    begin = held.getinfo(f"{name}.npy").header_offset
    file.seek(begin + 26)
    name_bytes, extra_bytes = struct.unpack("<HH", file.read(4))
    file.seek(begin + 30 + name_bytes + extra_bytes)
    version = np.lib.format.read_magic(file)
    reader = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = reader(file)
    end = shape[0] if end is None else end
    file.seek(start * dtype.itemsize, SEEK_CUR)
    return np.frombuffer(file.read((end - start) * dtype.itemsize), dtype=dtype)


@lru_cache(maxsize=2)
def _tokenizer(path: Path, _changed_at: int) -> Tokenizer:
    """Kept between rows: the vocabulary of a large model takes half a second to read."""
    return Tokenizer.from_file(str(path))


def _pieces(tokenizer: Tokenizer, ids: np.ndarray, mask: np.ndarray) -> tuple[Piece, ...]:
    """Tokens joined only as far as it takes to show whole characters; never across what is trained and what is not."""
    special = {number for number, token in tokenizer.get_added_tokens_decoder().items() if token.special}
    marked = [
        (number, bool(trained), number in special) for number, trained in zip(ids.tolist(), mask.tolist(), strict=False)
    ]
    made: list[Piece] = []
    before: list[int] = []
    for (trained, is_special), run in groupby(marked, key=lambda token: token[1:]):
        waiting: list[int] = []
        for number, *_ in run:
            waiting.append(number)
            text = _text_after(tokenizer, before, waiting)
            if is_special or not text.endswith(REPLACEMENT) or len(waiting) == LONGEST_CHARACTER:
                made.append(Piece(text, trained, is_special, len(waiting)))
                before, waiting = waiting, []
        if waiting:
            made.append(Piece(_text_after(tokenizer, before, waiting), trained, is_special, len(waiting)))
            before = waiting
    return tuple(made)


def _text_after(tokenizer: Tokenizer, before: list[int], ids: list[int]) -> str:
    """What `ids` add to the text: some tokenizers drop a leading space, so they are decoded after what comes before."""
    known = tokenizer.decode(before, skip_special_tokens=False)
    whole = tokenizer.decode(before + ids, skip_special_tokens=False)
    return whole.removeprefix(known) if whole.startswith(known) else tokenizer.decode(ids, skip_special_tokens=False)
