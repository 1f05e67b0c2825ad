"""The spool: whole lines only, in bounded bites, and nothing that a damaged file can break."""

import json

from studio.jobs import spool


def line(seq: int, text: str = "") -> bytes:
    return json.dumps({"seq": seq, "at": 1.0, "kind": "note", "data": {"text": text}}).encode() + b"\n"


def seqs(batch: spool.Batch) -> list[int]:
    return [event.seq for event in batch.events]


def test_a_line_still_being_written_waits_for_its_end(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_bytes(line(1) + line(2)[:20])
    first = spool.read_events(tmp_path, offset=0)
    assert (seqs(first), first.offset) == ([1], len(line(1)))
    path.write_bytes(line(1) + line(2))
    assert seqs(spool.read_events(tmp_path, offset=first.offset)) == [2]


def test_a_long_file_is_read_in_bites_that_join_without_a_gap(tmp_path):
    (tmp_path / "events.jsonl").write_bytes(b"".join(line(seq, "x" * 1000) for seq in range(1, 1001)))
    read, offset, bites = [], 0, 0
    while (batch := spool.read_events(tmp_path, offset=offset)).offset > offset:
        read, offset, bites = [*read, *seqs(batch)], batch.offset, bites + 1
    assert read == list(range(1, 1001))
    assert bites > 3


def test_a_line_longer_than_a_bite_is_read_whole(tmp_path):
    (tmp_path / "events.jsonl").write_bytes(line(1, "x" * (2 * spool.BATCH_BYTES)) + line(2))
    first = spool.read_events(tmp_path, offset=0)
    assert seqs(first) == [1]
    assert seqs(spool.read_events(tmp_path, offset=first.offset)) == [2]


def test_a_damaged_line_is_passed_over_and_named_in_the_log(tmp_path, caplog):
    (tmp_path / "events.jsonl").write_bytes(line(1) + b"\x00\xff broken\n" + line(2))
    assert seqs(spool.read_events(tmp_path, offset=0)) == [1, 2]
    assert "broken" in caplog.text


def test_before_the_worker_wrote_anything_there_is_nothing_to_read(tmp_path):
    assert spool.read_events(tmp_path, offset=0) == spool.Batch((), 0)
    assert spool.read_outcome(tmp_path) is None


def test_an_outcome_that_cannot_be_read_is_none(tmp_path):
    (tmp_path / "outcome.json").write_text('{"state": "triumph"}')
    assert spool.read_outcome(tmp_path) is None
