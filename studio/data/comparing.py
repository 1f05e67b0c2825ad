"""Comparing: what is kept of every row as it goes by, to tell afterwards which rows belong together; numbers alone."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np

from studio.data.findings import Digests
from studio.data.fresh import Fresh
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
        self._known, self._asked = Fresh(), Fresh()
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
        self._known, self._asked = Fresh(), Fresh()

    def _take(self) -> None:
        worded, digests, since = self._wording.read(self._texts), self.digests, len(self.digests.lines)
        ends = [0]
        for messages, line, tools, rejected in self._waiting:
            first, end = ends[-1], ends[-1] + len(messages)
            digests.add(messages, line=line, tools=tools, rejected=rejected, normal=worded.normal[first:end])
            ends.append(end)
        whole, asked = Stretches(), Stretches()
        new = np.flatnonzero(self._known.among(digests.normal.keys(since=since)))
        for place in new.tolist():
            first, end = ends[place], ends[place + 1]
            whole.add(since + place, first, end, whole=worded.whole(first, end))
        prompts = digests.prompt.keys(since=since)
        new = new[prompts[new] != 0]  # of a plain text, which asks nothing
        for place in new[self._asked.among(prompts[new])].tolist():
            _ask(since + place, self._waiting[place].messages, ends[place], worded, asked)
        self.whole.add(worded, whole)
        self.asked.add(worded, asked)
        self._waiting, self._texts, self._characters = [], [], 0


def _ask(number: int, messages: Sequence[Message], first: int, worded: Worded, asked: Stretches) -> None:
    """The question of a row, whose texts are those from `first` on."""
    place = _question(messages)
    if place is None:
        asked.add(number, first, first, whole="")
    elif messages[place].calls:
        asked.add(number, first, first, whole=normalised(messages[place].content))
    else:
        asked.add(number, first + place, first + place + 1, whole=worded.whole(first + place, first + place + 1))


def _question(messages: Sequence[Message]) -> int | None:
    """Where the last thing stands that the user says before the last answer."""
    return next((place for place in range(len(messages) - 2, -1, -1) if messages[place].role == "user"), None)
