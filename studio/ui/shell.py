"""Shell: the header row, the tabs of the journey, and what they share."""

import re
from collections import Counter
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import gradio as gr

from studio.domain.machine import Gpu, Machine
from studio.flows import machine, queue
from studio.flows.queue import Line
from studio.flows.studio import Studio
from studio.ui import signed
from studio.ui.errors import friendly, handler
from studio.ui.guarded import GuardedPage
from studio.ui.parts import carried, copying, html
from studio.ui.parts.pickers import opened, with_its_data, with_its_run
from studio.ui.rights import right_of
from studio.ui.session import DRAWN, QUIET, STRAIGHT, Session
from studio.ui.tabs import chat, compare, data, deliver, inspect, recipe, runs, verdict
from studio.ui.tabs import train as train_tab

TABS: dict[str, tuple[str, ModuleType]] = {
    "data": ("Data", data),
    "inspect": ("Inspect", inspect),
    "recipe": ("Recipe", recipe),
    "train": ("Train", train_tab),
    "compare": ("Compare", compare),
    "verdict": ("Verdict", verdict),
    "deliver": ("Deliver", deliver),
    "chat": ("Chat", chat),
    "runs": ("Runs", runs),
}
LONGEST_NAME = 16
BRAND = '<h1 class="brand"><i></i>Assay Studio</h1>'
# The address names the open tab (…/#train), so that reloading and the browser's back button lead where one expects. The
# page follows it by itself: an answer of the studio would throw back whoever has gone on to another tab meanwhile.
# One that names no tab is put right, and not added to: whoever went back would come to it again and again.
FOLLOW_ADDRESS = "() => ({__type__: 'update', selected: TABS.includes(named()) ? named() : 'data'})"
HEAD = (
    f"""
<meta name="referrer" content="same-origin">
<script>const TABS = {list(TABS)};</script>
"""
    + """
<script>
let moved = false;
const named = () => location.hash.slice(1) || 'data';
window.opened = (tab) => {
  moved ||= tab !== 'data';  // the first tab tells of itself on arrival, before the address has been followed
  if (!moved) return;
  const isPutRight = tab === 'data' && !TABS.includes(named());
  if (named() !== tab) history[isPutRight ? 'replaceState' : 'pushState'](null, '', '#' + tab);
  window.scrollTo(0, 0);
};
window.addEventListener('popstate', () => document.getElementById('go-back')?.click());
// Gradio's list of choices would open again on the very Tab that leaves it, and stay open.
document.addEventListener('keydown', (event) => {
  if (event.key === 'Tab' && event.target.getAttribute('role') === 'combobox') event.stopPropagation();
}, true);
</script>
"""
    + copying.HEAD
    + carried.HEAD
)


@dataclass(frozen=True, slots=True)
class Header:
    """What stands beside the pickers, seen or unseen: the machine's state, what the browser keeps, and the way back."""

    state: gr.HTML
    pulse: gr.Timer
    memory: gr.BrowserState
    back: gr.Button
    picked: gr.Textbox


def build(studio: Studio) -> GuardedPage:
    """The whole studio as one page."""
    with GuardedPage(right=right_of, title="Assay Studio", analytics_enabled=False) as page:
        who = gr.HTML("", visible=False, elem_id="who")
        picked, header = _header()
        # States stand outside the tabs: as their children they would be counted as tabs.
        study, cut_off, dealt, shown, followed, wanted = (gr.State(None) for _ in range(6))
        with gr.Tabs(selected="data") as tabs:
            session = Session(
                studio=studio, page=page, tabs=tabs, data=picked[0], model=picked[1], run=picked[2], study=study,
                cut_off=cut_off, dealt=dealt, shown=shown, followed=followed, wanted=wanted,
            )  # fmt: skip
            tab_of, timers = _tabs(session)
        _wire(session, header, tab_of, timers)
        _wire_address(session, header)
    page.told = (who._id, signed.words)
    return page


def _header() -> tuple[list[gr.Dropdown], Header]:
    """The pickers of examples, model and run, and what stands beside them."""
    with gr.Row(elem_id="header"):
        gr.HTML(BRAND, min_width=170, scale=0)
        # Custom values are allowed because a page that outlives the web process still knows ids that it was given.
        picked = [
            gr.Dropdown(label=label, choices=[], value=None, min_width=180, scale=1, allow_custom_value=True)
            for label in ("Examples", "Model", "Run")
        ]
        state = gr.HTML("", min_width=190, scale=1)
    with gr.Column(elem_classes="unseen"):  # a field of its own would leave its empty frame behind
        told = gr.Textbox(label="Picked")
    return picked, Header(
        state=state,
        pulse=gr.Timer(3.0, active=False),
        memory=gr.BrowserState({}, storage_key="assay-studio", secret="ids-only"),
        back=gr.Button("Back", elem_id="go-back", elem_classes="unseen"),
        picked=told,
    )


def _tabs(session: Session) -> tuple[dict[str, gr.Tab], list[gr.Timer | None]]:
    """Every tab of the journey by its id, and the timers that tick on them."""
    tab_of, timers = dict[str, gr.Tab](), list[gr.Timer | None]()
    for tab_id, (label, module) in TABS.items():
        with gr.Tab(label, id=tab_id) as tab:
            # First of all that listens: Gradio runs one after the other, and a screen may take its time.
            tab.select(None, None, None, js=f"() => window.opened('{tab_id}')", **QUIET)
            found = module.build(session, tab)
            timers += found if isinstance(found, list) else [found]
        tab_of[tab_id] = tab
    return tab_of, timers


def _wire(session: Session, header: Header, tab_of: dict[str, gr.Tab], timers: list[gr.Timer | None]) -> None:
    pickers: list[Any] = [session.data, session.model, session.run]
    memory, state = header.memory, [header.state, header.pulse]
    status = handler(machine_now, session.studio)
    # What changes together is told to the screens once: each picker says so by itself, and all screens would be drawn thrice.
    gr.on(
        [picker.change for picker in pickers],
        None,
        pickers,
        header.picked,
        js="(...ids) => JSON.stringify(ids)",
        **QUIET,
    )
    header.picked.change(
        lambda data, model, run: [{"data": data, "model": model, "run": run}, (data, model), run],
        pickers,
        [memory, session.shown, session.followed],
        **DRAWN,
    )
    # Examples and run always belong together, so that no screen speaks of one under the name of the other.
    session.run.input(handler(with_its_data, session.studio), pickers, pickers[:2], **QUIET)
    session.shown.change(handler(with_its_run, session.studio), [session.data, session.run], session.run, **DRAWN)
    # No timer is stopped when its tab is left: the answer to leaving one tab could arrive after the answer to opening the
    # next and stop that one for good. They tick only while something is live, and cheaply.
    ticks = [timer.tick for timer in timers if timer is not None]
    session.followed.change(status, None, state, **DRAWN, **STRAIGHT)
    seen = [*ticks, header.pulse.tick, *(tab.select for tab in tab_of.values())]
    gr.on(seen, status, None, state, **QUIET, **STRAIGHT)


def _wire_address(session: Session, header: Header) -> None:
    """The open tab is part of the page's address."""
    gr.on([session.page.load, header.back.click], None, None, session.tabs, js=FOLLOW_ADDRESS, **QUIET)

    @friendly
    def restore(kept: dict[str, str] | None, request: gr.Request) -> list[Any]:
        wanted = (kept or {}) | dict(request.query_params)
        return [*opened(session.studio, wanted), *machine_now(session.studio)]

    shown = [session.data, session.model, session.run, header.state, header.pulse]
    session.page.load(restore, header.memory, shown, **QUIET, **STRAIGHT)


def machine_now(studio: Studio) -> list[Any]:
    """What the machine is busy with, looked at again until it is idle."""
    return [machine_words(studio), gr.Timer(active=any(machine.busy(studio)))]


def machine_words(studio: Studio) -> str:
    """What this machine is and what it is busy with, in two lines."""
    found = machine.machine(studio)
    running, waiting = machine.busy(studio)
    busy = f"{running} running, {waiting} waiting" if running or waiting else "nothing running"
    following = next_words(queue.line(studio)) if waiting else ""
    return f'<div class="machine"{_each(found)}>{_hardware(found)}<br>{busy} · {html.size(found.disk_free)} disk free{following}</div>'


def next_words(line: Line) -> str:
    """Which run is next, and when, in a line of its own."""
    if not line.waiting:
        return ""
    first = line.waiting[0]
    name = first.name if len(first.name) <= LONGEST_NAME else f"{first.name[:LONGEST_NAME]}…"
    return f"<br>next: {html.text(name)}, {queue.in_words(first.begins)}"


def _hardware(found: Machine) -> str:
    """All that runs can take place on; of several GPUs each kind with its number, since a run has one of them."""
    if not found.gpus:
        return f"CPU, {found.cores} cores · {html.size(found.memory)} memory"
    if len(found.gpus) == 1:
        gpu = found.gpus[0]
        return f"{html.text(gpu.name)} · {_free(gpu)}"
    kinds = Counter(_kind(gpu) for gpu in found.gpus)
    counted = ", ".join(f"{count} × {kind}" if count > 1 else kind for kind, count in kinds.items())
    most = html.size(max(gpu.free for gpu in found.gpus))
    apart = "<br>" if len(kinds) > 1 else " · "  # the pickers beside it keep their room
    return f"{html.text(counted)}{apart}up to {most} free on one"


def _each(found: Machine) -> str:
    """Every GPU with its number, for whoever points at them."""
    each = "\n".join(f"{number}: {gpu.name}, {_free(gpu)}" for number, gpu in enumerate(found.gpus))
    return f' title="{html.text(each)}"' if each else ""


def _free(gpu: Gpu) -> str:
    return f"{html.size(gpu.free)} of {html.size(gpu.memory)} free"


def _kind(gpu: Gpu) -> str:
    """A card's name as people say it: "H100 80 GB"."""
    return re.sub(r"[ -](\d+) ?GB( HBM\w+)?", r" \1 GB", re.sub(r"^NVIDIA (GeForce )?", "", gpu.name))
