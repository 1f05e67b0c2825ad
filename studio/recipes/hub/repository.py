"""Repository: the files of one commit on a hub, and which of them a model needs. Nothing else is ever fetched."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from studio.domain.errors import RecipeError
from studio.recipes.weights import INDEX, OTHER_FORMATS, SINGLE

COMMIT = re.compile(r"[0-9a-f]{40}")
SHA256 = re.compile(r"[0-9a-f]{64}")
NEEDED = ("config.json", "tokenizer.json", "tokenizer_config.json")
SETTINGS = frozenset(
    (*NEEDED, "generation_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt",
     "tokenizer.model", "chat_template.jinja")
)  # fmt: skip
PAPERS = re.compile(r"(README|LICEN[CS]E|NOTICE|USE_POLICY|COPYING)([._-][A-Za-z0-9._-]{1,40})?", re.IGNORECASE)
SHARD = re.compile(r"model-\d{5}-of-\d{5}\.safetensors")
SETTINGS_BYTES = 200_000_000
WEIGHT_BYTES = 50_000_000_000  # above this, hubs do not serve a file by plain HTTP
HIDDEN = re.compile(r"[\x00-\x1f\x7f\\]")
CHANGED = "Ask its maker, or use another copy of the model."


@dataclass(frozen=True, slots=True)
class File:
    """One file with what proves it: the SHA-256 of its content, or for small ones the name that git gives it."""

    name: str
    size: int
    sha256: str = ""
    git: str = ""


@dataclass(frozen=True, slots=True)
class Repository:
    """What is fetched of one commit: settings, tokenizer and papers first, to be checked before the weights."""

    revision: str
    small: tuple[File, ...]
    weights: tuple[File, ...]
    licence: str = ""

    @property
    def files(self) -> tuple[File, ...]:
        return (*self.small, *self.weights)

    @property
    def bytes(self) -> int:
        return sum(file.size for file in self.files)


def repository(told: Any) -> Repository:
    """What the hub tells of a commit, held to what can be fetched and verified; RecipeError if that is no model."""
    if (
        not isinstance(told, dict)
        or not COMMIT.fullmatch(str(told.get("sha")))
        or not isinstance(told.get("siblings"), list)
    ):
        raise RecipeError("The hub's answer is not that of a model hub.", fix="Check HF_ENDPOINT.")
    names = [str(each.get("rfilename")) for each in told["siblings"] if isinstance(each, dict)]
    _refuse_paths(names)
    listed = {str(each.get("rfilename")): each for each in told["siblings"] if isinstance(each, dict)}
    _refuse_what_is_no_model(listed)
    shards = [name for name in listed if SHARD.fullmatch(name)] if INDEX in listed else []
    weights = shards or [SINGLE]
    small = [name for name in listed if name in SETTINGS or PAPERS.fullmatch(name) or (shards and name == INDEX)]
    return Repository(
        revision=told["sha"],
        small=tuple(_file(listed[name], most=SETTINGS_BYTES) for name in sorted(small)),
        weights=tuple(_file(listed[name], most=WEIGHT_BYTES) for name in sorted(weights)),
        licence=_licence(told.get("cardData")),
    )


def _licence(card: Any) -> str:
    """What the model's page names as its licence; "other" names nothing, and then it may have a name of its own."""
    if not isinstance(card, dict):
        return ""
    named = card.get("license_name") if card.get("license") == "other" else card.get("license")
    return named[:60] if isinstance(named, str) else ""


def _refuse_paths(names: Iterable[str]) -> None:
    for name in names:
        if HIDDEN.search(name) or name.startswith("/") or ".." in name.split("/"):
            shown = name.encode("unicode_escape").decode()[:100]
            raise RecipeError(
                f"This repository names a file outside of its folder ({shown}), which no honest one does.", fix=CHANGED
            )


def _refuse_what_is_no_model(listed: dict[str, Any]) -> None:
    if "adapter_config.json" in listed and "config.json" not in listed:
        raise RecipeError("This is an adapter, not a whole model.", fix="Add the base model that it was trained on.")
    if SINGLE not in listed and not (INDEX in listed and any(map(SHARD.fullmatch, listed))):
        endings = tuple(pattern.removeprefix("*") for pattern in OTHER_FORMATS)
        other = next((name for name in sorted(listed) if name.endswith(endings)), None)
        if other:
            raise RecipeError(
                f"Its weights come as {other}, not as safetensors; such files can run code when they are opened.",
                fix="Use a copy of the model that has safetensors.",
            )
        raise RecipeError("There are no weights in this repository.", fix="Check the name of the model.")
    for name in NEEDED:
        if name not in listed:
            raise RecipeError(
                f"This repository has no {name}, without which the model cannot be used here.",
                fix="Use the copy of the model that is made for transformers.",
            )


def _file(told: dict[str, Any], *, most: int) -> File:
    name, size, large = told["rfilename"], told.get("size"), told.get("lfs")
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= most:
        raise RecipeError(f"{name} has no size that could be right ({str(size)[:30]}).", fix=CHANGED)
    sha256 = str(large.get("sha256") or large.get("oid")) if isinstance(large, dict) else ""
    git = str(told.get("blobId") or "")
    if sha256 and SHA256.fullmatch(sha256):
        return File(name, size, sha256=sha256)
    if not sha256 and COMMIT.fullmatch(git) and most == SETTINGS_BYTES:
        return File(name, size, git=git)
    raise RecipeError(
        f"The hub tells no checksum of {name}, so nobody could say whether it arrives as it is.", fix=CHANGED
    )
