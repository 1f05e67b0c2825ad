"""Scores of copies, near copies, template families and contradictions, counted in rows unless said."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bench.accuracy.copies import CONFLICT_KINDS, NEAR_KINDS, Row
from bench.accuracy.reading import Read
from bench.accuracy.share import Share, share
from studio.data.alike import FAMILY_ROWS
from studio.domain.finding import FindingKind, Grade

Groups = Sequence[Sequence[int]]


@dataclass(slots=True)
class CopyScores:
    """What the studio said of the planted rows. A copy counts as found whichever finding ties it to its origin."""

    rows: Sequence[Row]
    said: Read
    recall: dict[str, Share] = field(default_factory=dict)
    recall_in_families: dict[str, Share] = field(default_factory=dict)
    precision: dict[str, Share] = field(default_factory=dict)
    twins: dict[str, Share] = field(default_factory=dict)
    conflicts: dict[str, Share] = field(default_factory=dict)
    conflicts_as_copies: dict[str, Share] = field(default_factory=dict)
    grades: dict[str, Counter[str]] = field(default_factory=dict)
    families: dict[str, Share] = field(default_factory=dict)

    def __post_init__(self) -> None:
        exact, normalised, near, conflicts, varied = (
            [group.rows for group in self.said.groups(kind)]
            for kind in (
                FindingKind.EXACT_DUPLICATE,
                FindingKind.NEAR_EXACT_DUPLICATE,
                FindingKind.NEAR_DUPLICATE,
                FindingKind.CONFLICT,
                FindingKind.VARIETY,
            )
        )
        copies = [*exact, *normalised, *near]
        self._score_recall(Sets([*copies, *conflicts, *varied]))
        for name, groups in (("exact", exact), ("normalised", normalised), ("near", near), ("all", copies)):
            self.precision[name] = precision(groups, self.rows)
        self._score_pairs(Sets(copies), [*conflicts, *varied])
        self._score_grades()
        self._score_families()

    def _score_recall(self, together: "Sets") -> None:
        """A planted copy is found if it stands in one set with another row of its origin."""
        outside: dict[str, list[bool]] = defaultdict(list)
        inside: dict[str, list[bool]] = defaultdict(list)
        for number, row in enumerate(self.rows):
            if row.how != "original":
                is_found = any(self.rows[mate].origin == row.origin for mate in together.mates(number))
                (outside if row.family < 0 else inside)[row.how].append(is_found)
        for kinds, into in ((outside, self.recall), (inside, self.recall_in_families)):
            for kind in ("exact", "normalised", *NEAR_KINDS):
                into[kind] = share(kinds[kind])
            into["near"] = share([hit for kind in NEAR_KINDS for hit in kinds[kind]])

    def _score_pairs(self, copies: "Sets", conflicts: Groups) -> None:
        """Twins, which must not be called copies, and contradictions, which must be called contradictions."""
        contradictions = Sets(conflicts)
        twins: dict[str, list[bool]] = defaultdict(list)
        found: dict[str, list[bool]] = defaultdict(list)
        wrong: dict[str, list[bool]] = defaultdict(list)
        for first, second in self._pairs():
            row = self.rows[first]
            if row.differs:
                twins[row.differs].append(second in copies.mates(first))
            else:
                found[row.conflict_kind].append(second in contradictions.mates(first))
                wrong[row.conflict_kind].append(second in copies.mates(first))
        self.twins = {kind: share(hits) for kind, hits in sorted(twins.items())}
        self.conflicts = {kind: share(found[kind]) for kind in CONFLICT_KINDS}
        self.conflicts_as_copies = {kind: share(wrong[kind]) for kind in CONFLICT_KINDS}

    def _score_grades(self) -> None:
        """How gravely the planted contradictions are told, and how many of the grave ones were planted."""
        told: dict[str, Counter[str]] = {kind: Counter() for kind in CONFLICT_KINDS}
        grave = []
        for group in self.said.groups(FindingKind.CONFLICT):
            planted = {self.rows[number].conflict_kind for number in group.rows} - {""}
            for kind in planted:
                told[kind][str(group.grade)] += 1
            if group.grade is Grade.HIGH:
                grave.append(any(self._contradicts(number) for number in group.rows))
        self.grades = told
        self.precision["grave contradictions"] = share(grave)

    def _pairs(self) -> Iterable[tuple[int, int]]:
        held: dict[tuple[str, int], list[int]] = defaultdict(list)
        for number, row in enumerate(self.rows):
            if row.conflict >= 0:
                held["conflict", row.conflict].append(number)
            elif row.twin >= 0:
                held["twin", row.twin].append(number)
        return ((first, second) for first, second in held.values())

    def _contradicts(self, number: int) -> bool:
        row = self.rows[number]
        return row.twin >= 0 or row.conflict_kind not in ("", "other wording")

    def _score_families(self) -> None:
        sizes = Counter(row.family for row in self.rows if row.family >= 0)
        large = {family for family, size in sizes.items() if size >= FAMILY_ROWS}
        found_in: dict[int, int] = {}
        pure, named = 0, set()
        for family in self.said.groups(FindingKind.FAMILY):
            (most, count), *_ = Counter(self.rows[number].family for number in family.rows).most_common(1)
            pure += count if most >= 0 else 0
            named.add(most)
            found_in |= dict.fromkeys(family.rows, most)
        members = [found_in.get(n) == row.family for n, row in enumerate(self.rows) if row.family in large]
        self.families = {
            "families": Share(len(large & named), len(large)),
            "rows of them": share(members),
            "rows in a found family that belong to it": Share(pure, len(found_in)),
        }


class Sets:
    """Which rows stand together, whatever the finding that says so."""

    def __init__(self, groups: Iterable[Sequence[int]]) -> None:
        self._above: dict[int, int] = {}
        for first, *others in groups:
            for other in others:
                self._above[self._top(other)] = self._top(first)
        self._members: dict[int, list[int]] = defaultdict(list)
        for number in {*self._above, *self._above.values()}:
            self._members[self._top(number)].append(number)

    def mates(self, number: int) -> list[int]:
        return [other for other in self._members.get(self._top(number), []) if other != number]

    def _top(self, number: int) -> int:
        while (above := self._above.get(number, number)) != number:
            number = above
        return number


def precision(groups: Iterable[Sequence[int]], rows: Sequence[Row]) -> Share:
    """Of the rows beyond the first of a group, those that were made from the same row as the first."""
    return share(rows[number].origin == rows[first].origin for first, *others in groups for number in others)
