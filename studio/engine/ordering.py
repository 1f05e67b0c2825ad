"""Ordering: what every trainer here does in the same way: the order of its batches and the recipe in TRL's words."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader

from studio.domain.batches import Batches, rows_at_once
from studio.domain.recipe import Recipe
from studio.engine.room import Room

SCHEDULES = {"linear": "linear", "cosine": "cosine", "constant": "constant_with_warmup"}


class Ordered:
    """A trainer whose batches come from `Batches`, the one place that decides their order; its files wait for room.

    `lines` tells the source lines of what it trains on, in the order of its dataset.
    """

    batches: Batches
    lines: Callable[[], list[int]]
    room: Room | None = None
    args: Any
    state: Any
    model: Any  # a PeftModel, or the model itself; the library's own type allows for much more
    train_dataset: Any
    eval_dataset: Any
    data_collator: Any
    _metrics: Any  # what TRL notes by the way; which type that has would take seconds to work out

    def get_train_dataloader(self) -> DataLoader:
        return DataLoader(
            self.train_dataset,
            batch_sampler=self.batches,  # type: ignore[arg-type]
            collate_fn=self.data_collator,
            pin_memory=torch.cuda.is_available(),
        )

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        save = partial(super()._save_checkpoint, model, trial)  # type: ignore[misc]
        if self.room is None:
            return save()
        staged = Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"
        clear = partial(shutil.rmtree, staged, ignore_errors=True)
        return self.room.through(save, needed=state_bytes(self.model), clear=clear)

    def floating_point_ops(self, inputs: dict[str, Any]) -> int:
        # Counting operations walks over all parameters for every batch, and nothing here shows the count.
        return 0


def state_bytes(model: Any) -> int:
    """What a checkpoint takes at most: the trained weights, two moments of each for the optimizer, and some words."""
    return 12 * sum(weight.numel() for weight in model.parameters() if weight.requires_grad) + 1_000_000


def arguments(recipe: Recipe, *, staging: Path) -> dict[str, Any]:
    """The recipe in TRL's words."""
    micro_batch = rows_at_once(recipe)
    return {
        "output_dir": str(staging),
        "max_length": None,  # the cut-off is checked row by row; TRL would cut and drop without a word
        "num_train_epochs": recipe.epochs,
        "per_device_train_batch_size": micro_batch,
        "per_device_eval_batch_size": micro_batch,
        "gradient_accumulation_steps": recipe.batch_size // micro_batch,
        "learning_rate": recipe.learning_rate,
        "lr_scheduler_type": SCHEDULES[recipe.schedule],
        "warmup_steps": recipe.warmup,
        "weight_decay": recipe.weight_decay,
        "max_grad_norm": recipe.max_grad_norm,
        "gradient_checkpointing": recipe.gradient_checkpointing,
        "bf16": True,
        "use_cpu": not torch.cuda.is_available(),
        "seed": recipe.seed,
        "data_seed": recipe.seed,
        "logging_steps": 1,
        "logging_nan_inf_filter": False,  # a broken loss must be seen, not averaged away
        "save_strategy": "no",  # checks decide when to save
        "eval_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
    }
