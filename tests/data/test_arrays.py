"""Arrays: what numpy wrote is read by one thread at a time."""

from pathlib import Path
from threading import Barrier, BrokenBarrierError, Thread

import numpy as np
import pytest

from studio.data import arrays
from studio.data.rows import load_rows, save_offsets


def test_two_threads_are_never_in_the_parser_of_numpys_files_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rows.jsonl").write_text("{}\n{}\n")
    save_offsets(tmp_path)
    both, load, met = Barrier(2), np.load, []

    def loaded(*given, **more):
        try:
            both.wait(timeout=0.2)
            met.append("both were in it")
        except BrokenBarrierError:
            pass
        return load(*given, **more)

    monkeypatch.setattr(arrays.np, "load", loaded)
    threads = [Thread(target=load_rows, args=[tmp_path]) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert met == []
