"""Delivered: what is being made, what is there to download, and what was deleted last."""

from collections.abc import Sequence
from typing import Any

import gradio as gr

from studio.domain.reading import Reading, Tone
from studio.domain.release import Form, Release
from studio.flows import deleted, deliver
from studio.flows.studio import Studio
from studio.ui.parts import html

WAYS_BACK = 2  # of what was deleted last; the bin has all
CANCEL, DELETE, RESTORE = "cancel", "delete", "restore"
# A press tells the server which button of which delivery it was; what it may do is looked up there.
PRESS = """
element.addEventListener('click', event => {
  const pressed = event.target.closest('button[data-act]');
  if (pressed) trigger('click', {act: pressed.dataset.act, release: pressed.dataset.release});
});
"""
USE = {
    Form.ADAPTER: 'python run.py "your question" BASE_MODEL',
    Form.MERGED: 'python run.py "your question"',
    Form.GGUF: 'llama-cli -m FILE.gguf -p "your question"',
}


def pressed(studio: Studio, act: str, release_id: str) -> None:
    """Carry out what a button of the list says."""
    if act == CANCEL:
        deliver.cancel(studio, release_id)
    elif act == DELETE:
        deleted.delete(studio, [release_id])
    elif act == RESTORE:
        deleted.restore(studio, [release_id])


def look(studio: Studio, seen: str | None) -> list[Any]:
    """What is being made, and the list where it is another than the one that was `seen`; looked at while one is live."""
    found, gone = deliver.releases(studio), deliver.deleted(studio)
    live = [release for release in found if release.job.is_live]
    ended = [release for release in found if not release.job.is_live]
    now = " ".join(f"{release.id}:{release.job.state}" for release in (*ended, *gone))
    page = gr.skip() if now == seen else listed(ended, gone)
    return [busy(live), page, gr.Timer(active=bool(live)), now]


def busy(live: Sequence[Release]) -> str:
    """How far each delivery is that is on its way."""
    return "".join(_bar(release) for release in live)


def _bar(release: Release) -> str:
    job = release.job
    share = job.done / job.total if job.total else 0.0
    doing = "Stopping" if job.is_stopping else job.phase.capitalize() if job.started_at else "Waiting for its turn"
    left = f"about {html.duration(job.seconds_left)} left" if job.seconds_left else ""
    cancel = "" if job.is_stopping else _button(CANCEL, "Cancel", release)
    bar = html.bar(share, f"{release.title}. {doing or 'Starting'} …", left)
    return f'<div class="panel">{bar}{cancel}</div>'


def listed(ended: Sequence[Release], gone: Sequence[Release]) -> str:
    """What was delivered, and the way back of what was deleted last."""
    back = "".join(_way_back(release) for release in gone[:WAYS_BACK])
    if not ended:
        return back
    heads = ("When", "What", "Size", "")
    head = "".join(f'<th scope="col"{_kind(text)}>{text}</th>' for text in heads)
    body = "".join(_line(release, heads) for release in ended)
    total = sum(release.bytes for release in ended if release.is_kept)
    return (
        f'{back}<div class="panel"><h3>Delivered</h3>'
        f'<div class="scroll"><table class="plain stacked saved"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
        f'<p class="help">{html.size(total)} of the workspace\'s disk.</p></div>'
    )


def _line(release: Release, heads: Sequence[str]) -> str:
    acts = [_button(DELETE, "Delete", release)]
    if release.is_ready:
        address = f"/download/release/{html.text(release.id)}"
        acts.insert(0, f'<a class="button" href="{address}" download>Download</a>')
        what = f"{html.text(release.title)}{_details(release)}"
    else:
        said = Reading(Tone.QUIET if release.job.state == "stopped" else Tone.BAD, release.job.message, release.job.fix)
        what = html.text(release.title) + html.reading(said)
    size = html.size(release.bytes) if release.is_ready else "–"
    cells = (f"{release.created_at:%d %b, %H:%M} UTC", what, size, " ".join(acts))
    inner = "".join(
        f'<td data-label="{head}"{_kind(head)}>{cell}</td>' for head, cell in zip(heads, cells, strict=True)
    )
    return f"<tr>{inner}</tr>"


def _kind(head: str) -> str:
    return " class=number" if head == "Size" else ""


def _details(release: Release) -> str:
    """Where it lies, how it is run, what was measured, and the fingerprint of every file."""
    files = [[file.name, html.Cell(html.size(file.bytes), number=True), file.sha256] for file in release.files]
    measured = release.job.result.get("measured", "")
    said = f"<p>{html.text(measured)}</p>" if measured else ""
    where = f"<p>{html.text(str(release.path))}</p>"
    run = f'<pre class="log">{html.text(USE[release.form])}</pre>'
    table = html.table(["File", "Size", "SHA-256"], files, stacked=True)
    return f"<details><summary>Files and how to run it</summary>{where}{said}{run}{table}</details>"


def _way_back(release: Release) -> str:
    said = f"{release.title} was deleted. It stays in the bin on Runs for a while."
    return (
        f'<div class="reading quiet" role="status">{html.text(said)} {_button(RESTORE, "Bring it back", release)}</div>'
    )


def _button(act: str, label: str, release: Release) -> str:
    return (
        f'<button type="button" class="copy" data-act="{act}" data-release="{html.text(release.id)}" '
        f'aria-label="{label}: {html.text(release.title)}">{label}</button>'
    )
