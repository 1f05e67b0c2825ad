"""Looking: the first pass over a file finds its fields, and shows its first rows before all of them have been read."""

import time
from collections.abc import Callable, Iterable
from collections.abc import Mapping as Named
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from studio.data.atomic import replacing
from studio.data.canonical import Canonical, canonical
from studio.data.entry import Entry
from studio.data.mapping import chosen_mapping, guess_mapping, guess_record, mapping_from, remembered_mapping
from studio.data.parsing import parse_object
from studio.data.problem import Problem
from studio.data.reading import Readable
from studio.data.repairing import Mended, mended
from studio.data.survey import Survey
from studio.data.tables import is_known
from studio.domain.dataset import Guess, Mapping
from studio.domain.errors import DatasetError
from studio.domain.event import EventKind, Reporter
from studio.domain.row import Message

MOST_NAMES, LONGEST_NAME = 1000, 200  # of fields that can be chosen; others are kept beside the rows
ALIKE, KINDS = 4, 8  # rows that are kept as samples: the first ones, and the first of each other kind
LONGEST_SAMPLE = 1 << 16
SOON = 0.2  # seconds of looking after which the first rows are shown
SHOWN_MESSAGES, SHOWN_CHARACTERS = 12, 1200


class Samples:
    """A few rows as they are written, so that a person sees how they are understood: now, and with other fields."""

    def __init__(self) -> None:
        self.kept: list[tuple[int, bytes]] = []

    def add(self, line: int, raw: bytes, *, is_new_kind: bool) -> None:
        if len(self.kept) < (KINDS if is_new_kind else ALIKE) and len(raw) <= LONGEST_SAMPLE:
            self.kept.append((line, raw))

    def save(self, folder: Path) -> None:
        with replacing(folder / "samples.jsonl") as file:
            for line, raw in self.kept:
                file.write(orjson.dumps({"line": line, "raw": raw.decode()}, option=orjson.OPT_APPEND_NEWLINE))


def load_samples(folder: Path) -> list[tuple[int, bytes]]:
    """The sample rows of a dataset folder, each with its line; none where nothing was read."""
    path = folder / "samples.jsonl"
    lines = path.read_bytes().split(b"\n") if path.exists() else []
    return [(found["line"], found["raw"].encode()) for found in map(orjson.loads, filter(None, lines))]


def sample_as(raw: bytes, mapping: Mapping) -> Canonical | Problem:
    """What a sample becomes with these fields, or why it cannot."""
    value = parse_object(raw)
    return value if isinstance(value, Problem) else canonical(value, mapping, raw=raw)


class Look:
    """One pass over a file: its fields, and samples of its rows."""

    def __init__(
        self,
        *,
        chosen: Named[str, Any] | None = None,
        earlier: Iterable[Named[str, Any]] = (),
        repairs: frozenset[str] = frozenset(),
    ) -> None:
        self.survey = Survey()
        self.samples = Samples()
        self._chosen, self._earlier, self._repairs = chosen, earlier, repairs
        self._names: set[str] = set()

    def through(self, source: Readable, *, at: Callable[[float], None], reporter: Reporter) -> None:
        """Look at every row; the first ones are reported as soon as there is a guess of what they are."""
        began, told = time.monotonic(), False
        for entry in source.entries(telling=True):
            at(entry.done / source.size)
            self.see(entry)
            if not told and self.samples.kept and time.monotonic() - began > SOON:
                told = True
                with suppress(DatasetError):  # a chosen field that no row has had yet
                    self.report_first_rows(reporter)

    def report_first_rows(self, reporter: Reporter) -> None:
        """Tell the first rows as they are understood so far; long texts are cut off."""
        guess = self.guess()
        if guess is None:
            return
        rows = []
        for line, raw in self.samples.kept[:ALIKE]:
            row = sample_as(raw, guess.mapping)
            if isinstance(row, Canonical):
                short = Canonical(_cut(row.messages), {}, row.tools, _cut(row.rejected), row.asked)
                rows.append({"line": line, **short.record})
        reporter.report(EventKind.ROWS, guess=guess_record(guess), rows=rows)

    def guess(self) -> Guess | None:
        """The fields that a person chose now, or chose for a file like this one before, or those that fit most rows."""
        if not self._chosen:
            return remembered_mapping(self.survey, self._earlier) or guess_mapping(self.survey)
        mapping = mapping_from(self._chosen)
        # A repair keeps the fields as they were: where they are what is found anyway, nobody needs to have chosen them.
        guess = guess_mapping(self.survey) if self._repairs else None
        return guess if guess and guess.mapping == mapping else chosen_mapping(self.survey, mapping)

    def see(self, entry: Entry) -> None:
        """Take the next row."""
        value = parsed(entry)
        if not isinstance(value, Problem):
            if entry.raw:
                self._see(entry.line, entry.raw, value)
        elif self._repairs and (found := mended_from(entry, value)) and found.kind in self._repairs:
            for row in found.rows:
                self._see(entry.line, row.raw, row.value)

    def _see(self, line: int, raw: bytes, value: dict[str, Any]) -> None:
        is_new_kind = self.survey.add(self._choosable(value))
        self.samples.add(line, raw, is_new_kind=is_new_kind)

    def _choosable(self, value: dict[str, Any]) -> dict[str, Any]:
        """The fields of a row that may be chosen: of very many names, the first ones and those that are well known."""
        if value.keys() <= self._names:
            return value
        for name in value:
            if len(name) <= LONGEST_NAME and (len(self._names) < MOST_NAMES or is_known([name])):
                self._names.add(name)
        return {name: held for name, held in value.items() if name in self._names}


def parsed(entry: Entry) -> dict[str, Any] | Problem:
    """The object of an entry; an empty one for a blank line."""
    if entry.problem:
        return entry.problem
    return parse_object(entry.raw) if entry.raw else {}


def mended_from(entry: Entry, value: dict[str, Any] | Problem) -> Mended | None:
    """What the entry would be after a repair, where it is not JSON; what the reader itself refused is left alone."""
    return mended(entry.raw) if isinstance(value, Problem) and not entry.problem else None


def _cut(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    return tuple(message.changed(_short) for message in messages[:SHOWN_MESSAGES])


def _short(text: str) -> str:
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"
