"""Ledger: every line of the file in exactly one bin, with the reason why it is there."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import orjson

from studio.data.atomic import replacing
from studio.data.rows import Rows
from studio.data.spreadsheet import as_table
from studio.domain.dataset import Reject
from studio.domain.lengths import Lengths
from studio.domain.row import Row
from studio.domain.split import DEALT, Bin, Ledger, Split

AT_ONCE = 1000  # rows that are looked up at once


@dataclass(frozen=True, slots=True)
class BinRow:
    """One line of the file in a bin: why it is there, what to do about it, and what it says.

    `row` is its row number, or None for a line that became no row; `text` is the line as far as it is kept for those.
    """

    line: int
    row: int | None
    reason: str
    fix: str = ""
    question: str = ""
    answer: str = ""
    text: str = ""


def ledger_of(split: Split, *, rejects: int, lengths: Lengths | None = None, cut_off: int | None = None) -> Ledger:
    """How many lines are in which bin; with lengths and a cut-off, rows that would lose their end are counted apart."""
    held = Counter(bins_of(split, lengths=lengths, cut_off=cut_off))
    held[Bin.MALFORMED] += rejects
    return Ledger(counts={bin: held[bin] for bin in Bin}, lines=len(split.bins) + rejects)


def bins_of(split: Split, *, lengths: Lengths | None = None, cut_off: int | None = None) -> tuple[Bin, ...]:
    """The bin of every row; TOO_LONG and UNWRITTEN take from training, validation and test alone."""
    if lengths is None or cut_off is None:
        return split.bins
    bins = list(split.bins)
    for bin, numbers in ((Bin.TOO_LONG, lengths.cut_rows(cut_off)), (Bin.UNWRITTEN, lengths.partial)):
        for number in numbers:
            if split.bins[number] in DEALT:
                bins[number] = bin
    return tuple(bins)


def bin_rows(
    bin: Bin,
    split: Split,
    *,
    rows: Rows,
    rejects: Sequence[Reject],
    lengths: Lengths | None = None,
    cut_off: int | None = None,
) -> Iterator[BinRow]:
    """The lines of one bin in file order, each with its reason."""
    if bin is Bin.MALFORMED:
        yield from (_refused(reject) for reject in rejects)
        return
    bins = bins_of(split, lengths=lengths, cut_off=cut_off)
    wanted = [number for number, held in enumerate(bins) if held is bin]
    for start in range(0, len(wanted), AT_ONCE):
        some = wanted[start : start + AT_ONCE]
        kept = {split.duplicate_of[number] for number in some} if bin is Bin.DUPLICATE else ()
        kept_rows = {row.number: row for row in rows.only(kept)}
        for row in rows.only(some):
            reason = _why(row, bin, split, lengths=lengths, cut_off=cut_off, kept=kept_rows)
            yield BinRow(row.line, row.number, reason, question=row.question, answer=row.answer)


def why_of_row(
    row: Row, split: Split, *, rows: Rows, lengths: Lengths | None = None, cut_off: int | None = None
) -> str:
    """Why one row is in its bin, in a sentence."""
    bin = bins_of(split, lengths=lengths, cut_off=cut_off)[row.number]
    kept = split.duplicate_of.get(row.number)
    kept_rows = {kept: rows[kept]} if kept is not None else {}
    return _why(row, bin, split, lengths=lengths, cut_off=cut_off, kept=kept_rows)


def write_bin(listed: Iterable[BinRow], target: Path) -> None:
    """Write the lines of a bin to a file: as CSV, or as JSONL by its name."""
    with replacing(target) as file:
        file.writelines(as_jsonl(listed) if target.suffix == ".jsonl" else as_csv(listed, BinRow))


def as_jsonl(listed: Iterable[Any]) -> Iterator[bytes]:
    """Lines (dataclasses of one kind) as JSON, one each."""
    return (orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in listed)


def as_csv(listed: Iterable[Any], kind: type[Any]) -> Iterator[bytes]:
    """The same as a CSV that is safe to open in a spreadsheet, a part at a time; `kind` is the dataclass."""
    names = [field.name for field in fields(kind)]
    return as_table(names, ([getattr(row, name) for name in names] for row in listed))


def _refused(reject: Reject) -> BinRow:
    place = f"Cell {reject.cell}: " if reject.cell else f"Column {reject.column}: " if reject.column else ""
    return BinRow(reject.line, None, place + reject.reason, fix=reject.fix, text=reject.text)


def _why(
    row: Row, bin: Bin, split: Split, *, lengths: Lengths | None, cut_off: int | None, kept: dict[int, Row]
) -> str:
    match bin:
        case Bin.TRAIN:
            return "The model learns from it."
        case Bin.VALIDATION:
            return "Held out to check the training while it runs."
        case Bin.TEST:
            return "Held out and sealed: only the verdict uses it."
        case Bin.DUPLICATE:
            return _why_copy(row, kept[split.duplicate_of[row.number]])
        case Bin.REMOVED:
            return f"Left out by you: {split.choices.removed[row.number].rstrip('.')}."
        case Bin.TOO_LONG if lengths and cut_off:
            total = lengths.total[row.number]
            lost = total - cut_off
            return f"It has {total:,} tokens; at a cut-off of {cut_off:,} its answer would lose the last {lost:,}."
        case Bin.UNWRITTEN if lengths and row.number in lengths.refused:
            return lengths.refused[row.number]
        case Bin.UNWRITTEN if lengths:
            return f"This model's chat template leaves out {lengths.left_out_words}, so the row would not be whole."
        case _:
            raise AssertionError(f"a good row cannot be in {bin}")


def _why_copy(row: Row, kept: Row) -> str:
    """Of which row it is a copy, and by which of both rules."""
    same = row.tools == kept.tools and [m.text for m in (*row.messages, *row.rejected)] == [
        m.text for m in (*kept.messages, *kept.rejected)
    ]
    if same:
        return f"Word for word the same as line {kept.line:,}, which is kept."
    return f"The same as line {kept.line:,} but for capitals, spaces or punctuation; that line is kept."
