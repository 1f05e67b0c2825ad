"""Lighter: one slip in the script of Gradio's page, put right while the script is handed out.

When an event has ended, that script notes its inputs as if they had been streamed, and from then on goes through all
inputs that any event ever had, and for each through the whole page, several times for every event. With many events on
a page that is most of what a click costs. See docs/decisions/0017.
"""

from functools import cache
from pathlib import Path

import gradio

SCRIPTS = Path(gradio.__file__).parent / "templates" / "frontend" / "assets"
SLIP, MEANT = "{n=`closed`,a.forEach", "{n&&=`closed`,a.forEach"


@cache
def lighter_script() -> tuple[str, str] | None:
    """The name and the text of the script that is put right; None where Gradio has no such place any more."""
    for path in SCRIPTS.glob("Blocks-*.js"):
        text = path.read_text(encoding="utf-8")
        if text.count(SLIP) == 1:
            return path.name, text.replace(SLIP, MEANT)
    return None
