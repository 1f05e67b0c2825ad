"""History: what became of a dataset, version by version, how versions differ, and the same steps on another upload."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import orjson

from studio.data.rows import Rows, load_rows
from studio.data.veiling import veiled_differences
from studio.domain.dataset import Dataset
from studio.domain.errors import DatasetError
from studio.domain.mending import StepKind, Which
from studio.domain.row import Row
from studio.domain.run import Listed
from studio.flows import bring, inspect, mend, train
from studio.flows.studio import Studio


@dataclass(frozen=True, slots=True)
class Entry:
    """One version with the runs that learned from it."""

    dataset: Dataset
    runs: tuple[Listed, ...]

    @property
    def words(self) -> str:
        return self.dataset.step.words if self.dataset.step else f"{self.dataset.source_name} was read."


@dataclass(frozen=True, slots=True)
class Edited:
    """A row whose texts differ: for every message that does, its role and its words, shared or on one side only.

    They are as a screen may show them.
    """

    row: int
    line: int
    messages: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """How the second of two versions differs from the first; `lines` are of rows now left out or taken back."""

    first: Dataset
    second: Dataset
    edited: int
    examples: tuple[Edited, ...]
    left_out: dict[int, str]
    taken_back: tuple[int, ...]
    kept_other: tuple[int, ...]

    @property
    def is_none(self) -> bool:
        return not (self.edited or self.left_out or self.taken_back or self.kept_other or self._copies)

    @property
    def _copies(self) -> bool:
        return self.first.mending.keep_copies != self.second.mending.keep_copies


@dataclass(frozen=True, slots=True)
class Replayed:
    """The version that the steps led to, what was done, and what was not, each with the reason."""

    dataset: Dataset
    done: tuple[str, ...]
    skipped: tuple[str, ...]


def history(studio: Studio, dataset_id: str) -> list[Entry]:
    """Every version of the upload, in order."""
    versions = mend.versions(studio, dataset_id)
    runs = train.runs(studio, dataset_ids=[found.id for found in versions])
    return [Entry(found, tuple(run for run in runs if run.dataset_id == found.id)) for found in versions]


def difference(studio: Studio, first_id: str, second_id: str, *, examples: int = 20) -> Difference:
    """How two versions of one upload differ; DatasetError where they are of different uploads."""
    first, second = bring.ready(studio, first_id), bring.ready(studio, second_id)
    if first.root != second.root:
        raise DatasetError("These are versions of different uploads.", fix="Compare versions of the same file.")
    one, other = (load_rows(studio.workspace.dataset(found.id)) for found in (first, second))
    changed = _changed(one, other)
    before, after = first.mending.removed, second.mending.removed
    kept = {*first.mending.keep, *second.mending.keep}
    return Difference(
        first=first,
        second=second,
        edited=len(changed),
        examples=tuple(_edited(one[number], other[number]) for number in changed[:examples]),
        left_out={other[number].line: after[number] for number in sorted(after.keys() - before.keys())},
        taken_back=tuple(one[number].line for number in sorted(before.keys() - after.keys())),
        kept_other=tuple(
            other[second.mending.keep.get(number, number)].line
            for number in sorted(kept)
            if first.mending.keep.get(number, number) != second.mending.keep.get(number, number)
        ),
    )


def steps_to(studio: Studio, dataset_id: str) -> list[Dataset]:
    """The versions whose steps led to this one, without those that were taken back."""
    lineage = mend.versions(studio, dataset_id)
    at = bring.dataset(studio, dataset_id).version
    found: list[Dataset] = []
    while (step := lineage[at - 1].step) is not None:
        if step.kind is StepKind.RETURN and step.to is not None:
            at = step.to
        else:
            found.append(lineage[at - 1])
            at -= 1
    return found[::-1]


def replay(studio: Studio, source_id: str, onto_id: str) -> Replayed:
    """Do to another upload what was done to this one; whatever does not apply there is told and not guessed.

    Steps that were chosen by a finding apply to the rows that have it there. Rows that were chosen one by one are known
    again by their very texts.
    """
    source, onto = bring.ready(studio, source_id), bring.ready(studio, onto_id)
    if source.root == onto.root:
        raise DatasetError("These are versions of the same upload.", fix="Go back to the version that you want.")
    taken = steps_to(studio, source_id)
    if not taken:
        raise DatasetError(f"Nothing was changed in {source.title}.", fix="Pick a dataset that was mended.")
    done: list[str] = []
    skipped: list[str] = []
    for version in taken:
        made, said = _again(studio, version, onto)
        (done if made.id != onto.id else skipped).append(said)
        onto = made
    return Replayed(onto, tuple(done), tuple(skipped))


def _again(studio: Studio, version: Dataset, onto: Dataset) -> tuple[Dataset, str]:
    """The step that made a version on another dataset, in words; that dataset itself where it does not apply."""
    step, before = version.step, version.parent
    assert step is not None and before is not None
    try:
        if step.kind is StepKind.KEEP and step.which not in (None, Which.CHOSEN):
            return mend.keep(studio, onto.id, step.which), step.words
        if step.rule is not None:
            rows = mend.ruled(inspect.findings(studio, onto.id), step.rule)
        else:
            rows = _same_rows(studio, before, step.rows, onto)
        if not rows:
            return onto, f"{step.words} Not done: no such row is there."
        made = _applied(studio, version, onto, rows)
    except DatasetError as error:
        return onto, f"{step.words} Not done: {error.message}"
    if made.id == onto.id or made.step is None:
        return onto, f"{step.words} Not done: it is so already."
    missing = len(step.rows) - len(rows) if step.rule is None else 0
    return made, made.step.words + (f" {missing:,} more of them are not there." if missing > 0 else "")


def _applied(studio: Studio, version: Dataset, onto: Dataset, rows: Sequence[int]) -> Dataset:
    step = version.step
    assert step is not None
    match step.kind:
        case StepKind.DROP:
            return mend.drop(studio, onto.id, rows, why=step.why, rule=step.rule)
        case StepKind.RESTORE:
            return mend.restore(studio, onto.id, rows)
        case StepKind.MASK:
            return mend.mask(studio, onto.id, rows, rule=step.rule)
        case StepKind.KEEP:
            return mend.keep(studio, onto.id, Which.CHOSEN, row=rows[0])
        case StepKind.EDIT:
            edited = load_rows(studio.workspace.dataset(version.id))[step.rows[0]]
            return mend.edit(studio, onto.id, rows[0], {n: m.content for n, m in enumerate(edited.messages)})
        case StepKind.RETURN:
            raise AssertionError("going back is no step that leads anywhere")


def _same_rows(studio: Studio, before: str, numbers: Sequence[int], onto: Dataset) -> tuple[int, ...]:
    """The rows of another upload that say what these said before they were changed; copies are matched by order."""
    there = {known: number for number, known in _known(load_rows(studio.workspace.dataset(onto.id)))}
    wanted = set(numbers)
    said = [known for number, known in _known(load_rows(studio.workspace.dataset(before))) if number in wanted]
    return tuple(sorted(there[known] for known in said if known in there))


def _known(rows: Rows) -> Iterator[tuple[int, tuple[bytes, int]]]:
    """By what each row is known: what it says, and how many rows before it say the same."""
    seen: Counter[bytes] = Counter()
    for row in rows:
        digest = _digest(row)
        yield row.number, (digest, seen[digest])
        seen[digest] += 1


def _digest(row: Row) -> bytes:
    return hashlib.blake2b(orjson.dumps([[m.role, m.content] for m in row.messages]), digest_size=16).digest()


def _changed(one: Rows, other: Rows) -> list[int]:
    numbers = sorted({*one.edited, *other.edited})
    return [number for number in numbers if one[number].messages != other[number].messages]


def _edited(before: Row, after: Row) -> Edited:
    pairs = [(old, new) for old, new in zip(before.messages, after.messages, strict=True) if old != new]
    messages = tuple((new.role, tuple(veiled_differences(old.content, new.content))) for old, new in pairs)
    return Edited(after.number, after.line, messages)
