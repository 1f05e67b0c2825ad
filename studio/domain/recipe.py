"""Recipe: every choice for a run. Controls, help, bounds, documentation and checks all come from these fields."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from studio.domain.method import DEPENDENT, Method, belongs, why_not
from studio.domain.tracker import Tracker

# What recipes said before they named their method: how the frozen base is kept.
EARLIER_METHODS: dict[str, Method] = {"nf4": "qlora", "none": "lora"}
# Choices that came later; a recipe that does not make them keeps the fingerprint that it had before.
LATER = ("rank_stabilised", "dora", "prefix_tokens", "preference", "beta", "packing", "learn_questions")


def method_of(kept: Mapping[str, Any]) -> Method:
    """The method of a recipe as it is kept, without checking the rest of it."""
    return kept.get("method") or EARLIER_METHODS[kept["quantisation"]]


class Recipe(BaseModel):
    """Every choice for a run; frozen, so that what was trained can always be named."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Method = Field(
        "qlora",
        title="Method",
        description="What of the model is changed, and how its own weights are kept while that is learned.",
    )
    epochs: float = Field(
        3,
        gt=0,
        le=100,
        title="Passes over your data",
        description=(
            "How often the model reads every training row. 1 to 3 is usual; more fit your examples closer, too many "
            "memorise them."
        ),
    )
    learning_rate: float = Field(
        2e-4,
        gt=0,
        le=0.05,
        title="Learning rate",
        description=(
            "How big each correction is. Usual: 2e-4 for QLoRA and LoRA, 2e-5 for full fine-tuning, 1e-2 for a "
            "prefix. Too high and the loss jumps; too low and little is learned."
        ),
    )
    rank: int = Field(
        16,
        ge=1,
        le=256,
        title="Adapter rank",
        description="How much the adapter can learn; 16 is usual. Higher learns more and needs a little more memory.",
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

    alpha_over_rank: float = Field(
        1.0,
        gt=0,
        le=8,
        title="Adapter strength",
        description="LoRA alpha divided by rank: how strongly the adapter's learning is applied; 1 or 2 is usual.",
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
    rank_stabilised: bool = Field(
        False,
        title="Steady strength at high rank (rsLoRA)",
        description="Divides alpha by the root of the rank, so that ranks from 64 on learn more; little changes below.",
        json_schema_extra={"advanced": True},
    )
    dora: bool = Field(
        False,
        title="Learn size and direction apart (DoRA)",
        description="Often a little better at low rank, for about half as much time again and more memory.",
        json_schema_extra={"advanced": True},
    )
    prefix_tokens: int = Field(
        20,
        ge=1,
        le=512,
        title="Prefix length (tokens)",
        description="Invisible words that are learned: 10 to 20 for format and tone, up to 200 for harder tasks.",
        json_schema_extra={"advanced": True},
    )
    preference: bool = Field(
        False,
        title="Learn from both answers (DPO)",
        description=(
            "For pairs: learns to prefer the better answer to the worse. Usual learning rate: 5e-6 to 5e-5, for full "
            "fine-tuning a tenth of that, for a prefix 1e-3 to 1e-2."
        ),
        json_schema_extra={"advanced": True},
    )
    beta: float = Field(
        0.1,
        gt=0,
        le=5,
        title="Closeness to the base (beta)",
        description="For pairs: how strongly the model is held to what it said before; 0.1 is usual, less moves more.",
        json_schema_extra={"advanced": True},
    )
    learn_questions: bool = Field(
        False,
        title="Learn the questions as well",
        description=(
            "Only answers are learned as a rule. Switch it on for dialogues of which the model should also learn to "
            "write what is asked."
        ),
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
        description="Pulls trained weights towards zero; 0 is usual for adapters, 0.01 to 0.1 for full fine-tuning.",
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
        description="How often validation loss is measured and a checkpoint saved; twice a pass is usual.",
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
    packing: Literal["auto", "off"] = Field(
        "auto",
        title="Rows end to end (packing)",
        description=(
            "Rows lie end to end instead of being padded to the longest, and none sees another: faster, and the result "
            "stays the same."
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

    trackers: tuple[Tracker, ...] = Field(
        (),
        title="Also tell",
        description="TensorBoard's files are always written. These are told the curves as well, with your own account "
        "there; they see the recipe and the figures, never a row.",
        json_schema_extra={"advanced": True},
    )

    @field_validator("trackers", mode="before")
    @classmethod
    def _between_commas(cls, value: Any) -> Any:
        """As they are typed in a terminal."""
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @model_validator(mode="before")
    @classmethod
    def _name_the_method(cls, values: Any) -> Any:
        """Earlier recipes say how the base is kept; together with a method that keeps it otherwise, it is refused."""
        if not isinstance(values, dict) or values.get("quantisation") not in EARLIER_METHODS:
            return values
        rest = {name: value for name, value in values.items() if name != "quantisation"}
        method = rest.setdefault("method", EARLIER_METHODS[values["quantisation"]])
        return rest if quantisation_of(method) == values["quantisation"] else values

    @field_validator(*DEPENDENT)
    @classmethod
    def _belong_to_the_method(cls, value: Any, info: ValidationInfo) -> Any:
        """A choice that the method does not have is refused rather than passed over."""
        method, name = info.data.get("method"), info.field_name
        if method and name and not belongs(name, method) and value != cls.model_fields[name].default:
            raise ValueError(why_not(name, method))
        return value

    @field_validator("learn_questions")
    @classmethod
    def _of_answers(cls, value: bool, info: ValidationInfo) -> bool:
        if value and info.data.get("preference"):
            raise ValueError("cannot go together with “Learn from both answers (DPO)”, which never learns questions")
        return value

    @property
    def lies_end_to_end(self) -> bool:
        """Whether rows lie end to end wherever the model keeps them apart; otherwise they are padded."""
        return self.packing == "auto" and not self.preference and self.method != "prefix"

    @property
    def quantisation(self) -> Literal["nf4", "none"]:
        """How the frozen base is kept: in 4 bits (NF4) or as it is."""
        return quantisation_of(self.method)

    @property
    def alpha(self) -> float:
        return self.rank * self.alpha_over_rank

    @property
    def choices(self) -> dict[str, Any]:
        """The fields that mean something to the method, as plain values."""
        return {name: value for name, value in self.model_dump().items() if belongs(name, self.method)}

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the canonical JSON, 16 hex digits; the same as before for what could be chosen before."""
        fields = Recipe.model_fields
        values = {k: v for k, v in self.model_dump().items() if k not in LATER or v != fields[k].default}
        values.pop("trackers")  # who is told changes nothing of what is learned
        if self.method in EARLIER_METHODS.values():
            del values["method"]
        values["quantisation"] = self.quantisation
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]

    def by(self, method: Method) -> "Recipe":
        """The same choices for another method, without those that it does not have."""
        shared = {name: value for name, value in self.choices.items() if belongs(name, method)}
        return Recipe.model_validate(shared | {"method": method})


def quantisation_of(method: str) -> Literal["nf4", "none"]:
    """4 bits (NF4) for QLoRA (Dettmers et al. 2023); every other method keeps the base as it is."""
    return "nf4" if method == "qlora" else "none"


def is_advanced(field_name: str) -> bool:
    """Whether a recipe field belongs in the closed Advanced part."""
    extra = Recipe.model_fields[field_name].json_schema_extra
    return isinstance(extra, dict) and bool(extra.get("advanced"))
