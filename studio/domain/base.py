"""Base: the fingerprint of a base model: all of its files that have a say in its answers."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from studio.domain.intact import sha256_of

FILES = ("*.safetensors", "*.json", "*.jinja", "*.model", "*.txt")  # weights, configuration, tokenizer, template
LEARNED_BY = ("config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja")
NOT_OF_IT = ("download.json",)  # what the studio notes of its coming here


def base_files(folder: Path) -> list[Path]:
    """The files that make a base what it is, by name."""
    found = {path for pattern in FILES for path in folder.glob(pattern) if path.name not in NOT_OF_IT}
    return sorted(path for path in found if path.is_file())


def base_fingerprint(folder: Path, proven: Mapping[str, str] | None = None) -> str:
    """SHA-256 over the names and hashes of its files; those that are `proven` by name are not read again."""
    known = proven or {}
    told = [[path.name, known.get(path.name) or sha256_of(path)] for path in base_files(folder)]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def base_outline(folder: Path) -> str:
    """What a run that goes on must find as it was, told quickly, in 16 hex digits: the files by which rows become
    tokens, and how large the weights are."""
    told = [[name, sha256_of(folder / name)] for name in LEARNED_BY if (folder / name).is_file()]
    sizes = [[path.name, path.stat().st_size] for path in sorted(folder.glob("*.safetensors"))]
    return hashlib.sha256(json.dumps([told, sizes]).encode()).hexdigest()[:16]
