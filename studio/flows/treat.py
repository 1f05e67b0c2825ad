"""Treat: do what is usually done about a whole finding, or take it back; each time a new version."""

from collections.abc import Sequence
from dataclasses import dataclass

from studio.data.findings import DUPLICATES
from studio.data.rows import Rows, load_rows
from studio.domain.dataset import Dataset
from studio.domain.errors import DatasetError
from studio.domain.finding import TREATMENTS, Action, Finding, FindingKind, Group
from studio.domain.mending import Mending, Rule, Which, why_left_out
from studio.flows import bring, inspect, mend
from studio.flows.audit import logged
from studio.flows.studio import Studio


@dataclass(frozen=True, slots=True)
class Treated:
    """How many of the rows that the usual action takes are out already; `is_kept`: every copy stays on purpose."""

    out: int
    of: int
    is_kept: bool = False

    @property
    def is_done(self) -> bool:
        return self.of > 0 and self.out == self.of


def treated(finding: Finding, mending: Mending) -> Treated:
    """How far the usual action has been carried out for a finding."""
    if finding.kind in DUPLICATES:
        return Treated(0 if mending.keep_copies else finding.count, finding.count, is_kept=mending.keep_copies)
    if not mending.removed:
        return Treated(0, finding.count)  # without a look at the groups, of which there can be thousands
    if TREATMENTS[finding.kind].action is Action.KEEP_ONE:
        # Whichever is kept, of each group all but one are out.
        out = sum(min(len(mending.removed.keys() & group.rows), len(group.rows) - 1) for group in finding.groups)
        return Treated(out, finding.count)
    rows = {number for group in finding.groups for number in group.rows}
    return Treated(len(rows & mending.removed.keys()), len(rows))


@logged("treated rows")
def treat(studio: Studio, dataset_id: str, kind: FindingKind, *, which: Which = Which.FIRST) -> Dataset:
    """Do to every group of a finding what is usually done: mask, leave out, or keep one of each."""
    finding, rule, why = _finding(studio, dataset_id, kind), Rule(kind), why_left_out(kind)
    match TREATMENTS[kind].action:
        case Action.MASK:
            return mend.mask(studio, dataset_id, _rows(finding.groups), rule=rule)
        case Action.LEAVE_OUT:
            return mend.drop(studio, dataset_id, _rows(finding.groups), why=why, rule=rule)
        case Action.KEEP_ONE if kind in DUPLICATES:
            return mend.keep(studio, dataset_id, which)
        case Action.KEEP_ONE:
            return _keep_one(studio, dataset_id, finding.groups, which=which, why=why)
        case _:
            raise DatasetError("These rows are to be looked at one by one.", fix="Open the finding and choose there.")


@logged("took a treatment back")
def take_back(studio: Studio, dataset_id: str, kind: FindingKind) -> Dataset:
    """Take every row of a finding back that was left out; of copies, keep every one."""
    if kind in DUPLICATES:
        return mend.keep(studio, dataset_id, Which.EVERY)
    return mend.restore(studio, dataset_id, _rows(_finding(studio, dataset_id, kind).groups))


@logged("kept one of a group")
def keep_in_group(
    studio: Studio, dataset_id: str, group: Group, *, kind: FindingKind, which: Which, row: int | None = None
) -> Dataset:
    """Of one group keep the first, the longest, or the chosen `row`; with EVERY, take the others back."""
    if kind in DUPLICATES:
        chosen = row if row is not None else _kept(_held(studio, dataset_id), group.rows, which)
        return mend.keep(studio, dataset_id, Which.CHOSEN, row=chosen)
    if which is Which.EVERY:
        return mend.restore(studio, dataset_id, group.rows)
    return _keep_one(studio, dataset_id, [group], which=which, why=why_left_out(kind), row=row)


def _keep_one(
    studio: Studio, dataset_id: str, groups: Sequence[Group], *, which: Which, why: str, row: int | None = None
) -> Dataset:
    """Leave all but one row of each group out; the one that stays is taken back where it was out."""
    rows, removed = _held(studio, dataset_id), bring.dataset(studio, dataset_id).mending.removed
    kept = {row if row is not None else _kept(rows, group.rows, which) for group in groups}
    back = [number for number in kept if number in removed]
    made = mend.restore(studio, dataset_id, back) if back else bring.dataset(studio, dataset_id)
    return mend.drop(studio, made.id, [number for number in _rows(groups) if number not in kept], why=why)


def _kept(rows: Rows, numbers: Sequence[int], which: Which) -> int:
    if which is not Which.LONGEST:
        return numbers[0]
    return max(numbers, key=lambda number: (sum(len(m.text) for m in rows[number].messages), -number))


def _rows(groups: Sequence[Group]) -> list[int]:
    return sorted({number for group in groups for number in group.rows})


def _held(studio: Studio, dataset_id: str) -> Rows:
    return load_rows(studio.workspace.dataset(dataset_id))


def _finding(studio: Studio, dataset_id: str, kind: FindingKind) -> Finding:
    bring.ready(studio, dataset_id)
    for finding in inspect.findings(studio, dataset_id):
        if finding.kind is kind:
            return finding
    raise DatasetError("This is not found in these rows any more.", fix="Look at the list of findings again.")
