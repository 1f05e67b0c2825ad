"""Shell: the header row, the tabs of the journey, and what they share."""

from types import ModuleType
from typing import Any

import gradio as gr

from studio.domain.machine import Machine
from studio.flows import machine
from studio.flows.studio import Studio
from studio.ui.errors import friendly, handler
from studio.ui.parts import html
from studio.ui.parts.pickers import opened, with_its_data, with_its_run
from studio.ui.session import QUIET, Session
from studio.ui.tabs import compare, data, deliver, inspect, recipe, verdict
from studio.ui.tabs import train as train_tab

TABS: dict[str, tuple[str, ModuleType]] = {
    "data": ("Data", data),
    "inspect": ("Inspect", inspect),
    "recipe": ("Recipe", recipe),
    "train": ("Train", train_tab),
    "compare": ("Compare", compare),
    "verdict": ("Verdict", verdict),
    "deliver": ("Deliver", deliver),
}
BRAND = '<div class="brand"><i></i>Assay Studio</div>'


def build(studio: Studio) -> gr.Blocks:
    """The whole studio as one page."""
    with gr.Blocks(title="Assay Studio", analytics_enabled=False) as page:
        with gr.Row(elem_id="header"):
            gr.HTML(BRAND, min_width=170, scale=0)
            # Custom values are allowed because a page that outlives the web process still knows ids that it was given.
            picked = [
                gr.Dropdown(label=label, choices=[], value=None, min_width=180, scale=1, allow_custom_value=True)
                for label in ("Examples", "Model", "Run")
            ]
            state = gr.HTML("", min_width=190, scale=1)
        memory = gr.BrowserState({}, storage_key="assay-studio", secret="ids-only")
        # States stand outside the tabs: as their children they would be counted as tabs.
        study, cut_off, dealt = gr.State(None), gr.State(None), gr.State(None)
        with gr.Tabs(selected="data") as tabs:
            session = Session(
                studio=studio,
                page=page,
                tabs=tabs,
                data=picked[0],
                model=picked[1],
                run=picked[2],
                study=study,
                cut_off=cut_off,
                dealt=dealt,
            )
            tab_of, timers = {}, {}
            for tab_id, (label, module) in TABS.items():
                with gr.Tab(label, id=tab_id) as tab:
                    timers[tab_id] = module.build(session, tab)
                tab_of[tab_id] = tab
        _wire(session, state, memory, tab_of, timers)
    return page


def _wire(
    session: Session,
    state: gr.HTML,
    memory: gr.BrowserState,
    tab_of: dict[str, gr.Tab],
    timers: dict[str, gr.Timer | None],
) -> None:
    pickers: list[Any] = [session.data, session.model, session.run]

    @friendly
    def restore(kept: dict[str, str] | None, request: gr.Request) -> list[Any]:
        return [*opened(session.studio, (kept or {}) | dict(request.query_params)), machine_words(session.studio)]

    @friendly
    def status() -> str:
        return machine_words(session.studio)

    session.page.load(restore, memory, [*pickers, state], **QUIET)
    gr.on(
        [picker.change for picker in pickers],
        lambda data, model, run: {"data": data, "model": model, "run": run},
        pickers,
        memory,
        **QUIET,
    )
    # Examples and run always belong together, so that no screen speaks of one under the name of the other.
    session.run.input(handler(with_its_data, session.studio), pickers, pickers[:2], **QUIET)
    session.data.change(handler(with_its_run, session.studio), [session.data, session.run], session.run, **QUIET)
    # No timer is stopped when its tab is left: the answer to leaving one tab could arrive after the answer to opening the
    # next and stop that one for good. They tick only while something is live, and cheaply.
    ticks = [timer.tick for timer in timers.values() if timer is not None]
    gr.on([*ticks, session.run.change], status, None, state, **QUIET)
    for tab in tab_of.values():
        tab.select(status, None, state, **QUIET)


def machine_words(studio: Studio) -> str:
    """What this machine is and what it is busy with, in two lines."""
    found = machine.machine(studio)
    running, waiting = machine.busy(studio)
    busy = f"{running} running, {waiting} waiting" if running or waiting else "nothing running"
    return f'<div class="machine">{_hardware(found)}<br>{busy} · {html.size(found.disk_free)} disk free</div>'


def _hardware(found: Machine) -> str:
    if found.gpus:
        gpu = found.gpus[0]
        return f"{gpu.name} · {html.size(gpu.free)} of {html.size(gpu.memory)} free"
    return f"CPU, {found.cores} cores · {html.size(found.memory)} memory"
