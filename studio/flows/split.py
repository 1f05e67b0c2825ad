"""Split: deal the rows, and show where every one of them ended."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from studio.data.findings import load_findings
from studio.data.ledger import as_csv, bin_rows, bins_of, ledger_of
from studio.data.rows import load_rejects, load_rows
from studio.data.splitting import deal
from studio.domain.lengths import Lengths
from studio.domain.split import Bin, Ledger, Split, SplitChoices
from studio.flows import bring, inspect
from studio.flows.studio import Studio
from studio.store import splits
from studio.store.ids import new_id


@dataclass(frozen=True, slots=True)
class Dealt:
    """The row numbers that a run would really use at one cut-off."""

    train: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]


def current(studio: Studio, dataset_id: str) -> Split:
    """The newest split of a dataset; a version without one is dealt as the version before it was."""
    latest = splits.latest(studio.store, dataset_id)
    if latest is not None:
        return latest
    parent = bring.dataset(studio, dataset_id).parent
    return choose(studio, dataset_id, current(studio, parent).choices if parent else SplitChoices())


def choose(studio: Studio, dataset_id: str, choices: SplitChoices) -> Split:
    """Deal the rows with these choices; earlier splits stay, so runs can name theirs. Equal choices, equal split.

    Which rows are left out and which copies are kept is the version's own: `removed`, `keep` and `keep_copies` of the
    choices are replaced by it.
    """
    dataset = bring.ready(studio, dataset_id)
    mending = dataset.mending
    choices = replace(choices, removed=mending.removed, keep=mending.keep, keep_copies=mending.keep_copies)
    latest = splits.latest(studio.store, dataset_id)
    if latest and latest.choices == choices:
        return latest
    folder = studio.workspace.dataset(dataset.id)
    dealt = deal(load_rows(folder), load_findings(folder), choices)
    split = Split(
        id=new_id("split"),
        dataset_id=dataset_id,
        choices=choices,
        bins=dealt.bins,
        duplicate_of=dealt.duplicate_of,
    )
    splits.add(studio.store, split)
    return split


def used(split: Split, lengths: Lengths, cut_off: int) -> Dealt:
    """Rows of each part that fit the cut-off and the template; the others are listed with their reason, never cut."""
    bins = bins_of(split, lengths=lengths, cut_off=cut_off)

    def fitting(bin: Bin) -> tuple[int, ...]:
        return tuple(number for number, held in enumerate(bins) if held is bin)

    return Dealt(train=fitting(Bin.TRAIN), validation=fitting(Bin.VALIDATION), test=fitting(Bin.TEST))


def ledger(studio: Studio, dataset_id: str, *, model_id: str | None = None, cut_off: int | None = None) -> Ledger:
    """How many lines of the file are in which bin; with a model and a cut-off, long rows are counted apart."""
    dataset = bring.ready(studio, dataset_id)
    lengths = inspect.measured(studio, dataset_id, model_id) if model_id else None
    return ledger_of(current(studio, dataset_id), rejects=dataset.rejects, lengths=lengths, cut_off=cut_off)


def bin_csv(
    studio: Studio, dataset_id: str, bin: Bin, *, model_id: str | None = None, cut_off: int | None = None
) -> Iterator[bytes]:
    """The lines of one bin with the reason why each is there, as CSV: part by part, so that nobody waits long."""
    dataset = bring.ready(studio, dataset_id)
    folder = studio.workspace.dataset(dataset.id)
    lengths = inspect.measured(studio, dataset_id, model_id) if model_id else None
    listed = bin_rows(
        bin,
        current(studio, dataset_id),
        rows=load_rows(folder),
        rejects=load_rejects(folder, limit=None),
        lengths=lengths,
        cut_off=cut_off,
    )
    return as_csv(listed)
