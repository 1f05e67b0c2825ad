"""The spool: whole lines only, in bounded bites, and nothing that a damaged file can break."""

import json

from studio.jobs import spool
from tests.failing import die, each_operation, in_a_child


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


def test_ten_million_bytes_that_are_no_event_are_passed_over_in_one_short_line_of_the_log(tmp_path, caplog):
    (tmp_path / "events.jsonl").write_bytes(line(1) + b"\xff" * 10_000_000 + b"\n" + line(2))
    first = spool.read_events(tmp_path, offset=0)
    assert seqs(first) + seqs(spool.read_events(tmp_path, offset=first.offset)) == [1, 2]
    assert "passed over" in caplog.text and len(caplog.text) < 2000


def test_a_wish_to_stop_is_there_whole_or_not_at_all_whenever_its_writer_is_killed(tmp_path):
    control, tried = tmp_path / "control.json", 0
    for tried in each_operation(tmp_path, in_a_child(lambda: spool.ask_to_stop(tmp_path)), instead=die):
        assert not control.exists() or json.loads(control.read_text()) == {"stop": True}, f"operation {tried}"
        control.unlink(missing_ok=True)
    assert json.loads(control.read_text()) == {"stop": True} and tried >= 3


def test_a_log_without_end_keeps_its_beginning_and_its_last_words_and_its_writer_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(spool, "LONGEST_LOG", 10_000)
    monkeypatch.setattr(spool, "KEPT_OF_LOG", 1_000)
    spool.trim_log(tmp_path)
    path = tmp_path / "log.txt"
    with path.open("ab", buffering=0) as log:
        for _ in range(3):
            log.write(b"It begins.\n" if path.stat().st_size == 0 else b"It goes on.\n")
            log.write(b"\x00\x1b[31m no line" * 5_000 + b"\nIts last words.\n")
            spool.trim_log(tmp_path)
            assert path.stat().st_size < 3_000
        log.write(b"And more.\n")
    kept = path.read_bytes()
    assert kept.startswith(b"It begins.\n") and kept.endswith(b"Its last words.\nAnd more.\n")
    assert b"too much to keep" in kept
