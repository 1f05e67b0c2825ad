"""A file or a sample becomes an immutable dataset, and every line that could not is named."""

import errno
import os
import shutil
import time
from contextlib import suppress
from itertools import takewhile
from pathlib import Path

import pytest
from sqlalchemy import event

from studio.domain.dataset import Dataset, Layout, Mapping
from studio.domain.errors import DatasetError
from studio.flows import bring, deleted, inspect, train
from studio.flows.studio import Studio
from tests.failing import die, each_operation, each_size, in_a_child

PATIENCE = 60.0


def read(studio: Studio, dataset: Dataset) -> Dataset:
    train.wait(studio, dataset.job_id, seconds=PATIENCE)
    return bring.dataset(studio, dataset.id)


def test_a_sample_becomes_a_dataset_of_ones_own(working: Studio):
    sample = bring.samples(working)[0]
    brought = read(working, bring.bring_sample(working, sample.id))
    assert brought.is_ready
    assert (brought.name, brought.sample, brought.rows) == (sample.title, sample.id, sample.rows)
    assert brought.id in {known.id for known in bring.datasets(working)}


def test_every_sample_that_is_offered_is_there(working: Studio):
    assert {sample.id for sample in bring.samples(working)} == {"triage", "brand-voice", "orders-json", "messy"}
    assert all(sample.path.is_file() for sample in bring.samples(working))
    with pytest.raises(DatasetError, match="no sample called other"):
        bring.bring_sample(working, "other")


def test_a_file_is_named_after_itself_and_counted_line_by_line(dataset: Dataset):
    assert (dataset.name, dataset.source_name) == ("Support desk", "Support desk.jsonl")
    assert (dataset.rows, dataset.rejects, dataset.lines, dataset.blank_lines) == (64, 2, 66, 1)
    assert dataset.guess is not None
    assert dataset.guess.mapping == Mapping(Layout.MESSAGES, {"messages": "messages"})


def test_a_line_that_is_no_row_is_named_with_its_reason_and_a_fix(working: Studio, dataset: Dataset):
    broken, unanswered = bring.rejects(working, dataset.id)
    assert (broken.line, unanswered.line) == (66, 67)
    assert broken.text == '{"messages": ['
    assert all(reject.reason and reject.fix for reject in (broken, unanswered))
    assert "no answer" in unanswered.reason


def test_refused_lines_can_be_downloaded_with_their_text(working: Studio, dataset: Dataset):
    lines = bring.rejects_file(working, dataset.id).read_text().splitlines()
    assert len(lines) == 2
    assert "Where is it?" in lines[1]


def test_the_upload_itself_is_kept_byte_for_byte(working: Studio, dataset: Dataset, file: Path):
    assert (working.workspace.dataset(dataset.id) / "source").read_bytes() == file.read_bytes()


def test_a_preview_shows_the_rows_asked_for_and_ends_where_they_end(working: Studio, dataset: Dataset):
    assert [row.number for row in bring.preview(working, dataset.id, start=2, count=3)] == [2, 3, 4]
    assert [row.line for row in bring.preview(working, dataset.id, start=62)] == [63, 64]
    assert bring.preview(working, dataset.id, start=64) == []


def test_other_fields_make_a_second_dataset_and_leave_the_first_as_it_was(working: Studio, tmp_path: Path):
    path = tmp_path / "faq.jsonl"
    path.write_text('{"prompt": "Open?", "completion": "Yes.", "short": "Y"}\n' * 12)
    first = read(working, bring.bring_file(working, path))
    shorter = Mapping(Layout.PROMPT_COMPLETION, {"prompt": "prompt", "completion": "short"})
    second = read(working, bring.reread(working, first.id, shorter))
    assert second.id != first.id and second.fingerprint != first.fingerprint
    assert bring.preview(working, second.id, count=1)[0].answer == "Y"
    assert bring.preview(working, first.id, count=1)[0].answer == "Yes."
    assert bring.dataset(working, first.id) == first


def test_a_field_that_the_file_lacks_is_named(working: Studio, file: Path):
    mapping = Mapping(Layout.PROMPT_COMPLETION, {"prompt": "question", "completion": "messages"})
    brought = read(working, bring.bring_file(working, file, mapping=mapping))
    assert brought.problem == "The file has no field “question”. Its fields are: messages."
    with pytest.raises(DatasetError, match="no field “question”") as refused:
        bring.ready(working, brought.id)
    assert refused.value.fix == "Its fields are: messages."


def test_a_file_of_another_kind_says_what_it_is_and_what_to_do(working: Studio, tmp_path: Path):
    path = tmp_path / "answers.jsonl"
    path.write_bytes(b"%PDF-1.7\n")
    brought = read(working, bring.bring_file(working, path))
    assert brought.state == "failed"
    assert brought.problem.startswith("This is a PDF. Save it as ")
    assert bring.rejects(working, brought.id) == []
    with pytest.raises(DatasetError):
        bring.rejects_file(working, brought.id)


def test_a_path_without_a_file_is_refused_at_once(resting: Studio, tmp_path: Path):
    with pytest.raises(DatasetError, match="is not a file"):
        bring.bring_file(resting, tmp_path)
    assert bring.datasets(resting) == []


def test_a_dataset_that_is_being_read_cannot_be_used_yet(resting: Studio, file: Path):
    brought = bring.bring_file(resting, file)
    assert brought.is_being_read
    with pytest.raises(DatasetError, match="still being read"):
        bring.preview(resting, brought.id)


def test_reading_can_be_cancelled_and_the_upload_stays(resting: Studio, file: Path):
    brought = bring.cancel(resting, bring.bring_file(resting, file).id)
    assert (brought.state, brought.is_being_read) == ("stopped", False)
    assert bring.cancel(resting, brought.id) == brought
    assert (resting.workspace.dataset(brought.id) / "source").exists()


@pytest.mark.parametrize("fault", ["killed", errno.ENOSPC])
def test_whatever_fails_while_a_file_is_taken_in_there_is_no_dataset_or_a_whole_one(
    resting: Studio, file: Path, fault: str | int
):
    place = resting.workspace.root / "datasets"

    def take_in() -> None:
        with suppress(DatasetError):
            bring.bring_file(resting, file)

    def refuse() -> None:
        raise OSError(fault, os.strerror(int(fault)))

    tried = 0
    act, instead = (in_a_child(take_in), die) if fault == "killed" else (take_in, refuse)
    for tried in each_operation(place, act, instead=instead):
        assert bring.datasets(resting) == [], f"operation {tried}"
        assert fault == "killed" or not list(place.iterdir())
    assert tried >= 2
    [dataset] = bring.datasets(resting)
    assert (resting.workspace.dataset(dataset.id) / "source").read_bytes() == file.read_bytes()


def test_a_file_is_on_the_disk_before_its_dataset_is_known(resting: Studio, file: Path, monkeypatch):
    """Whoever was told that it is here finds it after the machine lost its power."""
    done, fsync = list[str](), os.fsync

    def kept(descriptor: int) -> None:
        fsync(descriptor)
        done.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))

    monkeypatch.setattr(os, "fsync", kept)
    event.listen(resting.store.engine, "before_cursor_execute", lambda *args: done.append(args[2]))
    folder = resting.workspace.dataset(bring.bring_file(resting, file).id)
    known = next(number for number, each in enumerate(done) if each.startswith("INSERT INTO datasets"))
    assert {str(folder / "source"), str(folder), str(folder.parent)} <= {*done[:known]}


def test_rows_that_somebody_deleted_by_hand_are_missed_in_words_and_their_dataset_can_go(working: Studio):
    found = read(working, bring.bring_sample(working, "triage"))
    shutil.rmtree(working.workspace.dataset(found.id))
    looks = (
        lambda: bring.preview(working, found.id), lambda: inspect.look(working, found.id, "starter"),
        lambda: inspect.rows(working, found.id, [0]),
    )  # fmt: skip
    for look in looks:
        with pytest.raises(DatasetError, match="no longer on the disk") as told:
            look()
        assert "backup" in told.value.fix
    assert bring.rejects(working, found.id) == []
    deleted.delete(working, [found.id])
    assert found.id not in {each.id for each in bring.datasets(working)}


def test_at_whatever_byte_the_disk_refuses_a_file_there_is_no_dataset(resting: Studio, file: Path):
    whole = file.stat().st_size
    for size in takewhile(lambda size: size < whole, each_size(lambda: bring.bring_file(resting, file), by=whole // 9)):
        assert bring.datasets(resting) == [], f"{size} bytes"
        assert not list((resting.workspace.root / "datasets").iterdir()), f"{size} bytes"
    dataset = bring.bring_file(resting, file)
    assert (resting.workspace.dataset(dataset.id) / "source").read_bytes() == file.read_bytes()


def test_what_a_killed_process_left_of_a_dataset_is_deleted_once_nobody_writes_to_it(resting, file, caplog):
    brought = bring.bring_file(resting, file)
    left = resting.workspace.dataset("data-20261101-left")
    left.mkdir()
    (left / "source").write_text("half")
    assert bring.forget_leftovers(resting) == []
    for path in (left, left / "source", resting.workspace.dataset(brought.id)):
        os.utime(path, (time.time() - 7200,) * 2)
    assert bring.forget_leftovers(resting) == [left]
    assert not left.exists() and (resting.workspace.dataset(brought.id) / "source").exists()
    assert "data-20261101-left" in caplog.text
