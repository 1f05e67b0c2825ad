"""Targets: what is fed with bytes from outside, and what has to hold whatever they are.

Each takes any bytes and returns, or refuses them in words; whatever else it raises is a finding.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import yaml

from studio.cli.study import votes_of
from studio.data import ingest
from studio.data.comparing import Comparing
from studio.data.looking import Look
from studio.data.parsing import parse_object
from studio.data.reading import readable
from studio.data.repairing import Repair, mended
from studio.data.rows import load_rejects, load_rows
from studio.domain.errors import StudioError
from studio.domain.event import EventKind
from studio.engine import load
from studio.flows.choose import recipe_from_yaml, recipe_yaml
from studio.jobs import spool
from studio.recipes.local import check_model_folder
from tests.data.hostile.case import Holding
from tests.data.hostile.listed import CASES
from tests.recipes.conftest import CONFIG, TEMPLATE

LONGEST_SAID = 1000  # characters of one sentence
BETWEEN = b"\x1e"  # the files of a model folder, one after the other
MODEL_FILES = ("config.json", "tokenizer_config.json", "model.safetensors.index.json")
BODY = 64  # bytes of weights after the header


@dataclass(frozen=True, slots=True)
class Target:
    """`feed` gets the bytes and an empty folder; `watched` are the modules whose branches guide the fuzzer."""

    feed: Callable[[bytes, Path], None]
    seeds: Callable[[], Sequence[bytes]]
    watched: tuple[str, ...]
    longest: int = 4096


def in_words(error: StudioError) -> None:
    """A refusal is a sentence that somebody can read, and says what to do."""
    assert error.message and error.fix, error
    assert len(error.sentence) <= LONGEST_SAID, f"{len(error.sentence)} characters: {error.sentence[:200]}"


class Silent:
    def report(self, kind: EventKind, **data: Any) -> None:
        orjson.dumps(data)

    def should_stop(self) -> bool:
        return False


# Rows


def rows(raw: bytes, folder: Path) -> None:
    """A file as the reader takes it in: every line is a row or refused, at its place, and can be written and shown."""
    (folder / "source").write_bytes(raw)
    try:
        kept, refused = _read(folder)
    except StudioError as error:
        in_words(error)
        return
    assert kept == len(load_rows(folder))
    for row in load_rows(folder):
        assert row.messages and row.line >= 1
    rejects = load_rejects(folder)
    assert refused == len(rejects)
    for reject in rejects:
        assert reject.line >= 1 and reject.reason and (reject.column is None or reject.column >= 1)
        assert len(reject.reason) <= LONGEST_SAID and len(reject.fix) <= LONGEST_SAID
        assert not reject.excerpt or len(reject.excerpt.lines[0]) <= LONGEST_SAID


def _read(folder: Path) -> tuple[int, int]:
    reporter = Silent()
    with readable(
        folder / "source", scratch=folder / "unpacked", encoding=None, at=lambda _: None, tell=lambda _: None
    ) as ready:
        look = Look(repairs=frozenset(Repair))
        look.through(ready, at=lambda _: None, reporter=reporter)
        look.report_first_rows(reporter)
        way = ingest._Way(look.guess(), look.survey, frozenset())
        with ingest.Beside(folder / "checks") as beside, Comparing(folder) as comparing:
            tally = ingest._Tally(comparing)
            ingest._write(ready, folder, way, beside, tally, at=_between)
    return tally.rows, tally.rejects


def _between(share: float) -> None:
    assert 0 <= share <= 1.001, share


def line(raw: bytes, folder: Path) -> None:
    """One line: an object or a reason with its place; and a repair makes what it says, and nothing of it is lost."""
    value = parse_object(raw)
    if isinstance(value, dict):
        orjson.dumps(value)
        return
    assert value.reason and len(value.reason) <= LONGEST_SAID
    assert value.column is None or value.column >= 1
    if found := mended(raw):
        for row in found.rows:
            assert parse_object(row.raw) == row.value
        found.text.encode()


# Configurations


def recipe(raw: bytes, folder: Path) -> None:
    """A recipe as YAML, read back the same from what is written of it."""
    text = raw.decode("utf-8", "replace")
    try:
        model, made = recipe_from_yaml(text)
    except StudioError as error:
        in_words(error)
        return
    assert recipe_from_yaml(recipe_yaml(model or "starter", made))[1] == made


def model(raw: bytes, folder: Path) -> None:
    """A model folder, checked at the door and again by the engine, before anything loads it."""
    *settings, header = [*raw.split(BETWEEN)[:4]]
    for name, content in zip(MODEL_FILES, settings, strict=False):
        if content:
            (folder / name).write_bytes(content)
    (folder / "tokenizer.json").write_bytes(b"{}")
    (folder / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(BODY))
    for check in (check_model_folder, load.check_model_folder):
        try:
            check(folder)
        except StudioError as error:
            in_words(error)


# Events


def events(raw: bytes, folder: Path) -> None:
    """What a worker left: the same events whether they are read at once or while they are being written."""
    path = folder / "events.jsonl"
    path.write_bytes(raw)
    whole = spool.read_events(folder, offset=0)
    assert whole.offset == (raw.rindex(b"\n") + 1 if b"\n" in raw else 0)
    for event in whole.events:
        assert 1 <= event.seq < 2**31  # what a column of a database holds
        json.dumps(event.data, allow_nan=False).encode()
    path.write_bytes(raw[: len(raw) // 2])
    first = spool.read_events(folder, offset=0)
    path.write_bytes(raw)
    rest = spool.read_events(folder, offset=first.offset)
    assert (*first.events, *rest.events) == whole.events and rest.offset == whole.offset
    (folder / "outcome.json").write_bytes(raw)
    if outcome := spool.read_outcome(folder):
        json.dumps(outcome.result, allow_nan=False).encode()


def votes(raw: bytes, folder: Path) -> None:
    """Judgements from a file."""
    path = folder / "votes.jsonl"
    path.write_bytes(raw)
    try:
        for vote in votes_of(path):
            f"{vote.card_id}{vote.comment}".encode()
    except StudioError as error:
        in_words(error)


# Seeds


def _of_hostile_files() -> list[bytes]:
    found = [case.build.raw for case in CASES if isinstance(case.build, Holding)]
    return [raw for raw in found if len(raw) <= 2000]


def _lines() -> list[bytes]:
    return [each for raw in _of_hostile_files() for each in raw.split(b"\n") if each]


def _recipes() -> list[bytes]:
    from studio.domain.recipe import Recipe

    whole = recipe_yaml("starter", Recipe())
    single = [yaml.safe_dump({name: value}) for name, value in Recipe().choices.items()]
    odd = [
        "a: &a [1]\nb: *a",
        "rank: 0x10",
        "rank: 1_0",
        "epochs: .nan",
        "rank: !!int 8",
        "<<: {rank: 8}",
        "seed: 1:30",
    ]
    return [each.encode() for each in (whole, *single, *odd)]


def _models() -> list[bytes]:
    tensors = {"w": {"dtype": "F16", "shape": [4, 8], "data_offsets": [0, BODY]}, "__metadata__": {"format": "pt"}}
    index = {"weight_map": {"w": "model.safetensors"}}
    small = CONFIG | {
        "hidden_size": 2,
        "intermediate_size": 2,
        "num_attention_heads": 1,
        "head_dim": 2,
        "vocab_size": 2,
    }
    nested = {"text_config": small | {"model_type": "gemma3_text"}, "rope_scaling": {"rope_type": "yarn"}}
    tokenizer = {"chat_template": TEMPLATE, "tokenizer_class": "PreTrainedTokenizerFast", "auto_map": None}
    parts = [[config, tokenizer, shards, tensors] for config in (CONFIG, small, nested) for shards in (None, index)]
    return [BETWEEN.join(json.dumps(part).encode() if part else b"" for part in each) for each in parts]


def _events() -> list[bytes]:
    data = [
        ("start", {"step": 0}), ("phase", {"name": "Training"}), ("progress", {"done": 1, "total": 3, "seconds_left": 2.5}),
        ("metric", {"step": 1, "epoch": 0.1, "loss": 1.5}), ("note", {"text": "é"}),
        ("checkpoint", {"step": 1, "epoch": 1.0, "validation_loss": 0.5, "path": "checkpoints/step-1", "sha256": "0", "bytes": 1}),
        ("answers", {"step": 1, "items": [{"prompt": "a", "answer": "b"}]}), ("rows", {"guess": None, "rows": []}),
    ]  # fmt: skip
    told = [{"seq": n, "at": 1.5, "kind": kind, "data": held} for n, (kind, held) in enumerate(data, start=1)]
    outcome = {"state": "done", "message": "Trained.", "fix": "", "code": "", "result": {"loss": 0.5}}
    return [
        *(json.dumps(each).encode() + b"\n" for each in told),
        b"".join(orjson.dumps(e) + b"\n" for e in told),
        json.dumps(outcome).encode(),
    ]


def _votes() -> list[bytes]:
    vote = {"card": "card-1", "choice": "left", "comment": "so", "marks": {"left": {"tone": 3}}}
    return [json.dumps(vote).encode(), b'{"card": "a", "choice": "tie"}\n\n{"card": "b", "choice": "skip"}\n']


TARGETS = {
    "rows": Target(rows, _of_hostile_files, ("studio.data",)),
    "line": Target(line, _lines, ("studio.data",), longest=1024),
    "recipe": Target(recipe, _recipes, ("studio.flows.choose", "studio.domain", "yaml"), longest=2048),
    "model": Target(model, _models, ("studio.recipes", "studio.engine.load", "studio.domain")),
    "events": Target(events, _events, ("studio.jobs.spool", "studio.domain"), longest=2048),
    "votes": Target(votes, _votes, ("studio.cli.study", "studio.flows.judge", "studio.domain"), longest=1024),
}
