"""Papers: what explains a recipe, writes it down and reads it back."""

import secrets
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from studio.domain.errors import RecipeError
from studio.flows import choose, models
from studio.flows.studio import Studio
from studio.ui.errors import handler
from studio.ui.parts.pickers import model_picker
from studio.ui.session import QUIET, Session, WantedRecipe


@dataclass(frozen=True, slots=True)
class Papers:
    """What explains the recipe, writes it down and reads it back."""

    why_preset: gr.HTML
    reasons: gr.HTML
    text: gr.Code
    save: gr.HTML
    load: gr.UploadButton


def build(why_preset: gr.HTML) -> Papers:
    with gr.Accordion("Why these values, and what the memory is for", open=False):
        reasons = gr.HTML()
    with gr.Accordion("The exact recipe as YAML", open=False):
        text = gr.Code(language="yaml", label="Recipe", interactive=False, lines=12)
        with gr.Row(elem_classes="actions"):
            save = gr.HTML(min_width=160)
            load = gr.UploadButton("Load a recipe", size="sm", file_types=[".yaml", ".yml"], min_width=160)
    return Papers(why_preset, reasons, text, save, load)


def wire(session: Session, papers: Papers) -> None:
    given = [session.data, session.model, papers.load]
    papers.load.upload(handler(load_recipe, session.studio), given, [session.model, session.wanted], **QUIET)


def load_recipe(studio: Studio, data: str | None, model: str | None, path: str | None) -> list[Any]:
    """A saved recipe is what is wanted now, and its model where that can be used here; where it cannot, that is said."""
    if path is None:
        raise RecipeError("No file came with that, so nothing was loaded.", fix="Choose a recipe saved as YAML.")
    named, recipe = choose.recipe_from_file(Path(path))
    usable = {found.id for found in models.models(studio) if found.is_usable}
    if named and named not in usable:
        said = f"The values are loaded, but its model, {escape(named)}, cannot be used here; the chosen model stays."
        gr.Warning(said, title="Another model")
    others = named in usable and named != model
    wanted = WantedRecipe(data, named if others else model, recipe, press=secrets.token_hex(4))
    return [model_picker(studio, named) if others else gr.skip(), wanted]
