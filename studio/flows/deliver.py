"""Deliver: hand out the adapter as a folder that works without the studio."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from studio.domain.errors import ExportError
from studio.domain.run import Checkpoint, Run
from studio.flows import bring, models, train
from studio.flows.studio import Studio
from studio.store import studies

ADAPTER_FILES = ("adapter_model.safetensors", "adapter_config.json")


@dataclass(frozen=True, slots=True)
class Release:
    """A delivered adapter; `archive` is the same folder as one file to download."""

    run: Run
    step: int
    folder: Path
    archive: Path
    files: tuple[str, ...]
    bytes: int


def adapter(studio: Studio, run_id: str, *, step: int | None = None, to: Path | None = None) -> Release:
    """The adapter of a checkpoint (the best one by default) with model card, recipe and a script that runs it."""
    run = train.run(studio, run_id)
    checkpoint = train.checkpoint_at(studio, run_id, step)
    source = studio.workspace.run(run_id) / checkpoint.path
    folder = to or studio.workspace.exports / f"{run.id}-step-{checkpoint.step}-adapter"
    if to is not None and folder.exists() and any(folder.iterdir()):
        raise ExportError(f"{folder} is not empty.", fix="Name a new folder.", field="to")
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True)
        for name in ADAPTER_FILES:
            shutil.copyfile(source / name, folder / name)
        _neutral_base(folder / "adapter_config.json", run.model_id, models.model(studio, run.model_id).hub_id)
        _write_papers(studio, run, folder, checkpoint)
        archive = Path(shutil.make_archive(str(studio.workspace.exports / folder.name), "zip", folder))
    except OSError as error:
        raise ExportError(
            f"The adapter could not be written: {error.strerror}.", fix="Free some space or name another folder."
        ) from error
    files = tuple(sorted(path.name for path in folder.iterdir()))
    return Release(
        run=run, step=checkpoint.step, folder=folder, archive=archive, files=files, bytes=archive.stat().st_size
    )


def _neutral_base(config: Path, model_id: str, hub_id: str | None) -> None:
    """Name the base by its public name instead of a path on this machine."""
    values = json.loads(config.read_text())
    values["base_model_name_or_path"] = hub_id or model_id
    config.write_text(json.dumps(values, indent=2) + "\n")


def _write_papers(studio: Studio, run: Run, folder: Path, checkpoint: Checkpoint) -> None:
    model, dataset = models.model(studio, run.model_id), bring.dataset(studio, run.dataset_id)
    judged = [found for found in studies.all(studio.store, run_id=run.id) if found.closed_at]
    facts = {"run": run, "checkpoint": checkpoint, "model": model, "dataset": dataset, "studies": judged}
    environment = Environment(loader=FileSystemLoader(studio.assets), keep_trailing_newline=True, trim_blocks=True)
    for template, name in (("model-card.md.jinja", "README.md"), ("run_adapter.py.jinja", "run_adapter.py")):
        (folder / name).write_text(environment.get_template(template).render(**facts), encoding="utf-8")
    (folder / "recipe.json").write_text(json.dumps(run.recipe.model_dump(), indent=2) + "\n")
