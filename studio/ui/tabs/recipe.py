"""Recipe: "will it fit, and how long?"""

import base64
import functools
import secrets
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from studio.domain.errors import RecipeError, StudioError
from studio.domain.method import METHODS, TITLES, WHEN, Method
from studio.domain.plan import Light
from studio.domain.reading import Reading, Tone
from studio.domain.recipe import Recipe
from studio.flows import bring, choose, inspect, models, queue, train
from studio.flows.inspect import Inspection
from studio.flows.studio import Studio
from studio.ui.errors import handler, told
from studio.ui.models import panel
from studio.ui.parts import forms, html, plans
from studio.ui.parts.bringing import being_read
from studio.ui.parts.pickers import model_picker, run_picker
from studio.ui.session import DRAWN, PUBLIC, QUIET, Session
from studio.ui.training import sweep, trying

PRESETS = (("Quick look", "quick"), ("Balanced", "balanced"), ("Thorough", "thorough"))
BASE = ("The base model", "base")
PLANNED = 8  # components that a plan is shown in
PRESET = 4  # the place of the presets among them
EMPTY = html.empty("Nothing to plan yet.", "Bring a file of examples, or pick a sample.", to="data")


@dataclass(frozen=True, slots=True)
class Form:
    """The components of the recipe; `controls` are in the order of forms.FIELDS.

    `about` is what the values were last drawn for, and `drawn` the same on the page itself, where it comes after them.
    """

    situation: gr.HTML
    timer: gr.Timer
    start: gr.Button
    try_out: gr.Button
    preset: gr.Radio
    about: gr.State
    drawn: gr.HTML
    first: gr.Dropdown
    gpu: gr.Dropdown
    controls: tuple[Any, ...]

    @property
    def method(self) -> gr.Radio:
        return self.controls[forms.FIELDS.index("method")]


@dataclass(frozen=True, slots=True)
class Papers:
    """What explains the recipe, writes it down and reads it back."""

    why_preset: gr.HTML
    reasons: gr.HTML
    text: gr.Code
    save: gr.HTML
    load: gr.UploadButton


def build(session: Session, tab: gr.Tab) -> list[gr.Timer]:
    with gr.Row(elem_classes="title-row"):
        gr.HTML(
            html.title("Recipe", "Every choice for a run, and what it means on this machine."), min_width=280, scale=3
        )
        start = gr.Button("Start training", variant="primary", min_width=180, scale=1, interactive=False)
    situation = gr.HTML(html.waiting(), elem_classes="plan-page")
    tried = trying.build()
    method = forms.control("method")
    gr.HTML(methods_list())
    first = gr.Dropdown(
        label="Begin from",
        choices=[BASE],
        value=BASE[1],
        visible=False,
        allow_custom_value=True,  # its choices come with the runs
        info="What an earlier run learned can be trained further: preferences after answers, for example.",
    )
    gpu = gr.Dropdown(label="GPU", choices=[], value=queue.ANY, visible=False, allow_custom_value=True)
    preset = gr.Radio(label="Preset", choices=list(PRESETS), value="balanced", info="The middle one suits most files.")
    why_preset = gr.HTML()
    with gr.Row():
        knobs = [forms.control(name) for name in forms.KNOBS if name != "method"]
    with gr.Accordion("Advanced", open=False):
        with gr.Row():
            *narrow, wide = forms.ADVANCED
            advanced = [forms.control(name) for name in narrow]
        advanced.append(forms.control(wide))
    papers = _papers(why_preset)
    click = gr.State("")
    tab.select(lambda: secrets.token_hex(8), None, click, **QUIET)
    controls = (method, *knobs, *advanced)
    sweep.build(session, gpu, click, list(controls), papers.text)
    downloads = panel.build(session, click)
    drawn = gr.HTML(elem_classes="unseen")
    timer, about = gr.Timer(0.7, active=False), gr.State(None)
    form = Form(situation, timer, start, tried.start, preset, about, drawn, first, gpu, controls)
    _wire_form(session, tab, form, papers, click, tried.found)
    _wire_papers(session, form, papers)
    trying.wire(session, click, tried, gpu, list(controls))
    return [form.timer, downloads, tried.timer]


def _papers(why_preset: gr.HTML) -> Papers:
    with gr.Accordion("Why these values, and what the memory is for", open=False):
        reasons = gr.HTML()
    with gr.Accordion("The exact recipe as YAML", open=False):
        text = gr.Code(language="yaml", label="Recipe", interactive=False, lines=12)
        with gr.Row(elem_classes="actions"):
            save = gr.HTML(min_width=160)
            load = gr.UploadButton("Load a recipe", size="sm", file_types=[".yaml", ".yml"], min_width=160)
    return Papers(why_preset, reasons, text, save, load)


def _wire_form(session: Session, tab: gr.Tab, form: Form, papers: Papers, click: gr.State, found: gr.State) -> None:
    studio, ids, controls = session.studio, [session.data, session.model], list(form.controls)
    buttons = [form.start, form.try_out]
    planned = [form.situation, papers.reasons, papers.text, papers.save, form.preset, papers.why_preset, *buttons]
    gr.on(
        [tab.select, session.shown.change, session.again.change, form.timer.tick],
        handler(show, studio),
        [*ids, session.cut_off, form.about, session.again, form.gpu],
        [*controls, *planned, form.timer, form.about, form.drawn],
        **DRAWN,
    )
    gr.on(
        [found.change, form.gpu.change, *(part.change for part in controls)],
        handler(show_plan_of_drawn, studio),
        [form.drawn, *ids, session.cut_off, form.about, form.gpu, *controls],
        planned,
        trigger_mode="always_last",
        **QUIET,
    )
    for part, name in zip(controls, forms.FIELDS, strict=True):
        check = functools.partial(forms.check, name)
        part.change(_nothing, part, None, validator=check, trigger_mode="multiple", **QUIET)
    gr.on(
        [form.preset.input, form.method.input],
        handler(use_preset, studio),
        [*ids, form.preset, form.method, session.cut_off],
        controls,
        **DRAWN,
    )
    listed = [click.change, session.shown.change]
    gr.on(listed, handler(list_first, studio), [session.model, form.first], form.first, **DRAWN)
    click.change(handler(list_gpus, studio), form.gpu, form.gpu, **DRAWN)
    form.first.input(handler(use_first, studio), [session.data, form.first, *controls], controls, **DRAWN)
    form.start.click(
        handler(begin, studio),
        [*ids, click, form.first, form.gpu, *controls],
        [session.run, session.tabs],
        trigger_mode="once",
        api_name="start_run",
        validator=forms.checks,
        **PUBLIC,
    )


def _wire_papers(session: Session, form: Form, papers: Papers) -> None:
    loaded = [session.model, *form.controls]
    papers.load.upload(handler(load_recipe, session.studio), [session.data, papers.load], loaded, **QUIET)


def _nothing(_value: Any) -> None:
    """An event that only has a validator."""


def show(
    studio: Studio,
    data: str | None,
    model: str | None,
    cut_off: int | None,
    before: Any,
    again: Any = None,
    gpu: str | None = None,
) -> list[Any]:
    """A preset when the data or the model have changed, or a run's recipe that is wanted again; else the reader's values.

    The plan comes with the values that it is made of, since the page may hold earlier ones for a moment more.
    """
    if data is None or model is None:
        return closed(EMPTY)
    found = bring.dataset(studio, data)
    if not found.is_ready:
        return closed(being_read(found), live=found.is_being_read)
    try:
        look = inspect.look(studio, data, model)
        if look.lengths is None:
            return closed(measuring(look), live=look.measuring is not None and look.measuring.is_live)
        now = (data, model, cut_off, again)
        if now == before:
            return [*[gr.skip()] * (len(forms.FIELDS) + PLANNED), gr.Timer(active=False), now, gr.skip()]
        default = next(found for found in choose.presets(studio, data, model) if found.is_default)
    except StudioError as error:
        return closed(told(error))
    recipe = _repeated(studio, data, model, again) or _with_cut_off(default.recipe, cut_off)
    planned = show_plan(studio, data, model, cut_off, gpu, *forms.values_of(recipe))
    if not isinstance(planned[PRESET], gr.Radio):
        planned[PRESET] = gr.Radio(interactive=True)
    values = [part | {"interactive": True} for part in forms.shown(recipe, of_pairs=found.is_of_pairs)]
    return [*values, *planned, gr.Timer(active=False), now, _written(now)]


def _written(about: tuple[Any, ...]) -> str:
    """What the values were drawn for, as it stands on the page."""
    return html.text(str(about))


def _repeated(studio: Studio, data: str, model: str, again: Any) -> Recipe | None:
    """The recipe of the run that is wanted again, as long as its data and its model are chosen."""
    run = train.run(studio, again[0]) if again else None
    return run.recipe if run and (run.dataset_id, run.model_id) == (data, model) else None


def closed(said: str, *, live: bool = False) -> list[Any]:
    """The screen before there is anything to start: what is pressed or typed there would be drawn over, so nothing can."""
    planned = unplanned(said)
    planned[PRESET] = gr.Radio(interactive=False)
    return [*[gr.update(interactive=False)] * len(forms.FIELDS), *planned, gr.Timer(active=live), None, ""]


def unplanned(said: str) -> list[Any]:
    """Why there is no plan; without one nothing can be started or tried."""
    return [said, *[gr.skip()] * (PLANNED - 3), *may(start=False, try_out=False)]


def may(*, start: bool, try_out: bool) -> list[gr.Button]:
    return [gr.Button(interactive=start), gr.Button(interactive=try_out)]


def measuring(look: Inspection) -> str:
    """How far the lengths are, or why they could not be measured."""
    job = look.measuring
    if job is None or job.is_live:
        share = job.done / job.total if job and job.total else 0.0
        return html.bar(share, "Measuring token lengths with the chosen model …")
    return html.reading(Reading(Tone.BAD, "The lengths could not be measured.", f"{job.message} {job.fix}"))


def show_plan_of_drawn(
    studio: Studio,
    drawn: str,
    data: str | None,
    model: str | None,
    cut_off: int | None,
    about: Any,
    gpu: str | None = None,
    *values: Any,
) -> list[Any]:
    """The plan of the values once they were drawn for this data and model; what is typed before would be drawn over.

    Where `drawn`, which comes from the page like the values, tells of an earlier drawing, so do they.
    """
    is_drawn = about is not None and about[:2] == (data, model) and drawn == _written(about)
    return show_plan(studio, data, model, cut_off, gpu, *values) if is_drawn else [gr.skip()] * PLANNED


def show_plan(
    studio: Studio, data: str | None, model: str | None, cut_off: int | None, gpu: str | None, *values: Any
) -> list[Any]:
    """What the values mean; an invalid value is told at its control, and the start stays closed."""
    if data is None or model is None or inspect.measured(studio, data, model) is None:
        return [gr.skip()] * PLANNED
    wrong = forms.problems(forms.held(values))
    if wrong:
        said = Reading(Tone.BAD, "A value is out of bounds.", next(iter(wrong.values())))
        return unplanned(html.reading(said))
    try:
        return view(studio, data, model, forms.recipe_of(values), cut_off, gpu=queue.device_of(gpu))
    except StudioError as error:
        return unplanned(told(error))


def use_preset(
    studio: Studio, data: str | None, model: str | None, chosen: str | None, method: Method, cut_off: int | None
) -> list[Any]:
    """The values of a preset for a method; whoever had left the presets begins another method with the default one."""
    if data is None or model is None:
        return forms.shown(Recipe.model_validate({"method": method}), of_pairs=False)
    ready = choose.presets(studio, data, model, method)
    found = next(found for found in ready if found.id == chosen or (chosen is None and found.is_default))
    return forms.shown(_with_cut_off(found.recipe, cut_off), of_pairs=bring.dataset(studio, data).is_of_pairs)


def list_first(studio: Studio, model: str | None, chosen: str | None) -> gr.Dropdown:
    """The base, and the runs of the chosen model that another run can begin from."""
    found = [(run.name, run.id) for run in train.first_stages(studio, model)] if model else []
    there = chosen in {run_id for _, run_id in found}
    return gr.Dropdown(choices=[BASE, *found], value=chosen if there else BASE[1], visible=bool(found))


def use_first(studio: Studio, data: str | None, first: str | None, *values: Any) -> list[Any]:
    """Whoever begins from a run takes its method and its kind of adapter."""
    if data is None or first is None or first == BASE[1]:
        return [gr.skip()] * len(forms.FIELDS)
    recipe = train.of_the_same_adapter(forms.recipe_of(values), train.run(studio, first))
    return forms.shown(recipe, of_pairs=bring.dataset(studio, data).is_of_pairs)


def list_gpus(studio: Studio, chosen: str | None) -> gr.Dropdown:
    """The GPUs to choose from, where there are several."""
    return gpu_choice(queue.line(studio), chosen)


def gpu_choice(line: queue.Line, chosen: str | None) -> gr.Dropdown:
    """Any GPU, or one of those that there are; not there where there is no choice."""
    offered = [("Any", queue.ANY), *((line.device(gpu.uuid), gpu.uuid) for gpu in line.gpus)]
    value = chosen if chosen in {uuid for _, uuid in offered} else queue.ANY
    info = (
        "The figures above are those of the chosen one, and for any those of the one with the most free memory. A run "
        "for one of them waits until that one is free."
    )
    return gr.Dropdown(choices=offered, value=value, visible=line.has_choice, info=info)


def begin(
    studio: Studio, data: str | None, model: str | None, click: str, first: str | None, gpu: str | None, *values: Any
) -> list[Any]:
    """One run per visit and recipe, however often the button is clicked."""
    if data is None or model is None:
        raise RecipeError("There is nothing to train on.", fix="Bring a file on the Data tab first.")
    recipe = forms.recipe_of(values)
    key = f"start:{data}:{model}:{recipe.fingerprint}:{first}:{click}"
    first, wants = None if first == BASE[1] else first, queue.device_of(gpu)
    run = train.start(studio, data, model, recipe, begin=first, gpu=wants, key=key)
    return [run_picker(studio, run.id), gr.Tabs(selected="train")]


def load_recipe(studio: Studio, data: str | None, path: str) -> list[Any]:
    """The values of a saved recipe, and its model where that can be used here; where it cannot, that is said."""
    named, recipe = choose.recipe_from_file(Path(path))
    usable = {found.id for found in models.models(studio) if found.is_usable}
    if named and named not in usable:
        said = f"The values are loaded, but its model, {escape(named)}, cannot be used here; the chosen model stays."
        gr.Warning(said, title="Another model")
    of_pairs = data is not None and bring.dataset(studio, data).is_of_pairs
    return [model_picker(studio, named) if named in usable else gr.skip(), *forms.shown(recipe, of_pairs=of_pairs)]


def preset_of(ready: list[choose.Preset], recipe: Recipe, cut_off: int | None) -> choose.Preset | None:
    """The preset that these values are, if they are one; whoever changes a value leaves it."""
    return next((preset for preset in ready if _with_cut_off(preset.recipe, cut_off) == recipe), None)


def _with_cut_off(recipe: Recipe, cut_off: int | None) -> Recipe:
    return recipe if cut_off is None else recipe.model_copy(update={"max_length": cut_off})


def view(
    studio: Studio, data: str, model: str, recipe: Recipe, cut_off: int | None, *, gpu: str | None = None
) -> list[Any]:
    """What the recipe means on the chosen GPU: traffic light, figures, reasons and the recipe itself."""
    plan, lengths = choose.plan(studio, data, model, recipe, gpu=gpu), inspect.measured(studio, data, model)
    yaml_text = choose.recipe_yaml(model, recipe)
    preset = preset_of(choose.presets(studio, data, model, recipe.method), recipe, cut_off)
    why = preset.why if preset else "Your own values. Choose one above to begin from it again."
    address = f"data:text/yaml;base64,{base64.b64encode(yaml_text.encode()).decode()}"
    save = f'<p class="help"><a href="{address}" download="recipe.yaml">Save as recipe.yaml</a></p>'
    return [
        plans.partial_rows(lengths) + plans.plan_page(plan, is_text=lengths is not None and lengths.are_texts),
        plans.reasons_table(plan),
        yaml_text,
        save,
        gr.Radio(value=preset.id if preset else None, interactive=True),
        f'<p class="help">{why}</p>',
        *may(start=plan.light is not Light.RED, try_out=True),
    ]


def methods_list() -> str:
    """Each method with one sentence on when to use it."""
    items = "".join(f"<li><b>{TITLES[method]}.</b> {escape(WHEN[method])}</li>" for method in METHODS)
    return f'<ul class="help">{items}</ul>'
