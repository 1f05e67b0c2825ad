"""Lighter: ten slips in the scripts of Gradio's page, put right while the scripts are handed out.

When an event has ended, one script notes its inputs as if they had been streamed, and from then on goes through all
inputs that any event ever had, and for each through the whole page, several times for every event. With many events on
a page that is most of what a click costs. And where one of several listeners to an event was busy when it happened, all of
them are run once more instead of that one alone, which makes the next one busy: on a slow machine that never ends.
When the page opens, another script goes through all targets of all events anew for each part of the page, and from then
on it looks for each part that an event reads or changes from the top of the page down. And while an event is on its way,
each part that it will change counts the seconds, also where they are not shown: to tenths of a second, but anew for every
frame that the screen draws.

Three of them lose what somebody did. The server says "closed" on the line on which its answers come once it has nothing more
to say; where a new event was accepted before the page read that, its answer never comes: the page stays as it is, and
every further press of the same kind is taken for a second one. And where a listener fails, what had happened meanwhile
and waited for it is forgotten. Where the line was lost and is back, or a sign-in had ended and somebody has
signed in again in another tab, the page loads itself anew, and with it goes what was filled in; the server still knows
the page. What the server says of an event that asked for no queue, and that it refuses, is shown to nobody; and what it
says of ten events in the same words is shown ten times. See docs/decisions/0017.
"""

from functools import cache
from pathlib import Path

import gradio

from studio.domain.access import SIGN_IN_FIRST

SCRIPTS = Path(gradio.__file__).parent / "templates" / "frontend" / "assets"
CLOSED, ONLY_STREAMS = "{n=`closed`,a.forEach", "{n&&=`closed`,a.forEach"
ALL_AGAIN = "(this.queue.delete(r.id),this.dispatch(e))"
IT_AGAIN = "(this.queue.delete(r.id),this.dispatch({...e,type:`fn`,fn_index:r.id,target_id:e.target_id??null}))"
CLOSED_FOR_GOOD = "s.msg===`close_stream`){wt(r,o.abort_controller);return}"
CLOSED_UNLESS_AWAITED = "s.msg===`close_stream`){wt(r,o.abort_controller),t.size&&o.open_stream();return}"
# An answer that came before its event was known counts as awaited for ever, so that the line would never rest.
ANSWERED_TOO_SOON = "E in g&&(g[E].forEach(e=>t(e)),delete g[E]),v[E]=t,y.add(E),h.open||await this.open_stream()"
ANSWERED = (
    "v[E]=t,y.add(E),E in g&&(g[E].forEach(e=>{e.msg===`process_completed`&&y.delete(E),t(e)}),delete g[E]),"
    "y.has(E)&&!h.open&&await this.open_stream()"
)
FORGOTTEN = "c&&this.clear_submission(r.id,c),o.forEach("
CAUGHT_UP = (
    "c&&this.clear_submission(r.id,c),"
    "this.queue.delete(r.id)&&this.dispatch({...e,type:`fn`,fn_index:r.id,target_id:e.target_id??null}),o.forEach("
)
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
FROM_THE_TOP = "function Z(e,t){if(e.id===t)return e;if(e.children)for(let n of e.children){let e=Z(n,t);if(e)return e}return null}"
# Parts stay where they are: only a page that is loaded anew, or drawn by `gr.render`, which the studio does not use, has others.
FOUND_ONCE = (
    "function Z(e,t){let n=(Z.known??=new WeakMap).get(e);n||Z.known.set(e,n=new Map);let r=n.get(t)??Zs(e,t);"
    "return r&&n.set(t,r),r}function Zs(e,t){if(e.id===t)return e;if(e.children)for(let n of e.children){"
    "let e=Zs(n,t);if(e)return e}return null}"
)
UNSEEN = "message:e.error,broken:t,queue:!1,"
SEEN = "message:e.error??e.detail,_title:e.title,visible:!0,broken:t,queue:!1,"
EVERY_FRAME = "function ze(){me(()=>{F(Pe,(performance.now()-w(de))/1e3),W&&ze()})}"
EVERY_TENTH = "function ze(){setTimeout(()=>{F(Pe,(performance.now()-w(de))/1e3),W&&ze()},100)}"
TOLD = "w(C).push({title:e,message:t,fn_index:n,type:r,id:++qe,duration:i,visible:a})"
TOLD_AGAIN, TOLD_ONCE = f"a&&{TOLD}", f"a&&(M(C,w(C).filter(e=>e.type!==r||e.message!==t),!0),{TOLD})"
# With it stand the names by which the rest of that script is spoken to.
ANEW_ONCE_BACK = (
    "function Pe(){M(C,w(C).filter(e=>e.type!==`error`),!0),++qe,w(C).push({title:`Connection Lost`,message:Je,"
    "fn_index:-1,type:`error`,id:qe,duration:null,visible:!0}),E=setInterval(async()=>{try{let e=await r.app.reconnect();"
    "(e===`connected`||e===`changed`)&&(clearInterval(E),E=null,window.location.reload())}catch(e){console.debug(e)}},2e3)}"
    "let R=new Ye("
)
# The page asks before it says anything: where it is the sign-in that has ended, it says that, and not that the line is lost.
ANSWER = (
    "(await r.app.fetch(`${r.app.config.root}${r.app.api_prefix}/app_id`,{signal:AbortSignal.timeout(1e4)})"
    ".catch(()=>0)).status"
)
SAID = (
    "M(C,[...w(C).filter(e=>e.type!==`error`),"
    "{title:`%s`,message:%s,fn_index:-1,type:`error`,id:-2,duration:null,visible:!0}],!0)"
)
SAID_ENDED, SAID_LOST = SAID % ("Error", f"`{SIGN_IN_FIRST}`"), SAID % ("Connection Lost", "Je")
# Whoever still awaits an answer that was to come on the old line is told that it will not, as when the line was lost: a press
# that was accepted just then was not, and would be taken for under way for good. Once they have heard it, the lines are
# opened anew. A server that was started anew knows nothing of the page, which is loaded anew then all the same, with what
# had been typed (studio/ui/parts/carried.py).
ON_ONCE_BACK = (
    "async function Pe(){E=setInterval(async()=>{try{let e=await r.app.reconnect();"
    "(e===`connected`||e===`changed`)&&(clearInterval(E),E=null,"
    "e===`changed`?(window.carryOver?.(),window.location.reload()):("
    "await Promise.all(Object.values(r.app.event_callbacks).map(e=>e({msg:`broken_connection`,message:``}))),"
    "await new Promise(e=>setTimeout(e)),r.app.stream_status.open=!1,r.app.abort_controller?.abort(),r.app.unclosed_events.clear(),"
    "r.app.heartbeat_controller?.abort(),r.app.heartbeat_event=null,r.app.open_heartbeat(),R.connection_lost=!1,"
    "M(C,w(C).filter(e=>e.type!==`error`),!0),J(`Info`,`The studio answers again. "
    "What you filled in is still here. What you pressed meanwhile may not have arrived: press it again, or load the page "
    "anew.`,-1,`info`,20,!0)))"
    f",e===`broken`&&{ANSWER}===401&&{SAID_ENDED}"
    "}catch(e){console.debug(e)}},2e3);"
    f"let e={ANSWER};E&&(e===401?{SAID_ENDED}:e===200||{SAID_LOST})}}let R=new Ye("
)
# What stands there, how often, and what was meant.
SLIPS = {
    "Blocks-*.js": (
        (CLOSED, 1, ONLY_STREAMS),
        (ALL_AGAIN, 2, IT_AGAIN),
        (FORGOTTEN, 1, CAUGHT_UP),
        (ANEW_ONCE_BACK, 1, ON_ONCE_BACK),
        (TOLD_AGAIN, 1, TOLD_ONCE),
    ),
    "core-*.js": ((ANEW_FOR_EACH, 1, ONCE_FOR_ALL), (FROM_THE_TOP, 1, FOUND_ONCE)),
    "index-*.js": ((CLOSED_FOR_GOOD, 1, CLOSED_UNLESS_AWAITED), (ANSWERED_TOO_SOON, 1, ANSWERED), (UNSEEN, 1, SEEN)),
    "statustracker-*.js": ((EVERY_FRAME, 1, EVERY_TENTH),),
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
