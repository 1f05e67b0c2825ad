"""Spread: the tests are collected once, and processes forked from there run them file by file, as pytest-xdist's would.

Collecting imports the whole studio and its libraries: each of four for itself took a minute of both cores. On a machine
with a GPU, and on macOS, pytest-xdist is used: its processes begin afresh.
"""

import multiprocessing
import os
import warnings
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from io import StringIO
from itertools import chain, pairwise
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Any

import pytest
from _pytest._io import TerminalWriter

FORK = multiprocessing.get_context("fork")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--spread", type=int, default=0, help="how many processes share the tests; 0: this one alone")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    if not session.config.option.spread or session.config.option.collectonly or session.testsfailed:
        return None
    Spread(session).run(session.config.option.spread)
    return True


@dataclass(slots=True)
class Part:
    """One of the processes, and what it still has to run, in order."""

    process: ForkProcess
    line: Connection
    left: deque[int] = field(default_factory=deque)


class Spread:
    """Hands out the tests of a file at a time, and tells what comes back as if it had run here."""

    def __init__(self, session: pytest.Session) -> None:
        self.session, self.hook = session, session.config.hook
        files: dict[Path, list[int]] = {}
        for number, item in enumerate(session.items):
            files.setdefault(item.path, []).append(number)
        self.waiting = deque(files.values())
        self.parts: dict[Connection, Part] = {}
        self.begun = 0
        session.config.pluginmanager.get_plugin("terminalreporter").showfspath = False
        session.config._tmp_path_factory.getbasetemp()

    def run(self, count: int) -> None:
        for _ in range(min(count, len(self.waiting))):
            self.begin()
        try:
            while self.parts:
                for line in wait(list(self.parts), timeout=5) or [*self.parts]:
                    self.listen(self.parts[line])
                if self.session.shouldfail:
                    raise self.session.Failed(self.session.shouldfail)
                if self.session.shouldstop:
                    raise self.session.Interrupted(self.session.shouldstop)
        finally:
            for line in self.parts:  # whoever is still at work cannot tell any more, and cleans up
                line.close()

    def begin(self) -> None:
        here, there = FORK.Pipe()
        name, self.begun = f"gw{self.begun}", self.begun + 1
        process = FORK.Process(target=work, args=(self.session, name, there, [here, *self.parts]))
        process.start()
        there.close()
        self.parts[here] = Part(process, here)

    def listen(self, part: Part) -> None:
        """Hear the next that a process tells, or that it has ended."""
        was_alive = part.process.is_alive()
        if not part.line.poll():  # what it started may hold its end of the line
            return None if was_alive else self.ended(part)
        try:
            what, *about = part.line.recv()
        except (EOFError, OSError):
            return self.ended(part)
        return getattr(self, what)(part, *about)

    def ended(self, part: Part) -> None:
        """Where it ended in the middle, its test has failed, and another process goes on after it."""
        del self.parts[part.line]
        part.process.join()
        status = part.process.exitcode
        assert part.left or not status, f"A process ended with status {status} after its last test."
        if part.left:
            number = part.left.popleft()
            item, said = self.session.items[number], f"The process that ran this test ended with status {status}."
            report = pytest.TestReport(item.nodeid, item.location, {}, "failed", said, "call")
            self.hook.pytest_runtest_logreport(report=report)
            if part.left:
                self.waiting.appendleft([*part.left])
            self.begin()

    # What a process tells.

    def asks(self, part: Part) -> None:
        numbers = self.waiting.popleft() if self.waiting else []
        part.left.extend(numbers)
        part.line.send(numbers)

    def begins(self, part: Part, nodeid: str, location: tuple[str, int | None, str]) -> None:
        self.hook.pytest_runtest_logstart(nodeid=nodeid, location=location)

    def reports(self, part: Part, data: dict[str, Any]) -> None:
        report = self.hook.pytest_report_from_serializable(config=self.session.config, data=data)
        self.hook.pytest_runtest_logreport(report=report)

    def warns(self, part: Part, kind: str, said: str, place: tuple[str, int], nodeid: str) -> None:
        warned = warnings.WarningMessage(said, type(kind, (Warning,), {}), *place)
        about = {"warning_message": warned, "when": "runtest", "nodeid": nodeid, "location": None}
        self.hook.pytest_warning_recorded.call_historic(kwargs=about)

    def finishes(self, part: Part, nodeid: str, location: tuple[str, int | None, str]) -> None:
        assert self.session.items[part.left.popleft()].nodeid == nodeid
        self.hook.pytest_runtest_logfinish(nodeid=nodeid, location=location)


def work(session: pytest.Session, name: str, line: Connection, others: list[Connection]) -> None:
    """Be one of the processes: run what is handed out until nothing is left."""
    for other in others:
        other.close()
    prepare(session.config, name)
    session.config.pluginmanager.register(Telling(session.config, line))
    with suppress(BrokenPipeError, EOFError):  # nobody listens any more
        for item, following in pairwise(chain(handed_out(session, line), [None])):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
    session._setupstate.teardown_exact(None)
    os._exit(0)  # threads that a test left behind are not waited for


def handed_out(session: pytest.Session, line: Connection) -> Iterator[pytest.Item]:
    while True:
        line.send(("asks",))
        if not (numbers := line.recv()):
            return
        yield from (session.items[number] for number in numbers)


def prepare(config: pytest.Config, name: str) -> None:
    """What a process needs for itself: its folder, its files of what is printed, and a terminal that nobody sees."""
    os.environ["PYTEST_XDIST_WORKER"] = name
    folders = config._tmp_path_factory
    folders._basetemp = folders.getbasetemp() / f"popen-{name}"
    folders._basetemp.mkdir(mode=0o700)
    captured = config.pluginmanager.get_plugin("capturemanager")
    captured.stop_global_capturing()
    captured.start_global_capturing()
    captured.suspend_global_capture()
    config.pluginmanager.get_plugin("terminalreporter")._tw = TerminalWriter(StringIO())


class Telling:
    """Tells the first process what happens in this one."""

    def __init__(self, config: pytest.Config, line: Connection) -> None:
        self.config, self.line = config, line

    def pytest_runtest_logstart(self, nodeid: str, location: tuple[str, int | None, str]) -> None:
        self.line.send(("begins", nodeid, location))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.line.send(("reports", self.config.hook.pytest_report_to_serializable(config=self.config, report=report)))

    def pytest_runtest_logfinish(self, nodeid: str, location: tuple[str, int | None, str]) -> None:
        self.line.send(("finishes", nodeid, location))

    def pytest_warning_recorded(self, warning_message: warnings.WarningMessage, when: str, nodeid: str) -> None:
        if when == "runtest":  # those of collecting were told already
            place = (warning_message.filename, warning_message.lineno)
            self.line.send(("warns", warning_message.category.__name__, str(warning_message.message), place, nodeid))
