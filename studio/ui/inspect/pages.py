"""Pages: the groups of one finding, one page at a time, and what can be done about each of them."""

from collections.abc import Callable
from typing import Any

import gradio as gr

from studio.domain.dataset import Dataset
from studio.domain.finding import Finding
from studio.domain.mending import Rule, Which
from studio.flows import bring, inspect, mend, treat
from studio.flows.studio import Studio
from studio.ui.errors import handler
from studio.ui.parts import groups, html
from studio.ui.parts.groups import Page
from studio.ui.parts.pickers import data_picker
from studio.ui.session import DRAWN, QUIET, Session

# The finding that a key means, in the dataset that is looked at. To which page of it people turned is kept with its key:
# of another finding the first page is shown. Only a press turns pages; a screen that is drawn late must not turn back.
Find = Callable[[Studio, str, Any], Finding | None]

KEPT_HERE = [("the longest", Which.LONGEST.value), ("all of them", Which.EVERY.value)]
KEEP_INFO = "The others are left out of training, and stay in the file."
OUT_INFO = "A ticked row stays in the file and is left out of every run; untick it to take it back."
OUTPUTS = 12
Turned = tuple[Any, int]


def build(session: Session, look: gr.State, key: gr.State, find: Find, *, of: str = "") -> None:
    """Lay out the pages of the finding that `key` means; they are drawn anew when it or the dataset changes.

    `of` tells the controls from those of other pages on the screen.
    """
    turned = gr.State(None)
    with gr.Column(visible=False, elem_classes="pages") as part:
        heading = gr.HTML(js_on_load=groups.BACK)
        with gr.Row(elem_classes="actions pager", visible=False) as pager:
            before = gr.Button("← Before", size="sm", min_width=90, scale=0)
            place = gr.Number(label=f"Page{of}", show_label=False, precision=0, minimum=1, min_width=80, scale=0)
            after = gr.Button("Next →", size="sm", min_width=90, scale=0)
            where = gr.HTML(min_width=180)
        with gr.Row(elem_classes="actions"):
            keep = gr.Radio(label=f"Keep in this group{of}", choices=[], visible=False, info=KEEP_INFO, min_width=220)
            out = gr.CheckboxGroup(label=f"Leave out{of}", choices=[], visible=False, info=OUT_INFO, min_width=220)
        with gr.Row(elem_classes="actions pager"):
            every = gr.Button("Leave the group out", size="sm", visible=False, min_width=200, scale=0)
            mask = gr.Button("Mask in these rows", size="sm", visible=False, min_width=200, scale=0)
        cards = gr.HTML()
    studio, given = session.studio, [session.data, key, turned]
    shown = [part, heading, pager, before, place, after, where, keep, out, every, mask, cards]
    gr.on([look.change, key.change, turned.change], handler(show, studio, find), given, shown, **DRAWN)
    for event, step in ((before.click, -1), (after.click, 1)):
        event(handler(turn, studio, find, step), given, turned, **QUIET)
    gr.on([place.submit, place.blur], handler(turn_to, studio, find), [*given, place], [turned, place], **QUIET)
    # Each of these makes a new version, which the picker then shows and with it every part of the screen. What was chosen
    # while the version before was being made is done after it; a button pressed twice does its work once.
    for event, act, chosen in ((keep.input, keep_one, keep), (out.input, leave_out, out)):
        event(handler(act, studio, find), [*given, chosen], session.data, **DRAWN)
    for event, act in ((every.click, leave_group_out), (mask.click, mask_rows)):
        event(handler(act, studio, find), given, session.data, trigger_mode="once", **QUIET)


def turn(studio: Studio, find: Find, step: int, data: str, key: Any, turned: Turned | None) -> Any:
    """The page before or after the one that is shown, if there is one."""
    found = _found(studio, find, data, key, turned)
    return (key, min(max(found[1].number + step, 0), found[1].of - 1)) if found else gr.skip()


def turn_to(studio: Studio, find: Find, data: str, key: Any, turned: Turned | None, place: float | None) -> list[Any]:
    """The page that was asked for, as people count, or the nearest there is; and what its control then says."""
    found = _found(studio, find, data, key, turned if place is None else (key, int(place) - 1))
    return [(key, found[1].number), found[1].number + 1] if found else [gr.skip()] * 2


def show(studio: Studio, find: Find, data: str | None, key: Any, turned: Turned | None) -> list[Any]:
    """One page of the finding; the last one where there are fewer."""
    found = _found(studio, find, data, key, turned)
    if data is None or found is None:
        return [gr.Column(visible=False), *[gr.skip()] * (OUTPUTS - 1)]
    finding, page = found
    rows = inspect.rows(studio, data, page.shown)
    return [*view(finding, page, bring.dataset(studio, data)), groups.view(finding, page, rows)]


def view(finding: Finding, page: Page, dataset: Dataset) -> list[Any]:
    """Everything of a page but its rows."""
    removed = dataset.mending.removed
    keeps, masks = groups.keeps_one(finding), groups.acts_by_mask(finding)
    is_copy = finding.kind in groups.COPIES
    lines = groups.lines_of(page.group, page.rows)
    is_large = len(page.group.rows) > len(page.rows) and not keeps
    out = sum(row in removed for row in page.group.rows)
    return [
        gr.Column(visible=True),
        groups.heading(finding),
        gr.Row(visible=page.of > 1),
        gr.Button(interactive=page.number > 0),
        page.number + 1,
        gr.Button(interactive=page.number + 1 < page.of),
        f'<p class="help">{groups.pages_words(page)}</p>',
        gr.Radio(choices=[*KEPT_HERE, *lines], value=_kept(finding, page, dataset), visible=keeps),
        gr.CheckboxGroup(choices=lines, value=[row for row in page.rows if row in removed], visible=not is_copy),
        gr.Button(every_words(len(page.group.rows), out=out), visible=is_large),
        gr.Button(f"Mask in {html.count(len(page.rows), 'row')} here", visible=masks),
    ]


def _kept(finding: Finding, page: Page, dataset: Dataset) -> Any:
    """What the choice of one row to keep says now."""
    mending, group = dataset.mending, page.group
    if finding.kind in groups.COPIES:
        return Which.EVERY.value if mending.keep_copies else mending.keep.get(group.rows[0], group.rows[0])
    there = [row for row in group.rows if row not in mending.removed]
    return there[0] if len(there) == 1 else Which.EVERY.value


def every_words(rows: int, *, out: int) -> str:
    """What the button for a whole group does next."""
    return f"Take all {rows:,} back" if out == rows else f"Leave all {rows:,} of the group out"


def keep_one(studio: Studio, find: Find, data: str, key: Any, turned: Turned | None, kept: Any) -> Any:
    """Of the group on this page keep one row, the longest, or all of them."""
    found = _found(studio, find, data, key, turned)
    if found is None or kept is None:
        return gr.skip()
    finding, page = found
    chosen = kept if isinstance(kept, int) and kept in page.group.rows else None
    which = Which.CHOSEN if chosen is not None else Which(kept)
    made = treat.keep_in_group(studio, data, page.group, kind=finding.kind, which=which, row=chosen)
    return data_picker(studio, made.id)


def leave_out(studio: Studio, find: Find, data: str, key: Any, turned: Turned | None, out: list[int]) -> Any:
    """Leave the ticked rows of the page out and take the others back."""
    found = _found(studio, find, data, key, turned)
    if found is None:
        return gr.skip()
    finding, page = found
    removed = bring.dataset(studio, data).mending.removed
    back = [row for row in page.rows if row in removed and row not in out]
    if back:
        return data_picker(studio, mend.restore(studio, data, back).id)
    wanted = [row for row in out if row in page.rows]
    why = groups.why_out(finding, page.group, one_by_one=True)
    return data_picker(studio, mend.drop(studio, data, wanted, why=why).id)


def leave_group_out(studio: Studio, find: Find, data: str, key: Any, turned: Turned | None) -> Any:
    """Leave every row of the group out, or take all of them back where that was done before."""
    found = _found(studio, find, data, key, turned)
    if found is None:
        return gr.skip()
    finding, page = found
    rows, removed = page.group.rows, bring.dataset(studio, data).mending.removed
    if all(row in removed for row in rows):
        return data_picker(studio, mend.restore(studio, data, rows).id)
    rule = Rule(finding.kind, page.group.reason)
    made = mend.drop(studio, data, rows, why=groups.why_out(finding, page.group, one_by_one=False), rule=rule)
    return data_picker(studio, made.id)


def mask_rows(studio: Studio, find: Find, data: str, key: Any, turned: Turned | None) -> Any:
    """Put tags in place of secrets and personal data in the rows of this page."""
    found = _found(studio, find, data, key, turned)
    return gr.skip() if found is None else data_picker(studio, mend.mask(studio, data, found[1].rows).id)


def _found(
    studio: Studio, find: Find, data: str | None, key: Any, turned: Turned | None
) -> tuple[Finding, Page] | None:
    finding = find(studio, data, key) if data is not None else None
    number = turned[1] if turned and turned[0] == key else 0
    page = groups.page_of(finding, number) if finding else None
    return (finding, page) if finding and page else None
