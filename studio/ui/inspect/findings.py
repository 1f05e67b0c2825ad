"""Findings: what was found, what matters most first, each with one thing to do, and its rows below."""

from typing import Any

import gradio as gr

from studio.domain.dataset import Dataset
from studio.domain.finding import Finding, FindingKind, by_weight
from studio.flows import bring, inspect, treat
from studio.flows.studio import Studio
from studio.ui.errors import friendly, handler
from studio.ui.inspect import pages
from studio.ui.inspect.looking import Checked
from studio.ui.parts import listed
from studio.ui.parts.pickers import data_picker
from studio.ui.pressed import told_by
from studio.ui.session import DRAWN, QUIET, Session


def build(session: Session, look: gr.State) -> None:
    picked = gr.State(None)  # the kind of finding that is open
    shown = gr.HTML(js_on_load=listed.PRESS)
    pages.build(session, look, picked, finding_of)
    studio = session.studio

    @friendly
    def press(data: str, event: gr.EventData) -> list[Any]:
        act, wanted = told_by(event, act=str, kind=str)
        return pressed(studio, data, act=act, wanted=wanted)

    gr.on([look.change, picked.change], handler(show, studio), [look, picked], shown, **DRAWN)
    shown.click(press, session.data, [session.data, picked], trigger_mode="once", **QUIET)
    shown.select(press, session.data, [session.data, picked], trigger_mode="multiple", **QUIET)


def show(studio: Studio, look: Checked | None, picked: str | None) -> Any:
    """The list of findings, one of them open."""
    if look is None:
        return gr.skip()
    return view(inspect.findings(studio, look.data), bring.dataset(studio, look.data), picked)


def view(findings: tuple[Finding, ...], dataset: Dataset, picked: str | None) -> str:
    is_open = opened(findings, picked)
    return listed.listed(findings, dataset.mending, is_open.kind if is_open else None)


def opened(findings: tuple[Finding, ...], picked: str | None) -> Finding | None:
    """The finding that was picked, or what matters most where none was or it is not there (any more).

    Only a press changes what is picked: a screen that is drawn late must not take back what was picked since.
    """
    offered = [finding for finding in by_weight(findings) if finding.kind is not FindingKind.MALFORMED]
    return next((finding for finding in offered if finding.kind.value == picked), next(iter(offered), None))


def pressed(studio: Studio, data: str, *, act: str, wanted: str) -> list[Any]:
    """What a button of the list asks for: open a finding, do what is usually done about it, or take that back."""
    if wanted not in list(FindingKind):
        return [gr.skip(), gr.skip()]
    kind = FindingKind(wanted)
    if act == listed.TREAT:
        return [data_picker(studio, treat.treat(studio, data, kind).id), kind.value]
    if act == listed.TAKE_BACK:
        return [data_picker(studio, treat.take_back(studio, data, kind).id), kind.value]
    return [gr.skip(), kind.value]


def finding_of(studio: Studio, data: str, picked: str | None) -> Finding | None:
    """The finding that is open, if there is any in the rows."""
    return opened(inspect.findings(studio, data), picked) if bring.dataset(studio, data).is_ready else None
