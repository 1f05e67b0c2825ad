"""Isolation: prove on this very model, before it is trained, that rows which lie end to end do not see each other."""

import traceback
from typing import Any

import torch

from studio.engine.checks import undisturbed
from studio.engine.memory import is_out_of_memory
from studio.engine.trainer import RowTrainer, lengths_of

NEAR = 0.05  # of the largest score: 16-bit sums depend a little on how many rows are computed at once


def keeps_rows_apart(trainer: RowTrainer) -> bool:
    """Whether a row scores the same alone and behind another one, and to the bit the same behind any other words.

    A model that cannot be computed in this way at all does not; the log says why.
    """
    try:
        return _keeps_apart(trainer)
    except Exception as error:
        if is_out_of_memory(error):
            raise
        traceback.print_exc()
        return False


def _keeps_apart(trainer: RowTrainer) -> bool:
    rows = trainer.train_dataset
    short = sorted(range(len(rows)), key=lengths_of(rows).__getitem__)
    first, second = rows[short[len(short) // 2]], rows[short[0]]
    other = {**first, "input_ids": first["input_ids"][::-1]}
    own = len(second["input_ids"])
    with undisturbed(trainer.model), torch.no_grad():
        behind, behind_other = (_scores(trainer, [each, second])[-own:] for each in (first, other))
        before = _scores(trainer, [second, first])[:own]
        alone = _scores(trainer, [second])
    near = NEAR * float(alone.abs().max())
    is_near = all(float((each - alone).abs().max()) <= near for each in (behind, before))
    return is_near and torch.equal(behind, behind_other)


def _scores(trainer: RowTrainer, rows: list[dict[str, Any]]) -> torch.Tensor:
    """The scores of every next word, (tokens, vocabulary), of rows that lie end to end."""
    inputs = trainer._prepare_inputs(trainer.data_collator(rows))
    return trainer.model(**{name: value for name, value in inputs.items() if name != "labels"}).logits[0].float()
