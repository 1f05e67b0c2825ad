"""Recipe: "will it fit, and how long?"""

import base64
import secrets
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from studio.domain.model import Model
from studio.domain.plan import Light, Plan
from studio.domain.reading import Reading, Tone
from studio.domain.recipe import Recipe
from studio.flows import bring, choose, inspect, models, train
from studio.flows.studio import Studio
from studio.ui.errors import friendly
from studio.ui.parts import forms, html
from studio.ui.parts.pickers import model_picker, run_picker
from studio.ui.session import Session

QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": None}
TONES = {Light.GREEN: Tone.GOOD, Light.AMBER: Tone.WARNING, Light.RED: Tone.BAD}
TITLES = {Light.GREEN: "It fits.", Light.AMBER: "It should fit, but tightly.", Light.RED: "It does not fit."}
SHADES = ("#3b6fb6", "#7ba6de", "#d9822b", "#9a6b1f", "#2f7d5b", "#8c93a0")
EMPTY = html.empty("Nothing to plan yet.", "Bring a file on the Data tab first.")


def build(session: Session, tab: gr.Tab) -> gr.Timer:
    studio = session.studio
    with gr.Row(elem_classes="actions", equal_height=True):
        gr.HTML(html.title("Recipe", "Every choice for a run, and what it means on this machine."), min_width=280, scale=3)
        start = gr.Button("Start training", variant="primary", min_width=180, scale=1)
    situation = gr.HTML(EMPTY)
    preset = gr.Radio(label="Start from", choices=[], info="The middle one suits most files.")
    about_preset = gr.HTML()
    with gr.Row():
        knobs = [forms.control(name) for name in forms.KNOBS]
    with gr.Accordion("Advanced", open=False), gr.Row():
        advanced = [forms.control(name) for name in forms.ADVANCED]
    with gr.Accordion("Why these values, and what the memory is for", open=False):
        reasons = gr.HTML()
    with gr.Accordion("The exact recipe as YAML", open=False):
        text = gr.Code(language="yaml", label="Recipe", interactive=False, lines=12)
        with gr.Row(elem_classes="actions"):
            save = gr.HTML(min_width=160)
            load = gr.UploadButton("Load a recipe", size="sm", file_types=[".yaml", ".yml"], min_width=160)
    with gr.Accordion("Models: what there is, and what can be used here", open=False):
        catalogue = gr.HTML()
        with gr.Row(elem_classes="actions"):
            folder = gr.Textbox(label="Add a model folder from this machine", placeholder="/data/models/Qwen3-4B", min_width=280, scale=3)
            add = gr.Button("Check and add", size="sm", min_width=140, scale=1)
    timer, about, click = gr.Timer(0.7, active=False), gr.State(None), gr.State("")

    ids, controls = [session.data, session.model], [*knobs, *advanced]

    @friendly
    def show(data: str | None, model: str | None, cut_off: int | None, before: Any, *values: Any) -> list[Any]:
        """Presets when the data or the model have changed; the reader's own values otherwise."""
        if data is None or model is None or not bring.dataset(studio, data).is_ready:
            return [EMPTY, gr.Timer(active=False), gr.Button(interactive=False), gr.skip(), None, *[gr.skip()] * len(controls)]
        look = inspect.look(studio, data, model)
        if look.lengths is None:
            waiting = html.bar(0.3, "Measuring token lengths with the chosen model …")
            failed = look.measuring is not None and not look.measuring.is_live
            said = html.reading(Reading(Tone.BAD, "The lengths could not be measured.", look.measuring.message)) if failed and look.measuring else waiting
            return [said, gr.Timer(active=not failed), gr.Button(interactive=False), gr.skip(), None, *[gr.skip()] * len(controls)]
        now = (data, model, cut_off)
        if now == before:
            return [gr.skip(), gr.Timer(active=False), gr.Button(interactive=True), gr.skip(), now, *[gr.skip()] * len(controls)]
        offered = choose.presets(studio, data, model)
        default = next(found for found in offered if found.is_default)
        radio = gr.Radio(choices=[(found.title, found.id) for found in offered], value=default.id)
        recipe = _with_cut_off(default.recipe, cut_off)
        return [gr.skip(), gr.Timer(active=False), gr.Button(interactive=True), radio, now, *forms.values_of(recipe)]

    @friendly
    def show_plan(data: str | None, model: str | None, chosen: str | None, *values: Any) -> list[Any]:
        if data is None or model is None or inspect.measured(studio, data, model) is None or forms.problems(dict(zip(forms.FIELDS, values, strict=True))):
            return [gr.skip()] * 6
        recipe = forms.recipe_of(values)
        return view(studio, data, model, recipe, chosen)

    @friendly
    def use_preset(data: str | None, model: str | None, chosen: str | None, cut_off: int | None) -> list[Any]:
        for found in choose.presets(studio, data, model) if data and model else []:
            if found.id == chosen:
                return forms.values_of(_with_cut_off(found.recipe, cut_off))
        return [gr.skip()] * len(controls)

    @friendly
    def begin(data: str | None, model: str | None, click: str, *values: Any) -> list[Any]:
        if data is None or model is None:
            raise gr.Error("Bring a file on the Data tab first.", title="Nothing to train on", print_exception=False)
        recipe = forms.recipe_of(values)
        key = f"start:{data}:{model}:{recipe.fingerprint}:{click}"
        run = train.start(studio, data, model, recipe, key=key)
        return [run_picker(studio, run.id), gr.Tabs(selected="train")]

    @friendly
    def load_recipe(path: str) -> list[Any]:
        named, recipe = choose.recipe_from_yaml(Path(path).read_text(encoding="utf-8", errors="replace"))
        usable = {found.id for found in models.models(studio) if found.is_usable}
        return [model_picker(studio, named) if named in usable else gr.skip(), *forms.values_of(recipe)]

    @friendly
    def add_folder(path: str) -> list[Any]:
        added = models.add_model(studio, Path(path.strip()))
        gr.Info(f"{added.title} can be used now.", title="Model added")
        return [model_picker(studio, added.id), model_table(models.models(studio)), ""]

    gr.on(
        [tab.select, *(picker.change for picker in ids), timer.tick], show, [*ids, session.cut_off, about, *controls],
        [situation, timer, start, preset, about, *controls], **QUIET,
    )
    planned = [situation, reasons, text, save, about_preset, start]
    gr.on([about.change, *(part.change for part in controls)], show_plan, [*ids, preset, *controls], planned, trigger_mode="always_last", **QUIET)
    for part, name in zip(controls, forms.FIELDS, strict=True):
        part.change(None, part, None, validator=lambda value, name=name: forms.check(name, value), **QUIET)
    preset.input(use_preset, [*ids, preset, session.cut_off], controls, **QUIET)
    start.click(
        begin, [*ids, click, *controls], [session.run, session.tabs], trigger_mode="once", api_name="start_run",
        show_progress="hidden", concurrency_limit=None,
        validator=lambda data, model, click, *values: [gr.validate(True, "")] * 3 + [forms.check(name, value) for name, value in zip(forms.FIELDS, values, strict=True)],
    )
    tab.select(lambda: secrets.token_hex(8), None, click, **QUIET)
    tab.select(friendly(lambda: model_table(models.models(studio))), None, catalogue, **QUIET)
    load.upload(load_recipe, load, [session.model, *controls], **QUIET)
    add.click(add_folder, folder, [session.model, catalogue, folder], **QUIET)
    return timer


def _with_cut_off(recipe: Recipe, cut_off: int | None) -> Recipe:
    return recipe if cut_off is None else recipe.model_copy(update={"max_length": cut_off})


def view(studio: Studio, data: str, model: str, recipe: Recipe, chosen: str | None) -> list[Any]:
    """What the recipe means: traffic light, figures, reasons and the recipe itself."""
    plan = choose.plan(studio, data, model, recipe)
    yaml_text = choose.recipe_yaml(model, recipe)
    why = next((found.why for found in choose.presets(studio, data, model) if found.id == chosen), "")
    address = f"data:text/yaml;base64,{base64.b64encode(yaml_text.encode()).decode()}"
    save = f'<p class="help"><a href="{address}" download="recipe.yaml">Save as recipe.yaml</a></p>'
    return [
        plan_page(plan), reasons_table(plan), yaml_text, save, f'<p class="help">{why}</p>', gr.Button(interactive=plan.light is not Light.RED),
    ]  # fmt: skip


def plan_page(plan: Plan) -> str:
    """Traffic light in words, four figures and the memory bar."""
    low, high = html.duration(plan.seconds_low), html.duration(plan.seconds_high)
    figures = [
        html.Figure("Time", f"{low} – {high}", f"on the {plan.device}"),
        html.Figure("Steps", f"{plan.steps:,}", f"{plan.steps_per_epoch:,} per pass"),
        html.Figure("Rows to learn from", f"{plan.train_rows:,}", f"{plan.validation_rows:,} more check it"),
        html.Figure("Memory", html.size(plan.memory_needed), f"of {html.size(plan.memory_free)} free"),
    ]
    said = Reading(TONES[plan.light], TITLES[plan.light], plan.sentence)
    return f"{html.reading(said)}<br>{html.cards(figures)}<br>{memory_bar(plan)}"


def memory_bar(plan: Plan) -> str:
    """What the memory is for, as one bar against what is free."""
    whole = max(plan.memory_free, plan.memory_needed, 1)
    parts = list(zip(plan.memory, SHADES * 3, strict=False))
    pieces = "".join(f'<i style="width:{part.bytes / whole:.2%};background:{shade}" title="{part.title}"></i>' for part, shade in parts)
    legend = "".join(f'<span><i style="background:{shade}"></i>{part.title} {html.size(part.bytes)}</span>' for part, shade in parts)
    return f'<div class="memory" role="img" aria-label="Memory by part">{pieces}</div><div class="legend">{legend}</div>'


def reasons_table(plan: Plan) -> str:
    choices = html.table(["Value", "", "Why"], [[c.name, c.value, c.why] for c in plan.choices])
    memory = html.table(
        ["Memory for", "Size", "Why"], [[p.title, html.Cell(html.size(p.bytes), number=True), p.why] for p in plan.memory]
    )
    return choices + "<br>" + memory


def model_table(found: list[Model]) -> str:
    """Every model with what it is, what it needs and whether it can be used here."""
    rows = [
        f"<tr{'' if m.is_usable else ' class=quiet'}><td><b>{escape(m.title)}</b><br><small>{escape(m.about)}</small></td>"
        f'<td class="number">{html.parameters(m.parameters)}</td><td class="number">{m.context:,}</td><td>{escape(m.licence)}</td>'
        f"<td>{_availability(m)}</td></tr>"
        for m in found
    ]
    head = "<tr><th>Model</th><th class=number>Size</th><th class=number>Context</th><th>Licence</th><th>Here</th></tr>"
    return f'<div class="scroll"><table class="plain"><thead>{head}</thead><tbody>{"".join(rows)}</tbody></table></div>'


def _availability(model: Model) -> str:
    if model.is_usable:
        return f'<span class="chip good">✓ usable</span><br><small>{escape(model.needs)}</small>'
    return f'<span class="chip">not here</span><br><small>{escape(model.reason)}</small>'
