"""Groups: the rows of a finding, page by page, each with what is meant in it marked or with what sets it apart."""

from collections.abc import Sequence
from dataclasses import dataclass

from studio.data.marking import COMPARED, at_odds, compared, conflict_marks, lengths_of, marks_in, unlike
from studio.data.veiling import veiled
from studio.domain.finding import TREATMENTS, Action, Finding, FindingKind, Group
from studio.domain.mending import why_left_out
from studio.domain.row import Row
from studio.ui.parts import html, talk

COPIES = (FindingKind.EXACT_DUPLICATE, FindingKind.NEAR_EXACT_DUPLICATE)
PRIVATE = (FindingKind.SECRET, FindingKind.PERSONAL)
AGAINST_FIRST = (*COPIES, FindingKind.NEAR_DUPLICATE, FindingKind.CONFLICT, FindingKind.VARIETY, FindingKind.MEANING)
REASON_ON_SCREEN_ALONE = (FindingKind.NEAR_DUPLICATE, FindingKind.FAMILY, FindingKind.CONFLICT, FindingKind.MEANING)
SHOWN_ROWS = 6
FILLED = "fills the template"
MASKED = "Shown without their middle. Masking puts tags such as [EMAIL] in their place, in a new version; the file stays as it is."


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of one group, by number, with the first row of the group where the others are compared with it.

    `number` counts pages from 0, `of` is how many there are; `place` and `groups` say the same of groups.
    """

    group: Group
    rows: tuple[int, ...]
    first: int | None
    number: int
    of: int
    place: int
    groups: int

    @property
    def shown(self) -> tuple[int, ...]:
        """The rows to read, the first one first."""
        others = tuple(row for row in self.rows if row != self.first)
        return others if self.first is None else (self.first, *others)


def page_count(finding: Finding) -> int:
    return sum(len(_starts(finding.kind, group)) for group in finding.groups)


def page_of(finding: Finding, number: int) -> Page | None:
    """Page `number` of a finding, the last one where there are fewer; None where it has no rows to show."""
    count = page_count(finding)
    if not count:
        return None
    left = number = min(max(number, 0), count - 1)
    for place, group in enumerate(finding.groups):
        starts = _starts(finding.kind, group)
        if left < len(starts):
            first = group.rows[0] if finding.kind in AGAINST_FIRST else None
            rows = group.rows[starts[left] : starts[left] + SHOWN_ROWS - (first is not None and left > 0)]
            return Page(group, rows, first, number, count, place, len(finding.groups))
        left -= len(starts)
    raise AssertionError("pages and their count do not agree")


def _starts(kind: FindingKind, group: Group) -> list[int]:
    """Where each page of a group starts; later pages show the first row again where others are compared with it."""
    if kind not in AGAINST_FIRST:
        return list(range(0, len(group.rows), SHOWN_ROWS))
    return [0, *range(SHOWN_ROWS, len(group.rows), SHOWN_ROWS - 1)] if group.rows else []


def pages_words(page: Page) -> str:
    """Where in the finding this page is."""
    within = f" · page {page.number + 1:,} of {page.of:,}" if page.of > page.groups else ""
    if page.groups > 1:
        return f"group {page.place + 1:,} of {page.groups:,}{within}"
    start, count = page.group.rows.index(page.rows[0]) + 1, len(page.group.rows)
    return f"rows {start:,} to {start + len(page.rows) - 1:,} of {count:,}{within}"


def lines_of(group: Group, rows: Sequence[int]) -> list[tuple[str, int]]:
    """Rows by their lines, for choosing among them."""
    lines = dict(zip(group.rows, group.lines, strict=True))
    return [(f"line {lines[row]:,}", row) for row in rows]


def why_out(finding: Finding, group: Group, *, one_by_one: bool) -> str:
    """Why rows of a group were left out, as the ledger tells it."""
    reason = "" if finding.kind in REASON_ON_SCREEN_ALONE else group.reason
    return why_left_out(finding.kind, reason, one_by_one=one_by_one)


# Back from the rows of a finding to its place in the list.
BACK = """
element.addEventListener('click', event => {
  const name = event.target.closest('button[data-back]') && document.querySelector('ul.findings li.open button.link');
  name?.focus({preventScroll: true});
  name?.scrollIntoView({block: 'center'});
});
"""


def heading(finding: Finding) -> str:
    """What is shown and why it matters; `focus` goes here when somebody opens the finding."""
    back = "" if finding.kind is FindingKind.MEANING else '<button type="button" data-back>↑ All findings</button>'
    title = f'<h3 class="picked" tabindex="-1" data-kind="{finding.kind.value}">{html.text(finding.title)}</h3>'
    return f'<div class="picked-row">{title}{back}</div><p class="help">{html.text(finding.why)}</p>'


def view(finding: Finding, page: Page, rows: Sequence[Row]) -> str:
    """The rows of a page (`page.shown`, in that order) side by side, with the reason why they belong together."""
    said, grade = reason_words(finding, page.group), page.group.grade
    chip = f"{html.grade(grade)} " if grade else ""
    about = f'<p class="help">{chip}{html.text(said)}</p>' if said or chip else ""
    cards = "".join(_cards(finding, page, rows))
    rest = len(page.group.rows) - len(page.rows)
    more = f'<p class="help">The group has {html.count(len(page.group.rows), "row")}.</p>' if rest > 0 else ""
    return f'{about}<div class="beside">{cards}</div>{more}'


def reason_words(finding: Finding, group: Group) -> str:
    """Why the rows of a group belong together, as a sentence."""
    said = veiled(group.reason).shown
    if finding.kind is FindingKind.FAMILY:
        return f"The template: {said}"
    said = f"{said[:1].upper()}{said[1:]}" + ("." if said and not said.endswith((".", "!", "?")) else "")
    return f"{said} {MASKED}" if finding.kind in PRIVATE else said


def _cards(finding: Finding, page: Page, rows: Sequence[Row]) -> list[str]:
    if finding.kind is FindingKind.SWAPPED_PAIR:
        return [talk.bubbles([row], marks) for row, marks in zip(rows, at_odds(rows), strict=True)]
    if finding.kind is FindingKind.FAMILY and len(rows) > 1:
        beside = [rows[1], *[rows[0]] * (len(rows) - 1)]
        return [talk.bubbles([row], unlike(row, other, FILLED)) for row, other in zip(rows, beside, strict=True)]
    if page.first is None or len(rows) < 2:
        return [talk.bubbles([row], marks_in(row, finding), about=_lengths(finding, row)) for row in rows]
    first, *others = rows
    if finding.kind is FindingKind.EXACT_DUPLICATE:
        same = f"word for word the same as line {first.line:,}"
        return [talk.bubbles([first]), *(talk.bubbles([row], about=same) for row in others)]
    if finding.kind is FindingKind.CONFLICT:
        return _conflict(first, others, page.group.reason)
    if finding.kind in COMPARED:
        return [talk.bubbles([first]), *(_compared(first, row, page.group) for row in others)]
    return [talk.bubbles([row], marks_in(row, finding)) for row in rows]


def _lengths(finding: Finding, row: Row) -> str:
    """How long both answers of a pair are, where that is what the finding is about."""
    if finding.kind is not FindingKind.PAIR_LENGTH:
        return ""
    better, worse = lengths_of(row)
    return f"better answer {html.count(better, 'letter')}, worse answer {html.count(worse, 'letter')}"


def _conflict(first: Row, others: Sequence[Row], said_of_group: str) -> list[str]:
    """Each answer with the places in which it contradicts the first; those of the first are of the gravest pair."""
    said = [conflict_marks(first, row) for row in others]
    own = next((marks for marks, _, reason in said if reason), [])
    cards = [talk.bubbles([first], own)]
    for row, (_, marks, reason) in zip(others, said, strict=True):
        is_news = reason and reason not in said_of_group
        note = f'<p class="help">{html.text(veiled(reason).shown)}</p>' if is_news else ""
        cards.append(f"<div>{talk.bubbles([row], marks)}{note}</div>")
    return cards


def _compared(first: Row, row: Row, group: Group) -> str:
    """A row with what it has and the first has not, and the other way round."""
    share = dict(zip(group.rows, group.likeness, strict=True)).get(row.number) if group.likeness else None
    alike = f" · {int(100 * share)} % of its words in common with line {first.line:,}" if share is not None else ""
    return compared_card(first, row, alike)


def compared_card(first: Row, row: Row, alike: str) -> str:
    """A row with what it has and the first has not, where they have much in common; `alike` says how much."""
    pieces = compared(first, row) or [[("same", veiled(message.text).shown)] for message in row.messages]
    told = zip(row.messages, pieces, strict=True)
    return talk.conversation(f"line {row.line:,}{alike}", [(m.role, talk.differing(said)) for m, said in told])


def acts_by_mask(finding: Finding) -> bool:
    return TREATMENTS[finding.kind].action is Action.MASK


def keeps_one(finding: Finding) -> bool:
    return TREATMENTS[finding.kind].action is Action.KEEP_ONE
