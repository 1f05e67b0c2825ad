"""How well and how fast the checks of a dataset find what was planted: copies, near copies, families, contradictions.

    python -m bench.data                       20,000 and 100,000 rows of the held-out generator
    python -m bench.data --world tuning        the rows that thresholds may be chosen with
    python -m bench.data --write               write docs/accuracy.md as well (held-out rows alone)

The checks are the studio's own, called as it calls them. Speed is also told as a ratio to one exact pass over the
same texts (BLAKE2b of every row and a dictionary), measured in the same run.
"""

import argparse
import hashlib
import os
import platform
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench import world_held_out, world_tuning
from bench.planted import CONFLICT_KINDS, NEAR_KINDS, Row, planted
from studio.data.alike import FAMILY_ROWS, Alike, alike
from studio.data.findings import Digests, find
from studio.domain.finding import FindingKind
from studio.domain.row import Message

DOCUMENT = Path(__file__).parents[1] / "docs" / "accuracy.md"
REFERENCE_PASSES = 3
WORLDS = {"held-out": world_held_out.world, "tuning": world_tuning.world}


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    hits: int
    of: int

    def __str__(self) -> str:
        return f"{self.hits / self.of:.3f} ({self.hits:,} of {self.of:,})" if self.of else "none planted"


@dataclass(frozen=True, slots=True)
class Checked:
    """What the checks said of planted rows, and what it took."""

    rows: Sequence[Row]
    exact: Sequence[tuple[int, ...]]
    normalised: Sequence[tuple[int, ...]]
    conflicts: Sequence[tuple[int, ...]]
    alike: Alike
    seconds: dict[str, float]
    megabytes: float | None

    @property
    def near(self) -> list[tuple[int, ...]]:
        return [group.rows for group in self.alike.near]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[20_000, 100_000])
    parser.add_argument("--world", choices=list(WORLDS), default="held-out")
    parser.add_argument("--write", action="store_true", help=f"write {DOCUMENT.name} from the largest set")
    given = parser.parse_args()
    if given.write and given.world != "held-out":
        parser.error("only numbers of the held-out generator are published")
    results = []
    for count in given.rows:
        checked = check(planted(WORLDS[given.world](), rows=count))
        results.append((Scores(checked), checked))
        show(*results[-1])
    if given.write:
        DOCUMENT.write_text(document(*max(results, key=lambda result: len(result[1].rows))), encoding="utf-8")
        print(f"\nwritten: {DOCUMENT}")


def check(rows: Sequence[Row]) -> Checked:
    """Run the studio's checks over the rows, one after the other."""
    texts = [f"{row.question}\n{row.answer}" for row in rows]
    seconds: dict[str, float] = {}

    def timed(name: str, work: Callable[[], Any]) -> Any:
        began, busy = time.perf_counter(), time.process_time()
        result = work()
        seconds[name] = time.perf_counter() - began
        seconds[f"{name} processor"] = time.process_time() - busy
        return result

    for _ in range(REFERENCE_PASSES):  # the first warms up, the last counts
        timed("reference", lambda: {hashlib.blake2b(text.encode(), digest_size=16).digest(): text for text in texts})
    told = timed("copies", lambda: _find(rows))
    found = {finding.kind: [group.rows for group in finding.groups] for finding in told.findings}
    exact = found.get(FindingKind.EXACT_DUPLICATE, [])
    normalised = found.get(FindingKind.NEAR_EXACT_DUPLICATE, [])
    left_out = {number for group in (*exact, *normalised) for number in group[1:]}
    before = _reset_peak()
    said = timed("alike", lambda: alike(texts, left_out=left_out))
    after = _memory("VmHWM")
    megabytes = (after - before) / 1024 if before and after else None
    return Checked(rows, exact, normalised, told.same_question, said, seconds, megabytes)


def _find(rows: Sequence[Row]):
    digests = Digests()
    for line, row in enumerate(rows, start=1):
        digests.add((Message("user", row.question), Message("assistant", row.answer)), line=line)
    return find(digests)


def _reset_peak() -> int | None:
    """Forget the process's peak memory so far, where Linux allows it; the memory in use now in kB."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return None
    return _memory("VmRSS")


def _memory(name: str) -> int | None:
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.startswith(name)), None)


@dataclass(slots=True)
class Scores:
    """Recall and precision of every finding, counted in rows unless said."""

    checked: Checked
    recall: dict[str, Share] = field(default_factory=dict)
    recall_in_families: dict[str, Share] = field(default_factory=dict)
    precision: dict[str, Share] = field(default_factory=dict)
    twins: dict[str, Share] = field(default_factory=dict)
    conflicts: dict[str, Share] = field(default_factory=dict)
    conflicts_as_copies: dict[str, Share] = field(default_factory=dict)
    families: dict[str, Share] = field(default_factory=dict)

    def __post_init__(self) -> None:
        checked = self.checked
        copies = Sets([*checked.exact, *checked.normalised, *checked.near])
        self._score_recall(copies)
        for name, groups in (("exact", checked.exact), ("normalised", checked.normalised), ("near", checked.near)):
            self.precision[name] = precision(groups, checked.rows)
        self.precision["all"] = precision([*checked.exact, *checked.normalised, *checked.near], checked.rows)
        self._score_pairs(copies)
        self._score_families()

    def _score_recall(self, copies: "Sets") -> None:
        """A planted copy is found if it stands in one set with another row of its origin."""
        outside: dict[str, list[bool]] = defaultdict(list)
        inside: dict[str, list[bool]] = defaultdict(list)
        for number, row in enumerate(self.checked.rows):
            if row.how != "original":
                mates = copies.mates(number)
                is_found = any(self.checked.rows[mate].origin == row.origin for mate in mates)
                (outside if row.family < 0 else inside)[row.how].append(is_found)
        for kinds, into in ((outside, self.recall), (inside, self.recall_in_families)):
            for kind in ("exact", "normalised", *NEAR_KINDS):
                into[kind] = share(kinds[kind])
            into["near"] = share([hit for kind in NEAR_KINDS for hit in kinds[kind]])

    def _score_pairs(self, copies: "Sets") -> None:
        """Twins, which must not be called copies, and contradictions, which must be called contradictions."""
        contradictions = Sets(self.checked.conflicts)
        twins: dict[str, list[bool]] = defaultdict(list)
        found: dict[str, list[bool]] = defaultdict(list)
        wrong: dict[str, list[bool]] = defaultdict(list)
        for first, second in self._pairs():
            row = self.checked.rows[first]
            if row.differs:
                twins[row.differs].append(second in copies.mates(first))
            else:
                found[row.conflict_kind].append(second in contradictions.mates(first))
                wrong[row.conflict_kind].append(second in copies.mates(first))
        self.twins = {kind: share(hits) for kind, hits in sorted(twins.items())}
        self.conflicts = {kind: share(found[kind]) for kind in CONFLICT_KINDS}
        self.conflicts_as_copies = {kind: share(wrong[kind]) for kind in CONFLICT_KINDS}
        meant = [any(self._is_meant(n) for n in group) for group in self.checked.conflicts]
        self.precision["conflict groups"] = share(meant)

    def _pairs(self) -> Iterable[tuple[int, int]]:
        held: dict[tuple[str, int], list[int]] = defaultdict(list)
        for number, row in enumerate(self.checked.rows):
            if row.conflict >= 0:
                held["conflict", row.conflict].append(number)
            elif row.twin >= 0:
                held["twin", row.twin].append(number)
        return ((first, second) for first, second in held.values())

    def _is_meant(self, number: int) -> bool:
        return self.checked.rows[number].conflict >= 0 or self.checked.rows[number].twin >= 0

    def _score_families(self) -> None:
        rows = self.checked.rows
        sizes = Counter(row.family for row in rows if row.family >= 0)
        large = {family for family, size in sizes.items() if size >= FAMILY_ROWS}
        found_in: dict[int, int] = {}
        pure, named = 0, set()
        for family in self.checked.alike.families:
            (most, count), *_ = Counter(rows[number].family for number in family.rows).most_common(1)
            pure += count if most >= 0 else 0
            named.add(most)
            found_in |= dict.fromkeys(family.rows, most)
        members = [found_in.get(n) == row.family for n, row in enumerate(rows) if row.family in large]
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
    return share([rows[number].origin == rows[first].origin for first, *others in groups for number in others])


def share(claims: Iterable[bool]) -> Share:
    held = list(claims)
    return Share(sum(held), len(held))


def speed(checked: Checked) -> str:
    """Seconds on the clock and of one processor; the ratios compare the latter, which other work disturbs least."""
    rows, seconds = len(checked.rows), checked.seconds
    memory = "" if checked.megabytes is None else f", {checked.megabytes:,.0f} MB above the loaded rows"
    told = []
    for name, title in (("alike", "near copies and families"), ("copies", "copies and contradictions")):
        busy = seconds[f"{name} processor"]
        told.append(
            f"{title} {seconds[name]:.1f} s ({busy:.1f} s of one processor, {rows / busy:,.0f} rows/s; "
            f"{busy / seconds['reference processor']:.0f} times one exact pass){memory if name == 'alike' else ''}"
        )
    return f"{'; '.join(told)}. The exact pass (BLAKE2b of every row) took {seconds['reference processor']:.2f} s"


def show(scores: Scores, checked: Checked) -> None:
    print(f"\n== {len(checked.rows):,} rows: {speed(checked)}")
    for title, table in (
        ("recall outside families", scores.recall),
        ("recall inside families", scores.recall_in_families),
        ("row precision", scores.precision),
        ("twins wrongly called copies", scores.twins),
        ("contradictions found", scores.conflicts),
        ("contradictions also called copies", scores.conflicts_as_copies),
        ("families of 20 rows and more", scores.families),
    ):
        print(title)
        for name, value in table.items():
            print(f"   {name:42} {value}")


def document(scores: Scores, checked: Checked) -> str:
    """The page that says how far the checks can be trusted."""
    conflicts = Share(sum(s.hits for s in scores.conflicts.values()), sum(s.of for s in scores.conflicts.values()))
    inside = scores.recall_in_families
    lines = [
        INTRODUCTION.format(
            rows=f"{len(checked.rows):,}", date=f"{datetime.now(UTC):%d %B %Y}", python=platform.python_version(),
            numpy=version("numpy"), scipy=version("scipy"), machine=platform.machine(),
        ),
        "| finding | recall | precision |", "|---|---|---|",
        f"| same word for word | {scores.recall['exact']} | {scores.precision['exact']} |",
        f"| same but for capitals, spaces, punctuation | {scores.recall['normalised']} "
        f"| {scores.precision['normalised']} |",
        f"| near copies, outside families | {scores.recall['near']} | {scores.precision['near']} |",
        f"| all rows called copies, together | | {scores.precision['all']} |",
        f"| contradictions (pairs; groups) | {conflicts} | {scores.precision['conflict groups']} |",
        f"| families of {FAMILY_ROWS} rows and more (rows) | {scores.families['rows of them']} "
        f"| {scores.families['rows in a found family that belong to it']} |",
        "\n" + NEAR_TEXT,
        "| what was done to the copy | found outside families | found inside families |", "|---|---|---|",
        *(f"| {KIND_NAMES[kind]} | {scores.recall[kind]} | {inside[kind]} |" for kind in NEAR_KINDS),
        "\n" + TWINS_TEXT,
        "| pair that differs in | wrongly called copies |", "|---|---|",
        *(f"| {kind} | {value} |" for kind, value in scores.twins.items()),
        "\n" + CONFLICT_TEXT,
        "| same question, and | found as a contradiction | also called a near copy |", "|---|---|---|",
        *(f"| {kind} | {scores.conflicts[kind]} | {scores.conflicts_as_copies[kind]} |" for kind in CONFLICT_KINDS),
        "\n" + LIMITS,
        f"## Speed\n\n{len(checked.rows):,} rows of about 60 words, on {os.cpu_count()} cores with a load of "
        f"{os.getloadavg()[0]:.1f} (other work included): {speed(checked)}.\n",
    ]  # fmt: skip
    return "\n".join(lines)


KIND_NAMES = {
    "case": "a word in capitals", "punct": "a word in quotes or brackets, or a comma more", "space": "other spaces",
    "swap": "two words changed places", "subst": "a word replaced", "drop": "a word left out",
    "affix": "a greeting or thanks added", "typo": "a word mistyped",
}  # fmt: skip

INTRODUCTION = """\
# How far the checks can be trusted

`make bench-data` plants copies, near copies, template families and contradictions in made-up rows, runs the
studio's own checks over them, and counts. Last written {date}: {rows} rows (60 % English business text, 15 %
Chinese, 12.5 % code, 12.5 % mathematics), Python {python}, numpy {numpy}, scipy {scipy}, {machine}. Thresholds
were settled on one generator; the numbers here come from another, with other words, other sentences and another
seed.

**Recall** is the share of planted cases that were found. **Precision** is the share of the rows called copies
that really were made from the row that is kept.
"""

NEAR_TEXT = """\
## Near copies

Two rows are near copies if they share at least 70 % of their words (rare words count more) and have the same
numbers, signs, currencies and negations. Of each group the first row is kept, and every other one was compared
with that row itself. A copy counts as found here whichever finding names it.
"""

TWINS_TEXT = """\
## Pairs that look like copies and are not

Two rows that are the same but for one sentence, and that sentence says something else:
"""

CONFLICT_TEXT = """\
## Contradictions

A contradiction is the same question (but for capitals, spaces and punctuation) with another answer. A group
counts as right here if an other answer was planted; the rest are near copies of which the slip lies in the
answer. Where the question is long and the answer is one word, another word there can look like a slip, and the
two rows are called near copies as well:
"""

LIMITS = """\
## What the checks cannot do

- **One changed word inside a template family cannot be told from a legitimate sibling.** “Write to Ada about
  the late order” and “Write to Bob about the late order” may be a slip or may be meant. Families of 20 rows and
  more are therefore shown with their pattern and never called copies, and in smaller ones two rows are no
  copies if a third has yet another word in the same place. What that costs stands in the table above. A pair
  that differs in one name, with no third row beside it, is called a near copy.
- Where nearly all rows come from one template, its words count for nothing, and no family is shown; two rows are
  then near copies only if what fills the template agrees as well.
- One row copied with slips 20 times and more looks like a family, and is shown as one.
- The same thought in other words is not found: the checks compare words, not meaning.
- Texts of fewer than four words or signs are never called near copies; texts of about ten words are found less
  often than long ones, since one changed word is a large part of them.
- A number that was mistyped, a list written with other marks (`*` or `-`), “two” written as 2: these are
  treated as other content, because a sign or a number can change everything.
- The rows are made up, and whoever wrote the checks wrote both generators: the slips and the pairs that must not be
  called copies are of kinds that the checks were made for. Real data has others; look at the pairs before you rely
  on the share.
"""


if __name__ == "__main__":
    main()
