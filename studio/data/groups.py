"""Groups on disk: the findings of a dataset, whose groups are read a page at a time, so that a click reads a few.

findings.jsonl holds one line that tells all but the groups, and then the groups, so many on a line.
"""

import mmap
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, overload

import orjson

from studio.data.atomic import replacing
from studio.domain.finding import Finding, FindingKind, Grade, Group, Mark

PAGE = 64  # groups on a line


@dataclass(frozen=True, slots=True, eq=False)
class StoredGroups(Sequence[Group]):
    """The groups of one finding: `pages` are the places in the file where each line of them starts and ends.

    The file is mapped into memory, not read, and stays what it was for those who look at it when it is replaced.
    """

    held: mmap.mmap
    pages: tuple[tuple[int, int], ...]
    count: int

    def __len__(self) -> int:
        return self.count

    @overload
    def __getitem__(self, number: int) -> Group: ...
    @overload
    def __getitem__(self, number: slice) -> tuple[Group, ...]: ...
    def __getitem__(self, number: int | slice) -> Group | tuple[Group, ...]:
        if isinstance(number, slice):
            return self._between(range(*number.indices(self.count)))
        place = range(self.count)[number]
        return self._page(place // PAGE)[place % PAGE]

    def __iter__(self) -> Iterator[Group]:
        for page in range(len(self.pages)):
            yield from self._page(page)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(other) == self.count and tuple(self) == tuple(other)

    def _between(self, places: range) -> tuple[Group, ...]:
        needed = {place // PAGE for place in places}
        read = {page: self._page(page) for page in sorted(needed)}
        return tuple(read[place // PAGE][place % PAGE] for place in places)

    def _page(self, number: int) -> list[Group]:
        start, end = self.pages[number]
        return [_group(*stored) for stored in orjson.loads(self.held[start:end])]


def rows_of(groups: Sequence[Group]) -> Iterator[list[int] | tuple[int, ...]]:
    """The rows of each group; of groups on disk, nothing else is made."""
    if not isinstance(groups, StoredGroups):
        yield from (group.rows for group in groups)
        return
    for start, end in groups.pages:
        yield from (stored[0] for stored in orjson.loads(groups.held[start:end]))


def write_findings(findings: Sequence[Finding], path: Path) -> None:
    lines = [
        [_lines(finding.groups[at : at + PAGE]) for at in range(0, len(finding.groups), PAGE)] for finding in findings
    ]
    told = [_told(finding, pages) for finding, pages in zip(findings, lines, strict=True)]
    with replacing(path) as file:
        file.write(orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE))
        for pages in lines:
            file.writelines(pages)


def read_findings(path: Path) -> list[Finding]:
    """All findings; their groups are looked up when somebody asks for them."""
    with path.open("rb") as file:
        held = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    first = held.readline()
    findings, place = [], len(first)
    for told in orjson.loads(first):
        places = list(accumulate(told["pages"], initial=place))
        findings.append(
            Finding(
                kind=FindingKind(told["kind"]),
                title=told["title"],
                count=told["count"],
                why=told["why"],
                groups=StoredGroups(held, tuple(pairwise(places)), told["groups"]),
                marks=tuple(Mark(*mark) for mark in told["marks"]),
                graded=Grade(told["grade"]),
            )
        )
        place = places[-1]
    return findings


def read_from_before(path: Path) -> list[Finding]:
    """The findings of a dataset that was read when they were all kept in one JSON, findings.json."""
    return [
        Finding(
            kind=FindingKind(told["kind"]),
            title=told["title"],
            count=told["count"],
            why=told["why"],
            groups=tuple(
                _group(held["rows"], held["lines"], held["reason"], held.get("grade"), held.get("likeness", []))
                for held in told["groups"]
            ),
            marks=tuple(Mark(**mark) for mark in told["marks"]),
        )
        for told in orjson.loads(path.read_bytes())
    ]


def _told(finding: Finding, pages: Sequence[bytes]) -> dict[str, Any]:
    """A finding without its groups, but with the size of each page of them."""
    return {
        "kind": finding.kind,
        "title": finding.title,
        "count": finding.count,
        "why": finding.why,
        "grade": finding.grade,
        "marks": [astuple(mark) for mark in finding.marks],
        "groups": len(finding.groups),
        "pages": [len(page) for page in pages],
    }


def _lines(groups: Sequence[Group]) -> bytes:
    told = [(group.rows, group.lines, group.reason, group.grade, group.likeness) for group in groups]
    return orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE)


def _group(rows: list[int], lines: list[int], reason: str, grade: str | None, likeness: list[float]) -> Group:
    return Group(tuple(rows), tuple(lines), reason, Grade(grade) if grade else None, tuple(likeness))
