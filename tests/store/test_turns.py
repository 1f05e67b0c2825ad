"""Threads write one after the other in the order in which they came, and where they share a commit, each is kept alone."""

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, select, text

from studio.domain.errors import SetupError
from studio.store import database, tables
from studio.store.database import Store, open_store
from studio.store.workspace import Workspace
from tests.small_disk import fill, mounted
from tests.supervised import fork

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def keep(connection: Connection, title: str) -> None:
    values = {"id": f"model-{title}", "title": title, "path": f"/models/{title}", "added_at": NOW}
    connection.execute(tables.models.insert().values(values))


def titles(store: Store) -> list[str]:
    with store.read() as connection:
        return list(connection.execute(select(tables.models.c.title).order_by(text("rowid"))).scalars())


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(Workspace(tmp_path / "workspace"))
    yield opened
    opened.close()


@contextmanager
def taken(store: Store) -> Iterator[Callable[[Callable[[], object]], Future[object]]]:
    """Somebody writes; what is given to the function comes one after the other, and waits for them until this ends."""
    with ThreadPoolExecutor(40) as pool:

        def wait(act: Callable[[], object]) -> Future[object]:
            before = len(line.places)
            future = pool.submit(act)
            while len(line.places) == before:
                time.sleep(0.001)
            return future

        line = store.turns._line
        with store.write():
            yield wait


@contextmanager
def commits(store: Store) -> Iterator[list[float]]:
    """When something was put on disk."""
    seen = list[float]()
    event.listen(store.engine, "commit", lambda _connection: seen.append(time.monotonic()))
    yield seen


def test_who_came_first_writes_first(file: Store):
    def write(title: str) -> None:
        with file.write() as connection:
            keep(connection, title)

    with taken(file) as wait:
        waiting = [wait(lambda title=title: write(title)) for title in "dbca"]
    assert [future.result() for future in waiting] == [None] * 4
    assert titles(file) == list("dbca")


def together(store: Store, title: str, *, fails: BaseException | None = None) -> None:
    with store.write(together=True) as connection:
        keep(connection, title)
        if fails:
            raise fails


def test_who_waited_together_shares_one_commit_and_goes_on_after_it(file: Store):
    with commits(file) as seen:
        with taken(file) as wait:
            waiting = [wait(lambda title=title: together(file, title)) for title in "dbca"]
        for future in waiting:
            future.result()
    assert titles(file) == list("dbca")
    assert len(seen) == 2 + 1, "that of whoever held them up, one for all four, and that of reading the titles"


def test_nobody_goes_on_before_it_is_on_disk(file: Store):
    on_disk = list[list[str]]()

    def write(title: str) -> None:
        together(file, title)
        on_disk.append(titles(file))

    with taken(file) as wait:
        waiting = [wait(lambda title=title: write(title)) for title in "ab"]
    for future in waiting:
        future.result()
    assert on_disk == [["a", "b"]] * 2


@pytest.mark.parametrize("failing", ["a", "b", "c"])
def test_of_those_who_share_a_commit_only_the_one_that_fails_is_taken_back(file: Store, failing: str):
    def write(title: str) -> None:
        together(file, title, fails=RuntimeError("the power went") if title == failing else None)

    with taken(file) as wait:
        waiting = [wait(lambda title=title: write(title)) for title in "abc"]
    assert [type(future.exception()) for future in waiting] == [
        RuntimeError if title == failing else type(None) for title in "abc"
    ]
    assert titles(file) == [title for title in "abc" if title != failing]


def test_where_the_disk_is_full_all_who_shared_a_commit_are_told_and_the_next_write_again(tmp_path: Path):
    with mounted(tmp_path / "disk", size="4m") as disk:
        store = open_store(Workspace(disk / "workspace"))
        fill(disk / "filler")

        def write(title: str) -> None:
            with store.write(together=True) as connection:
                keep(connection, title * (300_000 if title == "b" else 1))

        with taken(store) as wait:
            waiting = [wait(lambda title=title: write(title)) for title in "abc"]
        told = [future.exception() for future in waiting]
        assert isinstance(told[0], SetupError) and isinstance(told[1], SetupError), "nothing of the first is on disk"
        (disk / "filler").unlink()
        together(store, "d")
        assert set(titles(store)) == {"d"} | ({"c"} if told[2] is None else set())
        store.close()


def test_a_commit_that_fails_fails_for_all_who_shared_it_and_keeps_nobody_out(
    file: Store, monkeypatch: pytest.MonkeyPatch
):
    def refuse(_connection: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with pytest.raises(SetupError, match="disk I/O error"), taken(file) as wait:
        waiting = [wait(lambda title=title: together(file, title)) for title in "ab"]
        waiting.append(wait(lambda: _write(file)))
        monkeypatch.setattr(file.engine.dialect, "do_commit", refuse)  # also of the one that holds them up
    for future in waiting:
        with pytest.raises(SetupError, match="disk I/O error"):
            future.result()
    monkeypatch.undo()
    together(file, "after")
    assert titles(file) == ["after"]


def test_one_that_fails_lets_the_next_one_write(file: Store):
    for way in (False, True):
        with pytest.raises(RuntimeError):
            with file.write(together=way) as connection:
                keep(connection, "a")
                raise RuntimeError("the power went")
    with file.write() as connection:
        keep(connection, "b")
    assert titles(file) == ["b"]


def test_who_waits_too_long_is_told_and_holds_up_nobody(file: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(database, "PATIENCE", 0.05)
    with taken(file) as wait:
        late = [wait(lambda way=way: together(file, "late") if way else _write(file)) for way in (True, False)]
        for future in late:
            with pytest.raises(SetupError, match=r"The database does not answer: database is locked\."):
                future.result()
    together(file, "a")
    assert titles(file) == ["a"]


def _write(store: Store) -> None:
    with store.write() as connection:
        keep(connection, "late")


def test_a_forked_process_does_not_wait_for_those_who_stood_in_the_line_of_its_parent(file: Store):
    with file.turns.alone(1):
        child = fork()
        if child == 0:
            try:
                together(file, "child")
                os._exit(0)
            finally:
                os._exit(1)
        assert os.waitpid(child, 0)[1] == 0
    together(file, "parent")
    assert titles(file) == ["child", "parent"]


def test_many_who_read_and_write_at_once_all_come_to_an_end(store: Store):
    def write(number: int) -> None:
        for each in range(5):
            together(store, f"{number}-{each}")
            with store.read() as connection:
                assert f"{number}-{each}" in connection.execute(select(tables.models.c.title)).scalars().all()

    threads = [threading.Thread(target=write, args=[number]) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with store.read() as connection:
        assert len(connection.execute(select(tables.models)).all()) == 60
