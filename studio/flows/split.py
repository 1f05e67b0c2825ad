"""Split: deal the rows, and show where every one of them ended."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from studio.data.ledger import BinRow, as_csv, as_jsonl, bin_rows, bins_of, ledger_of
from studio.data.outline import outline_of
from studio.data.rows import load_rejects, load_rows
from studio.data.splitting import deal, together
from studio.data.strata import shares, strata_of, widest_gap
from studio.data.topics import load_topics
from studio.domain.errors import DatasetError
from studio.domain.fields import Field
from studio.domain.job import JobKind, JobState
from studio.domain.lengths import Lengths
from studio.domain.split import DEALT, Bin, Ledger, Share, Split, SplitChoices
from studio.flows import bring, inspect, looking, mend
from studio.flows.audit import logged
from studio.flows.studio import Studio
from studio.store import splits, studies
from studio.store.ids import new_id

SEALED = "The test rows are sealed until a study opens them, so that nothing is chosen or changed by looking at them."
KINDS = ("csv", "jsonl")
OPEN_THEM = (
    "Train, and have people compare the answers; after that they can be downloaded. Their number is in the table."
)


@dataclass(frozen=True, slots=True)
class Dealt:
    """The row numbers that a run would really use at one cut-off."""

    train: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """How well the rows could be dealt.

    `shares` tells how each kind of row was spread, the most rows first, and `gap` by how much the share of a kind
    differs at most between all rows and those held out (0 to 1). Of the dealt rows, `tied` share a side with others, in
    `sets` of which the largest has `largest`.
    """

    shares: tuple[Share, ...]
    gap: float
    tied: int
    sets: int
    largest: int


def current(studio: Studio, dataset_id: str) -> Split:
    """The newest split of a dataset; a version without one is dealt as the version before it was.

    Where the rows were examined again since, they are dealt again: other rows may belong together now.
    """
    latest = splits.latest(studio.store, dataset_id)
    if latest is None:
        return _chosen(studio, dataset_id, _chosen_before(studio, dataset_id))
    checked = mend.recheck(studio, dataset_id)
    if checked is None or checked.state is not JobState.DONE or checked.ended_at is None:
        return latest
    is_old = splits.dealt_at(studio.store, latest.id) < checked.ended_at
    return _deal(studio, dataset_id, latest.choices) if is_old else latest


def _chosen_before(studio: Studio, dataset_id: str) -> SplitChoices:
    """The choices of the nearest earlier version that was ever dealt; versions that nobody looked at are not."""
    parent = bring.dataset(studio, dataset_id).parent
    while parent:
        if dealt := splits.latest(studio.store, parent):
            return dealt.choices
        parent = bring.dataset(studio, parent).parent
    return default_choices(studio, dataset_id)


def default_choices(studio: Studio, dataset_id: str) -> SplitChoices:
    """Nothing special, but that rows of one conversation share a side where a field names it."""
    named = [field.name for field in fields(studio, dataset_id) if field.names_conversations]
    return SplitChoices(by=named[0] if named else None)


@logged("split a dataset")
def choose(studio: Studio, dataset_id: str, choices: SplitChoices) -> Split:
    """Deal the rows with these choices; earlier splits stay, so runs can name theirs. Equal choices, equal split.

    Which rows are left out and which copies are kept is the version's own: `removed`, `keep` and `keep_copies` of the
    choices are replaced by it.
    """
    return _chosen(studio, dataset_id, choices)


def _chosen(studio: Studio, dataset_id: str, choices: SplitChoices) -> Split:
    mending = bring.ready(studio, dataset_id).mending
    choices = replace(choices, removed=mending.removed, keep=mending.keep, keep_copies=mending.keep_copies)
    latest = splits.latest(studio.store, dataset_id)
    return latest if latest and latest.choices == choices else _deal(studio, dataset_id, choices)


@logged("split a dataset")
def choose_some(studio: Studio, dataset_id: str, changes: Mapping[str, Any]) -> Split:
    """Deal the rows with some choices changed; the others stay as they were made last, or begin as they do."""
    try:
        choices = current(studio, dataset_id).choices
    except DatasetError:  # what was chosen so far, if anything, cannot be dealt
        choices = default_choices(studio, dataset_id)
    return choose(studio, dataset_id, replace(choices, **changes))


def _deal(studio: Studio, dataset_id: str, choices: SplitChoices) -> Split:
    folder = studio.workspace.dataset(dataset_id)
    dealt = deal(load_rows(folder), choices, topics=load_topics(folder))
    split = Split(
        id=new_id("split"),
        dataset_id=dataset_id,
        choices=choices,
        bins=dealt.bins,
        duplicate_of=dealt.duplicate_of,
    )
    splits.add(studio.store, split)
    looking.give_up(studio, {dataset_id}, kinds=(JobKind.CHECK_SPLIT,))
    return split


def fields(studio: Studio, dataset_id: str) -> tuple[Field, ...]:
    """What rows can be kept together or spread by, beside their length and topic."""
    return outline_of(load_rows(studio.workspace.dataset(bring.ready(studio, dataset_id).id))).fields


def facts(studio: Studio, split: Split) -> Facts:
    """How evenly the rows were spread, and how many could not be dealt one by one."""
    folder = studio.workspace.dataset(split.dataset_id)
    rows = load_rows(folder)
    outline = outline_of(rows)
    strata = strata_of(rows, outline, load_topics(folder), stratify=split.choices.stratify)
    spread = shares(strata, split.bins)
    leaders = together(rows, outline, by=split.choices.by)
    dealt = np.array([number for number, bin in enumerate(split.bins) if bin in DEALT], dtype=np.int64)
    sizes = np.unique(leaders[dealt], return_counts=True)[1]
    sets = sizes[sizes > 1]
    return Facts(spread, widest_gap(spread), int(sets.sum()), len(sets), int(sets.max(initial=0)))


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


def is_sealed(studio: Studio, split: Split) -> bool:
    """Whether any of the test rows has not been shown to people in a study yet."""
    root = bring.dataset(studio, split.dataset_id).root
    opened = [splits.get(studio.store, split_id) for split_id in studies.opened_splits(studio.store, root)]
    return not {row for shown in opened for row in shown.rows(Bin.TEST)}.issuperset(split.rows(Bin.TEST))


def bin_lines(
    studio: Studio,
    dataset_id: str,
    bin: Bin,
    *,
    kind: str = "csv",
    model_id: str | None = None,
    cut_off: int | None = None,
) -> Iterator[bytes]:
    """The lines of one bin, each with its reason, as CSV or JSONL: part by part, so that nobody waits long.

    DatasetError for test rows under seal.
    """
    dataset, dealt = bring.ready(studio, dataset_id), current(studio, dataset_id)
    if kind not in KINDS:
        raise DatasetError(f"Lines do not come as {kind}.", fix=f"Choose {' or '.join(KINDS)}.")
    if bin is Bin.TEST and is_sealed(studio, dealt):
        raise DatasetError(SEALED, fix=OPEN_THEM)
    folder = studio.workspace.dataset(dataset.id)
    lengths = inspect.measured(studio, dataset_id, model_id) if model_id else None
    listed = bin_rows(
        bin,
        dealt,
        rows=load_rows(folder),
        rejects=load_rejects(folder, limit=None),
        lengths=lengths,
        cut_off=cut_off,
    )
    return as_jsonl(listed) if kind == "jsonl" else as_csv(listed, BinRow)
