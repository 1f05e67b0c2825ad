"""A download that is as long as the rows are many takes no more memory for it (E131)."""

import hashlib
import tracemalloc
from pathlib import Path

from studio.data.ingest import ingest
from studio.domain.job import JobKind, JobState
from studio.domain.split import Bin
from studio.flows import bring, split
from studio.flows.studio import open_studio
from studio.store import jobs
from tests.web.conftest import Silent

EACH = 10_000  # letters of a row
AT_ONCE, ROWS = 10, 160


def text(number: int) -> str:
    """Like no other."""
    return hashlib.shake_256(str(number).encode()).hexdigest(EACH // 2)


def test_a_long_bin_is_sent_with_few_of_its_rows_in_memory(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("studio.data.ledger.AT_ONCE", AT_ONCE)
    studio = open_studio(tmp_path / "workspace")
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(f'{{"prompt": "{text(n)}", "completion": "{n}"}}\n' for n in range(ROWS)))
    brought = bring.bring_file(studio, path)
    claimed = jobs.claim(studio.store, kinds=[JobKind.INGEST])
    assert claimed is not None
    jobs.move(studio.store, brought.job_id, attempt=1, to=JobState.DONE, result=ingest(claimed[1], Silent()).result)
    split.current(studio, brought.id)

    for kind in split.KINDS:
        tracemalloc.start()
        try:
            sent = sum(map(len, split.bin_lines(studio, brought.id, Bin.TRAIN, kind=kind)))
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert sent > ROWS * EACH / 2
        assert most < sent / 2, f"{kind}: {most:,} bytes for {sent:,}"
    studio.store.close()
