"""Recipe: every choice for a run. Controls, help, bounds, documentation and checks all come from these fields."""

import hashlib
import json
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Recipe(BaseModel):
    """Every choice for a run; frozen, so that what was trained can always be named."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    epochs: float = Field(
        3,
        gt=0,
        le=100,
        title="Passes over your data",
        description=(
            "How often the model reads every training row. More passes fit your examples closer; too many "
            "memorise them."
        ),
    )
    learning_rate: float = Field(
        2e-4,
        gt=0,
        le=0.05,
        title="Learning rate",
        description=(
            "How big each correction is. Too high and the loss jumps or explodes; too low and nothing is "
            "learned in time."
        ),
    )
    rank: int = Field(
        16,
        ge=1,
        le=256,
        title="Adapter rank",
        description="How much the adapter can learn. Higher learns more and needs a little more memory.",
    )
    max_length: int = Field(
        512,
        ge=16,
        le=131072,
        title="Cut-off (tokens)",
        description=(
            "Longest row in tokens. Rows that would lose the end of their answer are left out and listed, "
            "never cut in silence."
        ),
    )
    batch_size: int = Field(
        8,
        ge=1,
        le=512,
        title="Rows per step",
        description=(
            "Rows that the model learns from before each correction. Larger is steadier; memory is kept by "
            "splitting it into parts."
        ),
    )

    quantisation: Literal["nf4", "none"] = Field(
        "nf4",
        title="Base model weights",
        description=("4 bits (NF4) keep the frozen base in a quarter of the memory: QLoRA. With 16 bits it is LoRA."),
        json_schema_extra={"advanced": True},
    )
    alpha_over_rank: float = Field(
        1.0,
        gt=0,
        le=8,
        title="Adapter strength",
        description="LoRA alpha divided by rank: how strongly the adapter's learning is applied.",
        json_schema_extra={"advanced": True},
    )
    dropout: float = Field(
        0.0,
        ge=0,
        le=0.9,
        title="Adapter dropout",
        description="Share of adapter inputs switched off at random while training; a little can slow memorising.",
        json_schema_extra={"advanced": True},
    )
    micro_batch: int = Field(
        8,
        ge=1,
        le=512,
        title="Rows in memory at once",
        description=(
            "A step is done in parts of this many rows. Lower it when memory is short; the result stays the same."
        ),
        json_schema_extra={"advanced": True},
    )
    warmup: float = Field(
        0.05,
        ge=0,
        le=0.5,
        title="Warm-up share",
        description="Share of the steps in which the learning rate rises from zero.",
        json_schema_extra={"advanced": True},
    )
    schedule: Literal["linear", "cosine", "constant"] = Field(
        "cosine",
        title="Learning-rate schedule",
        description="How the learning rate falls after the warm-up.",
        json_schema_extra={"advanced": True},
    )
    weight_decay: float = Field(
        0.0,
        ge=0,
        le=1,
        title="Weight decay",
        description="Pulls the adapter's weights towards zero; 0 is usual for LoRA.",
        json_schema_extra={"advanced": True},
    )
    max_grad_norm: float = Field(
        1.0,
        gt=0,
        le=100,
        title="Gradient clipping",
        description="Corrections larger than this are scaled down, so that one odd row cannot wreck the run.",
        json_schema_extra={"advanced": True},
    )
    evaluations: int = Field(
        8,
        ge=1,
        le=100,
        title="Checks during the run",
        description="How often validation loss is measured and a checkpoint saved.",
        json_schema_extra={"advanced": True},
    )
    patience: int = Field(
        3,
        ge=0,
        le=50,
        title="Stop early after",
        description=(
            "Stop when validation loss has not improved for this many checks; 0 trains to the end. The best "
            "checkpoint is kept either way."
        ),
        json_schema_extra={"advanced": True},
    )
    gradient_checkpointing: bool = Field(
        False,
        title="Save memory by recomputing",
        description="Recomputes parts of the forward pass: less memory, about a third slower.",
        json_schema_extra={"advanced": True},
    )
    seed: int = Field(
        7,
        ge=0,
        le=2**31 - 1,
        title="Seed",
        description="Fixes the order of rows and the adapter's start, so that a run can be repeated.",
        json_schema_extra={"advanced": True},
    )

    @property
    def alpha(self) -> float:
        return self.rank * self.alpha_over_rank

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the canonical JSON, 16 hex digits."""
        return hashlib.sha256(json.dumps(self.model_dump(), sort_keys=True).encode()).hexdigest()[:16]


def is_advanced(field_name: str) -> bool:
    """Whether a recipe field belongs in the closed Advanced part."""
    extra = Recipe.model_fields[field_name].json_schema_extra
    return isinstance(extra, dict) and bool(extra.get("advanced"))
