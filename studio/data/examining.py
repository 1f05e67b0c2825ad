"""Examining: everything that is found in the rows of a file, once they have all been read."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from studio.data.alike import Family, Near, alike
from studio.data.checks.checking import Checks
from studio.data.findings import DUPLICATES, Digests, Found, find
from studio.data.rows import Rows
from studio.domain.finding import Finding, FindingKind, Group

NEAR_WHY = (
    "They differ in a word or two. Nothing is left out for it, but they stay on one side of the split, "
    "so that the test holds nothing that training has all but seen."
)
FAMILY_WHY = (
    "They fill the same template with other words. That is often meant; very many of one kind outweigh the others."
)


def examine(
    rows: Rows, digests: Digests, *, reject_lines: Sequence[int] = (), at: Callable[[float], None] = lambda _: None
) -> Found:
    """Copies, contradictions, near copies, templates and what the checks of single rows find; `at` hears the share."""
    found = find(digests, reject_lines=reject_lines)
    copies = {n for finding in found.findings if finding.kind in DUPLICATES for g in finding.groups for n in g.rows[1:]}
    checks = Checks()
    likeness = alike(_texts(rows, checks, at), left_out=copies)
    conflicts = [finding for finding in found.findings if finding.kind is FindingKind.CONFLICT]
    disputed = [set(group.rows) for finding in conflicts for group in finding.groups]
    near = [near for near in likeness.near if not any(numbers.issuperset(near.rows) for numbers in disputed)]
    more = (_near(near, digests), _families(likeness.families, digests), *checks.findings())
    order = list(FindingKind)
    findings = sorted((*found.findings, *filter(None, more)), key=lambda finding: order.index(finding.kind))
    return replace(found, findings=tuple(findings))


def _texts(rows: Rows, checks: Checks, at: Callable[[float], None]) -> Iterator[str]:
    """The whole text of every row, which the checks see as it goes by."""
    for row in rows:
        at(row.number / len(rows))
        checks.add(row)
        yield "\n".join(message.content for message in row.messages)


def _near(found: Sequence[Near], digests: Digests) -> Finding | None:
    groups = tuple(_group(near.rows, digests, near.reason) for near in found)
    count = sum(len(group.rows) - 1 for group in groups)
    title = "1 row is nearly the same as another" if count == 1 else f"{count:,} rows are nearly the same as others"
    return Finding(FindingKind.NEAR_DUPLICATE, title, count, NEAR_WHY, groups) if groups else None


def _families(found: Sequence[Family], digests: Digests) -> Finding | None:
    groups = tuple(_group(family.rows, digests, family.pattern) for family in found)
    count = sum(len(group.rows) for group in groups)
    templates = "1 template" if len(groups) == 1 else f"{len(groups):,} templates"
    title = f"{count:,} rows come from {templates}"
    return Finding(FindingKind.FAMILY, title, count, FAMILY_WHY, groups) if groups else None


def _group(rows: Sequence[int], digests: Digests, reason: str) -> Group:
    return Group(tuple(rows), tuple(digests.lines[number] for number in rows), reason)
