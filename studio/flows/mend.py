"""Mend: change rows. Every change is a new version with a readable history, and nothing is ever overwritten."""

import shutil
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from studio.data import overlay
from studio.data.checks.masking import masked, masked_value
from studio.data.findings import DUPLICATES, load_findings
from studio.data.rows import Rows, load_rows
from studio.domain.dataset import Dataset
from studio.domain.errors import DatasetError
from studio.domain.finding import Finding
from studio.domain.job import Job, JobKind, JobState, Wish
from studio.domain.mending import Mending, Rule, Step, StepKind, Which
from studio.domain.row import messages_from, records_of
from studio.flows import bring, looking
from studio.flows.audit import logged
from studio.flows.studio import Studio
from studio.store import datasets as stored
from studio.store import jobs
from studio.store.ids import new_id

LONGEST_TEXT = 1_000_000


def versions(studio: Studio, dataset_id: str) -> list[Dataset]:
    """The upload that a dataset comes from and every version of it, in order."""
    return stored.versions(studio.store, stored.get(studio.store, dataset_id).root)


def newest(studio: Studio, dataset_id: str) -> Dataset:
    return versions(studio, dataset_id)[-1]


@logged("changed a row")
def edit(studio: Studio, dataset_id: str, row: int, texts: Mapping[int, str]) -> Dataset:
    """Give messages of one row (by their place, from 0) other texts."""
    dataset = bring.ready(studio, dataset_id)
    rows = _rows(studio, dataset)
    _check(rows, [row])
    record = rows.record(row)
    if not all(0 <= place < len(record["messages"]) for place in texts):
        raise DatasetError("This row has no such message.", fix=f"It has {len(record['messages'])}.", field="message")
    changed = _with_texts(record, {place: _said(text) for place, text in texts.items()})
    if changed == record:
        return dataset
    line = record["line"]
    words = f"Line {line:,} was edited."
    return _follow(studio, dataset, Step(StepKind.EDIT, words, (row,)), dataset.mending, {row: changed})


@logged("masked rows")
def mask(studio: Studio, dataset_id: str, rows: Collection[int], *, rule: Rule | None = None) -> Dataset:
    """Put tags such as [EMAIL] in place of secrets and personal data in these rows."""
    dataset = bring.ready(studio, dataset_id)
    held = _rows(studio, dataset)
    _check(held, rows)
    records = {number: held.record(number) for number in rows}
    changed = {number: _masked(record) for number, record in records.items()}
    changed = {number: record for number, record in changed.items() if record != records[number]}
    if not changed:
        raise DatasetError("There is nothing in these rows to mask.", fix="Edit a row to change its text yourself.")
    words = f"Secrets and personal data were masked in {_count(len(changed))}."
    step = Step(StepKind.MASK, words, tuple(sorted(changed)), rule)
    return _follow(studio, dataset, step, dataset.mending, changed)


@logged("left rows out")
def drop(studio: Studio, dataset_id: str, rows: Collection[int], *, why: str, rule: Rule | None = None) -> Dataset:
    """Leave rows out of every run, each with the reason; they stay in the file and can be taken back."""
    dataset = bring.ready(studio, dataset_id)
    _check(_rows(studio, dataset), rows)
    fresh = [number for number in sorted(rows) if number not in dataset.mending.removed]
    if not fresh:
        return dataset
    words = f"{_count(len(fresh), were=True)} left out: {why}."
    removed = dataset.mending.removed | dict.fromkeys(fresh, why)
    step = Step(StepKind.DROP, words, tuple(fresh), rule, why=why)
    return _follow(studio, dataset, step, replace(dataset.mending, removed=removed))


@logged("brought rows back")
def restore(studio: Studio, dataset_id: str, rows: Collection[int]) -> Dataset:
    """Take rows back that were left out."""
    dataset = bring.ready(studio, dataset_id)
    back = tuple(sorted(number for number in rows if number in dataset.mending.removed))
    if not back:
        return dataset
    removed = {number: why for number, why in dataset.mending.removed.items() if number not in back}
    step = Step(StepKind.RESTORE, f"{_count(len(back), were=True)} taken back.", back)
    return _follow(studio, dataset, step, replace(dataset.mending, removed=removed))


@logged("kept rows as they are")
def keep(studio: Studio, dataset_id: str, which: Which, *, row: int | None = None) -> Dataset:
    """Of copies, keep the first, the longest, every one, or in the group that holds `row` that very row."""
    dataset = bring.ready(studio, dataset_id)
    held = _rows(studio, dataset)
    groups = _copies(load_findings(studio.workspace.dataset(dataset.id)))
    if row is not None:
        groups = [numbers for numbers in groups if row in numbers]
    if not groups:
        raise DatasetError("There are no such copies in these rows.", fix="Pick a row that has a copy.")
    kept = dict(dataset.mending.keep)
    for numbers in groups:
        kept[numbers[0]] = row if row is not None and which is Which.CHOSEN else _best(held, numbers, which)
    kept = {first: number for first, number in kept.items() if first != number}
    mending = replace(dataset.mending, keep=kept, keep_copies=which is Which.EVERY)
    if mending == dataset.mending:
        return dataset
    rows = (row,) if row is not None else tuple(numbers[0] for numbers in groups)
    step = Step(StepKind.KEEP, _kept_words(which, held, row), rows, which=which)
    return _follow(studio, dataset, step, mending)


@logged("went back to a version")
def return_to(studio: Studio, dataset_id: str, version: int) -> Dataset:
    """A new version that holds what an earlier one held."""
    lineage = versions(studio, dataset_id)
    earlier = next((found for found in lineage if found.version == version), None)
    if earlier is None:
        raise DatasetError(f"There is no version {version}.", fix=f"There are versions 1 to {lineage[-1].version}.")
    step = Step(StepKind.RETURN, f"Went back to version {version}.", to=_source(lineage, version))
    fresh = new_id("data")
    edited = overlay.go_back(studio.workspace.dataset(earlier.id), studio.workspace.dataset(fresh))
    made = _added(studio, lineage[-1], fresh, step, earlier.mending, edited=edited)
    return _check_again(studio, made) if _is_unchecked(studio, earlier) else made


@logged("undid a change")
def undo(studio: Studio, dataset_id: str) -> Dataset:
    """Take the newest change back, and the one before it when asked again."""
    before = undone(studio, dataset_id)
    if before is None:
        raise DatasetError("There is nothing to undo.", fix="Nothing has been changed in these rows.")
    return return_to(studio, dataset_id, before)


def undone(studio: Studio, dataset_id: str) -> int | None:
    """The version that undo would go back to; None where nothing has been changed."""
    lineage = versions(studio, dataset_id)
    source = _source(lineage, lineage[-1].version)
    return _source(lineage, source - 1) if source > 1 else None


def recheck(studio: Studio, dataset_id: str) -> Job | None:
    """The job that looks for problems again after texts were changed; None where none was."""
    return jobs.by_key(studio.store, kind=JobKind.EXAMINE, key=_examining(dataset_id))


def ruled(findings: Iterable[Finding], rule: Rule) -> tuple[int, ...]:
    """The row numbers that a rule means."""
    meant = [finding for finding in findings if finding.kind is rule.finding]
    groups = [group for finding in meant for group in finding.groups if rule.reason in (None, group.reason)]
    return tuple(sorted({number for group in groups for number in group.rows}))


def _rows(studio: Studio, dataset: Dataset) -> Rows:
    return load_rows(studio.workspace.dataset(dataset.id))


def _check(rows: Rows, numbers: Collection[int]) -> None:
    for number in numbers:
        if not 0 <= number < len(rows):
            raise DatasetError(f"There is no row {number}.", fix=f"Rows are numbered from 0 to {len(rows) - 1}.")


def _said(text: str) -> str:
    if not text.strip():
        raise DatasetError("A message cannot be empty.", fix="Write a text, or leave the row out.", field="text")
    if len(text) > LONGEST_TEXT:
        raise DatasetError(f"A text can have at most {LONGEST_TEXT:,} characters.", fix="Shorten it.", field="text")
    return text.encode("utf-8", "replace").decode()


def _with_texts(record: dict[str, Any], texts: Mapping[int, str]) -> dict[str, Any]:
    messages = [
        {**message, "content": texts.get(place, message["content"])} for place, message in enumerate(record["messages"])
    ]
    return {**record, "messages": messages}


def _masked(record: dict[str, Any]) -> dict[str, Any]:
    ends = {part: messages_from(record[part]) for part in ("messages", "rejected") if part in record}
    return record | {
        part: records_of([m.changed(masked, named=masked_value) for m in turns]) for part, turns in ends.items()
    }


def _copies(findings: Sequence[Finding]) -> list[tuple[int, ...]]:
    return [group.rows for finding in findings if finding.kind in DUPLICATES for group in finding.groups]


def _best(rows: Rows, numbers: Sequence[int], which: Which) -> int:
    if which is not Which.LONGEST:
        return numbers[0]
    return max(numbers, key=lambda number: (sum(len(m.content) for m in rows[number].messages), -number))


def _kept_words(which: Which, rows: Rows, row: int | None) -> str:
    if which is Which.EVERY:
        return "Every copy is kept; copies share a side of the split."
    if row is not None and which is Which.CHOSEN:
        return f"Of its copies, line {rows[row].line:,} is kept."
    return f"Of copies, the {which.value} is kept."


def _count(rows: int, *, were: bool = False) -> str:
    said = "1 row" if rows == 1 else f"{rows:,} rows"
    return f"{said} {'was' if rows == 1 else 'were'}" if were else said


def _source(lineage: Sequence[Dataset], version: int) -> int:
    """The version that first held what `version` holds."""
    step = lineage[version - 1].step
    return step.to if step is not None and step.kind is StepKind.RETURN and step.to is not None else version


def _follow(
    studio: Studio,
    dataset: Dataset,
    step: Step,
    mending: Mending,
    changed: Mapping[int, dict[str, Any]] | None = None,
) -> Dataset:
    """The next version; where texts changed, or had not been examined since they did, its rows are examined again."""
    fresh = new_id("data")
    edited = overlay.follow(studio.workspace.dataset(dataset.id), studio.workspace.dataset(fresh), changed)
    made = _added(studio, dataset, fresh, step, mending, edited=edited)
    return _check_again(studio, made) if changed or _is_unchecked(studio, dataset) else made


def _is_unchecked(studio: Studio, dataset: Dataset) -> bool:
    checking = recheck(studio, dataset.id)
    return checking is not None and checking.state is not JobState.DONE


def _check_again(studio: Studio, dataset: Dataset) -> Dataset:
    """Have the rows examined, and those of earlier versions no more."""
    for earlier in versions(studio, dataset.id)[:-1]:
        waiting = recheck(studio, earlier.id)
        if waiting is not None and waiting.is_live:
            jobs.wish(studio.store, waiting.id, Wish.STOP)
    spec = {"dataset": str(studio.workspace.dataset(dataset.id))}
    jobs.submit(studio.store, kind=JobKind.EXAMINE, subject_id=dataset.id, spec=spec, key=_examining(dataset.id))
    return dataset


def _examining(dataset_id: str) -> str:
    return f"examine:{dataset_id}"


def _added(studio: Studio, parent: Dataset, fresh: str, step: Step, mending: Mending, *, edited: int) -> Dataset:
    """The version whose folder is there already; the folder goes again when there is no room for the version."""
    folder = studio.workspace.dataset(fresh)
    root = stored.get(studio.store, parent.root)
    named = overlay.fingerprint(root.fingerprint, folder, mending)
    try:
        made = stored.add_version(
            studio.store, parent, id=fresh, step=step, mending=mending, edited=edited, fingerprint=named
        )
    except DatasetError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    looking.give_up(studio, {earlier.id for earlier in versions(studio, made.id)[:-1]})
    return made
