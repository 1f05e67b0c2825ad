"""Scores of the checks of single rows: what was planted and found, and what was found and only looked like it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from bench.accuracy.cases import Case, Planted
from bench.accuracy.files import PlantedFile
from bench.accuracy.reading import read
from bench.accuracy.share import Share
from studio.data.checks.masking import masked
from studio.domain.finding import FindingKind

LEFTOVER = 5  # letters of planted data in a row that still tell something after masking

# Planted to show what the checks do not do: neither is in what they promise.
NOT_LOOKED_FOR = ("typing slip", "token of a vendor that is not known")

KINDS = (
    FindingKind.SECRET, FindingKind.PERSONAL, FindingKind.REFUSAL, FindingKind.SELF_REFERENCE, FindingKind.CUT_SHORT,
    FindingKind.ONE_WORD, FindingKind.FORMAT, FindingKind.LABELS, FindingKind.LANGUAGE, FindingKind.ROLE_ORDER,
    FindingKind.SPACES, FindingKind.TOKENS, FindingKind.PLACEHOLDER, FindingKind.EMPTY, FindingKind.REPEATS,
)  # fmt: skip


@dataclass(slots=True)
class Count:
    """Cases of one sort, and how many of them were found, with the different forms that they were made from."""

    found: int = 0
    of: int = 0
    forms: set[str] = field(default_factory=set)

    def add(self, form: str, *, is_found: bool) -> None:
        self.of += 1
        self.found += is_found
        self.forms.add(form)

    @property
    def share(self) -> Share:
        return Share(self.found, self.of, len(self.forms))


@dataclass(slots=True)
class KindScores:
    """One finding: what was planted, looked like it and was masked, by sort; and rows named with and without cause."""

    planted: dict[str, Count] = field(default_factory=lambda: defaultdict(Count))
    look_alikes: dict[str, Count] = field(default_factory=lambda: defaultdict(Count))
    masked: dict[str, Count] = field(default_factory=lambda: defaultdict(Count))
    right: int = 0
    wrong: int = 0
    missed: list[str] = field(default_factory=list)
    mistaken: list[str] = field(default_factory=list)

    def count_named(self, case: Case, *, is_right: bool) -> None:
        self.right += is_right
        self.wrong += not is_right
        if not is_right:
            self.mistaken.append(f"{case.question} => {case.answer}")

    @property
    def recall(self) -> Share:
        """Of what is looked for at all."""
        return _sum(count for sort, count in self.planted.items() if sort not in NOT_LOOKED_FOR)

    @property
    def precision(self) -> Share:
        return Share(self.right, self.right + self.wrong)

    @property
    def mistakes(self) -> Share:
        return _sum(self.look_alikes.values())


def _sum(counts: Iterable[Count]) -> Share:
    held = list(counts)
    return Share(sum(c.found for c in held), sum(c.of for c in held), len(set().union(*(c.forms for c in held))))


class CaseScores:
    """The scores of every finding over all files."""

    def __init__(self) -> None:
        self.kinds: dict[FindingKind, KindScores] = {kind: KindScores() for kind in KINDS}
        self.rows = 0

    def add(self, file: PlantedFile, folder: Path) -> None:
        """Have a file read, and count what was said of its rows."""
        said = read([(case.question, case.answer) for case in file.cases], folder)
        self.rows += len(file.cases)
        for kind, scores in self.kinds.items():
            named = said.rows(kind)
            reasons = {p.reason for case in file.cases for p in case.planted if p.kind is kind and p.is_real}
            by_reason = {reason: said.rows(kind, reason) if reason else named for reason in reasons}
            for number, case in enumerate(file.cases):
                own = [planted for planted in case.planted if planted.kind is kind]
                for planted in own:
                    _add(scores, planted, case, number in (by_reason[planted.reason] if planted.is_real else named))
                if number in named and kind not in case.also:
                    scores.count_named(case, is_right=any(planted.is_real for planted in own))


def _add(scores: KindScores, planted: Planted, case: Case, is_found: bool) -> None:
    (scores.planted if planted.is_real else scores.look_alikes)[planted.sort].add(planted.form, is_found=is_found)
    if planted.is_real and not is_found:
        scores.missed.append(f"{planted.sort} | {planted.form} | {planted.written or case.answer}")
    if planted.is_real and planted.written:
        text = masked(f"{case.question}\n{case.answer}")
        pieces = range(len(planted.written) - LEFTOVER + 1)
        is_gone = not any(planted.written[place : place + LEFTOVER] in text for place in pieces)
        scores.masked[planted.sort].add(planted.form, is_found=is_gone)
