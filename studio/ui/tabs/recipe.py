"""Recipe: "will it fit, and how long?"""

import base64
import functools
import secrets
from dataclasses import dataclass
from html import escape
from typing import Any, NamedTuple

import gradio as gr

from studio.domain.errors import RecipeError, StudioError
from studio.domain.method import METHODS, OF_OTHER_ROWS, TITLES, WHEN, Method
from studio.domain.plan import Light
from studio.domain.reading import Reading, Tone
from studio.domain.recipe import Recipe
from studio.flows import bring, choose, inspect, queue, train
from studio.flows.inspect import Inspection
from studio.flows.studio import Studio
from studio.ui.drawn import NOTHING, drawn_anew, drawn_for, mark, told_at_once, when_drawn
from studio.ui.errors import handler, told
from studio.ui.models import panel
from studio.ui.parts import forms, html, plans
from studio.ui.parts.bringing import being_read
from studio.ui.parts.pickers import run_picker
from studio.ui.session import DRAWN, PUBLIC, QUIET, Session, WantedRecipe
from studio.ui.training import papers, sweep, trying
from studio.ui.training.papers import Papers

PRESETS = (("Quick look", "quick"), ("Balanced", "balanced"), ("Thorough", "thorough"))
BASE = ("The base model", "base")
EMPTY = html.empty("Nothing to plan yet.", "Bring a file of examples, or pick a sample.", to="data")


class Planned(NamedTuple):
    """The components that a plan is shown in, or what they are to show."""

    situation: Any
    reasons: Any
    text: Any
    save: Any
    preset: Any
    why_preset: Any
    start: Any
    try_out: Any


AS_IT_IS = Planned(*[gr.skip()] * len(Planned._fields))


@dataclass(frozen=True, slots=True)
class Form:
    """The components of the recipe; `controls` are in the order of forms.FIELDS, `drawn` is what they were drawn for.

    `sent` is the same as the server knows it, which is before it stands on the page: what was sent is not sent again.
    """

    situation: gr.HTML
    timer: gr.Timer
    start: gr.Button
    try_out: gr.Button
    preset: gr.Radio
    drawn: gr.HTML
    sent: gr.State
    first: gr.Dropdown
    gpu: gr.Dropdown
    controls: tuple[Any, ...]

    @property
    def method(self) -> gr.Radio:
        return self.controls[forms.FIELDS.index("method")]


def build(session: Session, tab: gr.Tab) -> list[gr.Timer]:
    with gr.Row(elem_classes="title-row"):
        gr.HTML(
            html.title("Recipe", "Every choice for a run, and what it means on this machine."), min_width=280, scale=3
        )
        start = gr.Button("Start training", variant="primary", min_width=180, scale=1, interactive=False)
    gr.HTML(html.waiting(), elem_classes="moment")
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
    preset = gr.Radio(label="Preset", choices=list(PRESETS), value=None, info="The middle one suits most files.")
    why_preset = gr.HTML()
    with gr.Row():
        knobs = [forms.control(name) for name in forms.KNOBS if name != "method"]
    with gr.Accordion("Advanced", open=False):
        with gr.Row(elem_classes="knobs"):
            *narrow, wide = forms.ADVANCED
            advanced = [forms.control(name) for name in narrow]
        advanced.append(forms.control(wide))
    made = papers.build(why_preset)
    click = gr.State("")
    tab.select(lambda: secrets.token_hex(8), None, click, **QUIET)
    controls = (method, *knobs, *advanced)
    timer, sent = gr.Timer(0.7, active=False), gr.State(NOTHING)
    form = Form(situation, timer, start, tried.start, preset, mark(), sent, first, gpu, controls)
    shows = _shows(session, form)
    sweep.build(session, shows, gpu, click, list(controls), made.text)
    downloads = panel.build(session, click)
    _wire_form(session, tab, form, made, click, tried.found)
    papers.wire(session, made)
    trying.wire(session, shows, click, tried, gpu, list(controls))
    return [form.timer, downloads, tried.timer]


def _shows(session: Session, form: Form) -> list[Any]:
    """What the page was drawn for, and what is picked: the first inputs of all that takes values from it."""
    return [form.drawn, session.data, session.model, session.wanted]


def _wire_form(session: Session, tab: gr.Tab, form: Form, made: Papers, click: gr.State, found: gr.State) -> None:
    studio, shows, controls = session.studio, _shows(session, form), list(form.controls)
    _wire_closing(session, tab, form)
    buttons = (form.start, form.try_out)
    planned = Planned(form.situation, made.reasons, made.text, made.save, form.preset, made.why_preset, *buttons)
    of = functools.partial(when_drawn, picked=len(shows) - 1, takes=2)
    gr.on(
        [tab.select, session.shown.change, session.wanted.change, form.timer.tick],
        handler(show, studio),
        [form.sent, *shows[1:], session.cut_off, form.gpu],
        [*controls, *planned, form.timer, form.sent, form.drawn],
        **DRAWN,
    )
    gr.on(
        [found.change, form.gpu.change, *(part.change for part in controls)],
        handler(show_plan_of_drawn, studio),
        [*shows, session.cut_off, form.gpu, *controls],
        list(planned),
        trigger_mode="always_last",
        **QUIET,
    )
    for part, name in zip(controls, forms.FIELDS, strict=True):
        check = functools.partial(forms.check, name)
        part.change(_nothing, part, None, validator=check, trigger_mode="multiple", **QUIET)
    gr.on(
        [form.preset.input, form.method.input],
        handler(of(use_preset), studio),
        [*shows, form.preset, form.method, session.cut_off],
        controls,
        **DRAWN,
    )
    listed = [click.change, session.shown.change]
    gr.on(listed, handler(list_first, studio), [session.model, form.first], form.first, **DRAWN)
    click.change(handler(list_gpus, studio), form.gpu, form.gpu, **DRAWN)
    form.first.input(handler(of(use_first), studio), [*shows, form.first, *controls], controls, **DRAWN)
    form.start.click(
        handler(of(begin), studio),
        [*shows, click, form.first, form.gpu, *controls],
        [session.run, session.tabs],
        trigger_mode="once",
        api_name="start_run",
        validator=forms.checks,
        **PUBLIC,
    )


def _wire_closing(session: Session, tab: gr.Tab, form: Form) -> None:
    """As soon as something else is picked, the browser closes the screen until it is drawn for that."""
    picked = [session.data, session.model]
    seen = [tab.select, form.drawn.change, *(part.change for part in picked)]
    gr.on(seen, None, [form.drawn, *picked], None, js=told_at_once("recipe"), trigger_mode="multiple", **QUIET)
    session.wanted.change(None, form.drawn, None, js=drawn_anew("recipe"), **QUIET)


def _nothing(_value: Any) -> None:
    """An event that only has a validator."""


def show(
    studio: Studio,
    sent: str | None,
    data: str | None,
    model: str | None,
    wanted: WantedRecipe | None = None,
    cut_off: int | None = None,
    gpu: str | None = None,
) -> list[Any]:
    """A preset where data or model have changed, or the recipe that is wanted for them; else the reader's values.

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
        default = next(found for found in choose.presets(studio, data, model) if found.is_default)
    except StudioError as error:
        return closed(told(error))
    recipe = _wanted(wanted, data, model) or _with_cut_off(default.recipe, cut_off)
    of_picked = drawn_for(data, model, wanted)
    now = of_picked + drawn_for(recipe.max_length)
    if now == sent:
        return [*[gr.skip()] * len(forms.FIELDS), *AS_IT_IS, gr.Timer(active=False), now, gr.skip()]
    if sent and sent.startswith(of_picked):  # another cut-off was chosen: the other values are their reader's
        cut = [gr.update(value=recipe.max_length) if name == "max_length" else gr.skip() for name in forms.FIELDS]
        return [*cut, *AS_IT_IS, gr.Timer(active=False), now, now]
    planned = show_plan(studio, data, model, cut_off, gpu, *forms.values_of(recipe))
    values = forms.shown(recipe, of_pairs=found.is_of_pairs)
    return [*values, *planned, gr.Timer(active=False), now, now]


def _wanted(wanted: WantedRecipe | None, data: str, model: str) -> Recipe | None:
    """The recipe that is wanted, as long as the data and the model that it is wanted for are chosen."""
    return wanted.recipe if wanted and (wanted.data, wanted.model) == (data, model) else None


def closed(said: str, *, live: bool = False) -> list[Any]:
    """The screen before there is anything to start: nothing was drawn, so that all but what is said is not there."""
    return [*[gr.skip()] * len(forms.FIELDS), *unplanned(said), gr.Timer(active=live), NOTHING, NOTHING]


def unplanned(said: str) -> Planned:
    """Why there is no plan; without one nothing can be started or tried."""
    start, try_out = (gr.Button(interactive=False) for _ in range(2))
    return AS_IT_IS._replace(situation=said, start=start, try_out=try_out)


def measuring(look: Inspection) -> str:
    """How far the lengths are, or why they could not be measured."""
    job = look.measuring
    if job is None or job.is_live:
        share = job.done / job.total if job and job.total else 0.0
        return html.bar(share, "Measuring token lengths with the chosen model …")
    return html.reading(Reading(Tone.BAD, "The lengths could not be measured.", f"{job.message} {job.fix}"))


def show_plan_of_drawn(
    studio: Studio,
    on_page: str | None,
    data: str | None,
    model: str | None,
    wanted: WantedRecipe | None,
    cut_off: int | None,
    gpu: str | None = None,
    *values: Any,
) -> Planned:
    """The plan of the values once they were drawn for what is picked; what is typed before would be drawn over.

    A cut-off that was chosen since changes nothing of that before the tab is opened again.
    """
    is_drawn = (on_page or NOTHING).startswith(drawn_for(data, model, wanted))
    return show_plan(studio, data, model, cut_off, gpu, *values) if is_drawn else AS_IT_IS


def show_plan(
    studio: Studio, data: str | None, model: str | None, cut_off: int | None, gpu: str | None, *values: Any
) -> Planned:
    """What the values mean; an invalid value is told at its control, and the start stays closed."""
    if data is None or model is None or inspect.measured(studio, data, model) is None:
        return AS_IT_IS
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


def use_first(studio: Studio, data: str | None, _model: str | None, first: str | None, *values: Any) -> list[Any]:
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


def preset_of(ready: list[choose.Preset], recipe: Recipe, cut_off: int | None) -> choose.Preset | None:
    """The preset that these values are, if they are one; whoever changes a value leaves it."""
    return next((preset for preset in ready if _with_cut_off(preset.recipe, cut_off) == recipe), None)


def _with_cut_off(recipe: Recipe, cut_off: int | None) -> Recipe:
    return recipe if cut_off is None else recipe.model_copy(update={"max_length": cut_off})


def view(
    studio: Studio, data: str, model: str, recipe: Recipe, cut_off: int | None, *, gpu: str | None = None
) -> Planned:
    """What the recipe means on the chosen GPU: traffic light, figures, reasons and the recipe itself."""
    plan, lengths = choose.plan(studio, data, model, recipe, gpu=gpu), inspect.measured(studio, data, model)
    yaml_text = choose.recipe_yaml(model, recipe)
    preset = preset_of(choose.presets(studio, data, model, recipe.method), recipe, cut_off)
    why = preset.why if preset else "Your own values. Choose one above to begin from it again."
    address = f"data:text/yaml;base64,{base64.b64encode(yaml_text.encode()).decode()}"
    save = f'<p class="help"><a href="{address}" download="recipe.yaml">Save as recipe.yaml</a></p>'
    return Planned(
        situation=plans.partial_rows(lengths)
        + plans.plan_page(plan, is_text=lengths is not None and lengths.are_texts),
        reasons=plans.reasons_table(plan),
        text=yaml_text,
        save=save,
        preset=gr.Radio(value=preset.id if preset else None),
        why_preset=f'<p class="help">{why}</p>',
        start=gr.Button(interactive=plan.light is not Light.RED),
        try_out=gr.Button(interactive=True),
    )


def methods_list() -> str:
    """Each method, and what other rows than answers are learned by, with one sentence on when to use it."""
    when = {TITLES[method]: WHEN[method] for method in METHODS} | OF_OTHER_ROWS
    items = "".join(f"<li><b>{title}.</b> {escape(sentence)}</li>" for title, sentence in when.items())
    return f'<ul class="help">{items}</ul>'
