"""Checkpoints: saved states that are complete and unharmed, or are not there at all."""

import json
import shutil
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from studio.domain.errors import RunError
from studio.domain.intact import sha256_of, sync

MANIFEST = "MANIFEST.json"
ADAPTER = "adapter_model.safetensors"
WHOLE = "model.safetensors"
# All that a resumed run and a delivered one need; whatever else the trainer writes is not kept.
STATE = ("optimizer.pt", "scheduler.pt", "rng_state.pth", "trainer_state.json")
ADAPTER_FILES = (ADAPTER, "adapter_config.json", *STATE)
WHOLE_FILES = (WHOLE, "config.json", "generation_config.json", *STATE)


class SavedFile(BaseModel):
    """One file of a checkpoint, as it was when it was written."""

    model_config = ConfigDict(frozen=True)

    name: str
    bytes: int
    sha256: str


class Check(BaseModel):
    """Validation loss after a step, in nats per trained token; step 0 is the base model."""

    model_config = ConfigDict(frozen=True)

    step: int
    validation_loss: float


class Manifest(BaseModel):
    """What a checkpoint holds and where it comes from; written last, so that its presence means completeness.

    `base` is the outline of the base's files; those of an earlier version do not have it.
    """

    model_config = ConfigDict(frozen=True)

    step: int
    epoch: float
    validation_loss: float
    recipe: str
    rows: str
    model_id: str
    base: str = ""
    quantisation: Literal["nf4", "none"]
    versions: dict[str, str]
    checks: tuple[Check, ...]
    tokens: int
    seconds: float
    files: tuple[SavedFile, ...]

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files)

    @property
    def is_whole_model(self) -> bool:
        """Whether it holds every weight, as full fine-tuning leaves it, rather than an adapter."""
        return any(file.name == WHOLE for file in self.files)

    @property
    def weights_sha256(self) -> str:
        return next(file.sha256 for file in self.files if file.name in (ADAPTER, WHOLE))


def commit(staged: Path, checkpoints: Path, manifest: Manifest) -> Path:
    """Make a staged folder a checkpoint: every byte on disk first, then the manifest, then the name.

    `manifest.files` is filled in here. A fault in between leaves a folder that nothing takes for a checkpoint.
    """
    names = ADAPTER_FILES if (staged / ADAPTER).exists() else WHOLE_FILES
    for path in staged.iterdir():
        if path.name not in names:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    files = tuple(_saved(staged / name) for name in names)
    text = manifest.model_copy(update={"files": files}).model_dump_json(indent=1)
    draft = staged / f"{MANIFEST}.new"
    draft.write_text(text, encoding="utf-8")
    sync(draft)
    draft.replace(staged / MANIFEST)
    sync(staged)
    checkpoints.mkdir(parents=True, exist_ok=True)
    folder = checkpoints / f"step-{manifest.step}"
    if folder.exists():
        remove(folder)
    staged.replace(folder)
    sync(checkpoints)
    return folder


def read(folder: Path) -> Manifest:
    """What a checkpoint says of itself, its files unseen; RunError where it says nothing."""
    try:
        return Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except (OSError, ValidationError) as error:
        raise RunError(
            f"The checkpoint {folder.name} is not complete.", fix="Use another checkpoint of this run, or train again."
        ) from error


def verify(folder: Path) -> Manifest:
    """Read every byte again and compare; a checkpoint that is not as it was written is a RunError."""
    manifest = read(folder)
    if {file.name for file in manifest.files} not in (set(ADAPTER_FILES), set(WHOLE_FILES)):
        raise RunError(
            f"The checkpoint {folder.name} does not list its files.", fix="Use another checkpoint, or train again."
        )
    for file in manifest.files:
        path = folder / file.name
        if not path.is_file() or path.stat().st_size != file.bytes or sha256_of(path) != file.sha256:
            raise RunError(
                f"The checkpoint {folder.name} is damaged: {file.name} is not as it was written.",
                fix="Use another checkpoint of this run, or train again.",
            )
    return manifest


def facts(folder: Path, manifest: Manifest) -> dict[str, Any]:
    """What is told of a checkpoint; its path is that within its run."""
    return {
        "step": manifest.step,
        "epoch": manifest.epoch,
        "validation_loss": manifest.validation_loss,
        "path": f"{folder.parent.name}/{folder.name}",
        "sha256": manifest.weights_sha256,
        "bytes": manifest.bytes,
    }


def harm(folder: Path) -> str:
    """What of a checkpoint is not as it was written, in words, or nothing; quick enough for every look at it.

    The manifest is written last, so only a file that is newer has been touched since and is read again.
    """
    try:
        stands = (folder / MANIFEST).stat()
        manifest = _read_once(folder, (stands.st_ino, stands.st_size, stands.st_mtime_ns, stands.st_ctime_ns))
    except (OSError, RunError):
        return f"{MANIFEST} is missing or cannot be read"
    written = stands.st_mtime_ns
    for file in manifest.files:
        try:
            found = (folder / file.name).stat()
        except OSError:
            return f"{file.name} is missing"
        is_touched = found.st_mtime_ns >= written
        if found.st_size != file.bytes or (
            is_touched and _read_again(folder / file.name, found.st_mtime_ns) != file.sha256
        ):
            return f"{file.name} is not as it was written"
    return ""


@lru_cache(maxsize=512)
def _read_once(folder: Path, stands: tuple[int, ...]) -> Manifest:
    """What a checkpoint says of itself as long as its manifest stands as it does."""
    return read(folder)


@lru_cache(maxsize=512)
def _read_again(path: Path, changed: int) -> str:
    """The hash of a file that was last changed then."""
    return sha256_of(path)


def newest_verified(checkpoints: Path) -> tuple[Path, Manifest] | None:
    """The latest checkpoint that is complete and unharmed, or None."""
    for folder in reversed(committed(checkpoints)):
        if _is_sound(folder):
            return folder, verify(folder)
    return None


def damaged(checkpoints: Path) -> list[Path]:
    """Checkpoints that bear a manifest but are not as they were written."""
    return [folder for folder in committed(checkpoints) if not _is_sound(folder)]


def committed(checkpoints: Path) -> list[Path]:
    """Folders that bear a manifest, in order of their steps; whether they are unharmed is for `verify` to say."""
    folders = [path.parent for path in checkpoints.glob(f"step-*/{MANIFEST}") if path.parent.name[5:].isdigit()]
    return sorted(folders, key=step_of)


def step_of(folder: Path) -> int:
    """The step that a checkpoint's folder is named after."""
    return int(folder.name[5:])


def remove(folder: Path) -> None:
    """Delete a checkpoint, its manifest first: what is left after a fault is no checkpoint any more."""
    (folder / MANIFEST).unlink(missing_ok=True)
    shutil.rmtree(folder)


def set_aside(folder: Path) -> Path:
    """Rename a damaged checkpoint, so that nothing takes it for one and nothing of it is lost; the new place."""
    place = place_aside(folder)
    if place.exists():
        shutil.rmtree(place)
    return folder.rename(place)


def place_aside(folder: Path) -> Path:
    """Where a checkpoint lies once it was set aside."""
    return folder.with_name(f"damaged-{folder.name}")


def name_base_model(staged: Path, model_id: str) -> None:
    """Let an adapter name its base model by id rather than by a path of this machine."""
    path = staged / "adapter_config.json"
    if not path.exists():
        return
    config = json.loads(path.read_text(encoding="utf-8"))
    draft = path.with_suffix(".new")
    draft.write_text(
        json.dumps({**config, "base_model_name_or_path": model_id}, indent=2, sort_keys=True), encoding="utf-8"
    )
    draft.replace(path)


def _is_sound(folder: Path) -> bool:
    try:
        verify(folder)
    except RunError:
        return False
    return True


def _saved(path: Path) -> SavedFile:
    sync(path)
    return SavedFile(name=path.name, bytes=path.stat().st_size, sha256=sha256_of(path))
