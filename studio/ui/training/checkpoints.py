"""Checkpoints: the saved states of a run."""

from studio.domain.run import Checkpoint
from studio.flows.follow import Progress
from studio.ui.parts import html


def checkpoint_table(kept: list[Checkpoint], far: Progress) -> str:
    if not kept:
        return '<p class="help">The first checkpoint is saved at the first check.</p>'
    best = far.best.step if far.best else None
    rows = [
        [
            html.Cell(f"{c.step:,}", number=True),
            html.Cell(f"{c.epoch:.1f}", number=True),
            html.Cell(f"{c.validation_loss:.3f}", number=True),
            html.size(c.bytes),
            "best" if c.step == best else "",
        ]
        for c in kept
    ]
    return html.table(["Step", "Pass", "Validation loss", "On disk", ""], rows)
