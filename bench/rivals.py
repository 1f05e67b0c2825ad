"""Rivals that are installed, each as an arm of bench.speed in a process of its own.

Set up as Unsloth's documentation says, on the same rows, rank and rate. It has never run here: it wants a GPU and a
network of its own to be installed. What goes wrong with it is told in its line of the table.
"""

from importlib import import_module
from pathlib import Path
from typing import Any

from bench.speed import Bench
from studio.domain.recipe import Recipe

LINEAR = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


class Unsloth(Bench):
    """Its model, adapter and kernels under the same SFTTrainer; it has to be imported before what it patches."""

    def __init__(self, folder: Path) -> None:
        import_module("unsloth")
        super().__init__(folder)

    def _load(self) -> Any:
        from unsloth import FastLanguageModel  # type: ignore[import-not-found]

        # Neither its rows nor its recipe are known yet, so it is told the longest that any of them has.
        model, _ = FastLanguageModel.from_pretrained(
            model_name=str(self.folder), max_seq_length=32768, load_in_4bit=True, local_files_only=True
        )
        return FastLanguageModel.get_peft_model(
            model,
            r=Recipe().rank,
            lora_alpha=Recipe().rank,
            lora_dropout=0.0,
            bias="none",
            target_modules=LINEAR,
            use_gradient_checkpointing="unsloth",
        )

    def _adapter(self, recipe: Recipe) -> None:
        return None

    def _restore(self, trainer: Any) -> None:
        pass
