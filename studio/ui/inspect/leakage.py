"""Leakage: whether what is held out was all but seen in training, and fifteen rows to read."""

from typing import Any

import gradio as gr

from studio.domain.errors import StudioError
from studio.domain.leakage import Leakage
from studio.domain.reading import Reading, Tone
from studio.domain.row import Row
from studio.flows import bring, leakage
from studio.flows.leakage import Check, Pair
from studio.flows.studio import Studio
from studio.ui.errors import handler
from studio.ui.parts import groups, html, talk
from studio.ui.session import DRAWN, QUIET, Session

FEW = 0.001  # share of twins that a deal of so many rows may leave
SHOWN_CHARACTERS, SHOWN_AT_ONCE = 100, 3
ABOUT = (
    "A twin has the same words, or nearly: at least 70 % of them, rare ones counting more, and the same numbers and "
    "negations. Held-out rows were compared with all of training."
)
TO_READ = (
    "Validation rows, each beside the training row nearest to it. Read a few: where you would call both the same, "
    "the test is easier than it looks."
)


def build(session: Session, look: gr.State) -> None:
    with gr.Accordion("Twins across the split, and fifteen rows to read", open=True, visible=False) as part:
        timer, said = gr.Timer(1.0, active=False), gr.HTML()
        again = gr.Button("Check again", visible=False, min_width=160)
        twins, reading = gr.HTML(), gr.HTML()
    studio, data = session.studio, session.data
    shown = [part, timer, said, again, twins, reading]
    gr.on([look.change, session.dealt.change, timer.tick], handler(show, studio), data, shown, **DRAWN)
    again.click(handler(check_again, studio), data, shown, trigger_mode="once", **QUIET)


def show(studio: Studio, data: str | None) -> list[Any]:
    """What the check of the current split found, or how far it is."""
    if data is None or not bring.dataset(studio, data).is_ready:
        return [gr.skip()] * 6
    try:
        check = leakage.look(studio, data)
    except StudioError:  # the ledger says why nothing can be dealt
        return [gr.Accordion(visible=False), gr.Timer(active=False), "", gr.Button(visible=False), "", ""]
    return view(check, leakage.twins(studio, check), leakage.reading_list(studio, check))


def check_again(studio: Studio, data: str) -> list[Any]:
    """Try a check that failed once more."""
    job = leakage.look(studio, data).job
    if job is not None and not job.is_live:
        leakage.check_again(studio, job.id)
    return show(studio, data)


def view(check: Check, twins: list[Pair], pairs: list[Pair]) -> list[Any]:
    is_live = check.found is None and check.job is not None and check.job.is_live
    return [
        gr.Accordion(visible=True),
        gr.Timer(active=is_live),
        situation(check),
        gr.Button(visible=check.found is None and not is_live),
        twins_table(twins),
        reading_list(pairs, check.split.dataset_id),
    ]


def situation(check: Check) -> str:
    """One sentence on what leaks, with both numbers below; or how far the check is."""
    job = check.job
    if check.found is not None:
        return html.reading(verdict(check.found)) + figures(check.found)
    if job is not None and job.is_live:
        share = job.done / job.total if job.total else 0.0
        return html.bar(share, f"{job.phase or 'Waiting to look for twins'} …")
    said = f"{job.message} {job.fix}" if job else ""
    return html.reading(Reading(Tone.BAD, "The split could not be checked.", said))


def verdict(found: Leakage) -> Reading:
    tone = Tone.GOOD if found.after.share <= FEW else Tone.WARNING
    title = (
        "No twin of what is held out is in training."
        if not found.after.twins
        else "Some of what is held out was all but seen."
    )
    return Reading(tone, title, f"{leakage.sentence(found)} {ABOUT}")


def figures(found: Leakage) -> str:
    """Both deals side by side."""
    before, after = found.before, found.after
    return html.cards(
        [
            html.Figure("Twins in a plain random deal", f"{before.twins:,}", leakage.parts(before)),
            html.Figure("Twins in this split", f"{after.twins:,}", leakage.parts(after)),
        ]
    )


def twins_table(twins: list[Pair]) -> str:
    """The twins that are left, the most alike first; nothing where there are none."""
    if not twins:
        return ""
    rows = [
        [
            _named(pair.row) if pair.row else "a test row, sealed",
            _named(pair.twin),
            html.Cell(html.percent(pair.likeness), number=True),
        ]
        for pair in twins
    ]
    table = html.table(["Held out", "In training", "Alike"], rows, stacked=True)
    return f'<h3 class="picked">Twins that are left</h3>{table}'


def reading_list(pairs: list[Pair], data: str) -> str:
    """Validation rows, each beside its nearest training row, with what differs where they are alike."""
    if not pairs:
        return ""
    links = " · ".join(html.link(kind.upper(), f"/download/reading/{data}.{kind}") for kind in ("csv", "jsonl"))
    cards = [_beside(pair.row, pair.twin, pair.likeness) for pair in pairs if pair.row]
    more = "".join(cards[SHOWN_AT_ONCE:])
    rest = f"<details><summary>{html.count(len(cards) - SHOWN_AT_ONCE, 'more row')} to read</summary>{more}</details>"
    return (
        f'<h3 class="picked">To read</h3><p class="help">{TO_READ} Download: {links}</p>'
        f"{''.join(cards[:SHOWN_AT_ONCE])}{rest if more else ''}"
    )


def _beside(row: Row, twin: Row, likeness: float) -> str:
    alike = f" · nearest in training, {int(100 * likeness)} % alike by its rarer words"
    return f'<div class="beside">{talk.bubbles([row])}{groups.compared_card(row, twin, alike)}</div>'


def _named(row: Row) -> str:
    return f"line {row.line:,}: {talk.in_one_line(row.question, SHOWN_CHARACTERS)}"
