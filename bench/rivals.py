"""Rivals beside ours in bench.speed, each in an environment of its own and so in a process of its own."""

import json
import os
import subprocess
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from bench.rows import BIN, WARM, parts_of_step, rows_for
from studio.domain.recipe import Recipe
from studio.recipes.machine import measure_machine

# Each has to have an environment of its own: what they want, as their packages of November 2026 declare, does not go
# with the libraries here. None is stood in for by TRL with settings like its own.
RIVALS = {
    "llamafactory": ("LLaMA-Factory", "transformers up to 5.6, TRL up to 0.24"),
    "unsloth": ("Unsloth", "a GPU, transformers up to 5.17, TRL up to 1.15"),
    "axolotl": ("Axolotl", "a GPU, transformers 5.16.1, TRL 1.9.0"),
}
BESIDE = Path(__file__).with_name("beside.py")
KEEPS = ", kept"  # after the name of a rival: nothing computed twice


def rivals_in(pythons: Sequence[Path]) -> dict[str, Path]:
    """Which rivals these environments have, each with the Python that has it."""
    found: dict[str, Path] = {}
    for python in (each.absolute() for each in pythons):  # not resolved: it is a link out of its environment
        ask = f"import importlib.util as u; print(*(n for n in {list(RIVALS)} if u.find_spec(n)))"
        said = subprocess.run([str(python), "-c", ask], capture_output=True, text=True, check=True).stdout
        found |= dict.fromkeys(said.split(), python)
    return found


def rivals_told(compared: Collection[str]) -> list[str]:
    """What the table above says nothing of, and how it would."""
    missing = [f"{title} (wants {wants})" for rival, (title, wants) in RIVALS.items() if rival not in compared]
    if not missing:
        return []
    how = "Make an environment of its own for one, and name its Python: --rival ENVIRONMENT/bin/python."
    return [f"Not compared, since none was named that has it: {'; '.join(missing)}. {how}"]


def measured_beside(name: str, python: Path, model: Path, *, rows: str, steps: int) -> dict[str, Any]:
    """A rival's line, from a process of its own environment; what goes wrong with it is told in the line."""
    from studio.engine.load import load_tokenizer

    step, lengths, made = rows_for(load_tokenizer(model), rows, steps)
    rival, _, keeps = name.partition(",")
    packed = rival != "llamafactory"
    longest, recipe = BIN.get(model.name, max(2048, *lengths)) if packed else max(lengths), Recipe.model_validate({})
    job = {
        "rival": rival,
        "model": str(model),
        "rows": [[{"role": each.role, "content": each.content} for each in row.messages] for row in made],
        "step": step,
        "parts": parts_of_step(lengths, step, longest),
        "longest": longest,
        "keeps": bool(keeps),
        "rank": recipe.rank,
        "rate": recipe.learning_rate,
        "seed": recipe.seed,
        "warm": WARM,
        "on_cpu": not measure_machine(model).has_gpu,
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "job.json"
        path.write_text(json.dumps(job))
        alone = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
        command = [str(python), str(BESIDE), str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=alone, cwd=folder)
    if done.returncode:
        return {"fault": (done.stderr.strip().splitlines() or ["ended without a word"])[-1][:300]}
    return json.loads(done.stdout.splitlines()[-1])


def title_of_rival(arm: str) -> str:
    rival, _, keeps = arm.partition(",")
    return f"{RIVALS[rival][0]}, {'nothing computed twice' if keeps else 'at its defaults'}"
