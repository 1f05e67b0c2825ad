"""Sides: the base and what was trained from it, loaded so that either can answer, and both in one batch if possible."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from studio.engine.adapters import check_adapter
from studio.engine.checkpoints import Manifest
from studio.engine.load import keep_unpacked, load_model
from studio.engine.memory import free_memory, release_memory

BASE = "__base__"  # how peft names the model without any adapter
TUNED = "tuned"
ROOM_TO_ANSWER = 1.5  # times the weights of two models, free, before both are held at once


class Sides(Protocol):
    """Who can answer: what was trained (on), and the base without it."""

    @property
    def is_trained(self) -> bool: ...

    @property
    def can_mix(self) -> bool:
        """Whether one batch can hold rows with and without the adapter."""
        ...

    @property
    def takes_turns(self) -> bool:
        """Whether going from one side to the other costs nothing."""
        ...

    def side(self, *, on: bool) -> AbstractContextManager[Any]:
        """The model that answers with what was trained, or without."""
        ...


@dataclass(frozen=True, slots=True)
class Pair:
    """One model with and without its adapter, or two models that are both in memory.

    Without anything trained, both are the base.
    """

    base: Any
    tuned: Any
    takes_turns: bool = True

    @property
    def is_trained(self) -> bool:
        return self.tuned is not self.base or hasattr(self.tuned, "peft_config")

    @property
    def can_mix(self) -> bool:
        """peft can do so for LoRA, and not for DoRA."""
        config = self.tuned.peft_config[TUNED] if hasattr(self.tuned, "peft_config") else None
        return config is not None and config.peft_type == "LORA" and not config.use_dora

    @contextmanager
    def side(self, *, on: bool) -> Iterator[Any]:
        with nullcontext() if on or not hasattr(self.base, "peft_config") else self.base.disable_adapter():
            yield self.tuned if on else self.base


@dataclass(slots=True)
class Apart:
    """Two whole models of which memory holds one at a time."""

    load: Callable[[bool], Any]
    is_trained: bool = True
    can_mix: bool = False
    takes_turns: bool = False
    _held: dict[bool, Any] = field(default_factory=dict)

    @contextmanager
    def side(self, *, on: bool) -> Iterator[Any]:
        if on not in self._held:
            self._held.clear()
            release_memory()
            self._held[on] = self.load(on)
        yield self._held[on]


def load_sides(model: Path, *, trained: Path | None, manifest: Manifest | None) -> Sides:
    """The base as it was in training, and what was trained: an adapter on it, or a whole model.

    Of two whole models both are held where they fit with room to answer, else one at a time.
    """
    if manifest and trained and manifest.is_whole_model:
        return _whole_models(model, trained)
    base = load_model(model, quantisation=manifest.quantisation if manifest else "nf4").eval()
    if trained is None:
        return Pair(base, base)
    from peft import PeftModel

    check_adapter(trained)
    tuned = PeftModel.from_pretrained(base, str(trained), adapter_name=TUNED, is_trainable=False).eval()
    pair = Pair(tuned, tuned)
    if not pair.can_mix:
        keep_unpacked(tuned)
    return pair


def _whole_models(model: Path, trained: Path) -> Sides:
    def load(on: bool) -> Any:
        return load_model(trained if on else model, quantisation="none").eval()

    weights = sum(file.stat().st_size for folder in (model, trained) for file in folder.glob("*.safetensors"))
    return Pair(load(False), load(True)) if weights * ROOM_TO_ANSWER < free_memory() else Apart(load)
