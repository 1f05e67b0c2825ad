"""First rows: how long it takes from a file that was taken in until its first rows are shown as they are understood."""

import time
from pathlib import Path

from bench.sending import end_supervisor
from studio.flows import bring, train, understand
from studio.flows.studio import open_studio
from studio.jobs.presence import ensure_supervisor

ASKED_EVERY = 0.5  # seconds, as the page does
PATIENCE = 120.0
MEANT = 2.0  # seconds


def appear(source: Path, folder: Path) -> str:
    """A sentence on a file that a studio at work is given, as an upload is; the reading is then stopped."""
    studio = open_studio(folder)
    ensure_supervisor(studio.workspace)
    try:
        began = time.perf_counter()
        brought = bring.bring_file(studio, source, is_ours=True)
        taken = time.perf_counter() - began
        shown = None
        while shown is None:
            if time.perf_counter() - began > PATIENCE:
                raise SystemExit("the first rows never appeared")
            time.sleep(ASKED_EVERY)
            shown = understand.first_rows(studio, brought.id)
        seconds = time.perf_counter() - began
        bring.cancel(studio, brought.id)
        train.wait(studio, brought.job_id, seconds=PATIENCE)
    finally:
        end_supervisor(folder)
        studio.store.close()
    late = "" if seconds <= MEANT else f", MORE than {MEANT:.0f} s"
    return (
        f"first {len(shown.rows)} rows shown {seconds:.1f} s after the file was given{late} "
        f"({taken:.2f} s of it to take it in; the page asks every {ASKED_EVERY} s)"
    )
