"""Seats: the models held in memory for a talk, and the adapter that each pane needs on one of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from studio.domain.errors import RunError
from studio.domain.talk import Identity, Pane, Turn
from studio.engine import checkpoints
from studio.engine.adapters import check_adapter
from studio.engine.checkpoints import Manifest
from studio.engine.load import keep_unpacked, load_model
from studio.engine.memory import release_memory
from studio.engine.sides import BASE

MOST_ADAPTERS = 8  # on one model; with more, it is loaded anew

Quantisation = Literal["nf4", "none"]


class Ground(NamedTuple):
    """What panes must have in common to share one model in memory; `whole` is a folder of weights of their own."""

    quantisation: Quantisation
    kind: str = "LORA"
    mixes: bool = True
    whole: str = ""


@dataclass(slots=True)
class Held:
    """One model in memory and the adapters on it, each named by the fingerprint of its weights."""

    model: Any
    ground: Ground
    adapters: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Seat:
    """The model that answers in a pane and the adapter that is on while it does; None for none."""

    held: Held
    adapter: str | None
    identity: Identity

    @property
    def mixes(self) -> bool:
        """Whether it can answer in one batch with others of the same model: peft can do so for LoRA, not for DoRA."""
        return self.held.ground.mixes and bool(self.held.adapters)

    @property
    def in_a_batch(self) -> str:
        """How peft names it among rows with different adapters."""
        return self.adapter or BASE


class Seats:
    """Keeps one base in memory, with every adapter that is asked for; another base or kind takes its place."""

    def __init__(self) -> None:
        self._folder = ""
        self._held: dict[Ground, Held] = {}

    def are_there(self, turn: Turn) -> bool:
        """Whether nothing large has to be loaded for this turn."""
        return turn.model == self._folder and all(g in self._held for g in _grounds(turn, self._held))

    def take(self, turn: Turn) -> list[Seat]:
        """A seat for each pane. Every byte of a checkpoint is compared before it counts; RunError where it is not
        the one that was asked for."""
        grounds = _grounds(turn, self._held)
        if turn.model != self._folder:
            self._held.clear()
        self._folder = turn.model
        self._let_go(grounds)
        return [self._seat(turn, pane, ground) for pane, ground in zip(turn.panes, grounds, strict=True)]

    def _let_go(self, needed: Sequence[Ground]) -> None:
        """Free what this turn has no use for, before anything else is loaded."""
        for ground in [*self._held]:
            held = self._held[ground]
            if ground not in needed or len(held.adapters) >= MOST_ADAPTERS:
                del self._held[ground]
        release_memory()

    def _seat(self, turn: Turn, pane: Pane, ground: Ground) -> Seat:
        manifest = _verified(turn, pane) if pane.weights else None
        sha256 = manifest.weights_sha256 if manifest else None
        held = self._held.get(ground) or self._load(turn, ground)
        if sha256 and not ground.whole and sha256 not in held.adapters:
            held.model = _with(held, Path(pane.weights or ""), sha256)
            held.adapters.add(sha256)
        identity = Identity(model_id=turn.model_id, sha256=sha256, quantisation=ground.quantisation)
        return Seat(held, None if ground.whole else sha256, identity)

    def _load(self, turn: Turn, ground: Ground) -> Held:
        folder = Path(ground.whole or turn.model)
        held = Held(load_model(folder, quantisation=ground.quantisation).eval(), ground)
        if not ground.mixes:
            keep_unpacked(held.model)
        self._held[ground] = held
        return held


def _grounds(turn: Turn, held: dict[Ground, Held]) -> list[Ground]:
    """What each pane needs; the base stands on that of its neighbour, since that is what its neighbour learned on."""
    own = [_ground(Path(pane.weights)) if pane.weights else None for pane in turn.panes]
    neighbour = next((ground for ground in own if ground is not None), None)
    if neighbour is None:
        base = next((ground for ground in held if ground.quantisation == "nf4"), Ground("nf4"))
    else:
        base = Ground(neighbour.quantisation) if neighbour.whole else neighbour
    return [ground or base for ground in own]


def _ground(folder: Path) -> Ground:
    from peft import PeftConfig

    manifest = checkpoints.read(folder)
    if manifest.is_whole_model:
        return Ground("none", whole=str(folder))
    check_adapter(folder)
    config: Any = PeftConfig.from_pretrained(str(folder))
    mixes = config.peft_type == "LORA" and not config.use_dora
    return Ground(manifest.quantisation, str(config.peft_type), mixes)


def _verified(turn: Turn, pane: Pane) -> Manifest:
    manifest = checkpoints.verify(Path(pane.weights or ""))
    if manifest.weights_sha256 != pane.who.sha256 or manifest.model_id != turn.model_id:
        raise RunError(
            f"The checkpoint of {pane.who.title} is not the one that was chosen.", fix="Choose another checkpoint."
        )
    return manifest


def _with(held: Held, folder: Path, name: str) -> Any:
    """The model with one more adapter on it."""
    from peft import PeftModel

    check_adapter(folder)
    if not held.adapters:
        return PeftModel.from_pretrained(held.model, str(folder), adapter_name=name, is_trainable=False).eval()
    held.model.load_adapter(str(folder), adapter_name=name, is_trainable=False)
    return held.model.eval()
