"""What a click on Data, Inspect or Recipe takes with 100,000 rows: every handler of the screens, and the downloads.

    python -m bench.clicks                              makes a workspace with 100,000 rows, clicks, and throws it away
    python -m bench.clicks --workspace DIR              keeps the workspace there, or begins with the one that is there
    python -m bench.clicks --rows 5000 --times 5        the same in less time

Every click is made 40 times on other rows and groups. Beside the time on the clock stands that of the processor, which
other work on the machine does not change, and its ratio to one pass over rows.jsonl (read, and lines counted), measured
in the same run. A click counts as slow when the processor alone needs more than 300 ms for one in twenty.
"""

import argparse
import gc
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.clicked import workspace_with
from bench.clicking import Click, clicks
from studio.flows import bring

SLOW = 0.3  # seconds
REFERENCE_PASSES = 5


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
    parser.add_argument("--only", default="", help="those with this in their name, for whoever mends one")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        studio = workspace_with(given.rows, kept=given.workspace, scratch=Path(scratch))
        (data,) = [found.id for found in bring.datasets(studio)]
        reference = _reference(studio.workspace.dataset(data) / "rows.jsonl")
        before = _memory()
        gc.collect()
        gc.freeze()  # as the web process does when it starts
        made = clicks(studio, data, rows=bring.dataset(studio, data).rows)
        timed = [_timed(name, click, times=given.times) for name, click in made if given.only in name]
        show(timed, reference=reference, memory=_memory() - before)
        studio.store.close()
    return 1 if any(one.is_slow for one in timed) else 0


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
