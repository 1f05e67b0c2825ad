"""The tool that measures load presses what is there, and tells a leak from noise."""

import asyncio
import contextlib
import random
import re
import time
from pathlib import Path

import httpx
import numpy as np
import pytest

from tests.load.__main__ import Part, carried_out
from tests.load.chatter import chatter
from tests.load.jobs import rate
from tests.load.pages import by_handler, pages_of
from tests.load.soak import judged, slope_of
from tests.load.target import MARKS, at_least, at_most, broken, numbers, seen, table, write
from tests.load.visitor import Tally, browser
from tests.web.actors import at_once


def test_every_event_that_a_visitor_presses_is_on_the_pages(tmp_path: Path):
    events = {path: page.events for path, page in pages_of(tmp_path / "workspace").items()}
    pressed = set()
    for path in Path(__file__).parent.glob("*.py"):
        pressed |= set(re.findall(r'\.event\("([^"]+)"(?:, "([^"]+)")?(?:, path="([^"]+)")?', path.read_text()))
    assert len(pressed) >= 6
    for handler, begun_by, path in pressed - {("stepped", "", "")}:  # its button is told below
        event = by_handler(events[path], handler, begun_by=begun_by)
        assert len(event.payload({})) == len(event.fields)
    for button in ("rate-left", "guess-none"):
        assert by_handler(events["/rate"], "stepped", begun_by=button)
    with pytest.raises(LookupError):
        by_handler(events[""], "nothing of the kind")


def samples(megabytes_an_hour: float, *, noise: float = 3.0) -> list[tuple[float, int]]:
    """Ten minutes of memory, ten a second, that wanders as a real one does."""
    chance, wandered, found = random.Random(1), 0.0, []
    for number in range(6000):
        wandered = 0.98 * wandered + chance.gauss(0, noise / 5)
        found.append((number / 10, int((300 + wandered + megabytes_an_hour * number / 36000) * 1e6)))
    return found


@pytest.mark.parametrize(("leak", "is_told"), [(0.0, False), (600.0, True)])
def test_a_leak_is_told_from_memory_that_only_wanders(leak: float, is_told: bool):
    slope = slope_of(samples(leak))
    assert slope.low <= slope.middle <= slope.high and slope.low <= leak <= slope.high
    assert ("grows by" in judged(samples(leak))) is is_told and ("is flat" in judged(samples(leak))) is not is_told


def test_one_jump_of_the_memory_is_no_leak():
    jumped = [(at, size + (40_000_000 if number > 5800 else 0)) for number, (at, size) in enumerate(samples(0.0))]
    assert "is flat" in judged(jumped)


def test_a_figure_is_judged_against_its_target_and_bare_gradio_stands_beside_it():
    rows = [
        at_most("L1", "p95", 1.0, 0.25),
        at_least("L4", "votes", 150, 40.0, "/s", bare=90.0),
        at_least("L4", "votes", 150, 140.0, "/s", bare=160.0),
        seen("L12", "the page", 1.5, "MB", bare=1.25),
        broken("L7", RuntimeError("it\ndid | not open")),
    ]
    assert table(rows).splitlines()[2:] == [
        "| L1 | p95 | ≤ 1 s | 250 ms |  | held |",
        "| L4 | votes | ≥ 150 /s | 40 /s | 90 /s | not held, nor by bare Gradio |",
        "| L4 | votes | ≥ 150 /s | 140 /s | 160 /s | **not held** |",
        "| L12 | the page |  | 1.50 MB | 1.25 MB |  |",
        "| L7 | it broke |  | RuntimeError: it did / not open |  | **broke** |",
    ]


def test_a_table_is_put_between_the_marks_of_a_page_and_nowhere_else(tmp_path: Path):
    page = tmp_path / "load.md"
    page.write_text(f"before\n{MARKS[0]}\nold\n{MARKS[1]}\nafter\n")
    write(page, "new")
    write(page, "newer")
    assert page.read_text() == f"before\n{MARKS[0]}\n\nnewer\n\n{MARKS[1]}\nafter\n"
    page.write_text("no marks")
    with pytest.raises(ValueError, match="has no"):
        write(page, "new")


def test_docs_have_a_place_for_what_is_measured(root: Path):
    assert all(mark in (root / "docs" / "load.md").read_text() for mark in MARKS)


def test_a_part_that_breaks_or_hangs_stands_in_the_table_and_the_others_go_on(capsys):
    def breaks():
        raise SystemExit("it did not open")

    def hangs():
        time.sleep(60)

    def works():
        return [at_most("L9", "well", 1.0, 0.5)]

    parts = [Part("L7", breaks), Part("L9 L10", works), Part("L8", hangs), Part("L11", breaks)]
    rows = carried_out(parts, {"L7", "L8", "L9"}, lambda part: part.measure(), limit=0.2)
    assert [(row.number, row.verdict) for row in rows] == [("L7", "**broke**"), ("L8", "**broke**"), ("L9", "held")]
    assert "longer than" in rows[1].broke and "it did not open" in capsys.readouterr().err


def test_targets_are_named_as_one_likes():
    assert numbers(["L4,l7", "L15"]) == {"L4", "L7", "L15"} and numbers([]) == set()


def test_a_tally_knows_its_percentiles_and_its_errors():
    tally = Tally()
    for number in range(100):
        tally.took("press", number / 100)
    tally.errors.append("one")
    assert tally.at(50) == pytest.approx(np.percentile(np.arange(100) / 100, 50))
    assert tally.error_share == pytest.approx(1 / 101)


ANSWERS = {
    b"/sized": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nSet-Cookie: a=b\r\n\r\nhello",
    b"/chunks": b"HTTP/1.1 422 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
    b"/nothing": b"HTTP/1.1 304 Same\r\n\r\n",
    b"/cut": b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello",
    b"/silent": b"",
}


def test_a_visitors_line_reads_what_is_answered_and_is_used_again_until_it_is_closed():
    lines = 0

    async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal lines
        lines += 1
        with contextlib.suppress(asyncio.IncompleteReadError):  # the visitor has gone
            while head := await reader.readuntil(b"\r\n\r\n"):
                await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0] or 0))
                path = head.split(b" ", 2)[1]
                writer.write(ANSWERS[path])
                if path in (b"/cut", b"/nothing"):
                    break
        writer.close()

    async def asked() -> list[object]:
        async with await asyncio.start_server(answering, "127.0.0.1", 0) as server:
            host, port = server.sockets[0].getsockname()
            async with browser(f"http://{host}:{port}") as client:
                told = [await client.post(path, json={"a": 1}) for path in ("/sized", "/chunks", "/nothing", "/sized")]
                assert client.cookies["a"] == "b"
                for path, error in (("/cut", httpx.ReadError), ("/silent", httpx.ReadTimeout)):
                    with pytest.raises(error):
                        await client.get(path, timeout=0.05)
            return [(each.status_code, each.text) for each in told]

    assert at_once(asked()) == [(200, "hello"), (422, "hello"), (304, ""), (200, "hello")]
    assert lines == 3, "one until it was closed, one until an answer was cut off, one on which nothing was said"


def test_a_run_that_only_talks_says_exactly_what_it_says_that_it_said():
    said = []

    class Heard:
        def report(self, kind, **data):
            said.append(data["step"])

        def should_stop(self):
            return False

    outcome = chatter({"seconds": 0.2, "rate": 500}, Heard())
    assert said == list(range(1, outcome.result["told"] + 1)) and len(said) > 50


def test_events_are_counted_while_all_runs_speak():
    assert rate([(10.0, 500), (10.25, 900), (12.0, 4500)]) == 2000
    assert np.isnan(rate([(10.0, 500)]))
