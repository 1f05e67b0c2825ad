"""Pickers: the choices of the header, made anew whenever something was added."""

import gradio as gr

from studio.flows import bring, models, train
from studio.flows.studio import Studio


def opened(studio: Studio, wanted: dict[str, str]) -> list[gr.Dropdown]:
    """The three pickers with what was open last, or the newest of each."""
    return [
        data_picker(studio, wanted.get("data")),
        model_picker(studio, wanted.get("model")),
        run_picker(studio, wanted.get("run")),
    ]


def _picker(choices: list[tuple[str, str]], wanted: str | None) -> gr.Dropdown:
    ids = [value for _, value in choices]
    return gr.Dropdown(choices=choices, value=wanted if wanted in ids else next(iter(ids), None))


def data_picker(studio: Studio, wanted: str | None = None) -> gr.Dropdown:
    """The datasets of the workspace, `wanted` or the newest chosen."""
    return _picker([(found.name, found.id) for found in bring.datasets(studio)], wanted)


def model_picker(studio: Studio, wanted: str | None = None) -> gr.Dropdown:
    """The models that can be used here, `wanted` or the starter chosen."""
    return _picker([(found.title, found.id) for found in models.models(studio) if found.is_usable], wanted)


def run_picker(studio: Studio, wanted: str | None = None) -> gr.Dropdown:
    """The runs of the workspace with how each is doing, `wanted` or the newest chosen."""
    return _picker([(f"{found.name} · {found.job.words}", found.id) for found in train.runs(studio)], wanted)
