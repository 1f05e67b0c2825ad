"""Findings: rows that repeat each other, rows that answer one question, and how findings are kept."""

import hashlib
from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

import numpy as np
from numpy.typing import NDArray

from studio.data.groups import read_findings, read_from_before, write_findings
from studio.data.normalising import normalised
from studio.domain.finding import Finding, FindingKind, Group
from studio.domain.row import Message

DIGEST_BYTES = 16
NO_PROMPT = bytes(DIGEST_BYTES)  # of a plain text
FINDINGS = "findings.jsonl"
DUPLICATES = (FindingKind.EXACT_DUPLICATE, FindingKind.NEAR_EXACT_DUPLICATE)


class Column(Sequence[bytes]):
    """A digest of every row in one piece of memory; as many objects would take four times as much."""

    def __init__(self) -> None:
        self._held = bytearray()

    def append(self, digest: bytes) -> None:
        self._held += digest

    def __len__(self) -> int:
        return len(self._held) // DIGEST_BYTES

    @overload
    def __getitem__(self, number: int) -> bytes: ...
    @overload
    def __getitem__(self, number: slice) -> list[bytes]: ...
    def __getitem__(self, number: int | slice) -> bytes | list[bytes]:
        if isinstance(number, slice):
            return [self[each] for each in range(*number.indices(len(self)))]
        place = DIGEST_BYTES * range(len(self))[number]
        return bytes(self._held[place : place + DIGEST_BYTES])

    def keys(self) -> NDArray[np.uint64]:
        """The first eight bytes of each, as a number."""
        return np.frombuffer(bytes(self._held), dtype="<u8")[:: DIGEST_BYTES // 8].astype(np.uint64)


class Digests:
    """What must be remembered of every row to find what belongs together: its line, size and hashes, not its text.

    `exchanges` has, for rows with several answers, the hash of the conversation up to each of them.
    """

    def __init__(self) -> None:
        self.lines, self.sizes = array("q"), array("q")
        self.exact, self.normal, self.prompt, self.answer = Column(), Column(), Column(), Column()
        self.exchanges: dict[int, list[bytes]] = {}

    def add(
        self,
        messages: Sequence[Message],
        *,
        line: int,
        tools: str = "",
        rejected: Sequence[Message] = (),
        normal: Sequence[str] | None = None,
    ) -> None:
        """Take the next row; `normal` are its texts, normalised, where somebody has made them already."""
        texts = [message.text for message in messages]
        normal = normal or [normalised(text) for text in texts]
        plain = [f"{message.role}\x1f{text}" for message, text in zip(messages, normal, strict=True)]
        beside = [tools, *(message.text for message in rejected)] if tools or rejected else []
        self.lines.append(line)
        self.sizes.append(sum(map(len, texts)))
        said = [f"{message.role}\x1f{text}" for message, text in zip(messages, texts, strict=True)]
        self.exact.append(_digest([*said, *beside]))
        self.normal.append(_digest([*plain, *beside]))
        self.prompt.append(_digest([*plain[:-1], *([tools] if tools else [])]) if len(plain) > 1 else NO_PROMPT)
        self.answer.append(_digest(plain[-1:]))
        answers = [place for place, message in enumerate(messages, start=1) if message.role == "assistant"]
        if len(answers) > 1:
            self.exchanges[len(self.lines) - 1] = [_digest(plain[:place]) for place in answers]


@dataclass(frozen=True, slots=True)
class Found:
    """The findings, how many rows repeat an earlier one, and the rows that answer one question differently.

    `close` are sets of rows that are as like each other as near copies, templates included.
    """

    findings: tuple[Finding, ...]
    duplicates: int
    same_question: tuple[tuple[int, ...], ...] = ()
    close: tuple[tuple[int, ...], ...] = ()


def find(digests: Digests, *, reject_lines: Sequence[int] = ()) -> Found:
    """Exact copies, rows that are the same after normalising, and the lines that are no rows.

    Of every set of exact copies, only the first stands in the groups of the other kinds.
    """
    everyone = range(len(digests.lines))
    exact = _alike(everyone, digests.exact)
    firsts = _firsts(everyone, exact)
    near = _alike(firsts, digests.normal)
    asked = [number for number in _firsts(firsts, near) if digests.prompt[number] != NO_PROMPT]
    again = _alike(asked, digests.prompt)
    asked_again = [group for group in again if len({digests.answer[number] for number in group}) > 1]
    copies, near_copies = _beyond_first(exact), _beyond_first(near)
    findings = (
        _finding(FindingKind.EXACT_DUPLICATE, exact, digests, count=copies),
        _finding(FindingKind.NEAR_EXACT_DUPLICATE, near, digests, count=near_copies),
        _malformed(reject_lines),
    )
    told = tuple(finding for finding in findings if finding.count)
    return Found(told, copies + near_copies, tuple(map(tuple, asked_again)))


def save_findings(findings: Sequence[Finding], folder: Path) -> None:
    write_findings(findings, folder / FINDINGS)


def load_findings(folder: Path) -> list[Finding]:
    """The findings of a dataset folder as they were last made; groups are read when they are looked at."""
    path = folder / FINDINGS
    return read_findings(path) if path.exists() else read_from_before(folder / "findings.json")


def _digest(parts: Iterable[str]) -> bytes:
    """A hash that is the same in every process; surrogates cannot occur, texts came from UTF-8."""
    return hashlib.blake2b("\x1e".join(parts).encode(), digest_size=DIGEST_BYTES).digest()


def _alike(numbers: Iterable[int], digests: Sequence[bytes]) -> list[list[int]]:
    """Sets of two or more of these rows that have the same digest, in file order."""
    first: dict[bytes, int] = {}
    groups: dict[int, list[int]] = defaultdict(list)
    for number in numbers:
        leader = first.setdefault(digests[number], number)
        if leader != number:
            groups[leader].append(number)
    return [[leader, *groups[leader]] for leader in sorted(groups)]


def _firsts(numbers: Iterable[int], groups: Sequence[Sequence[int]]) -> list[int]:
    later = {number for group in groups for number in group[1:]}
    return [number for number in numbers if number not in later]


def _beyond_first(groups: Sequence[Sequence[int]]) -> int:
    return sum(len(group) - 1 for group in groups)


_WHY = {
    FindingKind.EXACT_DUPLICATE: (
        "The model would learn these twice, and a copy in the test would flatter it. The first is kept."
    ),
    FindingKind.NEAR_EXACT_DUPLICATE: (
        "They differ only in capitals, spaces or punctuation, so they count as copies. The first is kept."
    ),
    FindingKind.MALFORMED: "They are left out, and each is listed with its place, the reason and a fix.",
}


def _title(kind: FindingKind, count: int) -> str:
    one = count == 1
    match kind:
        case FindingKind.EXACT_DUPLICATE:
            return "1 row repeats another word for word" if one else f"{count:,} rows repeat another word for word"
        case FindingKind.NEAR_EXACT_DUPLICATE:
            return "1 row is almost a copy of another" if one else f"{count:,} rows are almost copies of others"
        case _:
            return "1 line could not become an example" if one else f"{count:,} lines could not become examples"


def _finding(kind: FindingKind, groups: Sequence[Sequence[int]], digests: Digests, *, count: int) -> Finding:
    made = tuple(Group(tuple(group), tuple(digests.lines[number] for number in group)) for group in groups)
    return Finding(kind, _title(kind, count), count, _WHY[kind], made)


def _malformed(lines: Sequence[int]) -> Finding:
    kind = FindingKind.MALFORMED
    groups = (Group((), tuple(lines)),) if lines else ()
    return Finding(kind, _title(kind, len(lines)), len(lines), _WHY[kind], groups)
