"""Fitting: when memory runs out, the same steps are carried out with fewer rows in memory at once."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from studio.domain.batches import micro_batch_of, rows_at_once
from studio.domain.fault import Fault, FaultCode
from studio.domain.method import TITLES, belongs
from studio.domain.plan import Way
from studio.domain.recipe import Recipe

KEPT = ("micro_batch", "gradient_checkpointing")


def fitted(recipe: Recipe, run: Path) -> Recipe:
    """The recipe as this machine could last hold it: what a step learns from stays, how it is cut up may differ."""
    try:
        return recipe.model_copy(update=json.loads(_place(run).read_text()))
    except FileNotFoundError:
        return recipe


def way(planned: dict[str, Any], run: Path) -> Way:
    """The planned way; once memory ran out, every layer is computed twice where any is."""
    asked = Way(**planned)
    return replace(asked, recomputed=None) if _place(run).exists() else asked


def smaller(recipe: Recipe) -> Recipe | None:
    """The same steps in less memory: half the rows at once, at one row recomputing; None when nothing is left."""
    rows = rows_at_once(recipe)
    if rows > 1:
        return recipe.model_copy(update={"micro_batch": micro_batch_of(recipe.batch_size, rows // 2)})
    if recipe.gradient_checkpointing or not belongs("gradient_checkpointing", recipe.method):
        return None
    return recipe.model_copy(update={"gradient_checkpointing": True})


def keep(recipe: Recipe, run: Path) -> None:
    """Remember how the run fits, so that it goes on in the same way after an interruption."""
    run.mkdir(parents=True, exist_ok=True)
    fresh = _place(run).with_suffix(".part")
    fresh.write_text(json.dumps({name: getattr(recipe, name) for name in KEPT}))
    fresh.replace(_place(run))


def forget(run: Path) -> None:
    _place(run).unlink(missing_ok=True)


def made_to_fit(before: Recipe, after: Recipe, *, doing: str, step: int) -> Fault:
    """What is said when a run goes on in less memory."""
    rows, fewer = rows_at_once(before), rows_at_once(after)
    if fewer < rows:
        parts = after.batch_size // fewer
        done = f"It goes on with {fewer} instead of {rows} rows in memory at once, in {parts} parts per step"
    else:
        done = "It goes on with recomputing, about a third slower"
    return Fault(
        code=FaultCode.OUT_OF_MEMORY,
        happened=f"Memory ran out {_when(doing, step)}.",
        why=f"{_rows(rows)} in memory at once did not fit.",
        done=f"{done}; each step still learns from {_rows(after.batch_size)}, so the result stays the same.",
    )


def does_not_fit(recipe: Recipe, *, doing: str, step: int, longest: int, kept: int | None) -> Fault:
    """What is said when a run cannot go on in less memory."""
    change, proposal = _way_out(recipe, longest=longest, is_loading=not longest)
    rows = rows_at_once(recipe)
    way = f"{_rows(rows)} in memory at once{' and recomputing' if recipe.gradient_checkpointing else ''}"
    return Fault(
        code=FaultCode.OUT_OF_MEMORY,
        happened=f"Memory ran out {_when(doing, step)}.",
        why=f"It did not fit even with {way}; the longest row has {longest:,} tokens."
        if longest
        else f"The model itself does not fit by {TITLES[recipe.method]}.",
        done=f"The checkpoint of step {kept:,} is kept." if kept else "Nothing was trained yet.",
        fix="" if proposal else "Choose a smaller model, or a machine with more memory.",
        change=change,
        proposal=proposal,
    )


def _way_out(recipe: Recipe, *, longest: int, is_loading: bool) -> tuple[dict[str, int | float | bool | str], str]:
    """One change of the recipe, and its words."""
    if recipe.method != "qlora" and belongs("rank", recipe.method):
        return {"method": "qlora"}, "Start again with QLoRA, which keeps the model in a quarter of the memory"
    if recipe.method == "full":  # an adapter is usually trained with ten times the rate
        rate = min(float(f"{10 * recipe.learning_rate:.2g}"), 0.05)
        said = f"Start again with QLoRA, which needs a fraction of the memory, and a learning rate of {rate:.3g}"
        return {"method": "qlora", "learning_rate": rate}, said
    if is_loading:
        return {}, ""
    shorter = max(16, longest // 2)
    said = f"Start again with a cut-off of {shorter:,} tokens; longer rows are left out and listed"
    return {"max_length": shorter}, said


def _when(doing: str, step: int) -> str:
    return f"after step {step:,}, while {doing}" if step else f"while {doing}"


def _rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"


def _place(run: Path) -> Path:
    return run / "memory.json"
