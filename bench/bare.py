"""Bare: SFTTrainer as its documentation sets it up, which is what ours is measured against."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from studio.domain.recipe import Recipe
from studio.domain.row import Row


def bare_trainer(
    model: Any,
    folder: Path,
    rows: Sequence[Row],
    recipe: Recipe,
    *,
    out: Path,
    part: int,
    **settings: Any,
) -> Any:
    """TRL's trainer with a LoRA adapter on these rows with the recipe's values, `part` at once.

    `settings` go beyond its defaults.
    """
    import torch
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import AutoTokenizer, PrinterCallback
    from trl import SFTConfig, SFTTrainer

    said: dict[str, Any] = {
        "output_dir": str(out),
        "assistant_only_loss": True,
        "max_length": recipe.max_length,
        "num_train_epochs": recipe.epochs,
        "per_device_train_batch_size": part,
        "gradient_accumulation_steps": recipe.batch_size // part,
        "learning_rate": recipe.learning_rate,
        "lr_scheduler_type": recipe.schedule,
        "warmup_steps": recipe.warmup,
        "max_grad_norm": recipe.max_grad_norm,
        "use_cpu": not torch.cuda.is_available(),
        "logging_steps": 1,
        "save_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
        "seed": recipe.seed,
    }
    talks = [{"messages": [{"role": m.role, "content": m.content} for m in row.messages]} for row in rows]
    adapter = LoraConfig(
        r=recipe.rank, lora_alpha=recipe.rank, lora_dropout=recipe.dropout, target_modules="all-linear"
    )
    trainer = SFTTrainer(
        model=model,
        args=SFTConfig(**said | settings),
        train_dataset=Dataset.from_list(talks),
        processing_class=AutoTokenizer.from_pretrained(folder),
        peft_config=adapter,
    )
    trainer.remove_callback(PrinterCallback)
    return trainer
