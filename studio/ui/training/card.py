"""Card: what went wrong with a run, why, what was done, and the one thing to do about it, with the log beneath."""

from studio.domain.fault import Fault, FaultCode
from studio.domain.reading import Tone
from studio.ui.parts import html

TITLES = {
    FaultCode.NOT_FINITE: "The loss broke.",
    FaultCode.OUT_OF_MEMORY: "Memory ran out.",
    FaultCode.DISK_FULL: "The disk is full.",
    FaultCode.STALLED: "It stood still.",
    FaultCode.KILLED: "It was ended from outside.",
    FaultCode.DATA: "The rows do not fit.",
    FaultCode.MODEL: "The model cannot be used.",
    FaultCode.CRASH: "It stopped with a problem.",
}
LOG_LINES = 40
# What a run that has gone on after it needs no more than a line for.
SURVIVED = 3


def card(fault: Fault, log: str, *, title: str = "") -> str:
    """What ended a run; `title` stands in for that of its kind."""
    parts = [("Why", fault.why), ("What was done", fault.done), ("What to do", fault.next_step)]
    said = "".join(f"<dt>{name}</dt><dd>{html.text(words)}</dd>" for name, words in parts if words)
    lines = "\n".join(log.splitlines()[-LOG_LINES:])
    beneath = f'<details class="more"><summary>The end of the log</summary><pre class="log" tabindex="0">{html.text(lines)}</pre></details>'
    return (
        f'<div class="reading bad fault" role="alert"><b>{html.SIGNS[Tone.BAD]} {title or TITLES[fault.code]}</b> '
        f"{html.text(fault.happened)}<dl>{said}</dl>{beneath if lines else ''}</div>"
    )


def gone_on_after(faults: list[Fault], *, below: bool = False) -> str:
    """What a run has met and gone on after, the newest last; `below` the card of what ended it since."""
    return "".join(
        f'<div class="reading warning"><b>{html.SIGNS[Tone.WARNING]} {_title(fault, before=below)}</b> {html.text(fault.sentence)}</div>'
        for fault in faults[-SURVIVED:]
    )


def _title(fault: Fault, *, before: bool) -> str:
    title = TITLES[fault.code]
    return f"Before that: {title[0].lower()}{title[1:]}" if before else title
