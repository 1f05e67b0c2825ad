"""Deliver: hand out the adapter as a folder that works without the studio."""

import hashlib
import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from studio.domain.errors import ExportError
from studio.domain.method import TITLES
from studio.domain.run import Checkpoint, Run
from studio.flows import bring, decide, models, train
from studio.flows.studio import Studio
from studio.store import studies

ADAPTER_FILES = ("adapter_model.safetensors", "adapter_config.json")


@dataclass(frozen=True, slots=True)
class Release:
    """A delivered adapter: a folder that was asked for, or else one file to download; `files` are what is in it."""

    run: Run
    step: int
    path: Path
    files: tuple[str, ...]
    bytes: int


def adapter(studio: Studio, run_id: str, *, step: int | None = None, to: Path | None = None) -> Release:
    """The adapter of a checkpoint (the best one by default) with model card, recipe and a script that runs it."""
    run = train.run(studio, run_id)
    if run.recipe.method == "full":
        raise ExportError(
            "This run changed the whole model, and only adapters can be delivered yet.",
            fix="Train with QLoRA or LoRA to deliver it; it can be asked and judged as it is.",
        )
    checkpoint = train.checkpoint_at(studio, run_id, step)
    try:
        if to is not None and to.exists() and (not to.is_dir() or any(to.iterdir())):
            raise ExportError(f"{to} is there already and not an empty folder.", fix="Name a new folder.", field="to")
        with tempfile.TemporaryDirectory(dir=studio.workspace.exports) as scratch:
            folder = Path(scratch) / f"{run.id}-step-{checkpoint.step}-adapter"
            _fill(studio, folder, run, checkpoint)
            files = tuple(sorted(path.name for path in folder.iterdir()))
            path = _archive(studio, folder) if to is None else shutil.copytree(folder, to, dirs_exist_ok=True)
    except OSError as error:
        raise ExportError(
            f"The adapter could not be written: {(error.strerror or 'unknown reason').lower()}.",
            fix="Free some space or name another folder.",
        ) from error
    size = sum(each.stat().st_size for each in ([path] if path.is_file() else path.iterdir()))
    return Release(run=run, step=checkpoint.step, path=path, files=files, bytes=size)


def _fill(studio: Studio, folder: Path, run: Run, checkpoint: Checkpoint) -> None:
    """Everything that a delivered adapter consists of, in a new folder."""
    source = studio.workspace.run(run.id) / checkpoint.path
    weights = source / ADAPTER_FILES[0]
    if not weights.exists() or hashlib.sha256(weights.read_bytes()).hexdigest() != checkpoint.sha256:
        raise ExportError(
            f"The checkpoint of step {checkpoint.step:,} was damaged or removed since it was saved.",
            fix="Deliver another checkpoint, or train again.",
        )
    folder.mkdir()
    for name in ADAPTER_FILES:
        shutil.copyfile(source / name, folder / name)
    _neutral_base(folder / "adapter_config.json", run.model_id, models.model(studio, run.model_id).hub_id)
    _write_papers(studio, run, folder, checkpoint)


def _archive(studio: Studio, folder: Path) -> Path:
    """The folder as one zip file, there whole or not at all."""
    made = Path(shutil.make_archive(str(folder), "zip", folder))
    return made.replace(studio.workspace.exports / made.name)


def _neutral_base(config: Path, model_id: str, hub_id: str | None) -> None:
    """Name the base by its public name instead of a path on this machine."""
    values = json.loads(config.read_text())
    values["base_model_name_or_path"] = hub_id or model_id
    config.write_text(json.dumps(values, indent=2) + "\n")


def _write_papers(studio: Studio, run: Run, folder: Path, checkpoint: Checkpoint) -> None:
    model, dataset = models.model(studio, run.model_id), bring.dataset(studio, run.dataset_id)
    judged = [found for found in studies.all(studio.store, run_id=run.id) if found.closed_at]
    if judged:
        report = decide.report_page(studio, judged[0].id)
        (folder / "verdict.html").write_text(report, encoding="utf-8")
    facts = {
        "run": run,
        "method": TITLES[run.recipe.method] + (" on pairs (DPO)" if run.recipe.preference else ""),
        "checkpoint": checkpoint,
        "is_best": checkpoint == train.best_checkpoint(studio, run.id),
        "model": model,
        "dataset": dataset,
        "studies": judged,
        "verdict": decide.verdict(studio, judged[0].id).verdict if judged else None,
    }
    environment = Environment(loader=FileSystemLoader(studio.assets), keep_trailing_newline=True, trim_blocks=True)
    for template, name in (("model-card.md.jinja", "README.md"), ("run_adapter.py.jinja", "run_adapter.py")):
        (folder / name).write_text(environment.get_template(template).render(**facts), encoding="utf-8")
    (folder / "recipe.json").write_text(json.dumps(run.recipe.model_dump(), indent=2) + "\n")
