"""Form: everything that a study is frozen with, kept short, with what would be frozen shown while it is filled in."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from studio.domain.errors import StudioError, StudyError
from studio.domain.masking import proposals
from studio.domain.protocol import DEFAULT_TWICE, LONGEST_TEXT, Rival
from studio.domain.sampling import Sampling
from studio.domain.study import Study
from studio.flows import compare, draft, models, prompting, shots, train
from studio.flows.draft import Wanted
from studio.flows.own import text_of
from studio.flows.studio import Studio
from studio.ui.comparing import examples, folds, gates, prompt, words
from studio.ui.errors import handler
from studio.ui.session import DRAWN, QUIET, Session

RIVALS = [
    ("The base model alone", Rival.BASE.value),
    ("The base model with its best prompt", Rival.PROMPT.value),
    ("The base model with examples in its prompt", Rival.FEW_SHOT.value),
]
EVERY = [value for _, value in RIVALS]


@dataclass(frozen=True, slots=True)
class Form:
    """The controls of a new study, and what would be frozen."""

    against: gr.CheckboxGroup
    prompts: gr.Number
    question: gr.Textbox
    editor: prompt.Editor
    picker: examples.Picker
    rubric: gr.Textbox
    own: gr.Textbox
    upload: gr.UploadButton
    steps: gr.Dropdown
    twice: gr.Slider
    identical: gr.Number
    margin: gr.Number
    masked: gr.Textbox
    unasked: gr.Checkbox
    tokens: gr.Number
    temperature: gr.Number
    gates: gates.Panel
    advanced: gr.Accordion
    drafted: gr.HTML
    create: gr.Button

    @property
    def told(self) -> list[Any]:
        """What `preview` draws, in its order."""
        return [self.drafted, self.create, self.editor.fold, self.picker.fold, self.gates.fold, self.advanced]

    @property
    def typed(self) -> list[Any]:
        """The controls that `wanted` reads, in its order."""
        return [
            self.against, self.prompts, self.question, self.editor.text, self.picker.rows, self.rubric, self.own,
            self.steps, self.twice, self.identical, self.margin, self.masked, self.unasked, self.tokens,
            self.temperature, self.gates.entries,
        ]  # fmt: skip

    @property
    def drawn(self) -> list[Any]:
        """What `ready` draws, in its order."""
        picker = self.picker
        shown = [picker.shown, *self.editor.shown, *self.told]
        return [*self.typed, *shown, *self.gates.all[1:]]


def build() -> Form:
    gr.HTML('<p class="help">If the fine-tune is not clearly better than all of them, it should not ship.</p>')
    against = gr.CheckboxGroup(
        RIVALS,
        value=EVERY,
        label="Against",
        info="What is taken out costs nobody a rating, and the verdict cannot speak of it.",
    )
    with gr.Row():
        prompts = gr.Number(
            label="Prompts",
            precision=0,
            min_width=200,
            info="Against each opponent: your own first, then sealed test rows that training never saw.",
        )
        question = gr.Textbox(
            label="Question to the raters", value=draft.QUESTION, info="What “better” should mean.", min_width=280
        )
    editor, picker, panel = prompt.build(), examples.build(), gates.build()
    with gr.Accordion(
        "Advanced: rubric, your own prompts, checkpoints, second ratings, margin", open=False
    ) as advanced:
        steps, rubric, own, upload = _asked()
        with gr.Row():
            twice = gr.Slider(
                0, 1, value=DEFAULT_TWICE, step=0.05, label="Rated twice", min_width=220,
                info="The share that a second person judges, to see whether people agree.",
            )  # fmt: skip
            identical = gr.Number(
                label="Identical pairs",
                precision=0,
                min_width=200,
                info="One answer on both sides, to see the noise. Empty: a few.",
            )
            margin = gr.Number(
                label="Margin in points", value=5, precision=0, info="By how much it must be preferred over 50 %.",
                min_width=200,
            )  # fmt: skip
        with gr.Row():
            masked = gr.Textbox(
                label="Words to mask", info="Between commas; raters see [name] instead, in both answers.", min_width=280
            )
            tokens = gr.Number(label="Longest answer in tokens", value=Sampling().max_new_tokens, precision=0)
            temperature = gr.Number(label="Temperature", value=0.0, info="0 takes the most likely words.", step=0.1)
        unasked = gr.Checkbox(False, label="Ask only sealed rows that no earlier comparison asked")
    drafted = gr.HTML()
    with gr.Row(elem_classes="actions"):
        create = gr.Button("Freeze the comparison and write the answers", variant="primary", min_width=240)
    return Form(
        against, prompts, question, editor, picker, rubric, own, upload, steps, twice, identical, margin, masked,
        unasked, tokens, temperature, panel, advanced, drafted, create,
    )  # fmt: skip


def _asked() -> tuple[gr.Dropdown, gr.Textbox, gr.Textbox, gr.UploadButton]:
    steps = gr.Dropdown(
        label="Checkpoints", choices=[], value=[], multiselect=True,
        info="Each makes a comparison of its own, and each counts as an opening.",
    )  # fmt: skip
    rubric = gr.Textbox(
        label="Rubric", lines=3, max_length=LONGEST_TEXT, info="What raters should look at; shown on every card."
    )
    own = gr.Textbox(
        label="Your own prompts", lines=3, max_lines=10, info="One on each line, or JSONL; marked as own for good."
    )
    upload = gr.UploadButton("Add prompts from a file", size="sm", file_types=[".txt", ".jsonl"], scale=0)
    return steps, rubric, own, upload


def wire(session: Session, parts: Form) -> None:
    """Everything that happens within the form; freezing it is the screen's."""
    studio, run = session.studio, session.run
    told = parts.told
    typed = [control.input for control in parts.typed[:-1] if control is not parts.picker.rows]
    gr.on(typed, handler(preview, studio), [run, *parts.typed], told, **DRAWN)
    seen = [run, parts.picker.rows, parts.tokens]
    parts.picker.rows.input(handler(examples.show, studio), seen, parts.picker.shown, **DRAWN).then(
        handler(preview, studio), [run, *parts.typed], told, **QUIET
    )
    parts.picker.proposed.click(
        handler(propose_again, studio), run, [parts.picker.rows, parts.picker.shown], **QUIET
    ).then(handler(preview, studio), [run, *parts.typed], told, **QUIET)
    parts.editor.earlier.input(
        handler(prompt.again, studio), [run, parts.editor.earlier], parts.editor.text, **DRAWN
    ).then(handler(preview, studio), [run, *parts.typed], told, **QUIET)
    parts.upload.upload(handler(read), [parts.own, parts.upload], parts.own, **QUIET).then(
        handler(preview, studio), [run, *parts.typed], told, **QUIET
    )
    prompt.wire(session, parts.editor)
    for changed in gates.wire(session, parts.gates):
        changed.then(handler(preview, studio), [run, *parts.typed], told, **QUIET)


def wanted(studio: Studio, run_id: str, *typed: Any) -> tuple[Wanted, tuple[int | None, ...]]:
    """What the controls say, and the checkpoints; StudyError where one says nothing that can be meant."""
    (against, prompts, question, text, picked, rubric, own, steps, twice, identical, margin, masked, unasked, tokens,
     temperature, entries) = typed  # fmt: skip
    rivals = [Rival(value) for value in against or ()]
    chosen = shots.shots(studio, run_id, examples.numbers(picked)) if Rival.FEW_SHOT in rivals else ()
    if not 1 <= (tokens or 0) <= 4096 or not 0 <= (temperature or 0) <= 2:
        raise StudyError("Answers cannot be written like this.", fix="1 to 4,096 tokens, temperature 0 to 2.")
    sampling = Sampling(max_new_tokens=int(tokens), temperature=float(temperature or 0))
    if chosen and not (room := shots.budget(studio, run_id, chosen, answer=sampling.max_new_tokens)).fits:
        raise StudyError(room.sentence, field="examples")
    made = Wanted(
        opponents=draft.against(rivals, instructions=text or "", shown=[shot.fingerprint for shot in chosen]),
        examples=tuple(shot.row.number for shot in chosen),
        cap=int(prompts) if prompts is not None else None,
        own=own or "",
        question=question or "",
        rubric=rubric or "",
        margin=round((margin or 0) / 100, 4),
        twice=float(twice or 0),
        identical=int(identical) if identical is not None else None,
        gates=gates.chosen(entries),
        sampling=sampling,
        masked=tuple(word.strip() for word in (masked or "").split(",") if word.strip()),
        unasked=bool(unasked),
    )
    return made, tuple(int(step) for step in steps or ()) or (None,)


def preview(studio: Studio, run_id: str | None, *typed: Any) -> list[Any]:
    """What would be frozen now, whether it can be, and what is set in each folded part."""
    labels = [gr.Accordion(label=label) for label in folds.labels(*typed)]
    if run_id is None:
        return ["", gr.Button(interactive=False), *labels]
    try:
        chosen, steps = wanted(studio, run_id, *typed)
        made = draft.draft(studio, run_id, chosen, step=steps[0])
    except StudioError as error:
        return [words.objection(error), gr.Button(interactive=False), *labels]
    return [words.draft(made, checkpoints=len(steps)), gr.Button(interactive=not made.objections), *labels]


def freeze(studio: Studio, run_id: str, click: str, *typed: Any) -> Study:
    """Freeze what the form says, a study for each checkpoint; the first of them. A click that arrives twice makes one."""
    chosen, steps = wanted(studio, run_id, *typed)
    return compare.freeze_each(studio, run_id, chosen, steps=steps, key=f"study:{run_id}:{click}")[0]


def ready(studio: Studio, run_id: str, sealed: int) -> list[Any]:
    """The form made ready for a run: everything as the studio proposes it."""
    run = train.run(studio, run_id)
    text, chosen = prompting.proposal(studio, run_id), shots.proposed(studio, run_id)
    rivals = EVERY if chosen else EVERY[:-1]
    cap = draft.default_cap(sealed, run.model_id)
    kept = [(f"step {each.step:,} · validation loss {each.validation_loss:.3f}", str(each.step)) for each in
            train.checkpoints(studio, run_id)]  # fmt: skip
    step = str(train.checkpoint_at(studio, run_id, None).step)
    masked = names(studio, run.model_id)
    picked = [str(shot.row.number) for shot in chosen]
    entries, *panel = gates.ready(studio, run_id, prompts=cap)
    values = [
        rivals, cap, draft.QUESTION, text, picked, "", "", [step], DEFAULT_TWICE, None, 5, masked, False,
        Sampling().max_new_tokens, 0.0, entries,
    ]  # fmt: skip
    told = preview(studio, run_id, *values)
    values[4] = examples.offered(studio, run_id, chosen)
    values[7] = gr.update(choices=kept, value=[step])
    shown = examples.show(studio, run_id, picked, Sampling().max_new_tokens)
    return [*values, shown, *prompt.look(studio, run_id), *told, *panel]


def names(studio: Studio, model_id: str) -> str:
    """Under which names the model may speak of itself."""
    model = models.model(studio, model_id)
    return ", ".join(proposals(model.title, model.maker))


def propose_again(studio: Studio, run_id: str | None) -> list[Any]:
    """The examples that the studio proposes."""
    if run_id is None:
        return [gr.skip(), gr.skip()]
    chosen = shots.proposed(studio, run_id)
    picked = [str(shot.row.number) for shot in chosen]
    return [picked, examples.show(studio, run_id, picked, Sampling().max_new_tokens)]


def read(own: str | None, path: str | None) -> str:
    """What was typed, with the prompts of a file below it."""
    if not path:
        return own or ""
    return "\n".join(filter(None, [(own or "").strip(), text_of(path).strip()]))
