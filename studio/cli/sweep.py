"""Sweep: try a few values of one or two knobs, and compare what came of them."""

from typing import Annotated, Any

import typer

from studio.cli.output import answer
from studio.flows import sweep as flow
from studio.flows import train
from studio.flows.studio import Studio

Vary = Annotated[
    list[str], typer.Option("--vary", help="A knob and its values: --vary learning_rate=1e-4,2e-4. At most two knobs.")
]
SweepId = Annotated[str, typer.Argument(metavar="SWEEP", help="A sweep, as `sweep` names it.")]


def told(studio: Studio, made: flow.Sweep, *, wait: bool, json: bool) -> None:
    """Tell of a sweep: its runs, or with `wait` what came of them once all have ended."""
    for run_id in made.run_ids if wait else ():
        train.wait(studio, train.run(studio, run_id).job.id)
    found = flow.compared(studio, made.id)
    answer(json, values(found), words(found))


def values(found: flow.Compared) -> dict[str, Any]:
    best = found.best
    return {
        "sweep": found.sweep.id, "name": found.sweep.name, "dataset": found.sweep.dataset_id,
        "model": found.sweep.model_id, "knobs": found.sweep.knobs, "best": best.id if best else None,
        "title": found.ranking.said.title, "text": found.ranking.said.text,
        "runs": [
            {
                "run": line.run.id, "name": line.run.name, "state": line.run.job.state, "changes": line.changes,
                "best": line.result.best, "seconds": line.seconds, "mark": line.mark,
            }
            for line in found.lines
        ],
    }  # fmt: skip


def words(found: flow.Compared) -> str:
    lines = [f"{found.sweep.id}  {found.sweep.name}"]
    for line in found.lines:
        loss = f"{line.result.best.loss:.3f}" if line.result.best else "–"
        lines.append(f"  {line.run.id}  {line.run.job.words:<11} {loss:>7}  {line.result.label}  {line.mark}".rstrip())
    said = found.ranking.said
    return "\n".join([*lines, f"{said.title} {said.text}"])
