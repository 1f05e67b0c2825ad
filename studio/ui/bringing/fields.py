"""Fields: how a file was read, and how it would be read with others, shown on rows of the file itself."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import gradio as gr

from studio.data.veiling import veiled_as_written
from studio.domain.dataset import LAYOUT_TITLES, PART_TITLES, PARTS, Dataset, Layout, Mapping, Origin
from studio.domain.errors import StudioError
from studio.domain.reading import Reading, Tone
from studio.flows import bring, understand
from studio.flows.studio import Studio
from studio.flows.understand import Tried
from studio.ui.errors import handler, told
from studio.ui.parts import html, talk
from studio.ui.parts.pickers import data_picker
from studio.ui.session import DRAWN, QUIET, Session

LAYOUTS = [(words, value.value) for value, words in LAYOUT_TITLES.items()]
SLOTS = max(len(parts.all) for parts in PARTS.values())
NONE = ""  # the value of a part that the file does not have
LONGEST_SHOWN = 900


@dataclass(frozen=True, slots=True)
class Panel:
    """The components of this part, in the order of `view`."""

    whole: gr.Accordion
    guess: gr.HTML
    back: gr.Button
    layout: gr.Dropdown
    parts: list[gr.Dropdown]
    sample: gr.HTML

    def all(self) -> list[Any]:
        held = [getattr(self, field.name) for field in fields(self)]
        return [part for one in held for part in (one if isinstance(one, list) else [one])]


def build(session: Session, look: gr.State, start: gr.State) -> None:
    with gr.Accordion("How the file was read", open=False, visible=False) as whole:
        guess = gr.HTML()
        back = gr.Button("Go back to the guess", size="sm", visible=False)
        layout = gr.Dropdown(label="Layout", choices=LAYOUTS, min_width=200)
        with gr.Row():
            parts = [gr.Dropdown(label=f"Part {place + 1}", visible=False, min_width=200) for place in range(SLOTS)]
        sample = gr.HTML()
        again = gr.Button("Read the file again this way", size="sm")
    panel, studio, data = Panel(whole, guess, back, layout, parts, sample), session.studio, session.data
    look.change(handler(show, studio), look, panel.all(), **DRAWN)
    layout.input(handler(pick_layout, studio), [data, layout], [*parts, sample], **DRAWN)
    gr.on([part.input for part in parts], handler(try_fields, studio), [data, layout, *parts], sample, **DRAWN)
    once: dict[str, Any] = {"trigger_mode": "once", **QUIET}
    again.click(handler(read_again, studio), [data, layout, *parts], [data, start], **once)
    back.click(handler(read_by_guess, studio), data, [data, start], **once)


def show(studio: Studio, look: tuple[str, str] | None) -> list[Any]:
    """How the file that is looked at was read; nothing while it is being read, or when it is none of rows."""
    found = bring.dataset(studio, look[0]) if look else None
    if found is None or found.is_being_read or not found.columns:
        return [gr.Accordion(visible=False), *[gr.skip()] * (4 + SLOTS)]
    mapping = found.guess.mapping if found.guess else Mapping(Layout.PROMPT_COMPLETION, {})
    return view(found, mapping, _tried(studio, found.id, mapping))


def view(found: Dataset, mapping: Mapping, sample: str) -> list[Any]:
    """The fields of a file; the part is open where nothing was recognised and a person has to say."""
    guess = found.guess
    return [
        gr.Accordion(visible=True, open=guess is None),
        reason(found),
        gr.Button(visible=guess is not None and guess.origin is not Origin.GUESSED),
        gr.Dropdown(choices=LAYOUTS, value=mapping.layout.value),
        *slots(mapping, found.columns),
        sample,
    ]


def reason(found: Dataset) -> str:
    """Why the file was read the way it was."""
    if found.guess is None:
        said = Reading(Tone.BAD, "No question and answer were recognised.", "Choose what each field holds.")
        return html.reading(said)
    if found.guess.origin is Origin.REMEMBERED:
        title, _, rest = found.guess.reason.partition(": ")
        return html.reading(Reading(Tone.QUIET, f"{title}.", rest[:1].upper() + rest[1:]))
    return f'<p class="help">{html.text(found.guess.reason)}</p>'


def slots(mapping: Mapping, columns: Sequence[str]) -> list[gr.Dropdown]:
    """One menu for each part of the layout; a part that not every row needs may be in no field."""
    parts = PARTS[mapping.layout]
    made = []
    for part in parts.all:
        is_needed = part in parts.required
        choices = [*([] if is_needed else [("— in no field —", NONE)]), *((name, name) for name in columns)]
        value = mapping.fields.get(part, None if is_needed else NONE)
        made.append(gr.Dropdown(label=PART_TITLES[part], choices=choices, value=value, visible=True))
    return [*made, *[gr.Dropdown(visible=False, value=None)] * (SLOTS - len(made))]


def pick_layout(studio: Studio, data: str, layout: str) -> list[Any]:
    """The menus of another layout, filled with the fields that fit it best."""
    mapping = understand.suggested(studio, data, Layout(layout))
    return [*slots(mapping, bring.dataset(studio, data).columns), _tried(studio, data, mapping)]


def try_fields(studio: Studio, data: str, layout: str, *chosen: str | None) -> str:
    """What the sample rows would be with the fields as they are chosen now."""
    return _tried(studio, data, mapping_of(layout, chosen))


def read_again(studio: Studio, data: str, layout: str, *chosen: str | None) -> list[Any]:
    return [data_picker(studio, bring.reread(studio, data, mapping_of(layout, chosen)).id), 0]


def read_by_guess(studio: Studio, data: str) -> list[Any]:
    return [data_picker(studio, bring.reread(studio, data, None, by_guess=True).id), 0]


def mapping_of(layout: str, chosen: Sequence[str | None]) -> Mapping:
    """The menus as a mapping; a part that is in no field is left out."""
    parts = PARTS[Layout(layout)].all
    return Mapping(Layout(layout), {part: name for part, name in zip(parts, chosen, strict=False) if name})


def _tried(studio: Studio, data: str, mapping: Mapping) -> str:
    try:
        return samples(understand.understood(studio, data, mapping))
    except StudioError as error:
        return told(error) if mapping.fields else ""


def samples(tried: Sequence[Tried]) -> str:
    """One row that is understood and one that is not, each as it is written and as it is understood."""
    if not tried:
        return ""
    good = [each for each in tried if each.row]
    bad = [each for each in tried if not each.row]
    count = f"{len(good)} of {html.count(len(tried), 'row that was', 'rows that were')} looked at can be read this way."
    return f'<p class="help">{count}</p>{"".join(map(_sample, [*good[:1], *bad[:1]]))}'


def _sample(tried: Tried) -> str:
    written = tried.written if len(tried.written) <= LONGEST_SHOWN else f"{tried.written[:LONGEST_SHOWN]}…"
    as_read = talk.bubbles([tried.row]) if tried.row else ""
    if tried.problem:
        as_read = html.reading(Reading(Tone.WARNING, tried.problem.reason, tried.problem.fix))
    return (
        f'<div class="beside sample-row"><div><em>Line {tried.line:,} as written</em><pre>{html.text(veiled_as_written(written).shown)}</pre></div>'
        f"<div><em>As it is understood</em>{as_read}</div></div>"
    )
