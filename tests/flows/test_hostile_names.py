"""A file of a hostile name is called something harmless, and lies where the studio puts it."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.domain.errors import DatasetError
from studio.domain.space import SPARE
from studio.flows import bring, space
from studio.flows.studio import Studio, open_studio
from tests.data.hostile.names import NAMES, Name


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A workspace in which nothing is read."""
    studio = open_studio(tmp_path_factory.mktemp("names") / "workspace")
    yield studio
    studio.store.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"prompt": "a", "completion": "b"}')
    return path


@pytest.mark.parametrize("name", NAMES, ids=lambda name: f"{name.number} {ascii(name.written)[:40]}")
def test_a_hostile_name_is_shown_harmlessly_and_leads_nowhere(empty: Studio, file: Path, name: Name) -> None:
    brought = bring.bring_file(empty, file, source_name=name.written, name=name.written)

    found = bring.dataset(empty, brought.id)
    assert found.source_name == name.shown
    assert found.name.isprintable() and 0 < len(found.name) <= 80
    assert [path.name for path in empty.workspace.dataset(brought.id).iterdir()] == ["source"]


def test_a_name_of_bytes_that_are_no_utf8_is_no_obstacle(empty: Studio, file: Path) -> None:
    odd = file.rename(file.with_name("caf\udce9.jsonl"))

    assert bring.bring_file(empty, odd).source_name == "caf�.jsonl"
    with pytest.raises(DatasetError, match=r"gone�\.jsonl is not a file"):
        bring.bring_file(empty, file.with_name("gone\udce9.jsonl"))


def test_an_upload_is_taken_in_without_copying_it(empty: Studio, file: Path) -> None:
    brought = bring.bring_file(empty, file, is_ours=True)

    assert (empty.workspace.dataset(brought.id) / "source").samefile(file)


def test_a_file_that_the_disk_cannot_hold_is_told_before_it_is_copied(empty: Studio, file: Path, monkeypatch) -> None:
    monkeypatch.setattr(space, "disk_free", lambda _: SPARE)
    before = len(list((empty.workspace.root / "datasets").iterdir()))

    with pytest.raises(DatasetError, match=r"takes 68 B on the disk, and 0 B can be used"):
        bring.bring_file(empty, file)
    assert len(list((empty.workspace.root / "datasets").iterdir())) == before


def test_a_part_of_an_upload_is_deleted_after_an_hour_and_what_nobody_took_in_after_a_day(empty: Studio) -> None:
    part, whole = empty.workspace.uploads / "tmp123", empty.workspace.uploads / "abc" / "rows.jsonl"
    whole.parent.mkdir()
    for path, hours in ((part, 2), (whole, 23)):
        path.write_text("sent")
        os.utime(path, (time.time() - hours * 3600,) * 2)

    bring.forget_uploads(empty)
    assert not part.exists() and whole.exists()
    os.utime(whole, (time.time() - 25 * 3600,) * 2)
    bring.forget_uploads(empty)
    assert not whole.exists()
