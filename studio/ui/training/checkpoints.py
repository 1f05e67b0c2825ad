"""Checkpoints: the saved states of a run, and what can be done with each of them."""

from typing import Any

import gradio as gr

from studio.domain.method import FURTHER
from studio.domain.reading import Reading, Tone
from studio.domain.run import Checkpoint, Run
from studio.flows import again, train
from studio.flows.studio import Studio
from studio.ui.drawn import must_show, when_drawn
from studio.ui.errors import friendly, handler
from studio.ui.parts import html
from studio.ui.parts.pickers import run_picker
from studio.ui.pressed import told_by
from studio.ui.session import PUBLIC, QUIET, Session

COMPARE, CHAT, DELIVER, LONGER = "compare", "chat", "deliver", "longer"
LABELS = {COMPARE: "Compare", CHAT: "Chat", DELIVER: "Try or deliver", LONGER: "Train longer"}
# A press tells the server which button of which row it was; what it may do is looked up there.
PRESS = """
element.addEventListener('click', event => {
  const pressed = event.target.closest('button[data-act]');
  if (pressed) trigger('click', {act: pressed.dataset.act, step: Number(pressed.dataset.step)});
});
"""


def build(session: Session, of: gr.HTML) -> gr.HTML:
    """The table, and below it what training longer needs to know; `of` is the run that the page shows."""
    studio, step = session.studio, gr.State(None)
    table = gr.HTML(js_on_load=PRESS)
    with gr.Row(visible=False, elem_classes="actions") as further:
        passes = gr.Number(label="Passes from there", value=1, minimum=0.1, maximum=100, min_width=160, scale=1)
        begin = gr.Button("Train longer from here", variant="primary", min_width=300, scale=1)

    @friendly
    def press(on_page: str | None, run_id: str, event: gr.EventData) -> list[Any]:
        must_show(on_page, run_id)
        act, step = told_by(event, act=str, step=int)
        return pressed(studio, run_id, act=act, step=step)

    table.click(press, [of, session.run], [session.tabs, further, begin, step], trigger_mode="once", **QUIET)
    session.followed.change(lambda: gr.Row(visible=False), None, further, **QUIET)
    begin.click(
        handler(when_drawn(train_longer, picked=1), studio),
        [of, session.run, step, passes],
        [session.run, further],
        trigger_mode="once",
        api_name="train_longer",
        **PUBLIC,
    )
    return table


def pressed(studio: Studio, run_id: str, *, act: str, step: int) -> list[Any]:
    """Use a checkpoint elsewhere, or ask for how long it should be trained further."""
    if act == LONGER:
        found = train.checkpoint_at(studio, run_id, step)
        label = f"Train longer from step {found.step:,}"
        return [gr.skip(), gr.Row(visible=True), gr.Button(label), found.step]
    train.use(studio, run_id, step)
    return [
        gr.Tabs(selected=act if act in (COMPARE, CHAT, DELIVER) else COMPARE),
        gr.Row(visible=False),
        gr.skip(),
        step,
    ]


def train_longer(studio: Studio, run_id: str, step: int, passes: float) -> list[Any]:
    """Start the longer run; pressed twice for the same it is one."""
    made = again.longer(studio, run_id, step=step, passes=passes, key=f"longer:{run_id}:{step}:{passes}")
    return [run_picker(studio, made.id), gr.Row(visible=False)]


def checkpoint_table(run: Run, kept: list[Checkpoint]) -> str:
    """A row for each checkpoint, with what it is good for once the run has ended; a damaged one says why it is not."""
    if not kept:
        return '<p class="help">The first checkpoint is saved at the first check.</p>'
    sound = [checkpoint for checkpoint in kept if not checkpoint.harm]
    best = min(sound, key=lambda each: (each.validation_loss, each.step)).step if sound else None
    in_use = run.chosen_step if run.chosen_step in {each.step for each in sound} else best
    judged = [] if run.plan.is_text else [COMPARE]
    further = [LONGER] if run.recipe.method in FURTHER else []
    acts = [] if run.is_live else [*judged, CHAT, DELIVER, *further]
    rows = []
    for checkpoint in kept:
        step = checkpoint.step
        marks = {
            "damaged": bool(checkpoint.harm),
            "best": step == best,
            "last": step == kept[-1].step,
            "in use": step == in_use and not run.is_live,
        }
        harm = html.text(f"{checkpoint.harm}.") if checkpoint.harm else ""
        cells = (
            ("Step", f"{step:,}", " class=number"),
            ("Pass", f"{checkpoint.epoch:.1f}", " class=number"),
            ("Validation loss", f"{checkpoint.validation_loss:.3f}", " class=number"),
            ("On disk", html.size(checkpoint.bytes), " class=number"),
            ("What it is", ", ".join(name for name, holds in marks.items() if holds), ""),
            ("Use it", harm or "".join(_button(act, step) for act in acts), ""),
        )
        inner = "".join(f'<td data-label="{label}"{kind}>{text}</td>' for label, text, kind in cells)
        rows.append(f"<tr>{inner}</tr>")
    number = " class=number"
    counted = [(title, number) for title in ("Step", "Pass", "Validation loss", "On disk")]
    heads = [*counted, ("What it is", ""), ("Use it", "")]
    head = "".join(f'<th scope="col"{kind}>{text}</th>' for text, kind in heads)
    about = "Every checkpoint was read back and compared before it counted. Kept are the best, the last, and the one before."
    return (
        f'<div class="scroll"><table class="plain stacked saved"><thead><tr>{head}</tr></thead>'
        f'<tbody>{"".join(rows)}</tbody></table></div><p class="help">{about}</p>'
    )


def damage(kept: list[Checkpoint]) -> str:
    """A warning beside the state of a run where one of its checkpoints cannot be used any more."""
    harmed = [f"step {each.step:,} ({each.harm})" for each in kept if each.harm]
    if not harmed:
        return ""
    text = (
        f"It cannot be used: {', '.join(harmed)}." if len(harmed) == 1 else f"They cannot be used: {', '.join(harmed)}."
    )
    title = "A checkpoint is damaged." if len(harmed) == 1 else f"{len(harmed)} checkpoints are damaged."
    return html.reading(Reading(Tone.WARNING, title, text))


def _button(act: str, step: int) -> str:
    return (
        f'<button type="button" class="copy" data-act="{act}" data-step="{step}" '
        f'aria-label="{LABELS[act]}: step {step:,}">{LABELS[act]}</button>'
    )
