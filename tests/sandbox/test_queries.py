"""A user's own database is asked, and cannot be changed, left or brought to a halt."""

import hashlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.domain.errors import StudyError
from studio.domain.query import QueryResult
from studio.sandbox import queries as sandbox
from studio.sandbox.queries import ask, tables, take_copy

COUNTING = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
PROBES = {
    # must be denied
    "INSERT INTO people VALUES (9, 'Eve', 1.0)": "denied",
    "UPDATE people SET name = 'Eve'": "denied",
    "DELETE FROM people": "denied",
    "DROP TABLE people": "denied",
    "CREATE TEMP TABLE copy AS SELECT * FROM people": "denied",
    "ATTACH DATABASE 'other.db' AS other": "denied",
    "PRAGMA writable_schema = 1": "denied",
    "SELECT * FROM pragma_database_list": "denied",
    "VACUUM INTO 'stolen.db'": "denied",
    "SELECT load_extension('evil')": "denied",
    "SELECT zeroblob(900000000)": "denied",
    "SELECT 1; DROP TABLE people": "denied",
    # must be interrupted
    COUNTING: "stopped",
    "SELECT count(*) FROM big a, big b, big c, big d": "stopped",
    # must be allowed
    "SELECT name, pay FROM people WHERE pay > 1 ORDER BY pay DESC": "rows",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9) SELECT sum(i) FROM n": "rows",
    "SELECT name, rank() OVER (ORDER BY pay), json_extract('{\"a\": 1}', '$.a') FROM people": "rows",
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sandbox") / "shop with ünïcode.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE people (id INTEGER, name TEXT, pay REAL)")
        connection.executemany(
            "INSERT INTO people VALUES (?, ?, ?)", [(1, "Ida", 1.5), (2, "Otto", 2.5), (3, None, 0.5)]
        )
        connection.execute("CREATE TABLE big (a INTEGER)")
        connection.executemany("INSERT INTO big VALUES (?)", [(n,) for n in range(500)])
    connection.close()
    return path


@pytest.fixture(scope="module")
def answered(shop: Path) -> dict[str, QueryResult]:
    """Every probe, asked in one go: what one does must not spoil the next."""
    (found,) = ask([shop], list(PROBES), seconds=0.1)
    return dict(zip(PROBES, found, strict=True))


@pytest.mark.parametrize("query", PROBES)
def test_each_probe_is_denied_interrupted_or_allowed(query: str, answered: dict[str, QueryResult]) -> None:
    assert answered[query].status == PROBES[query], answered[query].message


def test_there_are_seventeen_probes_and_each_refusal_says_why(answered: dict[str, QueryResult]) -> None:
    assert len(PROBES) == 17
    assert all(found.message.endswith(".") for found in answered.values() if found.status != "rows")


def test_the_file_is_as_it_was_and_nothing_lies_beside_it(shop: Path, answered: dict[str, QueryResult]) -> None:
    before = hashlib.sha256(shop.read_bytes()).digest()
    ask([shop], ["DELETE FROM people", "VACUUM INTO 'x.db'", "SELECT 1"])
    assert hashlib.sha256(shop.read_bytes()).digest() == before
    assert list(shop.parent.iterdir()) == [shop]


def test_rows_come_as_they_are(shop: Path) -> None:
    queries = [
        "SELECT id, name, pay FROM people ORDER BY id",
        "SELECT x'00ff', 1e999, ''",
        "SELECT name FROM people WHERE id = 99",
        "SELECT CAST(x'ff' AS TEXT)",
    ]
    (found,) = ask([shop], queries)
    assert found[0].rows == ((1, "Ida", 1.5), (2, "Otto", 2.5), (3, None, 0.5))
    assert found[1].rows == ((b"\x00\xff", float("inf"), ""),)
    assert (found[2].status, found[2].rows, found[2].columns) == ("rows", (), 1)
    assert found[3].rows == (("\ufffd",),)


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("SELECT a FROM big", "too_much", "more than 100 rows"),
        ("SELECT printf('%900000s', 'x') FROM big LIMIT 20", "too_much", "8 MB"),
        ("SELECT group_concat(printf('%9000s', a)) FROM big", "too_much", "too big"),
        ("SELEC 1", "error", "syntax error"),
        ("SELECT readfile('/etc/passwd')", "error", "no such function"),
        ("SELECT * FROM nobody", "error", "no such table"),
        ("", "error", "It asks nothing."),
        ("-- nothing", "error", "It asks nothing."),
        ("SELECT 1 -- " + "x" * 30_000, "too_much", "too"),
        ("SELECT " + "(" * 300 + "1" + ")" * 300, "error", ""),
    ],
)
def test_what_is_too_much_or_wrong_is_said(shop: Path, query: str, status: str, said: str) -> None:
    ((found,),) = ask([shop], [query], most_rows=100)
    assert found.status == status
    assert said in found.message


def test_each_database_is_asked(shop: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.sqlite"
    take_copy(shop, other)
    with sqlite3.connect(other) as connection:
        connection.execute("DELETE FROM people WHERE id > 1")
    connection.close()
    found = ask([shop, other], ["SELECT count(*) FROM people"])
    assert [each[0].rows for each in found] == [((3,),), ((1,),)]


# What a process cannot interrupt by itself


@pytest.fixture
def frozen_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process that is ended from outside at every second query, as one that hangs would be."""
    source = sandbox.CHILD.read_text()
    broken = source.replace(
        '    for query in task["queries"]:\n',
        '    for query in task["queries"]:\n        if query == "HANG":\n            signal.raise_signal(signal.SIGALRM)\n',
    )
    assert broken != source
    child = tmp_path / "child.py"
    child.write_text(broken)
    monkeypatch.setattr(sandbox, "CHILD", child)
    yield


@pytest.mark.usefixtures("frozen_child")
def test_a_query_that_takes_its_process_with_it_costs_only_itself(shop: Path) -> None:
    (found,) = ask([shop], ["SELECT 1", "HANG", "SELECT 2", "HANG"])
    assert [each.status for each in found] == ["rows", "stopped", "rows", "stopped"]
    assert "its process was ended" in found[1].message


# The file


def test_a_copy_holds_what_the_log_beside_a_file_still_holds(tmp_path: Path) -> None:
    source, copy = tmp_path / "live.sqlite", tmp_path / "copy.sqlite"
    writer = sqlite3.connect(source, isolation_level=None)
    writer.execute("PRAGMA journal_mode=WAL")
    writer.execute("CREATE TABLE fresh (a)")
    writer.execute("INSERT INTO fresh VALUES (7)")
    take_copy(source, copy)
    writer.close()
    assert tables(copy) == ["fresh"]
    assert ask([copy], ["SELECT a FROM fresh"])[0][0].rows == ((7,),)
    assert not copy.with_name("copy.sqlite-wal").exists()


def test_tables_and_views_are_listed(shop: Path) -> None:
    assert tables(shop) == ["big", "people"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "There is no file"),
        (b"a,b\n1,2\n", "is no SQLite file"),
        (b"SQLite format 3\0" + b"x" * 5000, "cannot be read"),
    ],
)
def test_what_is_no_database_is_told_in_a_sentence(tmp_path: Path, content: bytes | None, why: str) -> None:
    path = tmp_path / "data.sqlite"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(StudyError, match=why):
        ask([path], ["SELECT 1"])
    with pytest.raises(StudyError, match=why):
        take_copy(path, tmp_path / "copy.sqlite")
