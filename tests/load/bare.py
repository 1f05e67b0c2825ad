"""Bare: a page of Gradio with as many controls and events as the studio's and nothing behind them.

python -m tests.load.bare PORT CONTROLS EVENTS
"""

import sys
from itertools import cycle, islice

import gradio as gr
import uvicorn
from fastapi import FastAPI


def page(controls: int, events: int) -> gr.Blocks:
    """The first event is the button "Press"; the other controls are of the kinds that a studio is made of."""
    with gr.Blocks(analytics_enabled=False) as made:
        said, shown = gr.Textbox(), gr.HTML()
        buttons = [gr.Button("Press")]
        for kind in islice(cycle((gr.Markdown, gr.Button, gr.Textbox, gr.Dropdown, gr.HTML)), max(controls - 3, 0)):
            control = kind()
            buttons += [control] if isinstance(control, gr.Button) else []
        for button in islice(cycle(buttons), max(events, 1)):
            button.click(lambda text: f"<p>{text}</p>", said, shown, concurrency_limit=None, show_progress="hidden")
    return made


def main() -> None:
    port, controls, events = map(int, sys.argv[1:])
    made = page(controls, events)
    made._queue.sleep_when_free = 0.01  # as the studio has it
    app = gr.mount_gradio_app(FastAPI(), made, path="", ssr_mode=False, run_history=False, enable_monitoring=False)
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", ws="none")


if __name__ == "__main__":
    main()
