"""Script: a run as a short TRL script with its rows, so that it can be read, checked and run without the studio."""

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from studio.data.lengths import learned_rows
from studio.data.rows import load_rows, uses_tools
from studio.domain.batches import rows_at_once
from studio.domain.chat import conversation, tool_list
from studio.domain.errors import ExportError, RunError
from studio.domain.lengths import Lengths
from studio.domain.recipe import Recipe
from studio.domain.row import Row
from studio.domain.run import Run
from studio.engine import checkpoints
from studio.flows import choose, inspect
from studio.flows.studio import Studio
from studio.store import datasets, jobs, logbook, runs

SCHEDULES = {"linear": "linear", "cosine": "cosine", "constant": "constant_with_warmup"}
PIP = ("torch", "transformers", "trl", "peft", "bitsandbytes", "datasets", "accelerate")
FIRST = "first"  # the folder of what a run begins from


def text(studio: Studio, run_id: str) -> str:
    """The script of a run."""
    run = runs.get(studio.store, run_id)
    return written(
        run,
        versions=logbook.entry(studio.store, run_id).versions,
        assets=studio.assets,
        is_text=datasets.get(studio.store, run.dataset_id).is_text,
        with_tools=uses_tools(studio.workspace.dataset(run.dataset_id)),
        begins=bool(jobs.spec(studio.store, run.job.id).get("begin")),
        lengths=inspect.measured(studio, run.dataset_id, run.model_id),
    )


def _as_tokens(recipe: Recipe, lengths: Lengths | None) -> bool:
    """Whether TRL would write the rows otherwise than the run did: the template marks no answers or writes a date."""
    return not recipe.preference and lengths is not None and (lengths.proven or lengths.dated)


def written(
    run: Run,
    *,
    versions: Mapping[str, str],
    assets: Path,
    is_text: bool = False,
    with_tools: bool = False,
    begins: bool = False,
    lengths: Lengths | None = None,
) -> str:
    """The script of a run that was made with these versions of libraries.

    Its rows may be plain text, have tools or be tokens already, and it may begin from what an earlier one learned.
    """
    recipe, as_tokens = run.recipe, _as_tokens(run.recipe, lengths)
    # What it makes is a script and no page; names stand in it as Python writes them.
    environment = Environment(  # noqa: S701  a script
        loader=FileSystemLoader(assets), keep_trailing_newline=True, trim_blocks=True
    )
    return environment.get_template("train_trl.py.jinja").render(
        run=run,
        recipe=recipe,
        kind="DPO" if recipe.preference else "SFT",
        is_text=is_text,
        with_tools=with_tools and not as_tokens,
        as_tokens=as_tokens,
        proven=lengths is not None and lengths.proven,
        begins=begins,
        compared=_compared(recipe, begins=begins),
        micro_batch=rows_at_once(recipe),
        schedule=SCHEDULES[recipe.schedule],
        check_every=max(1, run.plan.steps // recipe.evaluations),
        versions={name: number for name, number in versions.items() if name in PIP},
    )


def folder(studio: Studio, run_id: str, *, to: Path) -> list[str]:
    """The script with the rows that it trains on and its recipe, in a new folder; the names of its files.

    A run that begins from what another one learned has that beside it.
    """
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise ExportError(f"{to} is there already and not an empty folder.", fix="Name a new folder.", field="to")
    run, said = runs.get(studio.store, run_id), text(studio, run_id)
    spec, held = jobs.spec(studio.store, run.job.id), load_rows(studio.workspace.dataset(run.dataset_id))
    begin = _first_stage(spec) if spec.get("begin") else None
    as_tokens = _as_tokens(run.recipe, inspect.measured(studio, run.dataset_id, run.model_id))
    to.mkdir(parents=True, exist_ok=True)
    (to / "train.py").write_text(said, encoding="utf-8")
    (to / "recipe.yaml").write_text(choose.recipe_yaml(run.model_id, run.recipe), encoding="utf-8")
    for part in ("train", "validation"):
        if as_tokens:
            rows = learned_rows(studio.workspace.lengths(run.dataset_id, run.model_id), spec[part])
            found = [{"input_ids": row["input_ids"]} for row in rows] if run.recipe.learn_questions else rows
        else:
            found = records([held[number] for number in spec[part]], run.recipe)
        lines = (json.dumps(record, ensure_ascii=False) + "\n" for record in found)
        (to / f"{part}.jsonl").write_text("".join(lines), encoding="utf-8")
    for path in begin or ():
        (to / FIRST).mkdir(exist_ok=True)
        shutil.copyfile(path, to / FIRST / path.name)
    return sorted(str(path.relative_to(to)) for path in to.rglob("*") if path.is_file())


def archive(studio: Studio, run_id: str) -> Path:
    """The same as one zip file to download."""
    with tempfile.TemporaryDirectory(dir=studio.workspace.exports) as scratch:
        made = Path(scratch) / f"{run_id}-trl"
        folder(studio, run_id, to=made)
        zipped = Path(shutil.make_archive(str(made), "zip", made))
        return zipped.replace(studio.workspace.exports / zipped.name)


def records(rows: Sequence[Row], recipe: Recipe) -> list[dict[str, Any]]:
    """Rows as the script reads them, in the layouts of TRL."""
    return [_record(row, recipe) | ({"tools": tool_list(row.tools)} if row.tools else {}) for row in rows]


def _record(row: Row, recipe: Recipe) -> dict[str, Any]:
    if row.is_text:
        return {"text": row.answer}
    if not recipe.preference:
        return {"messages": conversation(row.messages)}
    asked = len(row.messages) - len(row.chosen)
    whole, worse = conversation(row.messages), conversation(row.other.messages)
    return {"prompt": whole[:asked], "chosen": whole[asked:], "rejected": worse[asked:]}


def _compared(recipe: Recipe, *, begins: bool) -> str:
    if begins and recipe.method != "full":
        return "where it begins"
    kinds = {"full": "the model as it was", "prefix": "the model without its prefix"}
    return kinds.get(recipe.method, "the model without its adapter")


def _first_stage(spec: Mapping[str, Any]) -> list[Path]:
    """What a run began from, as long as it is there as it was: an adapter or a whole model."""
    folder = Path(spec["begin"])
    try:
        found = checkpoints.verify(folder)
    except RunError:
        found = None
    if found is None or found.weights_sha256 != spec["begin_sha256"]:
        raise ExportError(
            "The checkpoint that this run began from is not there any more, and the script would begin with it.",
            fix="Save the recipe as YAML instead.",
        )
    return [folder / file.name for file in found.files if file.name not in checkpoints.STATE]
