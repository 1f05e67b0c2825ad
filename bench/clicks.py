"""What a click on Data, Inspect or Recipe takes with 100,000 rows: every handler of the screens, and the downloads.

    python -m bench.clicks                              makes a workspace with 100,000 rows, clicks, and throws it away
    python -m bench.clicks --workspace DIR              keeps the workspace there, or uses the one that is there
    python -m bench.clicks --rows 5000 --times 5        the same in less time

Every click is made 40 times on other rows and groups. Beside the time on the clock stands that of the processor, which
other work on the machine does not change, and its ratio to one pass over rows.jsonl (read, and lines counted), measured
in the same run. A click counts as slow when the processor alone needs more than 300 ms for one in twenty.
"""

import argparse
import gc
import json
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from bench.accuracy.copies import planted
from bench.accuracy.worlds import held_out
from studio.domain.split import LENGTH, Bin
from studio.flows import bring, inspect, split, train
from studio.flows.browse import PAGE, Order
from studio.flows.models import STARTER
from studio.flows.studio import Studio, open_studio
from studio.jobs.presence import ensure_supervisor
from studio.store.workspace import Workspace
from studio.ui.bringing import fields as fields_part
from studio.ui.bringing import refused as refused_part
from studio.ui.inspect import editor as editor_part
from studio.ui.inspect import findings as findings_part
from studio.ui.inspect import history as history_part
from studio.ui.inspect import leakage as leakage_part
from studio.ui.inspect import lengths as lengths_part
from studio.ui.inspect import meaning as meaning_part
from studio.ui.inspect import pages as pages_part
from studio.ui.inspect import rows as rows_part
from studio.ui.inspect import split as split_part
from studio.ui.inspect.looking import Look
from studio.ui.inspect.rows import EVERY
from studio.ui.parts import groups
from studio.ui.tabs import data as data_tab
from studio.ui.tabs import inspect as inspect_tab
from studio.ui.tabs import recipe as recipe_tab

SLOW = 0.3  # seconds
REFERENCE_PASSES = 5
PATIENCE = 3600.0
WORDS = ("the", "contract", "furnace", "zinc")  # from very many rows to few

Click = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class Timed:
    """Seconds of one click, each time that it was made: on the clock, and of the processor."""

    name: str
    clock: Sequence[float]
    busy: Sequence[float]

    @property
    def is_slow(self) -> bool:
        return p95(self.busy) > SLOW


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=40)
    parser.add_argument("--workspace", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        studio = open_studio((given.workspace or Path(scratch) / "workspace").resolve())
        data = _dataset(studio, rows=given.rows, scratch=Path(scratch))
        reference = _reference(studio.workspace.dataset(data) / "rows.jsonl")
        before = _memory()
        gc.collect()
        gc.freeze()  # as the web process does when it starts
        timed = [_timed(name, click, times=given.times) for name, click in clicks(studio, data, rows=given.rows)]
        show(timed, reference=reference, memory=_memory() - before)
        studio.store.close()
    return 1 if any(one.is_slow for one in timed) else 0


def clicks(studio: Studio, data: str, *, rows: int) -> list[tuple[str, Click]]:
    """Every handler that a click on these screens calls, and the whole of what some clicks set off."""
    model, look = STARTER, Look(data, STARTER, True)
    kinds = [found for found in inspect.findings(studio, data) if groups.page_count(found)]
    pages = {found.kind.value: groups.page_count(found) for found in kinds}

    def row(n: int) -> int:
        return n * 7919 % rows

    def kind(n: int) -> str:
        return list(pages)[n % len(pages)]

    def another_page(n: int) -> None:
        pages_part.show(studio, findings_part.finding_of, data, kind(n), n * 31 % pages[kind(n)])

    def cut_off(n: int) -> int:
        return 64 + n * 16

    def open_inspect(n: int) -> None:
        inspect_tab.show(studio, data, model)
        findings_part.show(studio, look, kind(n))
        another_page(n)
        lengths_part.show(studio, look, None)
        other_cut_off(n)

    def other_cut_off(n: int) -> None:
        lengths_part.show_lengths(studio, data, model, cut_off(n))
        lengths_part.show_seen(studio, data, model, cut_off(n), row(n))
        split_part.show_ledger(studio, data, model, cut_off(n))

    def other_deal(n: int) -> None:
        split_part.choose(studio, data, 0.2, n + 1000 + time.time_ns() % 10**9, LENGTH, None)
        split_part.show_ledger(studio, data, model, 256)
        split_part.show_evenness(studio, data)

    def other_dataset(_: int) -> None:
        fields_part.show(studio, look[:2])
        refused_part.show(studio, look[:2])

    def find_rows(text: str, *, among: str = EVERY, order: Order = Order.LINE, first: int = 0) -> None:
        rows_part.show(studio, data, text, among, order.value, first, None)

    return [
        ("Data: show", lambda n: data_tab.show(studio, data, row(n))),
        ("Data: fields and refused lines", other_dataset),
        ("Data: turn the page", lambda n: data_tab.turn(studio, 4, data, row(n))),
        ("Inspect: the frame", lambda n: inspect_tab.show(studio, data, model)),
        ("Inspect: list of findings", lambda n: findings_part.show(studio, look, kind(n))),
        ("Inspect: another page of a finding", another_page),
        ("Inspect: advised cut-off", lambda n: lengths_part.show(studio, look, None)),
        ("Inspect: token lengths", lambda n: lengths_part.show_lengths(studio, data, model, cut_off(n))),
        ("Inspect: what the model sees", lambda n: lengths_part.show_seen(studio, data, model, cut_off(n), row(n))),
        ("Inspect: split", lambda n: split_part.show(studio, look)),
        ("Inspect: where every line ended", lambda n: split_part.show_ledger(studio, data, model, cut_off(n))),
        ("Rows: all of them, another page", lambda n: find_rows("", first=row(n))),
        ("Rows: longest first", lambda n: find_rows("", order=Order.LONGEST, first=n * PAGE)),
        ("Rows: with a word", lambda n: find_rows(WORDS[n % len(WORDS)])),
        ("Rows: with a word that none has", lambda n: find_rows(f"nobody says {n}")),
        ("Rows: with a finding", lambda n: find_rows("", among=kind(n), first=n * PAGE)),
        ("Rows: of a part, with a word", lambda n: find_rows(WORDS[n % len(WORDS)], among="bin:train", first=n * PAGE)),
        ("Rows: open one", lambda n: editor_part.show(studio, data, row(n), 0, None)),
        ("History: show", lambda _: history_part.show(studio, data)),
        ("Meaning: show", lambda _: meaning_part.show(studio, data, None)),
        ("Leakage: show", lambda _: leakage_part.show(studio, data)),
        ("Recipe: show", lambda n: recipe_tab.show(studio, data, model, 256, None)),
        ("whole: open Inspect", open_inspect),
        ("whole: another cut-off", other_cut_off),
        ("whole: deal the rows anew", other_deal),
        *[
            (f"download: first line of {bin.value}", _first_line(studio, data, bin))
            for bin in (Bin.TRAIN, Bin.VALIDATION, Bin.DUPLICATE)
        ],
    ]


def _first_line(studio: Studio, data: str, bin: Bin) -> Click:
    return lambda n: next(split.bin_lines(studio, data, bin, model_id=STARTER, cut_off=64 + n))


def _timed(name: str, click: Click, *, times: int) -> Timed:
    clock, busy = [], []
    for n in range(times):
        began, working = time.perf_counter(), time.process_time()
        click(n)
        clock.append(time.perf_counter() - began)
        busy.append(time.process_time() - working)
    return Timed(name, clock, busy)


def p95(seconds: Sequence[float]) -> float:
    return sorted(seconds)[min(len(seconds) - 1, int(0.95 * len(seconds)))]


def show(timed: Sequence[Timed], *, reference: float, memory: float) -> None:
    print(
        f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; one pass over rows.jsonl {1000 * reference:.0f} ms"
    )
    print(f"{'':40}{'clock p50':>11}{'p95':>8}{'processor p50':>15}{'p95':>8}{'× reference':>13}")
    for one in timed:
        told = "  SLOW" if one.is_slow else ""
        numbers = (statistics.median(one.clock), p95(one.clock), statistics.median(one.busy), p95(one.busy))
        written = "{:>8.0f} ms{:>8.0f}{:>12.0f} ms{:>8.0f}".format(*(1000 * number for number in numbers))
        print(f"{one.name:40}{written}{p95(one.busy) / reference:>13.1f}{told}", flush=True)
    slow = [one.name for one in timed if one.is_slow]
    print(f"memory held afterwards: {memory:+.0f} MB")
    print(f"slower than {SLOW * 1000:.0f} ms: {', '.join(slow) or 'none'}")


def _dataset(studio: Studio, *, rows: int, scratch: Path) -> str:
    """The rows as a dataset that has been read and measured; one that is there already is used."""
    there = [
        found for found in bring.datasets(studio) if found.is_ready and inspect.measured(studio, found.id, STARTER)
    ]
    if there:
        return there[0].id
    file = scratch / "planted.jsonl"
    with file.open("wb") as written:
        for row in planted(held_out.world(), rows=rows):
            written.write(orjson.dumps({"prompt": row.question, "completion": row.answer}) + b"\n")
    ensure_supervisor(studio.workspace)
    try:
        brought = bring.bring_file(studio, file)
        train.wait(studio, brought.job_id, seconds=PATIENCE)
        measuring = inspect.look(studio, brought.id, STARTER).measuring
        if measuring is not None:
            train.wait(studio, measuring.id, seconds=PATIENCE)
    finally:
        _end_supervisor(studio.workspace)
    return bring.ready(studio, brought.id).id


def _end_supervisor(workspace: Workspace) -> None:
    os.kill(json.loads(workspace.supervisor_info.read_text())["pid"], signal.SIGTERM)


def _reference(path: Path) -> float:
    """Processor seconds of one pass over a file, the quickest of several."""
    taken = []
    for _ in range(REFERENCE_PASSES):
        working = time.process_time()
        with path.open("rb") as file:
            sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 24), b""))
        taken.append(time.process_time() - working)
    return min(taken)


def _memory() -> float:
    """Megabytes that this process holds."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 2**20


if __name__ == "__main__":
    sys.exit(main())
