"""Lighter: two slips in the script of Gradio's page, put right while the script is handed out.

When an event has ended, that script notes its inputs as if they had been streamed, and from then on goes through all
inputs that any event ever had, and for each through the whole page, several times for every event. With many events on
a page that is most of what a click costs. And where one of several listeners to an event was busy when it happened, all of
them are run once more instead of that one alone, which makes the next one busy: on a slow machine that never ends.
See docs/decisions/0017.
"""

from functools import cache
from pathlib import Path

import gradio

SCRIPTS = Path(gradio.__file__).parent / "templates" / "frontend" / "assets"
CLOSED, ONLY_STREAMS = "{n=`closed`,a.forEach", "{n&&=`closed`,a.forEach"
ALL_AGAIN = "(this.queue.delete(r.id),this.dispatch(e))"
IT_AGAIN = "(this.queue.delete(r.id),this.dispatch({...e,type:`fn`,fn_index:r.id,target_id:e.target_id??null}))"


@cache
def lighter_script() -> tuple[str, str] | None:
    """The name and the text of the script that is put right; None where Gradio has no such place any more."""
    for path in SCRIPTS.glob("Blocks-*.js"):
        text = path.read_text(encoding="utf-8")
        if text.count(CLOSED) == 1 and ALL_AGAIN in text:
            return path.name, text.replace(CLOSED, ONLY_STREAMS).replace(ALL_AGAIN, IT_AGAIN)
    return None
