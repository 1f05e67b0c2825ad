"""How fast a comparison is written: mixed batches against one contestant after the other.

    python -m bench.answering                       the starter, trained on the triage sample first
    python -m bench.answering --adapter FOLDER      a checkpoint that is there already

Base, fine-tuned and base with instructions answer the same held-out prompts. The arms take turns in one process:

    mixed       one model in memory, its adapter on and off row by row
    in turns    the same model, one contestant after the other, as many answers at once
    reloaded    the same, and what answers is loaded anew for every contestant, as by hand
    singly      one model, one answer at a time

Wall is the clock's; processor is what the process used itself, whatever else ran. Loading counts where an arm loads.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.training import STARTER, TRIAGE, Bench, Quiet, asks_of, deal

CONTESTANTS = ("base", "tuned", "prompt")
Texts = dict[tuple[str, str, str], Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=STARTER)
    parser.add_argument("--data", type=Path, default=TRIAGE)
    parser.add_argument("--adapter", type=Path, help="a checkpoint of that model; trained here when left out")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--prompts", type=int, default=60)
    parser.add_argument("--most", type=int, default=160, help="tokens of an answer")
    choices = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        training = Bench(folder=Path(folder), model=choices.model)
        train, validation, test = deal(training.copy_rows(choices.data))
        adapter = choices.adapter or trained(training, train, validation)
        asks = Path(folder) / "asks.jsonl"
        wanted = asks_of(training.read(test[: choices.prompts]), CONTESTANTS)
        asks.write_text("".join(json.dumps(ask) + "\n" for ask in wanted))
        table(Answering(choices.model, adapter, asks, most=choices.most).rounds(choices.rounds))


def trained(training: Bench, rows: Sequence[int], validation: Sequence[int]) -> Path:
    """A checkpoint by the default recipe, on the rows that are not held out."""
    outcome = training.train(training.default_recipe(len(rows)), rows, validation, Quiet())
    return training.folder / "run" / "checkpoints" / f"step-{outcome.result['best_step']}"


@dataclass(frozen=True, slots=True)
class Took:
    """What an arm took, and what it wrote."""

    wall: float
    processor: float
    written: Texts

    @property
    def tokens(self) -> int:
        return sum(each.tokens for each in self.written.values())


class Answering:
    """One model, its adapter, and the asks of a comparison."""

    def __init__(self, model: Path, adapter: Path, asks: Path, *, most: int) -> None:
        from studio.domain.sampling import Sampling
        from studio.engine import checkpoints
        from studio.engine.asking import Scribe, read_asks
        from studio.engine.load import load_tokenizer, prepare_process
        from studio.engine.sides import load_sides

        prepare_process()
        self.model, self.adapter, self.manifest = model, adapter, checkpoints.verify(adapter)
        self.tokenizer, self.sampling = load_tokenizer(model), Sampling(max_new_tokens=most)
        self.sides = load_sides(model, trained=adapter, manifest=self.manifest)
        self.sized = Scribe(self.sides, self.tokenizer, self.sampling, Quiet()).sized(read_asks(asks))

    def rounds(self, count: int) -> dict[str, list[Took]]:
        """Every arm in every round; the first round warms up and does not count."""
        arms = {"mixed": self.mixed, "in turns": self.in_turns, "reloaded": self.reloaded, "singly": self.singly}
        told: dict[str, list[Took]] = {name: [] for name in arms}
        for number in range(count + 1):
            for name, arm in arms.items():
                took = self.clocked(arm)
                line = {"round": number, "arm": name, "wall": round(took.wall, 2), "tokens": took.tokens}
                print(json.dumps(line | {"processor": round(took.processor, 2)}), flush=True)
                if number:
                    told[name].append(took)
        return told

    def clocked(self, arm: Callable[[], Iterator[tuple[Any, Any]]]) -> Took:
        began, used = time.perf_counter(), time.process_time()
        written = {one.ask.id: each for one, each in arm()}
        return Took(time.perf_counter() - began, time.process_time() - used, written)

    def mixed(self) -> Iterator[tuple[Any, Any]]:
        from studio.engine.asking import in_batches
        from studio.engine.sides import BASE, TUNED

        with self.sides.side(on=True) as model:
            for batch in in_batches(self.sized, model):
                adapters = [TUNED if one.ask.tuned else BASE for one in batch]
                yield from zip(batch, self.written(model, batch, adapters=adapters), strict=True)

    def in_turns(self) -> Iterator[tuple[Any, Any]]:
        for contestant in CONTESTANTS:
            yield from self.alone(self.sides, contestant)

    def reloaded(self) -> Iterator[tuple[Any, Any]]:
        from studio.engine.sides import load_sides

        for contestant in CONTESTANTS:
            on = contestant == "tuned"
            sides = load_sides(self.model, trained=self.adapter if on else None, manifest=self.manifest)
            yield from self.alone(sides, contestant)

    def singly(self) -> Iterator[tuple[Any, Any]]:
        for contestant in CONTESTANTS:
            with self.sides.side(on=contestant == "tuned") as model:
                for one in self.of(contestant):
                    yield one, self.written(model, [one])[0]

    def alone(self, sides: Any, contestant: str) -> Iterator[tuple[Any, Any]]:
        from studio.engine.asking import in_batches

        with sides.side(on=contestant == "tuned") as model:
            for batch in in_batches(self.of(contestant), model):
                yield from zip(batch, self.written(model, batch), strict=True)

    def of(self, contestant: str) -> list[Any]:
        return [one for one in self.sized if one.ask.contestant == contestant]

    def written(self, model: Any, batch: Sequence[Any], *, adapters: list[str] | None = None) -> list[Any]:
        from studio.engine.answering import write

        chats, keys = [one.ask.chat for one in batch], [one.ask.key for one in batch]
        return write(model, self.tokenizer, chats, sampling=self.sampling, keys=keys, adapters=adapters)


def table(told: dict[str, list[Took]]) -> None:
    """Medians, and how many times as long as mixed batches each arm took."""
    first = told["mixed"][0]
    print(f"\n{len(first.written)} answers, {first.tokens:,} tokens\n")
    print("| arm | seconds | by mixed | processor | by mixed | answers the same |\n|---|---|---|---|---|---|")
    ours = [statistics.median(getattr(each, what) for each in told["mixed"]) for what in ("wall", "processor")]
    for name, rounds in told.items():
        took = [statistics.median(getattr(each, what) for each in rounds) for what in ("wall", "processor")]
        same = sum(first.written[ask].text == each.text for ask, each in rounds[0].written.items())
        cells = [f"{seconds:.1f} | {seconds / mine:.2f}" for seconds, mine in zip(took, ours, strict=True)]
        print(f"| {name} | {' | '.join(cells)} | {same} of {len(first.written)} |")


if __name__ == "__main__":
    main()
