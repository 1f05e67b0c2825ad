"""Leakage: whether held-out rows have a twin in training, and fifteen pairs for a person to read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from studio.data.leakage import load_leakage
from studio.data.ledger import as_csv, as_jsonl
from studio.data.rows import load_rows
from studio.domain.errors import DatasetError
from studio.domain.job import Job, JobKind
from studio.domain.leakage import Leak, Leakage, Twin
from studio.domain.row import Row
from studio.domain.split import Bin, Split
from studio.flows import looking, split
from studio.flows.studio import Studio
from studio.store import jobs


@dataclass(frozen=True, slots=True)
class Check:
    """What is known of a split; until it was checked, the job shows how far it is, or why it failed."""

    split: Split
    found: Leakage | None
    job: Job | None


@dataclass(frozen=True, slots=True)
class Pair:
    """A held-out row beside the training row that is most like it; `row` is None for a test row under seal."""

    row: Row | None
    twin: Row
    likeness: float


@dataclass(frozen=True, slots=True)
class PairLine:
    """A pair as it is downloaded."""

    likeness: float
    line: int
    question: str
    answer: str
    training_line: int
    training_question: str
    training_answer: str


def look(studio: Studio, dataset_id: str) -> Check:
    """The check of the current split; starts checking when nobody has."""
    dealt = split.current(studio, dataset_id)
    out = studio.workspace.leakage(dataset_id, dealt.id)
    if out.exists():
        return Check(dealt, load_leakage(out), None)
    spec = {
        "dataset": str(studio.workspace.dataset(dataset_id)),
        "split": dealt.id,
        "seed": dealt.choices.seed,
        "train": dealt.rows(Bin.TRAIN),
        "validation": dealt.rows(Bin.VALIDATION),
        "test": dealt.rows(Bin.TEST),
        "removed": dealt.rows(Bin.REMOVED),
        "out": str(out),
    }
    job = looking.begin(studio, JobKind.CHECK_SPLIT, dataset_id, spec, key=f"check_split:{dealt.id}")
    return Check(dealt, load_leakage(out) if out.exists() else None, job)


def check_again(studio: Studio, job_id: str) -> Job:
    """Try a check that failed once more."""
    return jobs.requeue(studio.store, job_id)


def sentence(found: Leakage) -> str:
    """What the check found, in a sentence."""
    before, after = found.before, found.after
    of = f"{after.measured:,}" if after.measured == after.held_out else f"{after.measured:,} measured"
    has = "has a twin" if after.twins == 1 else "have a twin"
    told = f"{after.twins:,} of {of} held-out rows {has} in training ({_percent(after.share)})"
    return f"{told}; in a plain random deal {before.twins:,} would ({_percent(before.share)})."


def parts(leak: Leak) -> str:
    """What the twins of a deal are, of how many."""
    some = f", of which {leak.measured:,} were measured" if leak.measured < leak.held_out else ""
    return f"{leak.same:,} the same, {leak.near:,} nearly, of {leak.held_out:,} held out{some}"


def _percent(share: float) -> str:
    return "0 %" if not share else "under 0.1 %" if share < 0.001 else f"{100 * share:.1f} %"


def twins(studio: Studio, check: Check, *, limit: int = 20) -> list[Pair]:
    """Held-out rows that still have a twin in training, the most alike first."""
    return _pairs(studio, check, check.found.twins[:limit] if check.found else ())


def reading_list(studio: Studio, check: Check) -> list[Pair]:
    """Validation rows, each beside its nearest training row."""
    return _pairs(studio, check, check.found.reading if check.found else ())


def reading_lines(studio: Studio, dataset_id: str, *, kind: str = "csv") -> Iterator[bytes]:
    """The reading list for download, as CSV or JSONL."""
    if kind not in split.KINDS:
        raise DatasetError(f"The reading list does not come as {kind}.", fix=f"Choose {' or '.join(split.KINDS)}.")
    check = look(studio, dataset_id)
    if check.found is None:
        raise DatasetError("The split has not been checked yet.", fix="Wait a moment and try again.")
    listed = [_line(pair) for pair in reading_list(studio, check)]
    return as_jsonl(listed) if kind == "jsonl" else as_csv(listed, PairLine)


def _line(pair: Pair) -> PairLine:
    row, twin = pair.row, pair.twin
    assert row is not None  # a validation row is under no seal
    return PairLine(pair.likeness, row.line, row.question, row.answer, twin.line, twin.question, twin.answer)


def _pairs(studio: Studio, check: Check, found: Sequence[Twin]) -> list[Pair]:
    rows = load_rows(studio.workspace.dataset(check.split.dataset_id))
    sealed = frozenset(check.split.rows(Bin.TEST)) if split.is_sealed(studio, check.split) else frozenset()
    return [Pair(None if twin.row in sealed else rows[twin.row], rows[twin.twin], twin.likeness) for twin in found]
