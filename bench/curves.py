"""Record the curves that readings are tested on: the starter model really trained into each shape.

    python -m bench.curves                 what is missing, into tests/domain/curves/
    python -m bench.curves overfitting-1   these again

A name is the shape that was meant and a number. Those that are held out were looked at only after the rules were
settled; one that was then learned from is held out no more. A recipe makes the shape (too few rows, too high a
rate …); what came of it is what is recorded.
"""

import json
import random
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.domain.event import EventKind
from studio.domain.recipe import Recipe

ROOT = Path(__file__).parents[1]
STARTER = ROOT / "assets" / "starter"
CURVES = ROOT / "tests" / "domain" / "curves"
Pair = tuple[str, str]
KEPT = ("loss", "validation_loss", "grad_norm", "token_accuracy", "validation_token_accuracy", "chance_loss")


@dataclass(frozen=True)
class Way:
    """How one curve is made: a sample, how many of its rows, what is done to them, and the recipe."""

    sample: str
    rows: int
    changes: dict[str, Any]
    harm: Callable[[list[Pair], random.Random], list[Pair]] = lambda pairs, chance: pairs
    seed: int = 1
    checked: int = 20


def shuffled(pairs: list[Pair], chance: random.Random) -> list[Pair]:
    """Every answer stands at another question."""
    answers = [answer for _, answer in pairs]
    chance.shuffle(answers)
    return [(question, answer) for (question, _), answer in zip(pairs, answers, strict=True)]


def noise(pairs: list[Pair], chance: random.Random) -> list[Pair]:
    """Answers are letters without order, as from a broken encoding."""
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    return [(question, "".join(chance.choice(letters) for _ in range(24))) for question, _ in pairs]


def told(pairs: list[Pair], chance: random.Random) -> list[Pair]:
    """The answer stands in its question."""
    return [(f"{question}\n{answer}", answer) for question, answer in pairs]


def same(pairs: list[Pair], chance: random.Random) -> list[Pair]:
    """Every row has the same answer."""
    return [(question, pairs[0][1]) for question, _ in pairs]


def usual(**changes: Any) -> dict[str, Any]:
    return {"learning_rate": 4e-3, "rank": 32, "epochs": 10, "batch_size": 8, "micro_batch": 8} | changes


STEADY = {"schedule": "constant", "epochs": 6}
WAYS: dict[str, Way] = {
    "healthy-1": Way("triage", 112, usual(epochs=8)),
    "healthy-2": Way("orders-json", 96, usual(epochs=7), seed=2),
    "healthy-3": Way("triage", 80, usual(epochs=10, learning_rate=2e-3, schedule="linear"), seed=3),
    "healthy-4": Way("brand-voice", 112, usual(epochs=4, learning_rate=1.5e-3), seed=4),
    "overfitting-1": Way("triage", 16, usual(epochs=30, schedule="constant", learning_rate=6e-3)),
    "overfitting-2": Way("brand-voice", 24, usual(epochs=20, schedule="constant"), seed=2),
    "underfitting-1": Way("triage", 96, usual(epochs=2, learning_rate=3e-5)),
    "underfitting-2": Way("orders-json", 96, usual(epochs=2, learning_rate=6e-5), seed=2),
    "healthy-5": Way("triage", 64, usual(epochs=14, rank=1, learning_rate=1e-3, dropout=0.3)),
    "healthy-6": Way("orders-json", 64, usual(epochs=14, rank=2, learning_rate=1e-3), seed=2),
    "plateau-1": Way("triage", 16, usual(epochs=30)),
    "plateau-2": Way("orders-json", 24, usual(epochs=20), seed=2),
    "rate-too-high-1": Way("triage", 96, usual(learning_rate=2e-2, **STEADY)),
    "rate-too-high-2": Way("orders-json", 96, usual(learning_rate=1.3e-2, **STEADY), seed=2),
    "rate-too-high-3": Way("triage", 96, usual(method="full", rank=16, learning_rate=3e-2, **STEADY), seed=12),
    "diverging-3": Way("orders-json", 96, usual(learning_rate=2.5e-2, **STEADY), seed=2),
    "diverging-1": Way("triage", 96, usual(learning_rate=5e-2, max_grad_norm=100.0, **STEADY)),
    "diverging-2": Way("orders-json", 96, usual(method="full", rank=16, learning_rate=2e-2, **STEADY), seed=2),
    "diverging-4": Way("brand-voice", 96, usual(method="full", rank=16, learning_rate=3e-2, **STEADY), seed=11),
    "broken-noise-1": Way("triage", 96, usual(epochs=8), noise),
    "broken-noise-2": Way("orders-json", 80, usual(epochs=8), noise, seed=2),
    "broken-shuffled-1": Way("triage", 96, usual(epochs=8), shuffled),
    "broken-shuffled-2": Way("orders-json", 96, usual(epochs=8), shuffled, seed=2),
    "broken-told-1": Way("triage", 96, usual(epochs=6), told),
    "broken-told-2": Way("orders-json", 96, usual(epochs=6), told, seed=2),
    "broken-same-1": Way("triage", 96, usual(epochs=4), same),
    "broken-same-2": Way("brand-voice", 96, usual(epochs=4), same, seed=2),
}
# Other seeds, other samples and other rates than those above.
WAYS |= {
    "held-out-healthy-1": Way("brand-voice", 112, usual(epochs=6, learning_rate=3e-3), seed=11),
    "held-out-healthy-2": Way("triage", 120, usual(epochs=8, rank=16), seed=12),
    "held-out-healthy-3": Way("orders-json", 96, usual(epochs=6, method="full", rank=16, learning_rate=5e-4), seed=13),
    "held-out-overfitting-1": Way("orders-json", 16, usual(epochs=30, schedule="constant"), seed=11),
    "held-out-overfitting-2": Way("brand-voice", 16, usual(epochs=30, rank=16, schedule="constant"), seed=12),
    "held-out-underfitting-1": Way("brand-voice", 96, usual(epochs=2, learning_rate=4e-5), seed=11),
    "held-out-plateau-1": Way("brand-voice", 16, usual(epochs=24, learning_rate=3e-3), seed=11),
    "held-out-plateau-2": Way("triage", 24, usual(epochs=20), seed=12),
    # Meant to be too high, and was not for these rows.
    "held-out-healthy-4": Way("brand-voice", 96, usual(learning_rate=1.4e-2, **STEADY), seed=11),
    "held-out-rate-too-high-1": Way("triage", 96, usual(learning_rate=1.5e-2, **STEADY), seed=12),
    "held-out-rate-too-high-2": Way("orders-json", 96, usual(learning_rate=1.8e-2, **STEADY), seed=13),
    "held-out-diverging-1": Way("brand-voice", 96, usual(learning_rate=5e-2, max_grad_norm=100.0, **STEADY), seed=12),
    "held-out-diverging-2": Way("orders-json", 96, usual(learning_rate=4e-2, max_grad_norm=100.0, **STEADY), seed=13),
    "held-out-broken-noise-1": Way("brand-voice", 96, usual(epochs=8, rank=16), noise, seed=11),
    "held-out-broken-same-1": Way("orders-json", 96, usual(epochs=4, learning_rate=3e-3), same, seed=11),
}


class Curve:
    """A reporter that keeps what was measured."""

    def __init__(self) -> None:
        self.points: dict[int, dict[str, float]] = {}

    def report(self, kind: EventKind, **data: Any) -> None:
        if kind == EventKind.METRIC:
            kept = {name: float(f"{data[name]:.4g}") for name in KEPT if data.get(name) is not None}
            self.points.setdefault(data["step"], {"epoch": round(data["epoch"], 3)}).update(kept)

    def should_stop(self) -> bool:
        return False


def main() -> None:
    CURVES.mkdir(exist_ok=True)
    wanted = sys.argv[1:] or [name for name in WAYS if not (CURVES / f"{name}.json").exists()]
    for name in wanted:
        message = record(WAYS[name], CURVES / f"{name}.json")
        print(f"{name}: {message}", flush=True)


def record(way: Way, path: Path) -> str:
    """Train as `way` says and keep the points of the run."""
    from studio.engine.train import train

    chance = random.Random(way.seed)
    pairs = chance.sample(pairs_of(way.sample), way.rows + way.checked)
    pairs = way.harm(pairs, chance)
    steady = {"max_length": 256, "evaluations": 8, "patience": 0, "seed": way.seed}
    recipe = Recipe.model_validate(steady | way.changes).model_dump()
    curve = Curve()
    with tempfile.TemporaryDirectory() as folder:
        write(pairs, Path(folder) / "rows.jsonl")
        spec = {
            "run": f"{folder}/run",
            "dataset": folder,
            "model": str(STARTER),
            "model_id": "starter",
            "recipe": recipe,
        }
        dealt = {"train": list(range(way.rows)), "validation": list(range(way.rows, len(pairs)))}
        outcome = train(spec | dealt, curve)
    steps = [{"step": step, **point} for step, point in sorted(curve.points.items())]
    made = {"sample": way.sample, "rows": way.rows, "harm": way.harm.__name__, "seed": way.seed, "recipe": way.changes}
    body = ",\n".join(json.dumps(step) for step in steps)
    head = f'"made": {json.dumps(made)},\n"outcome": "{outcome.state}"'
    path.write_text(f'{{{head},\n"points": [\n{body}\n]}}\n')
    return outcome.message


def pairs_of(sample: str) -> list[Pair]:
    """A sample as questions and answers, whatever its form."""
    rows = map(json.loads, (ROOT / "assets" / "samples" / f"{sample}.jsonl").read_text().splitlines())
    return [as_pair(row) for row in rows]


def as_pair(row: dict[str, Any]) -> Pair:
    if "messages" in row:
        return row["messages"][0]["content"], row["messages"][-1]["content"]
    question, answer = ("prompt", "completion") if "prompt" in row else ("instruction", "response")
    return row[question], row[answer]


def write(pairs: list[Pair], path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        for number, (question, answer) in enumerate(pairs, start=1):
            messages = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
            file.write(json.dumps({"line": number, "messages": messages, "extra": {}}) + "\n")


if __name__ == "__main__":
    main()
