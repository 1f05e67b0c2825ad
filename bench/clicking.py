"""Clicking: every handler of Data, Inspect and Recipe that a click calls, and the whole of what some clicks set off."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from studio.domain.errors import DatasetError
from studio.domain.fields import ANSWER, SOURCE
from studio.domain.finding import FindingKind
from studio.domain.split import LENGTH, TOPIC, Bin
from studio.flows import inspect, leakage, meaning, split, topics
from studio.flows.browse import PAGE, Order
from studio.flows.models import STARTER
from studio.flows.studio import Studio
from studio.ui.bringing import fields as fields_part
from studio.ui.bringing import refused as refused_part
from studio.ui.inspect import editor as editor_part
from studio.ui.inspect import findings as findings_part
from studio.ui.inspect import history as history_part
from studio.ui.inspect import leakage as leakage_part
from studio.ui.inspect import lengths as lengths_part
from studio.ui.inspect import meaning as meaning_part
from studio.ui.inspect import pages as pages_part
from studio.ui.inspect import rows as rows_part
from studio.ui.inspect import split as split_part
from studio.ui.inspect.looking import Checked, Look
from studio.ui.inspect.rows import EVERY
from studio.ui.parts import groups
from studio.ui.tabs import data as data_tab
from studio.ui.tabs import inspect as inspect_tab
from studio.ui.tabs import recipe as recipe_tab

WORDS = ("the", "contract", "furnace", "zinc")  # from very many rows to few
APART = 7919  # rows between one click and the next
LIKENESS, LIKENESSES = 0.01, 15  # how far apart the places of the slider are, and how many are tried

Click = Callable[[int], object]
Clicks = list[tuple[str, Click]]


@dataclass(slots=True)
class Looked:
    """What is looked at: a dataset of so many rows, its findings with their pages, and the cut-off of click `n`."""

    studio: Studio
    data: str
    rows: int
    pages: dict[str, int]

    def row(self, n: int) -> int:
        return n * APART % self.rows

    def kind(self, n: int) -> str:
        return list(self.pages)[n % len(self.pages)]

    def page(self, n: int) -> int:
        return n * 31 % self.pages[self.kind(n)]

    @staticmethod
    def cut_off(n: int) -> int:
        return 64 + n * 16


def clicks(studio: Studio, data: str, *, rows: int) -> Clicks:
    """All of them; those that deal or change rows come last, since what was found before is then no longer true."""
    found = [finding for finding in inspect.findings(studio, data) if groups.page_count(finding)]
    looked = Looked(studio, data, rows, {finding.kind.value: groups.page_count(finding) for finding in found})
    parts = (_of_data, _of_inspect, _of_meaning, _of_rows, _of_wholes, _of_downloads, _of_deals, _of_changes)
    return [click for part in parts for click in part(looked)]


def _of_data(at: Looked) -> Clicks:
    studio, data = at.studio, at.data

    def other_dataset(_: int) -> None:
        fields_part.show(studio, (data, STARTER))
        refused_part.show(studio, (data, STARTER))

    return [
        ("Data: show", lambda n: data_tab.show(studio, data, at.row(n))),
        ("Data: fields and refused lines", other_dataset),
        ("Data: turn the page", lambda n: data_tab.turn(studio, 4, data, at.row(n))),
        ("Recipe: show", lambda n: recipe_tab.show(studio, data, STARTER, 256, None)),
    ]


def _of_inspect(at: Looked) -> Clicks:
    studio, data, look, checked = at.studio, at.data, Look(at.data, STARTER, True), Checked(at.data, True)
    last = at.rows - 1
    return [
        ("Inspect: the frame", lambda n: inspect_tab.show(studio, data, STARTER)),
        ("Inspect: list of findings", lambda n: findings_part.show(studio, checked, at.kind(n))),
        ("Inspect: another page of a finding", lambda n: _page(at, n)),
        ("Inspect: advised cut-off", lambda n: lengths_part.show(studio, look, None)),
        ("Inspect: token lengths", lambda n: lengths_part.show_lengths(studio, data, STARTER, at.cut_off(n))),
        ("Inspect: what the model sees", lambda n: _seen(at, n, at.row(n))),
        ("Inspect: what it sees of the last rows", lambda n: _seen(at, n, last - n)),
        ("Inspect: split", lambda n: split_part.show(studio, checked)),
        ("Inspect: how evenly it was dealt", lambda n: split_part.show_evenness(studio, data)),
        ("Inspect: where every line ended", lambda n: split_part.show_ledger(studio, data, STARTER, at.cut_off(n))),
        ("Leakage: twins and the reading list", lambda _: leakage_part.show(studio, data)),
        ("History: show", lambda _: history_part.show(studio, data)),
    ]


def _page(at: Looked, n: int) -> None:
    pages_part.show(at.studio, findings_part.finding_of, at.data, at.kind(n), (at.kind(n), at.page(n)))


def _seen(at: Looked, n: int, row: int) -> None:
    lengths_part.show_seen(at.studio, at.data, STARTER, at.cut_off(n), row + 1)


def _of_meaning(at: Looked) -> Clicks:
    """The comparison of meanings where it was made, at another likeness each time."""
    studio, data, found = at.studio, at.data, meaning.look(at.studio, at.data)
    if found.meant is None:
        return [("Meaning: show", lambda _: meaning_part.show(studio, data, None))]

    def likeness(n: int) -> float:
        return found.meant.floor + n % LIKENESSES * LIKENESS if found.meant else 0.0

    def page(n: int, *, at_least: float) -> None:
        pages_part.show(studio, meaning_part.finding_of, data, at_least, (at_least, n * 31))

    def slide(n: int) -> None:
        meaning_part.show(studio, data, likeness(n))
        page(0, at_least=likeness(n))

    return [
        ("Meaning: show", lambda _: meaning_part.show(studio, data, None)),
        ("Meaning: another page", lambda n: page(n, at_least=found.usual)),
        ("Meaning: another page at the lowest", lambda n: page(n, at_least=likeness(0))),
        ("whole: move the slider", slide),
    ]


def _of_rows(at: Looked) -> Clicks:
    def find(text: str, *, among: str = EVERY, order: Order = Order.LINE, first: int = 0) -> None:
        rows_part.show(at.studio, at.data, text, among, order.value, first, None)

    def word(n: int) -> str:
        return WORDS[n % len(WORDS)]

    return [
        ("Rows: what can be looked through", lambda _: rows_part.filters(at.studio, at.data, EVERY)),
        ("Rows: all of them, another page", lambda n: find("", first=at.row(n))),
        ("Rows: longest first", lambda n: find("", order=Order.LONGEST, first=n * PAGE)),
        ("Rows: with a word", lambda n: find(word(n))),
        ("Rows: with a word that none has", lambda n: find(f"nobody says {n}")),
        ("Rows: with a word, shortest first", lambda n: find(word(n), order=Order.SHORTEST)),
        ("Rows: with a finding", lambda n: find("", among=at.kind(n), first=n * PAGE)),
        ("Rows: with a finding and a word", lambda n: find(word(n), among=at.kind(n))),
        ("Rows: of a part, with a word", lambda n: find(word(n), among="bin:train", first=n * PAGE)),
        ("Rows: open one", lambda n: editor_part.show(at.studio, at.data, at.row(n), 0, None)),
    ]


def _of_wholes(at: Looked) -> Clicks:
    studio, data = at.studio, at.data

    def open_inspect(n: int) -> None:
        inspect_tab.show(studio, data, STARTER)
        findings_part.show(studio, Checked(data, True), at.kind(n))
        _page(at, n)
        lengths_part.show(studio, Look(data, STARTER, True), None)
        other_cut_off(n)

    def other_cut_off(n: int) -> None:
        lengths_part.show_lengths(studio, data, STARTER, at.cut_off(n))
        _seen(at, n, at.row(n))
        split_part.show_ledger(studio, data, STARTER, at.cut_off(n))

    return [("whole: open Inspect", open_inspect), ("whole: another cut-off", other_cut_off)]


def _of_deals(at: Looked) -> Clicks:
    """The rows dealt anew each time, in every way that the file allows, with what is drawn for it."""
    studio, data = at.studio, at.data
    found = split.fields(studio, data)
    names = next((field.key for field in found if field.has_labels and field.key.startswith(ANSWER)), None)
    labels = next((field.key for field in found if field.has_labels and field.key.startswith(SOURCE)), None)
    many = max((field for field in found if field.is_source), key=lambda field: field.values, default=None)
    known = topics.known(studio, data)
    ways = [
        ("by length", LENGTH, None),
        ("by a label in the answer", names, None),
        ("by a field", labels, None),
        ("by topic", TOPIC if known and known.topics else None, None),
        ("one value together", LENGTH, many.name if many else None),
        ("by a label, one value together", names, many.name if many else None),
    ]

    def deal(n: int, stratify: str, by: str | None, place: int) -> None:
        split_part.choose(studio, data, 0.2, 1000 * (place + 1) + n, stratify, by)
        split_part.show_ledger(studio, data, STARTER, 256)
        split_part.show_evenness(studio, data)
        leakage_part.show(studio, data)

    def way(place: int, stratify: str, by: str | None) -> Click:
        return lambda n: deal(n, stratify, by, place)

    return [
        (f"deal anew, {name}", way(place, stratify, by))
        for place, (name, stratify, by) in enumerate(ways)
        if stratify and ("together" not in name or by)
    ]


def _of_downloads(at: Looked) -> Clicks:
    def first_line(bin: Bin) -> Click:
        return lambda n: next(split.bin_lines(at.studio, at.data, bin, model_id=STARTER, cut_off=at.cut_off(n)))

    lines = [
        (f"download: first line of {bin.value}", first_line(bin)) for bin in (Bin.TRAIN, Bin.TOO_LONG, Bin.DUPLICATE)
    ]
    return [*lines, ("download: the reading list", lambda _: list(leakage.reading_lines(at.studio, at.data)))]


def _of_changes(at: Looked) -> Clicks:
    """What makes a new version of the newest one, and what is drawn when that is looked at."""
    studio, newest = at.studio, [at.data]

    def follow(picker: Any) -> None:
        newest[0] = picker.value

    def edit(n: int) -> None:
        follow(editor_part.edit(studio, newest[0], at.row(n), 0, f"What is asked in place of what was, time {n}?"))

    def leave_out(n: int) -> None:
        follow(editor_part.leave_out_or_take_back(studio, newest[0], at.row(n + 100)))

    def undo(_: int) -> None:
        follow(history_part.take_back(studio, newest[0]))

    def mask(n: int) -> None:
        key = FindingKind.PERSONAL.value
        with suppress(DatasetError):  # in a small file these rows are masked already
            follow(pages_part.mask_rows(studio, findings_part.finding_of, newest[0], key, (key, n)))

    def draw(n: int) -> None:
        data, checked = newest[0], Checked(newest[0], False)
        inspect_tab.show(studio, data, STARTER)
        findings_part.show(studio, checked, at.kind(n))
        pages_part.show(studio, findings_part.finding_of, data, at.kind(n), (at.kind(n), at.page(n)))
        editor_part.show(studio, data, at.row(n), 0, None)
        for show in (history_part.show, split_part.show_evenness, leakage_part.show):
            show(studio, data)
        split_part.show(studio, checked)
        split_part.show_ledger(studio, data, STARTER, 256)

    masks = [("change: mask a page", mask)] if FindingKind.PERSONAL.value in at.pages else []
    return [
        ("change: edit a row", edit),
        ("change: leave a row out", leave_out),
        ("change: undo", undo),
        *masks,
        ("change: all that is drawn of a version", draw),
    ]
