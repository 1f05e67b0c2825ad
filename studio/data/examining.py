"""Examining: everything that is found in the rows of a file, once they have all been read."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from studio.data.alike import Family, Near, compared
from studio.data.checks.checking import Checks
from studio.data.checks.gathering import titled
from studio.data.comparing import Comparing
from studio.data.conflicts import Conflict, Disputes, disputes
from studio.data.findings import Digests, Found, find
from studio.data.rows import Rows
from studio.domain.finding import Finding, FindingKind, Grade, Group, by_weight

NEAR_WHY = (
    "They differ in a word or two. Nothing is left out for it, but they stay on one side of the split, "
    "so that the test holds nothing that training has all but seen."
)
FAMILY_WHY = (
    "They fill the same template with other words. That is often meant; very many of one kind outweigh the others."
)
CONFLICT_WHY = (
    "The model cannot tell which answer you want. Leave the wrong ones out, or keep both if the variety is meant."
)
VARIETY_WHY = "They ask for something made up, so several answers are fine. They stay on one side of the split."
COMPARED, ASKED = 0.15, 0.65  # of the time that comparing takes: questions and rows have been compared by then
CHECKING = 0.7  # of the time, where rows are checked here as well


def examine(
    rows: Rows,
    comparing: Comparing,
    *,
    reject_lines: Sequence[int] = (),
    at: Callable[[float], None] = lambda _: None,
    checked: Callable[[], Sequence[Finding]] | None = None,
) -> Found:
    """Copies, contradictions, near copies, templates and what the checks of single rows find; `at` hears the share.

    `checked` gives what those checks found where somebody else carries them out, and may wait for it.
    """
    comparing.ended()
    digests = comparing.digests
    part = 1.0 if checked else 1 - CHECKING
    with rows.at_hand() as row:
        found = find(digests, row, reject_lines=reject_lines, at=lambda: at(0.0))
    # Questions first, and nothing of them is left when the whole rows, of which there is most, are compared.
    questions = compared(comparing.asked.done(), comparing.asked_bands, ties=False, at=lambda: at(0.0))
    likeness = compared(comparing.whole.done(), comparing.whole_bands, at=lambda: at(COMPARED * part))
    disputed = disputes(
        rows,
        found.same_question,
        near_questions=questions.near,
        near_rows=likeness.near,
        at=lambda: at(ASKED * part),
    )
    near, conflicts = _apart(likeness.near, disputed.conflicts)
    more = (
        _near(near, digests),
        _families(likeness.families, digests),
        _conflicts(conflicts, digests),
        _varied(disputed, digests),
        *(checked() if checked else _checked(rows, at)),
    )
    return replace(found, findings=tuple(by_weight((*found.findings, *filter(None, more)))), close=likeness.close)


def _checked(rows: Rows, at: Callable[[float], None]) -> Sequence[Finding]:
    """What the checks of single rows find."""
    checks = Checks()
    for row in rows:
        at(1 - CHECKING + CHECKING * row.number / len(rows))
        checks.add(row)
    return checks.findings()


def _apart(near: Sequence[Near], conflicts: Sequence[Conflict]) -> tuple[list[Near], list[Conflict]]:
    """What is told once: near copies that contradict each other as a conflict, those that do not as near copies."""
    grave = _homes([one.rows for one in conflicts if one.grade is not Grade.INFO])
    close = _homes([one.rows for one in near])
    return (
        [one for one in near if not _is_within(one.rows, grave)],
        [one for one in conflicts if one.grade is not Grade.INFO or not _is_within(one.rows, close)],
    )


def _homes(groups: Sequence[Sequence[int]]) -> dict[int, set[int]]:
    """For every row the places of the groups that it stands in."""
    homes: dict[int, set[int]] = {}
    for place, numbers in enumerate(groups):
        for number in numbers:
            homes.setdefault(number, set()).add(place)
    return homes


def _is_within(numbers: Collection[int], homes: dict[int, set[int]]) -> bool:
    """Whether some one group holds all these rows."""
    return bool(set.intersection(*(homes.get(number, set()) for number in numbers)))


def _near(found: Sequence[Near], digests: Digests) -> Finding | None:
    groups = tuple(_group(near.rows, digests, _why_near(near), likeness=near.likeness) for near in found)
    count = sum(len(group.rows) - 1 for group in groups)
    title = "1 row is nearly the same as another" if count == 1 else f"{count:,} rows are nearly the same as others"
    return Finding(FindingKind.NEAR_DUPLICATE, title, count, NEAR_WHY, groups) if groups else None


def _why_near(near: Near) -> str:
    share = int(100 * near.likeness[1])
    common = f"{share} % of their words in common" if share < 100 else "The same words"
    return f"{common}, and the same numbers, signs and negations. {near.reason}."


def _families(found: Sequence[Family], digests: Digests) -> Finding | None:
    groups = tuple(_group(family.rows, digests, family.pattern) for family in found)
    count = sum(len(group.rows) for group in groups)
    templates = "1 template" if len(groups) == 1 else f"{len(groups):,} templates"
    title = f"{count:,} rows come from {templates}"
    return Finding(FindingKind.FAMILY, title, count, FAMILY_WHY, groups) if groups else None


def _conflicts(found: Sequence[Conflict], digests: Digests) -> Finding | None:
    groups = tuple(_group(one.rows, digests, one.reason, grade=one.grade) for one in found)
    rows = {number for group in groups for number in group.rows}
    title = titled(len(groups), "question with different answers", "questions with different answers")
    grades = Counter(group.grade for group in groups)
    if len(grades) > 1:
        said = ((Grade.HIGH, "contradict"), (Grade.MEDIUM, "may contradict"), (Grade.INFO, "in other words"))
        title += ": " + ", ".join(f"{grades[grade]:,} {words}" for grade, words in said if grades[grade])
    return Finding(FindingKind.CONFLICT, title, len(rows), CONFLICT_WHY, groups) if groups else None


def _varied(found: Disputes, digests: Digests) -> Finding | None:
    groups = tuple(_group(numbers, digests) for numbers in found.varied)
    count = sum(len(group.rows) for group in groups)
    title = titled(len(groups), "creative question with several answers", "creative questions with several answers")
    return Finding(FindingKind.VARIETY, title, count, VARIETY_WHY, groups) if groups else None


def _group(
    rows: Sequence[int],
    digests: Digests,
    reason: str = "",
    *,
    grade: Grade | None = None,
    likeness: tuple[float, ...] = (),
) -> Group:
    return Group(tuple(rows), tuple(digests.lines[number] for number in rows), reason, grade, likeness)
