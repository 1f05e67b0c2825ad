"""Counting: how many tokens texts are, with a model's own tokenizer; needs the `tokenizers` package alone."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from tokenizers import Tokenizer


def tokens_of(folder: Path, texts: Sequence[str]) -> list[int]:
    """The tokens of each text, without what a chat template puts around it; 0 for all where the tokenizer is of an
    older kind, which only the worker can read."""
    path = folder / "tokenizer.json"
    if not path.is_file():
        return [0 for _ in texts]
    found = _tokenizer(path, path.stat().st_mtime_ns).encode_batch(list(texts), add_special_tokens=False)
    return [len(each.ids) for each in found]


@lru_cache(maxsize=2)
def _tokenizer(path: Path, _changed_at: int) -> Tokenizer:
    made = Tokenizer.from_file(str(path))
    made.no_truncation()
    made.no_padding()
    return made
