"""Leakage: the check of a split: how many held-out rows have a twin in training, and pairs for a person to read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from studio.data.atomic import replacing
from studio.data.progress import Progress, Stopped
from studio.data.rows import load_rows
from studio.domain.event import EventKind, Outcome, Reporter
from studio.domain.leakage import Leak, Leakage, Twin

if TYPE_CHECKING:
    from studio.data.twins import Likenesses

READ_ROWS = 15
LISTED_TWINS = 200


def check_split(spec: Mapping[str, Any], reporter: Reporter) -> Outcome:
    """Measure a split and write `spec["out"]`; `train`, `validation`, `test` and `removed` are its rows."""
    from studio.data.twins import Likenesses  # whoever reads what was found does without scipy

    rows = load_rows(Path(spec["dataset"]))
    progress = Progress(reporter, total=2 * len(rows))
    try:
        reporter.report(EventKind.PHASE, name="Reading the words of every row")
        likenesses = Likenesses(rows, at=progress.at)
        reporter.report(EventKind.PHASE, name="Looking for twins across the split")
        found = _measured(spec, likenesses, at=lambda share: progress.at(int(len(rows) * (1 + share))))
    except Stopped:
        return Outcome(state="stopped", message="The check of the split was stopped.")
    with replacing(Path(spec["out"])) as file:
        file.write(orjson.dumps(asdict(found)))
    return Outcome(
        state="done",
        message=f"{found.after.twins:,} of {found.after.measured:,} held-out rows have a twin in training.",
        result={"before": found.before.twins, "after": found.after.twins, "held_out": found.after.held_out},
    )


def load_leakage(path: Path) -> Leakage:
    held = orjson.loads(path.read_bytes())
    return Leakage(
        split_id=held["split_id"],
        before=Leak(**held["before"]),
        after=Leak(**held["after"]),
        twins=tuple(Twin(**twin) for twin in held["twins"]),
        reading=tuple(Twin(**twin) for twin in held["reading"]),
    )


def plain_deal(rows: Sequence[int], *, held_out: int, seed: int) -> tuple[list[int], list[int]]:
    """Held-out rows and training rows as a plain shuffle deals them, whatever belongs together."""
    order = np.random.default_rng(seed).permutation(np.array(rows, dtype=np.int64)).tolist()
    return order[:held_out], order[held_out:]


def _measured(spec: Mapping[str, Any], likenesses: "Likenesses", *, at: Callable[[float], None]) -> Leakage:
    train, validation, test = spec["train"], spec["validation"], spec["test"]
    seed, removed = spec["seed"], frozenset(spec["removed"])
    held = [*validation, *test]
    everyone = [number for number in range(likenesses.rows) if number not in removed]
    plain = plain_deal(everyone, held_out=len(held), seed=seed)
    before, _ = likenesses.leak(*plain, seed=seed, at=lambda share: at(share / 2))
    after, twins = likenesses.leak(held, train, seed=seed, at=lambda share: at(0.5 + share / 2))
    listed = sorted(twins, key=lambda twin: (-twin.likeness, twin.row))[:LISTED_TWINS]
    read = likenesses.drawn(validation, READ_ROWS, seed=seed)
    return Leakage(spec["split"], before, after, tuple(listed), tuple(likenesses.nearest(sorted(read), train)))
