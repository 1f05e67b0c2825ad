"""Examples: which training rows the base model is shown before each question, and what they take of its context."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from studio.domain.errors import StudioError
from studio.domain.reading import Reading, Tone
from studio.flows import shots
from studio.flows.shots import Budget, Shot
from studio.flows.studio import Studio
from studio.ui.errors import told
from studio.ui.parts import html, talk

ABOUT = "Training rows alone, so that no test row is given away. Take some out and pick others; four of different kinds are usual."
SHOWN = 70


@dataclass(frozen=True, slots=True)
class Picker:
    fold: gr.Accordion
    rows: gr.Dropdown
    proposed: gr.Button
    shown: gr.HTML


def build() -> Picker:
    with gr.Accordion("Examples: the training rows that the base model is shown", open=False) as fold:
        gr.HTML(f'<p class="help">{ABOUT}</p>')
        rows = gr.Dropdown(
            label="Training rows", choices=[], value=[], multiselect=True, max_choices=shots.MOST_SHOTS,
            allow_custom_value=True, info="Type to find one.",
        )  # fmt: skip
        proposed = gr.Button("As proposed", size="sm", min_width=140, scale=0)
        shown = gr.HTML()
    return Picker(fold, rows, proposed, shown)


def numbers(picked: Sequence[Any] | None) -> tuple[int, ...]:
    """The row numbers that a list of picked values means."""
    return tuple(int(value) for value in picked or () if str(value).isdigit())


def offered(studio: Studio, run_id: str, chosen: Sequence[Shot]) -> dict[str, Any]:
    """The list to pick from, with these picked."""
    every = {shot.row.number: shot for shot in (*chosen, *shots.offered(studio, run_id))}
    choices = [(_label(shot), str(number)) for number, shot in every.items()]
    return gr.update(choices=choices, value=[str(shot.row.number) for shot in chosen])


def show(studio: Studio, run_id: str | None, picked: Sequence[Any] | None, answer: float | None) -> str:
    """The picked rows as conversations, under what they take of the context."""
    if run_id is None or not picked:
        return ""
    try:
        chosen = shots.shots(studio, run_id, numbers(picked))
        return view(chosen, shots.budget(studio, run_id, chosen, answer=int(answer or 0)))
    except StudioError as error:
        return told(error)


def view(chosen: Sequence[Shot], room: Budget) -> str:
    tone = Tone.QUIET if room.fits else Tone.BAD
    used = html.bar(room.total / room.context, f"{room.total:,} of {room.context:,} tokens", "")
    return used + html.reading(Reading(tone, "Room.", room.sentence)) + talk.bubbles([shot.row for shot in chosen])


def _label(shot: Shot) -> str:
    said = talk.in_one_line(f"{shot.row.question} → {shot.row.answer}", SHOWN)
    return f"line {shot.row.line:,} · {said} ({shot.tokens} tokens)"
