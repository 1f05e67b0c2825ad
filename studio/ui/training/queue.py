"""Queue: the runs that wait, in their order, with buttons to move them, take them out, and choose a GPU for them."""

import secrets
from typing import Any

import gradio as gr

from studio.flows import queue, sweep
from studio.flows.queue import Line, Place
from studio.flows.studio import Studio
from studio.ui.errors import friendly, handler
from studio.ui.parts import html
from studio.ui.parts.pickers import run_labels
from studio.ui.pressed import told_by
from studio.ui.session import DRAWN, QUIET, Session

EVERY = 5.0  # seconds between two looks while something waits
MOVE, LEAVE, GPU, SWEEP = "move", "leave", "gpu", "sweep"
# A press tells the server which button of which run it was; what it may do is looked up there. The list is drawn anew
# after every press: the button that had the focus has it again.
PRESS = """
let at = null;
const tell = (found, value) => trigger('click', {act: found.dataset.act, run: found.dataset.run, value});
element.addEventListener('click', event => {
  const pressed = event.target.closest('button[data-act]');
  if (pressed) tell(pressed, pressed.dataset.to ?? '');
});
element.addEventListener('change', event => { if (event.target.matches('select[data-act]')) tell(event.target, event.target.value); });
element.addEventListener('focusin', event => { at = event.target.closest('[data-act]')?.getAttribute('aria-label'); });
element.addEventListener('focusout', event => { if (event.relatedTarget) at = null; });
new MutationObserver(() => {
  if (!at || document.activeElement !== document.body) return;
  element.querySelector(`[aria-label="${CSS.escape(at)}"]`)?.focus({preventScroll: true});
}).observe(element, {childList: true, subtree: true});
"""


def build(session: Session, tab: gr.Tab) -> tuple[gr.Timer, gr.State]:
    """The line, drawn when the screen is opened, when another run is picked, and again and again while runs wait.

    The state is the order in which they wait, for whoever says where one of them stands.
    """
    studio, visit, order, timer = session.studio, gr.State(""), gr.State(()), gr.Timer(EVERY, active=False)
    shown = gr.HTML(js_on_load=PRESS)

    @friendly
    def press(followed: str | None, event: gr.EventData) -> list[Any]:
        run_id, act, value = told_by(event, run=str, act=str, value=str)
        return [*pressed(studio, run_id, act=act, value=value), run_labels(studio, followed)]

    tab.select(lambda: secrets.token_hex(4), None, visit, **QUIET)
    events, drawn = [visit.change, session.followed.change, timer.tick], [shown, timer, order]
    gr.on(events, handler(show, studio), None, drawn, **DRAWN)
    shown.click(press, session.run, [*drawn, session.run], trigger_mode="multiple", **QUIET)
    return timer, order


def show(studio: Studio) -> list[Any]:
    """The line as it is now."""
    return view(queue.line(studio))


def view(line: Line) -> list[Any]:
    return [line_page(line), gr.Timer(active=bool(line.waiting)), tuple(place.job.id for place in line.waiting)]


def pressed(studio: Studio, run_id: str, *, act: str, value: str) -> list[Any]:
    """Move a run, choose its GPU, or take it out of the line."""
    if act == MOVE and value.isdecimal():
        queue.move(studio, run_id, to=int(value))
    elif act == GPU:
        queue.choose(studio, run_id, value)
    elif act == LEAVE:
        queue.leave(studio, run_id)
    elif act == SWEEP:
        sweep.stop(studio, run_id)
    return show(studio)


def line_page(line: Line) -> str:
    """Every one that waits in a line of its own; nothing where none does."""
    if not line.waiting:
        return ""
    rows = "".join(_row(place, line) for place in line.waiting)
    return f'<h3>Waiting ({len(line.waiting)})</h3><ol class="line" role="list">{rows}</ol>{_sweeps(line)}'


def _sweeps(line: Line) -> str:
    """One button for each sweep of which a run waits: it stops all of them."""
    waiting = {place.run.sweep_id: place.name for place in line.waiting if place.run and place.run.sweep_id}
    buttons = "".join(
        f'<button type="button" class="copy" data-act="{SWEEP}" data-run="{html.text(sweep_id)}">'
        f"Stop the whole sweep {html.text(name.partition(':')[0])}</button>"
        for sweep_id, name in waiting.items()
    )
    return f'<div class="sweeps">{buttons}</div>' if buttons else ""


def _row(place: Place, line: Line) -> str:
    what = f"{place.dataset} with {place.model} · " if place.run else ""
    said = (
        f"{what}begins {queue.in_words(place.begins)}, after {place.before}"
        if place.before
        else f"{what}begins {queue.in_words(place.begins)}"
    )
    return (
        f'<li><b class="number">{place.position}</b><div><b>{html.text(place.name)}</b><p>{html.text(said)}</p></div>'
        f'<div class="act">{_buttons(place, line) if place.run else ""}</div></li>'
    )


def _buttons(place: Place, line: Line) -> str:
    at, last = place.position, len(line.waiting)
    return (
        (_devices(place, line) if line.has_choice or place.job.wants else "")
        + _button(place, MOVE, "↑", f"Move up: {place.name}", to=at - 1, is_off=at == 1)
        + _button(place, MOVE, "↓", f"Move down: {place.name}", to=at + 1, is_off=at == last)
        + _button(place, LEAVE, "Take out", f"Take out of the line: {place.name}")
    )


def _button(place: Place, act: str, label: str, meaning: str, *, to: int | None = None, is_off: bool = False) -> str:
    target = f' data-to="{to}"' if to is not None else ""
    return (
        f'<button type="button" class="copy" data-act="{act}" data-run="{html.text(place.subject)}"{target}'
        f'{" disabled" if is_off else ""} aria-label="{html.text(meaning)}">{label}</button>'
    )


def _devices(place: Place, line: Line) -> str:
    """The GPUs to choose from; one that is not there any more is shown until another is chosen."""
    there = [gpu.uuid for gpu in line.gpus]
    gone = [place.job.wants] if place.job.wants and place.job.wants not in there else []
    options = "".join(
        f'<option value="{html.text(uuid or queue.ANY)}"{" selected" if uuid == place.job.wants else ""}>'
        f"{html.text(line.device(uuid))}</option>"
        for uuid in (None, *there, *gone)
    )
    label = html.text(f"GPU: {place.name}")
    return f'<select data-act="{GPU}" data-run="{html.text(place.subject)}" aria-label="{label}">{options}</select>'
