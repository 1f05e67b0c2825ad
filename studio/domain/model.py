"""Model: a base that can be fine-tuned, what it is and whether it can be used here."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes read from a model's configuration alone; the unit is parameters unless said."""

    architecture: str
    layers: int
    hidden: int
    intermediate: int
    heads: int
    key_value_heads: int
    head_size: int
    vocabulary: int
    context: int
    tied_embeddings: bool

    @property
    def linear(self) -> int:
        """Parameters in the layers that QLoRA quantises and adapts."""
        attention = self.hidden * self.head_size * (2 * self.heads + 2 * self.key_value_heads)
        return self.layers * (attention + 3 * self.hidden * self.intermediate)

    @property
    def embedding(self) -> int:
        return self.vocabulary * self.hidden * (1 if self.tied_embeddings else 2)

    @property
    def parameters(self) -> int:
        return self.linear + self.embedding + self.hidden * (2 * self.layers + 1)

    def adapter(self, rank: int) -> int:
        """Parameters of a LoRA adapter of `rank` on every linear layer."""
        q, kv = self.heads * self.head_size, self.key_value_heads * self.head_size
        per_layer = (
            (self.hidden + q) + 2 * (self.hidden + kv) + (q + self.hidden) + 3 * (self.hidden + self.intermediate)
        )
        return self.layers * per_layer * rank

    def prefix(self, tokens: int) -> int:
        """Parameters of a prefix of so many tokens: a key and a value for each in every layer."""
        return self.layers * 2 * tokens * self.key_value_heads * self.head_size


@dataclass(frozen=True, slots=True)
class Model:
    """One entry of the model picker. `reason` says in words why it cannot be used here; empty when it can."""

    id: str
    title: str
    maker: str
    parameters: int
    context: int
    licence: str
    about: str
    needs: str
    kind: str = "instruct"
    starter: bool = False
    hub_id: str | None = None
    path: Path | None = None
    reason: str = ""

    @property
    def is_usable(self) -> bool:
        return self.path is not None and not self.reason
