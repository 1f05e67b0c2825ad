"""Findings: rows that repeat each other, rows that answer one question, and how findings are kept."""

import hashlib
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from studio.data.groups import read_findings, read_from_before, write_findings
from studio.data.normalising import normalised
from studio.domain.finding import Finding, FindingKind, Group
from studio.domain.row import Message, Row

DIGEST_BYTES = 16
NO_PROMPT = bytes(DIGEST_BYTES)  # of a plain text
FINDINGS = "findings.jsonl"
DUPLICATES = (FindingKind.EXACT_DUPLICATE, FindingKind.NEAR_EXACT_DUPLICATE)


class Column:
    """A digest of every row in one piece of memory; as many objects would take four times as much."""

    def __init__(self) -> None:
        self._held = bytearray()

    def append(self, digest: bytes) -> None:
        self._held += digest

    def __len__(self) -> int:
        return len(self._held) // DIGEST_BYTES

    def __getitem__(self, number: int) -> bytes:
        return bytes(self._held[DIGEST_BYTES * number : DIGEST_BYTES * (number + 1)])

    def halves(self, *, since: int = 0) -> NDArray[np.uint64]:
        """Each, from row `since` on, as two numbers (rows x 2)."""
        held = self._held[DIGEST_BYTES * since :]
        return np.frombuffer(held, dtype="<u8").astype(np.uint64).reshape(-1, 2)

    def keys(self, *, since: int = 0) -> NDArray[np.uint64]:
        """The first eight bytes of each, as a number."""
        return self.halves(since=since)[:, 0]


class Digests:
    """What must be remembered of every row to find what belongs together: its line, size and hashes, not its text.

    `exchanges` has, for rows with several answers, the hash of the conversation up to each of them.
    """

    def __init__(self) -> None:
        self.lines, self.sizes = array("q"), array("q")
        self.is_pair = bytearray()  # whether a row rejects an answer
        self.normal, self.prompt = Column(), Column()
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
        beside = _beside(tools, rejected)
        self.lines.append(line)
        self.sizes.append(sum(map(len, texts)))
        self.is_pair.append(bool(rejected))
        self.normal.append(_digest([*plain, *beside]))
        self.prompt.append(_digest([*plain[:-1], *([tools] if tools else [])]) if len(plain) > 1 else NO_PROMPT)
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


def find(
    digests: Digests,
    row: Callable[[int], Row],
    *,
    reject_lines: Sequence[int] = (),
    at: Callable[[], object] = lambda: None,
) -> Found:
    """Exact copies, rows that are the same after normalising, and the lines that are no rows.

    Of every set of exact copies, only the first stands in the groups of the other kinds. `row` reads the few rows again
    of which more must be known than their digests; `at` is called for each, and may raise to stop.
    """
    everyone = np.arange(len(digests.lines))
    exact: list[list[int]] = []
    near: list[list[int]] = []
    is_first = np.ones(len(everyone), dtype=bool)
    for numbers in _alike(everyone, digests.normal):
        is_first[numbers[1:]] = False
        ways: dict[bytes, list[int]] = {}
        for number in numbers:
            at()
            ways.setdefault(_as_written(row(number)), []).append(number)
        exact += [same for same in ways.values() if len(same) > 1]
        near += [[same[0] for same in ways.values()]] if len(ways) > 1 else []
    asked = everyone[is_first & digests.prompt.halves().any(axis=1)]
    again = [group for group in _alike(asked, digests.prompt) if _are_answers(group, digests, row, at)]
    copies, near_copies = _beyond_first(exact), _beyond_first(near)
    findings = (
        _finding(FindingKind.EXACT_DUPLICATE, sorted(exact), digests, count=copies),
        _finding(FindingKind.NEAR_EXACT_DUPLICATE, near, digests, count=near_copies),
        _malformed(reject_lines),
    )
    told = tuple(finding for finding in findings if finding.count)
    return Found(told, copies + near_copies, tuple(map(tuple, again)))


def _are_answers(numbers: Sequence[int], digests: Digests, row: Callable[[int], Row], at: Callable[[], object]) -> bool:
    """Whether these rows, that ask the same and are no copies, answer it differently: pairs may reject what differs."""
    if not any(map(digests.is_pair.__getitem__, numbers)):
        return True
    said = set[tuple[str, str]]()
    for number in numbers:
        at()
        last = row(number).messages[-1]
        said.add((last.role, normalised(last.text)))
        if len(said) > 1:
            return True
    return False


def save_findings(findings: Sequence[Finding], folder: Path) -> None:
    write_findings(findings, folder / FINDINGS)


def load_findings(folder: Path) -> list[Finding]:
    """The findings of a dataset folder as they were last made; groups are read when they are looked at."""
    path = folder / FINDINGS
    return read_findings(path) if path.exists() else read_from_before(folder / "findings.json")


def _digest(parts: Iterable[str]) -> bytes:
    """A hash that is the same in every process; surrogates cannot occur, texts came from UTF-8."""
    return hashlib.blake2b("\x1e".join(parts).encode(), digest_size=DIGEST_BYTES).digest()


def _as_written(row: Row) -> bytes:
    said = [f"{message.role}\x1f{message.text}" for message in row.messages]
    return _digest([*said, *_beside(row.tools, row.rejected)])


def _beside(tools: str, rejected: Sequence[Message]) -> list[str]:
    """What belongs to a row besides its messages."""
    return [tools, *(message.text for message in rejected)] if tools or rejected else []


def _alike(numbers: NDArray[np.int64], digests: Column) -> list[list[int]]:
    """Sets of two or more of these rows that have the same digest, in file order."""
    halves = digests.halves()[numbers]
    order = np.lexsort((halves[:, 1], halves[:, 0]))
    halves, numbers = halves[order], numbers[order]
    is_same = (halves[1:] == halves[:-1]).all(axis=1)
    starts = np.flatnonzero(np.append(True, ~is_same)[: len(numbers)])
    sizes = np.diff(starts, append=len(numbers))
    several = sizes > 1
    return sorted(
        numbers[start : start + size].tolist() for start, size in zip(starts[several], sizes[several], strict=True)
    )


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
