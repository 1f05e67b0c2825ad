"""History: what became of the file, version by version; undo, a way back, what differs, and the same for another file."""

from typing import Any

import gradio as gr

from studio.domain.dataset import Dataset
from studio.domain.job import JobState
from studio.domain.reading import Reading, Tone
from studio.flows import bring, history, mend
from studio.flows.history import Difference, Edited, Entry, Replayed
from studio.flows.studio import Studio
from studio.ui.errors import handler
from studio.ui.parts import html, talk
from studio.ui.parts.pickers import data_picker
from studio.ui.session import QUIET, Session

SHOWN_LINES = 30


def build(session: Session, look: gr.State) -> None:
    with gr.Accordion("History: every version, and a way back", open=True, visible=False) as part:
        said = gr.HTML()
        with gr.Row(elem_classes="actions"):
            undo = gr.Button("Undo the last change", min_width=250, scale=0)
            newest = gr.Button("Go to the newest version", visible=False, min_width=250, scale=0)
        table = gr.HTML()
        with gr.Row(elem_classes="actions"):
            version = gr.Dropdown(label="Compare with version", choices=[], min_width=220, scale=2)
            back = gr.Button("Go back to that version", min_width=250, scale=0)
        difference = gr.HTML()
        with gr.Row(elem_classes="actions", visible=False) as others:
            source = gr.Dropdown(label="Do here what was done to", choices=[], min_width=240, scale=2)
            again = gr.Button("Repeat those changes here", min_width=250, scale=0)
        repeated = gr.HTML()
    studio, data = session.studio, session.data
    shown = [part, said, undo, newest, table, version, back, others, source]
    gr.on([look.change, session.followed.change], handler(show, studio), data, shown, **QUIET)
    gr.on([version.change, look.change], handler(show_difference, studio), [data, version], difference, **QUIET)
    undo.click(handler(take_back, studio), data, data, trigger_mode="once", **QUIET)
    newest.click(handler(go_to_newest, studio), data, data, trigger_mode="once", **QUIET)
    back.click(handler(go_back, studio), [data, version], data, trigger_mode="once", **QUIET)
    again.click(handler(repeat, studio), [source, data], [data, repeated], trigger_mode="once", **QUIET)


def show(studio: Studio, data: str | None) -> list[Any]:
    """The versions of the file that is looked at, and what can be done from here."""
    if data is None or not bring.dataset(studio, data).is_ready:
        return [gr.skip()] * 9
    found = bring.dataset(studio, data)
    others = [other for other in bring.datasets(studio) if other.root != found.root and other.version > 1]
    checking = mend.recheck(studio, data)
    return view(
        found,
        history.history(studio, data),
        others,
        can_undo=mend.undone(studio, data) is not None,
        checking=checking.state if checking else None,
    )


def view(
    found: Dataset, entries: list[Entry], others: list[Dataset], *, can_undo: bool, checking: JobState | None
) -> list[Any]:
    newest = entries[-1].dataset
    is_newest = found.id == newest.id
    earlier = [
        (f"{entry.dataset.version}: {entry.words}", entry.dataset.id)
        for entry in entries[::-1]
        if entry.dataset.id != found.id
    ]
    return [
        gr.Accordion(visible=len(entries) > 1 or bool(others)),
        situation(found, newest, checking),
        gr.Button(interactive=can_undo and is_newest),
        gr.Button(visible=not is_newest),
        versions_table(entries, found.id),
        gr.Dropdown(choices=earlier, value=earlier[0][1] if earlier else None),
        gr.Button(interactive=bool(earlier)),
        gr.Row(visible=bool(others)),
        gr.Dropdown(choices=[(other.title, other.id) for other in others], value=others[0].id if others else None),
    ]


def situation(found: Dataset, newest: Dataset, checking: JobState | None) -> str:
    """Whether this is the newest version, and whether its findings are those of its own texts."""
    if found.id != newest.id:
        said = f"There is a newer one, version {newest.version}. Changes are made to the newest."
        return html.reading(Reading(Tone.WARNING, f"You are looking at version {found.version}.", said))
    if checking in (JobState.QUEUED, JobState.RUNNING):
        return html.reading(
            Reading(
                Tone.QUIET, "The rows are being checked again.", "Until then, findings are those before the change."
            )
        )
    if checking in (JobState.FAILED, JobState.INTERRUPTED):
        return html.reading(
            Reading(Tone.WARNING, "The rows could not be checked again.", "Findings are those from before the change.")
        )
    return ""


def versions_table(entries: list[Entry], current: str) -> str:
    rows = [
        [
            f"{entry.dataset.version}{' (shown)' if entry.dataset.id == current else ''}",
            entry.words,
            f"{entry.dataset.created_at:%d %b, %H:%M}",
            html.Cell(f"{entry.dataset.rows - len(entry.dataset.mending.removed):,}", number=True),
            ", ".join(run.name for run in entry.runs) or "none",
            entry.dataset.fingerprint[:8],
        ]
        for entry in entries[::-1]
    ]
    headings = ["Version", "What was done", "When (UTC)", "Rows in", "Runs that learned from it", "Fingerprint"]
    return html.table(headings, rows, stacked=True)


def show_difference(studio: Studio, data: str | None, other: str | None) -> str:
    if data is None or other is None or other == data:
        return ""
    first, second = bring.dataset(studio, other), bring.dataset(studio, data)
    if first.root != second.root or not second.is_ready:
        return ""
    return difference_words(history.difference(studio, other, data))


def difference_words(found: Difference) -> str:
    """How this version differs from the other one, with the words that are gone and those that are new."""
    if found.is_none:
        return '<p class="help">They hold the same.</p>'
    reasons = sorted(set(found.left_out.values()))
    said = [
        f"{html.count(found.edited, 'row')} with other texts." if found.edited else "",
        f"Left out here: {_lines(list(found.left_out))} ({'; '.join(reasons)})." if found.left_out else "",
        f"Taken back here: {_lines(found.taken_back)}." if found.taken_back else "",
        f"Of copies, kept here: {_lines(found.kept_other)}." if found.kept_other else "",
    ]
    words = " ".join(part for part in said if part) or "Other copies are kept."
    rest = found.edited - len(found.examples)
    more = f'<p class="help">… and {html.count(rest, "edited row")} more.</p>' if rest else ""
    return f'<p class="help">{html.text(words)}</p>{"".join(map(_edited, found.examples))}{more}'


def _lines(lines: list[int] | tuple[int, ...]) -> str:
    listed = ", ".join(f"{line:,}" for line in lines[:SHOWN_LINES]) + (" …" if len(lines) > SHOWN_LINES else "")
    return f"line {listed}" if len(lines) == 1 else f"lines {listed}"


def _edited(row: Edited) -> str:
    turns = "".join(
        f'<div class="bubble {html.text(role)}"><em>{html.text(talk.SPEAKERS.get(role, role))}</em>'
        f"{talk.differing(pieces)}</div>"
        for role, pieces in row.messages
    )
    return f'<div class="chat"><small>line {row.line:,}</small>{turns}</div>'


def take_back(studio: Studio, data: str) -> Any:
    return data_picker(studio, mend.undo(studio, data).id)


def go_to_newest(studio: Studio, data: str) -> Any:
    return data_picker(studio, mend.newest(studio, data).id)


def go_back(studio: Studio, data: str, other: str | None) -> Any:
    if other is None:
        return gr.skip()
    return data_picker(studio, mend.return_to(studio, data, bring.dataset(studio, other).version).id)


def repeat(studio: Studio, source: str | None, data: str) -> list[Any]:
    """Do to this file what was done to another one, and say what was done and what was not."""
    if source is None:
        return [gr.skip(), gr.skip()]
    done = history.replay(studio, source, data)
    return [data_picker(studio, done.dataset.id), repeated_words(done)]


def repeated_words(done: Replayed) -> str:
    tone = Tone.WARNING if done.skipped else Tone.GOOD
    title = f"{html.count(len(done.done), 'change')} made here."
    return html.reading(Reading(tone, title, " ".join((*done.done, *done.skipped))))
