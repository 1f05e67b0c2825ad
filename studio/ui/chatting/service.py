"""Service: how the worker behind the chat is doing, in words."""

from collections.abc import Sequence
from datetime import UTC, datetime

from studio.domain.job import Job, JobState
from studio.domain.reading import Reading, Tone
from studio.flows.chat import KEPT_WARM, Look
from studio.ui.parts import html

KEPT = "What was said is kept."
WARM = (
    f"{{title}} is in memory. It is let go after {KEPT_WARM / 60:.0f} minutes without a message, and at once when a run "
    "needs its place."
)


def service_words(look: Look, title: str, *, now: datetime | None = None) -> str:
    """One sentence on the worker, where there is something to say."""
    job = look.job
    if job is None:
        return ""
    if job.state is JobState.QUEUED:
        return html.reading(_waiting(look.ahead))
    if job.state is JobState.RUNNING:
        return _at_work(job, title, now or datetime.now(UTC))
    if look.has_gone:
        return html.reading(_gone(job, look.ahead))
    return _help("It is not in memory now; the next message loads it again.") if look.exchanges else ""


def _waiting(ahead: Sequence[str]) -> Reading:
    if not ahead:
        return Reading(Tone.QUIET, "Starting …", "The model is loaded once, then it stays in memory for a while.")
    return Reading(
        Tone.WARNING,
        "Waiting for its place.",
        f"{_names(ahead)} first: all other work goes before the chat. To chat now, pause on Train what is running.",
    )


def _at_work(job: Job, title: str, now: datetime) -> str:
    if job.phase in ("ready", "answering"):
        return _help(WARM.format(title=title))
    since = max((now - job.started_at).total_seconds(), 0.0) if job.started_at else 0.0
    doing = f"{job.phase.capitalize()} …" if job.phase else "Starting …"
    return html.reading(
        Reading(Tone.QUIET, doing, f"{html.duration(since)} so far. It takes longest for the first answer.")
    )


def _gone(job: Job, ahead: Sequence[str]) -> Reading:
    """What ended it, and what to do next."""
    if job.state is JobState.STOPPED:
        why = f"{job.message} {_names(ahead)} first." if ahead else job.message
        return Reading(Tone.WARNING, "The chat has ended.", f"{why} {KEPT} {job.fix}".strip())
    return Reading(Tone.BAD, "The chat has ended.", f"{job.message} {KEPT} {job.fix}".strip())


def _names(ahead: Sequence[str]) -> str:
    shown = ", ".join(ahead[:3]) + (f" and {len(ahead) - 3} more" if ahead[3:] else "")
    return f"{shown} {'comes' if len(ahead) == 1 else 'come'}"


def _help(words: str) -> str:
    return f'<p class="help">{html.text(words)}</p>'
