"""Pickers: the choices of the header, made anew whenever something was added."""

from typing import Any

import gradio as gr

from studio.flows import bring, models, train
from studio.flows.studio import Studio

NEWEST = 200  # runs in the header


def opened(studio: Studio, wanted: dict[str, str]) -> list[gr.Dropdown]:
    """The three pickers with what was open last, or the newest of each; a run comes with its examples."""
    known = train.runs(studio, ids=[wanted["run"]]) if wanted.get("run") else []
    data = known[0].dataset_id if known else wanted.get("data")
    data = _wanted_or_first([found.id for found in bring.datasets(studio, with_id=data)], data)
    run = _run_of(studio, data, wanted.get("run"))
    return [data_picker(studio, data), model_picker(studio, wanted.get("model")), run_picker(studio, run)]


def with_its_data(studio: Studio, data: str | None, model: str | None, run: str | None) -> list[Any]:
    """Whoever picks a run sees its examples and its model as well."""
    if run is None:
        return [gr.skip(), gr.skip()]
    found = train.run(studio, run)
    return [data_picker(studio, found.dataset_id), model_picker(studio, found.model_id)]


def with_its_run(studio: Studio, data: str | None, run: str | None) -> Any:
    """Whoever picks examples sees their newest run, or none."""
    fitting = _run_of(studio, data, run)
    return gr.skip() if fitting == run else run_picker(studio, fitting)


def _run_of(studio: Studio, data: str | None, run: str | None) -> str | None:
    """`run` where it learned from these examples, or else their newest run."""
    theirs = train.runs(studio, dataset_ids=[data], ids=[run]) if data and run else []
    if data and not theirs:
        theirs = train.runs(studio, dataset_ids=[data], most=1)
    return theirs[0].id if theirs else None


def _picker(choices: list[tuple[str, str]], wanted: str | None) -> gr.Dropdown:
    return gr.Dropdown(choices=choices, value=_wanted_or_first([value for _, value in choices], wanted))


def _wanted_or_first(ids: list[str], wanted: str | None) -> str | None:
    return wanted if wanted in ids else next(iter(ids), None)


def data_picker(studio: Studio, wanted: str | None = None) -> gr.Dropdown:
    """The datasets of the workspace, `wanted` or the newest chosen; of one that was changed, the newest version."""
    return _picker([(found.title, found.id) for found in bring.datasets(studio, with_id=wanted)], wanted)


def model_picker(studio: Studio, wanted: str | None = None) -> gr.Dropdown:
    """The models that can be used here, `wanted` or the starter chosen."""
    return _picker([(found.title, found.id) for found in models.models(studio) if found.is_usable], wanted)


def model_choices(studio: Studio) -> gr.Dropdown:
    """The models that can be used here now; what is chosen stays."""
    return gr.Dropdown(choices=[(found.title, found.id) for found in models.models(studio) if found.is_usable])


def run_picker(studio: Studio, wanted: str | None) -> gr.Dropdown:
    """The runs of the workspace with how each is doing, `wanted` chosen."""
    return gr.Dropdown(choices=_runs(studio, wanted), value=wanted)


def run_labels(studio: Studio, chosen: str | None) -> gr.Dropdown:
    """How each run is doing now; what is chosen stays."""
    return gr.Dropdown(choices=_runs(studio, chosen))


def _runs(studio: Studio, chosen: str | None) -> list[tuple[str, str]]:
    """The newest runs, with those that wait or run and the chosen one however old they are; Runs finds all others."""
    listed = train.runs(studio, most=NEWEST)
    if len(listed) == NEWEST:
        listed += [*train.runs(studio, live=True), *train.runs(studio, ids=[chosen] if chosen else [])]
    return list(dict.fromkeys((f"{found.name} · {found.words}", found.id) for found in listed))
