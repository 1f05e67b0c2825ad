"""Comparing: what is kept of every row as it goes by, to tell afterwards which rows belong together; numbers alone."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Self

from studio.data.findings import NO_PROMPT, Digests
from studio.data.normalising import normalised
from studio.data.shingles import BLOCK_CHARACTERS, Bands, Shingling
from studio.data.wording import Stretches, Worded, Wording
from studio.domain.row import Message


class _Row(NamedTuple):
    messages: Sequence[Message]
    line: int
    tools: str
    rejected: Sequence[Message]


class Comparing:
    """Takes every row once, in file order, and reads so many of them at once; it has all of them once `ended` was said.

    `digests` has all rows, `whole` the words of those that are no copies, and `asked` the words of their questions,
    each question once. What does not fit into memory lies in `folder` as long as the block runs.
    """

    def __init__(self, folder: Path) -> None:
        self.digests = Digests()
        self._wording = Wording()
        self.whole_bands, self.asked_bands = Bands(folder), Bands(folder)
        self.whole = Shingling(self._wording, bands=self.whole_bands)
        self.asked = Shingling(self._wording, bands=self.asked_bands)
        self._known: set[bytes] = set()
        self._asked: set[bytes] = set()
        self._waiting: list[_Row] = []
        self._texts: list[str] = []
        self._characters = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.whole_bands.close()
        self.asked_bands.close()

    def add(self, messages: Sequence[Message], *, line: int, tools: str = "", rejected: Sequence[Message] = ()) -> None:
        self._waiting.append(_Row(messages, line, tools, rejected))
        for message in messages:
            text = message.text
            self._texts.append(text)
            self._characters += len(text)
        if self._characters >= BLOCK_CHARACTERS:
            self._take()

    def ended(self) -> None:
        """There are no more rows, so which texts there were already need not be known any longer."""
        self._take()
        self._known, self._asked = set(), set()

    def _take(self) -> None:
        worded = self._wording.read(self._texts)
        whole, asked = Stretches(), Stretches()
        first = 0
        for row in self._waiting:
            end = first + len(row.messages)
            self._compare(row, worded, first, end, whole=whole, asked=asked)
            first = end
        self.whole.add(worded, whole)
        self.asked.add(worded, asked)
        self._waiting, self._texts, self._characters = [], [], 0

    def _compare(self, row: _Row, worded: Worded, first: int, end: int, *, whole: Stretches, asked: Stretches) -> None:
        number, digests = len(self.digests.lines), self.digests
        messages, normal = row.messages, worded.normal[first:end]
        digests.add(messages, line=row.line, tools=row.tools, rejected=row.rejected, normal=normal)
        if not _is_new(digests.normal[-1], self._known):
            return
        whole.add(number, first, end, whole=worded.whole(first, end))
        prompt = digests.prompt[-1]
        if prompt == NO_PROMPT or not _is_new(prompt, self._asked):
            return
        place = _question(messages)
        if place is None:
            asked.add(number, first, first, whole="")
        elif messages[place].calls:
            asked.add(number, first, first, whole=normalised(messages[place].content))
        else:
            asked.add(number, first + place, first + place + 1, whole=worded.whole(first + place, first + place + 1))


def _is_new(digest: bytes, known: set[bytes]) -> bool:
    before = len(known)
    known.add(digest)
    return len(known) > before


def _question(messages: Sequence[Message]) -> int | None:
    """Where the last thing stands that the user says before the last answer."""
    return next((place for place in range(len(messages) - 2, -1, -1) if messages[place].role == "user"), None)
