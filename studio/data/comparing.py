"""Comparing: what is kept of every row as it goes by, to tell afterwards which rows belong together; numbers alone."""

from collections.abc import Sequence

from studio.data.findings import NO_PROMPT, Digests
from studio.data.normalising import joined, normalised
from studio.data.shingles import Shingling
from studio.domain.row import Message


class Comparing:
    """Takes every row once, in file order.

    `digests` has all rows, `whole` the words of those that are no copies, and `asked` the words of their questions,
    each question once.
    """

    def __init__(self) -> None:
        self.digests = Digests()
        self.whole, self.asked = Shingling(), Shingling()
        self._known: set[bytes] = set()
        self._asked: set[bytes] = set()

    def add(self, messages: Sequence[Message], *, line: int, tools: str = "", rejected: Sequence[Message] = ()) -> None:
        number = len(self.digests.lines)
        plain = self.digests.add(messages, line=line, tools=tools, rejected=rejected)
        if not _is_new(self.digests.normal[-1], self._known):
            return
        self.whole.add(number, joined(plain))
        prompt = self.digests.prompt[-1]
        if prompt != NO_PROMPT and _is_new(prompt, self._asked):
            self.asked.add(number, _question(messages, plain))

    def ended(self) -> None:
        """There are no more rows, so which texts there were already need not be known any longer."""
        self._known, self._asked = set(), set()


def _is_new(digest: bytes, known: set[bytes]) -> bool:
    before = len(known)
    known.add(digest)
    return len(known) > before


def _question(messages: Sequence[Message], plain: Sequence[str]) -> str:
    """The last thing that the user says before the last answer, normalised."""
    for place in range(len(messages) - 2, -1, -1):
        message = messages[place]
        if message.role == "user":
            return normalised(message.content) if message.calls else plain[place]
    return ""
