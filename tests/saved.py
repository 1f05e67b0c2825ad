"""A checkpoint as a run commits it, of files that are too small to answer anything."""

import json
from pathlib import Path

from studio.engine import checkpoints
from studio.engine.checkpoints import ADAPTER, ADAPTER_FILES, Manifest


def save_checkpoint(run: Path, *, step: int, weights: bytes = b"weights") -> Path:
    """Commit one into the folder of a run."""
    staged = run / "staging"
    staged.mkdir(parents=True)
    for name in ADAPTER_FILES:
        (staged / name).write_bytes(weights if name == ADAPTER else json.dumps({}).encode())
    manifest = Manifest(
        step=step, epoch=1.0, validation_loss=1.5, recipe="", rows="", model_id="starter", quantisation="nf4",
        versions={}, checks=(), tokens=0, seconds=0.0, files=(),
    )  # fmt: skip
    return checkpoints.commit(staged, run / "checkpoints", manifest)
