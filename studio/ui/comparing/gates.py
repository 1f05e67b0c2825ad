"""Gates: what answers have to keep to beside taste, proposed from the data, chosen and changed before the freezing.

The controls of a gate are its fields: title, description and bounds come from there. One pool of controls serves every
kind, since no kind has many fields.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import UnionType
from typing import Any, Literal, get_args, get_origin

import gradio as gr
from pydantic.fields import FieldInfo

from studio.domain.errors import StudioError, StudyError
from studio.domain.gate import MODELS, Gate, Overlap, Pattern, read_gate
from studio.domain.gate_names import TITLES, WHEN, name_of
from studio.domain.gate_result import Mark
from studio.domain.reading import Reading, Tone
from studio.flows import gates, train
from studio.flows.studio import Studio
from studio.ui.errors import handler
from studio.ui.parts import html, talk
from studio.ui.session import DRAWN, QUIET, Session
from studio.verdict.gates.overlap import NAMES, NOTE

ABOUT = (
    "People say which answer they like; gates say whether it is right. Each looks at the same prompts, base against "
    "fine-tuned, and is frozen with the comparison. While one that is needed is not green, the model does not ship."
)
NUMBERS, TEXTS, CHECKS = 2, 1, 1  # a page has only so many controls
ADD = "new:"
FIRST = {"length": ("shortest", "longest"), "prompts": ("margin", "most_new")}  # where there are more than controls
LEFT_OUT = ("kind", "is_required", "sha256", "databases")
WORDS = {
    **NAMES, "macro_f1": "macro-F1", "tokens_per_second": "tokens a second",
    "general": "everyday skills", "adversarial": "unsafe requests",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One gate in the list: its values as JSON, why it is proposed, and whether it is part of the comparison."""

    id: str
    told: str
    reason: str = ""
    needs: str = ""
    is_on: bool = True

    @property
    def values(self) -> dict[str, Any]:
        return json.loads(self.told)

    @property
    def is_needed(self) -> bool:
        return bool(self.values.get("is_required", True))

    @property
    def title(self) -> str:
        return titled(read_gate(self.values))


@dataclass(frozen=True, slots=True)
class Panel:
    """The controls; `entries` is what the comparison is frozen with, see `chosen`."""

    fold: gr.Accordion
    entries: gr.State
    on: gr.CheckboxGroup
    needed: gr.CheckboxGroup
    which: gr.Dropdown
    box: gr.Column
    about: gr.HTML
    numbers: tuple[gr.Number, ...]
    texts: tuple[gr.Textbox, ...]
    checks: tuple[gr.Checkbox, ...]
    choice: gr.Dropdown
    files: gr.File
    tried: gr.HTML
    keep: gr.Button

    @property
    def listed(self) -> list[Any]:
        return [self.entries, self.on, self.needed, self.which]

    @property
    def pool(self) -> list[Any]:
        return [*self.numbers, *self.texts, *self.checks, self.choice, self.files]

    @property
    def opened(self) -> list[Any]:
        return [self.box, self.about, *self.pool, self.tried, self.keep]

    @property
    def all(self) -> list[Any]:
        """Everything that `ready` draws."""
        return [*self.listed, *self.opened]


def build() -> Panel:
    with gr.Accordion("Gates: what has to hold beside taste", open=False) as fold:
        gr.HTML(f'<p class="help">{ABOUT}</p>')
        on = gr.CheckboxGroup(label="Gates of this comparison", choices=[], elem_classes="one-a-line")
        needed = gr.CheckboxGroup(label="Needed to ship", choices=[], info="The others are only shown.")
        which = gr.Dropdown(label="Add or change a gate", choices=_kinds(), value=None, min_width=260)
        with gr.Column(visible=False) as box:
            about = gr.HTML()
            with gr.Row():
                numbers = tuple(
                    gr.Number(label=f"Number {place + 1}", visible=False, min_width=200) for place in range(NUMBERS)
                )
            choice = gr.Dropdown(label="One of several", visible=False, choices=[], min_width=200)
            texts = tuple(gr.Textbox(label=f"Text {place + 1}", visible=False) for place in range(TEXTS))
            checks = tuple(
                gr.Checkbox(label=f"Choice {place + 1}", visible=False, min_width=200) for place in range(CHECKS)
            )
            files = gr.File(
                label="SQLite files, at most five; copies of them are frozen with the comparison", visible=False,
                file_count="multiple", file_types=[".sqlite", ".sqlite3", ".db"], height=120,
            )  # fmt: skip
            tried = gr.HTML()
            with gr.Row(elem_classes="actions"):
                keep = gr.Button("Add this gate", min_width=160, scale=0)
    entries = gr.State(())
    return Panel(
        fold, entries, on, needed, which, box, about, numbers, texts, checks, choice, files, tried, keep
    )  # fmt: skip


def wire(session: Session, parts: Panel) -> tuple[Any, ...]:
    """Everything within the panel; the events after which the comparison has other gates."""
    studio, run = session.studio, session.run
    seen = [run, parts.which, parts.entries, *parts.pool]
    switched = parts.on.input(handler(switch), [parts.entries, parts.on], [parts.entries, parts.needed], **DRAWN)
    needed = parts.needed.input(handler(need), [parts.entries, parts.needed], parts.entries, **DRAWN)
    parts.which.input(handler(choose, studio), [run, parts.which, parts.entries], parts.opened, **DRAWN)
    typed = [control.change for control in parts.pool[:-1]]
    events = [*typed, parts.files.upload, parts.files.clear]
    gr.on(events, handler(look, studio), seen, parts.tried, validator=checked, **DRAWN)
    kept = parts.keep.click(handler(keep, studio), seen, parts.all, trigger_mode="once", **QUIET)
    return switched, needed, kept


def ready(studio: Studio, run_id: str, *, prompts: int | None = None) -> list[Any]:
    """The panel with what is proposed for a run."""
    model = train.run(studio, run_id).model_id
    proposals = gates.proposed(studio, run_id, prompts=prompts)
    entries = [
        Entry(str(place), each.gate.model_dump_json(), each.reason, each.needs, gates.is_on_at_first(each, model))
        for place, each in enumerate(proposals)
    ]
    return [*listed(entries), *closed()]


def chosen(entries: Sequence[Entry]) -> tuple[Mapping[str, Any], ...]:
    """The gates that the comparison is frozen with, as values."""
    return tuple(each.values for each in entries if each.is_on)


def listed(entries: Sequence[Entry]) -> list[Any]:
    """The list of gates, in the order of `Panel.listed`."""
    on = [each for each in entries if each.is_on]
    return [
        tuple(entries),
        gr.CheckboxGroup(choices=[(_label(each), each.id) for each in entries], value=[each.id for each in on]),
        _needed(entries),
        gr.Dropdown(choices=[*((f"Change: {each.title}", each.id) for each in entries), *_kinds()], value=None),
    ]


def _needed(entries: Sequence[Entry]) -> Any:
    on = [each for each in entries if each.is_on]
    return gr.CheckboxGroup(
        choices=[(each.title, each.id) for each in on],
        value=[each.id for each in on if each.is_needed],
        visible=bool(on),
    )


def _label(entry: Entry) -> str:
    needs = f" Needs {entry.needs}: change it first." if entry.needs else ""
    return f"{entry.title} · {entry.reason or WHEN[entry.values['kind']]}{needs}"


def _kinds() -> list[tuple[str, str]]:
    return [(f"Add: {title}", f"{ADD}{kind}") for kind, title in TITLES.items()]


def titled(gate: Gate) -> str:
    """The name of a gate in a list of several; its light on Verdict is called the same."""
    if isinstance(gate, Overlap):
        return f"{NAMES[gate.measure]}: words shared with the reference"
    return f"{name_of(gate)}: {talk.in_one_line(gate.pattern, 40)}" if isinstance(gate, Pattern) else name_of(gate)


def switch(entries: Sequence[Entry], on: Sequence[str]) -> list[Any]:
    """Put gates into the comparison, or take them out of it; one that still needs something stays out."""
    for each in entries:
        if each.id in on and each.needs:
            raise StudyError(f"“{each.title}” still needs {each.needs}.", fix="Choose it under “Add or change a gate”.")
    now = tuple(replace(each, is_on=each.id in on) for each in entries)
    return [now, _needed(now)]


def need(entries: Sequence[Entry], needed: Sequence[str]) -> tuple[Entry, ...]:
    """Say which gates hold the model back."""
    return tuple(
        replace(each, told=json.dumps({**each.values, "is_required": each.id in needed})) if each.is_on else each
        for each in entries
    )


def closed() -> list[Any]:
    """The box of one gate with nothing in it."""
    return [gr.Column(visible=False), "", *[gr.skip()] * (NUMBERS + TEXTS + CHECKS + 2), "", gr.skip()]


def choose(studio: Studio, run_id: str | None, which: str | None, entries: Sequence[Entry]) -> list[Any]:
    """Open the box of one gate: its fields as controls, and what it says of three reference answers."""
    if not which or run_id is None:
        return closed()
    kind, values, is_new = _opened(which, entries)
    if kind == "tasks" and not gates.has_harness():
        said = html.reading(Reading(Tone.QUIET, gates.NO_HARNESS, gates.HARNESS_FIX))
        hidden = [gr.update(visible=False)] * (NUMBERS + TEXTS + CHECKS + 2)
        return [gr.Column(visible=True), said, *hidden, "", gr.Button(visible=False)]
    return [
        gr.Column(visible=True),
        f'<p class="help"><b>When:</b> {html.text(WHEN[kind])}{f" {html.text(NOTE)}" if kind == "overlap" else ""}{html.text(left_as_is(kind))}</p>',
        *_filled(kind, values),
        _look(studio, run_id, values),
        gr.Button("Add this gate" if is_new else "Keep the change", visible=True),
    ]


def _opened(which: str, entries: Sequence[Entry]) -> tuple[Any, dict[str, Any], bool]:
    """The kind and the values of a gate that is changed, or the defaults of one that is added."""
    if which.startswith(ADD):
        kind = which.removeprefix(ADD)
        if kind not in MODELS:
            raise StudyError("There is no such gate.", fix="Choose one of the list.")
        model = MODELS[kind]
        values = {name: field.default for name, field in model.model_fields.items() if not field.is_required()}
        return kind, {**values, "kind": kind}, True
    found = next((each for each in entries if each.id == which), None)
    if found is None:
        raise StudyError("This gate is no longer there.", fix="Choose one of the list.")
    return found.values["kind"], dict(found.values), False


def slots(kind: str) -> dict[str, str]:
    """Which control of the pool holds which field, such as {"n0": "at_least"}; fields beyond the pool have none."""
    found: dict[str, str] = {}
    used, room = {"n": 0, "t": 0, "c": 0, "d": 0}, {"n": NUMBERS, "t": TEXTS, "c": CHECKS, "d": 1}
    fields = MODELS[kind].model_fields
    for name in (*FIRST.get(kind, ()), *(name for name in fields if name not in FIRST.get(kind, ()))):
        letter = _letter(fields[name])
        if name not in LEFT_OUT and used[letter] < room[letter]:
            found[f"{letter}{used[letter]}"] = name
            used[letter] += 1
    return found


def left_as_is(kind: str) -> str:
    """The settings that have no control here; they stay as they are."""
    model = MODELS[kind].model_fields
    names = [str(model[name].title) for name in model if name not in (*LEFT_OUT, *slots(kind).values())]
    return f" As they are stay: {', '.join(names)}; the command line has them all." if names else ""


def _letter(field: FieldInfo) -> str:
    parts = get_args(field.annotation) if get_origin(field.annotation) is UnionType else (field.annotation,)
    if field.annotation is bool:
        return "c"
    if get_origin(field.annotation) is Literal:
        return "d"
    return "n" if int in parts or float in parts else "t"


POOL = tuple(
    f"{letter}{place}" for letter, of in (("n", NUMBERS), ("t", TEXTS), ("c", CHECKS), ("d", 1)) for place in range(of)
)


def _filled(kind: str, values: Mapping[str, Any]) -> list[Any]:
    """The pool as the controls of one gate, in its order."""
    held = slots(kind)
    shown = [
        _control(MODELS[kind].model_fields[held[slot]], held[slot], values) if slot in held else None for slot in POOL
    ]
    files = gr.update(visible=kind == "sql", value=None)
    return [each or gr.update(visible=False, value=None) for each in shown] + [files]


def _control(field: FieldInfo, name: str, values: Mapping[str, Any]) -> dict[str, Any]:
    value = values.get(name)
    told: dict[str, Any] = {"label": field.title, "info": field.description, "visible": True}
    if _letter(field) == "d":
        told["choices"] = [(WORDS.get(each, each), each) for each in get_args(field.annotation)]
    if _letter(field) == "n":
        is_whole = int in (field.annotation, *get_args(field.annotation))
        told |= {"precision": 0 if is_whole else None, "step": 1 if is_whole else 0.01}
    if _letter(field) == "t":
        told["lines"] = 6 if name == "schema_text" else 1
        value = ", ".join(value) if isinstance(value, list | tuple) else value or ""
    return gr.update(**told, value=value)


def held(which: str | None, entries: Sequence[Entry], pool: Sequence[Any]) -> dict[str, Any]:
    """The values of the gate that is open in the box."""
    if not which:
        raise StudyError("No gate is chosen.", fix="Choose one under “Add or change a gate”.")
    kind, before, _ = _opened(which, entries)
    typed = dict(zip((*POOL, "files"), pool, strict=True))
    values = {**before, **{name: typed[slot] for slot, name in slots(kind).items()}}
    if kind == "sql" and typed["files"]:
        values |= {"databases": list(typed["files"]), "sha256": []}
    return values


def checked(_run: str | None, which: str | None, entries: Sequence[Entry], *pool: Any) -> list[dict[str, Any]]:
    """Whether each control holds what it may, told beside it."""
    fine = [gr.validate(True, "")] * (3 + len(POOL) + 1)
    if not which:
        return fine
    try:
        gates.checked_one(held(which, entries, pool))
    except StudioError as error:
        places = {name: slot for slot, name in slots(_opened(which, entries)[0]).items()}
        if place := places.get(error.field or ""):
            fine[3 + POOL.index(place)] = gr.validate(False, error.sentence)
    return fine


def look(studio: Studio, run_id: str | None, which: str | None, entries: Sequence[Entry], *pool: Any) -> str:
    """What the gate in the box says of three reference answers."""
    return _look(studio, run_id, held(which, entries, pool)) if run_id and which else ""


def _look(studio: Studio, run_id: str, values: Mapping[str, Any]) -> str:
    try:
        gate = gates.checked_one(values)
        marks = gates.tried(studio, run_id, gate)
    except StudioError as error:
        return html.reading(Reading(Tone.WARNING, "Not ready yet.", error.sentence))
    if not marks:
        return '<p class="help">It is measured when the answers are written, so there is nothing to try here.</p>'
    return '<p class="help">On three reference answers of your data:</p>' + tried_table(marks)


def tried_table(marks: Sequence[tuple[str, str, Mark]]) -> str:
    rows = [
        [
            talk.in_one_line(question, 120),
            html.Cell(answer[:400], written=True),
            f"{'✓' if mark.is_passed else '✕'} {mark.found}{f': {mark.note}' if mark.note else ''}",
        ]
        for question, answer, mark in marks
    ]
    return html.table(["Question", "Reference answer", "This gate"], rows, stacked=True)


def keep(studio: Studio, run_id: str | None, which: str | None, entries: Sequence[Entry], *pool: Any) -> list[Any]:
    """Add the gate of the box, or put its change in place."""
    gate = gates.checked_one(held(which, entries, pool))
    if which and not which.startswith(ADD):
        now = [
            replace(each, told=gate.model_dump_json(), needs="", is_on=True) if each.id == which else each
            for each in entries
        ]
    else:
        number = 1 + max((int(each.id) for each in entries), default=-1)
        now = [*entries, Entry(str(number), gate.model_dump_json())]
    gates.checked(chosen(now))
    return [*listed(now), *closed()]
