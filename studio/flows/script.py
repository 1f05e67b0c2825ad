"""Script: a run as a short TRL script with its rows, so that it can be read, checked and run without the studio."""

import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from studio.data.rows import load_rows
from studio.domain.errors import ExportError
from studio.domain.row import Row
from studio.domain.run import Run
from studio.flows import choose
from studio.flows.studio import Studio
from studio.store import jobs, logbook, runs

SCHEDULES = {"linear": "linear", "cosine": "cosine", "constant": "constant_with_warmup"}
METHODS = ("qlora", "lora", "full")
PIP = ("torch", "transformers", "trl", "peft", "bitsandbytes", "datasets", "accelerate")


def text(studio: Studio, run_id: str) -> str:
    """The script; ExportError for what it cannot say in a few lines."""
    versions = logbook.entry(studio.store, run_id).versions
    return written(runs.get(studio.store, run_id), versions=versions, assets=studio.assets)


def written(run: Run, *, versions: Mapping[str, str], assets: Path) -> str:
    """The script of a run that was made with these versions of libraries."""
    recipe = run.recipe
    if recipe.method not in METHODS or recipe.preference:
        raise ExportError(
            "Only answers trained with QLoRA, LoRA or full fine-tuning can be written as a script.",
            fix="Save the recipe as YAML instead.",
        )
    micro_batch = max(n for n in range(1, min(recipe.batch_size, recipe.micro_batch) + 1) if recipe.batch_size % n == 0)
    environment = Environment(loader=FileSystemLoader(assets), keep_trailing_newline=True, trim_blocks=True)
    return environment.get_template("train_trl.py.jinja").render(
        run=run,
        recipe=recipe,
        micro_batch=micro_batch,
        schedule=SCHEDULES[recipe.schedule],
        check_every=max(1, run.plan.steps // recipe.evaluations),
        versions={name: number for name, number in versions.items() if name in PIP},
    )


def folder(studio: Studio, run_id: str, *, to: Path) -> list[str]:
    """The script with the rows that it trains on and its recipe, in a new folder; the names of its files."""
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise ExportError(f"{to} is there already and not an empty folder.", fix="Name a new folder.", field="to")
    run, said = runs.get(studio.store, run_id), text(studio, run_id)
    parts = {part: list(_rows(studio, run, part)) for part in ("train", "validation")}
    to.mkdir(parents=True, exist_ok=True)
    (to / "train.py").write_text(said, encoding="utf-8")
    (to / "recipe.yaml").write_text(choose.recipe_yaml(run.model_id, run.recipe), encoding="utf-8")
    for part, rows in parts.items():
        lines = (json.dumps({"messages": _messages(row)}, ensure_ascii=False) + "\n" for row in rows)
        (to / f"{part}.jsonl").write_text("".join(lines), encoding="utf-8")
    return sorted(path.name for path in to.iterdir())


def archive(studio: Studio, run_id: str) -> Path:
    """The same as one zip file to download."""
    with tempfile.TemporaryDirectory(dir=studio.workspace.exports) as scratch:
        made = Path(scratch) / f"{run_id}-trl"
        folder(studio, run_id, to=made)
        zipped = Path(shutil.make_archive(str(made), "zip", made))
        return zipped.replace(studio.workspace.exports / zipped.name)


def _rows(studio: Studio, run: Run, part: str) -> Iterable[Row]:
    """The rows of a part as the run was given them."""
    held = load_rows(studio.workspace.dataset(run.dataset_id))
    for number in jobs.spec(studio.store, run.job.id)[part]:
        row = held[number]
        if row.uses_tools or row.is_text:
            raise ExportError(
                "Rows that use tools or are plain text cannot be handed to the script as they are.",
                fix="Save the recipe as YAML instead.",
            )
        yield row


def _messages(row: Row) -> list[dict[str, str]]:
    return [{"role": message.role, "content": message.content} for message in row.messages]
