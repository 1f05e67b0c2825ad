"""Lighter: three slips in the scripts of Gradio's page, put right while the scripts are handed out.

When an event has ended, one script notes its inputs as if they had been streamed, and from then on goes through all
inputs that any event ever had, and for each through the whole page, several times for every event. With many events on
a page that is most of what a click costs. And where one of several listeners to an event was busy when it happened, all of
them are run once more instead of that one alone, which makes the next one busy: on a slow machine that never ends.
When the page opens, another script goes through all targets of all events anew for each part of the page.
See docs/decisions/0017.
"""

from functools import cache
from pathlib import Path

import gradio

SCRIPTS = Path(gradio.__file__).parent / "templates" / "frontend" / "assets"
CLOSED, ONLY_STREAMS = "{n=`closed`,a.forEach", "{n&&=`closed`,a.forEach"
ALL_AGAIN = "(this.queue.delete(r.id),this.dispatch(e))"
IT_AGAIN = "(this.queue.delete(r.id),this.dispatch({...e,type:`fn`,fn_index:r.id,target_id:e.target_id??null}))"
ANEW_FOR_EACH = (
    "let n=t.filter(t=>t.targets.find(([t])=>t===e.id)).map(t=>{let n=t.targets.find(([t])=>t===e.id);"
    "return n?n[1]:null}).filter(Boolean);return e.props.shared_props.attached_events=n,e}"
)
# For all parts at once: of each event's targets the first that is the part.
ONCE_FOR_ALL = (
    "if(this.asked!==t){this.asked=t,this.attached=new Map;for(let{targets:e}of t)for(let[t,n]of new Map(e.toReversed()))"
    "n&&(this.attached.has(t)?this.attached.get(t).push(n):this.attached.set(t,[n]))}"
    "return e.props.shared_props.attached_events=[...this.attached.get(e.id)??[]],e}"
)
# What stands there, how often, and what was meant.
SLIPS = {
    "Blocks-*.js": ((CLOSED, 1, ONLY_STREAMS), (ALL_AGAIN, 2, IT_AGAIN)),
    "core-*.js": ((ANEW_FOR_EACH, 1, ONCE_FOR_ALL),),
}


@cache
def lighter_scripts() -> dict[str, str]:
    """The text of each script that is put right, by its name; where Gradio has no such place any more, it is left out."""
    found = {}
    for pattern, slips in SLIPS.items():
        for path in SCRIPTS.glob(pattern):
            text = path.read_text(encoding="utf-8")
            if all(text.count(slip) == times for slip, times, _ in slips):
                for slip, _, meant in slips:
                    text = text.replace(slip, meant)
                found[path.name] = text
    return found
