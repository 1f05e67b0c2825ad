"""Bare: the least that Gradio does for a press, to tell what is its own from what is ours.

python -m tests.load.bare PORT
"""

import sys

import gradio as gr
import uvicorn
from fastapi import FastAPI


def page() -> gr.Blocks:
    with gr.Blocks(analytics_enabled=False) as made:
        said, shown = gr.Textbox(), gr.HTML()
        gr.Button("Press").click(lambda text: f"<p>{text}</p>", said, shown, concurrency_limit=None, queue=True)
    return made


def main() -> None:
    made = page()
    made._queue.sleep_when_free = 0.01  # as the studio has it
    app = gr.mount_gradio_app(FastAPI(), made, path="", ssr_mode=False, run_history=False, enable_monitoring=False)
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", ws="none")


if __name__ == "__main__":
    main()
