"""Session: the few ids that the screens share; the truth behind them is in the store."""

from dataclasses import dataclass

import gradio as gr

from studio.flows.studio import Studio


@dataclass(frozen=True, slots=True)
class Session:
    """`data`, `model` and `run` are the pickers of the header (their values are ids); `study` is the one last opened,
    `cut_off` what was chosen on Inspect (None: as recommended).

    `tabs` takes gr.Tabs(selected="train") as an output to lead people on; `page` is the whole page, for its load event.
    """

    studio: Studio
    page: gr.Blocks
    tabs: gr.Tabs
    data: gr.Dropdown
    model: gr.Dropdown
    run: gr.Dropdown
    study: gr.State
    cut_off: gr.State
