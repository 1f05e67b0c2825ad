"""Panel: look at a model, download it or stop that, use it, forget it; and add others by name or from a folder."""

from dataclasses import dataclass, fields
from html import escape
from typing import Any

import gradio as gr

from studio.domain.errors import RecipeError
from studio.domain.model import Model
from studio.flows import deleted, models
from studio.flows.studio import Studio
from studio.ui.errors import handler
from studio.ui.models import card
from studio.ui.parts import html
from studio.ui.parts.pickers import model_choices, model_picker
from studio.ui.session import DRAWN, QUIET, Session

ABOUT = (
    "Only safetensors are fetched, every file is verified, and code that comes with a model is never run. "
    "Write owner/name@revision for a certain revision."
)
CANCEL = "Cancel download"


@dataclass(frozen=True, slots=True)
class Panel:
    """The components in the order of `view`; `drawn` is what the list was last drawn from."""

    chosen: gr.Dropdown
    about: gr.HTML
    progress: gr.HTML
    download: gr.Button
    use: gr.Button
    remove: gr.Button
    table: gr.HTML
    timer: gr.Timer
    drawn: gr.State

    def all(self) -> list[Any]:
        return [getattr(self, field.name) for field in fields(self)]


def build(session: Session, visit: gr.State) -> gr.Timer:
    """Lay the panel out and wire it; it is drawn anew whenever `visit` changes, and while its timer ticks."""
    with gr.Accordion(
        "Models: what there is, what can be used here, and how to get more", open=False, elem_classes="always"
    ):
        chosen = gr.Dropdown(label="Look at a model", choices=[], value=None, allow_custom_value=True)
        about, progress = gr.HTML(), gr.HTML()
        with gr.Row(elem_classes="actions"):
            download = gr.Button("Download", visible=False, min_width=240, scale=0)
            use = gr.Button("Use this model", visible=False, min_width=180, scale=0)
            remove = gr.Button("Remove from the list", visible=False, min_width=180, scale=0)
        with gr.Row(elem_classes="actions"):
            named = gr.Textbox(
                label="Add a model of the hub, or a folder of this machine",
                placeholder="Qwen/Qwen3-0.6B or /data/Qwen3-4B",
                info=ABOUT,
                min_width=280,
                scale=3,
            )
            add = gr.Button("Check and add", size="sm", min_width=140, scale=1)
        find = gr.Textbox(label="Find in the list", placeholder="such as: mistral, or: mit download")
        table = gr.HTML()
    panel = Panel(chosen, about, progress, download, use, remove, table, gr.Timer(1.0, active=False), gr.State())
    _wire(session, panel, visit, named=named, add=add, find=find)
    return panel.timer


def _wire(
    session: Session, panel: Panel, visit: gr.State, *, named: gr.Textbox, add: gr.Button, find: gr.Textbox
) -> None:
    studio, shown, model = session.studio, panel.all(), session.model
    looks = [visit.change, panel.chosen.change, panel.timer.tick, find.change]
    gr.on(looks, handler(show, studio), [panel.chosen, panel.drawn, find], [*shown, model], **DRAWN)
    pressed = [panel.chosen, panel.download, find]
    panel.download.click(handler(fetch, studio), pressed, shown, trigger_mode="once", **QUIET)
    panel.use.click(handler(model_picker, studio), panel.chosen, model, **QUIET)
    panel.remove.click(
        handler(forget, studio), [panel.chosen, model, find], [*shown, model], trigger_mode="once", **QUIET
    )
    gr.on(
        [add.click, named.submit], handler(bring, studio), [named, find], [*shown, named],
        trigger_mode="once", **QUIET,
    )  # fmt: skip


def show(studio: Studio, chosen: str | None, before: Any, words: str | None = "") -> list[Any]:
    """The chosen model and the list; a list that has not changed is not sent again, nor are the header's choices."""
    found = models.models(studio)
    parts = view(found, chosen, words)
    if parts[-1] == before:
        return [gr.skip(), *parts[1:6], gr.skip(), *parts[7:], gr.skip()]
    return [*parts, model_choices(studio)]


def fetch(studio: Studio, chosen: str, says: str, words: str = "") -> list[Any]:
    """Do what stands on the button: begin the download, go on with it, or stop it."""
    (models.cancel if says == CANCEL else models.download_model)(studio, chosen)
    return view(models.models(studio), chosen, words)


def forget(studio: Studio, chosen: str | None, used: str | None, words: str = "") -> list[Any]:
    """The model leaves the list, and the header where it was picked there."""
    if chosen is None:
        raise RecipeError("No model is chosen.", fix="Choose the one that is to go, then try again.")
    deleted.delete(studio, [str(chosen)])
    return [*view(models.models(studio), None, words), model_picker(studio, used)]


def bring(studio: Studio, named: str, words: str = "") -> list[Any]:
    """Add a folder or begin a download; a model that is here already is only shown."""
    added = models.add_model(studio, named)
    if added.is_usable:
        gr.Info(f"{escape(added.title)} can be used now.", title="Model added")
    return [*view(models.models(studio), added.id, words), ""]


def view(found: list[Model], chosen: str | None, words: str | None = "") -> list[Any]:
    """What each component of the panel shows of the chosen model, or of the first; the table, of those with these words."""
    words = words or ""  # a box that was not seen yet holds nothing
    one = next((each for each in found if each.id == chosen), found[0])
    is_added = not one.starter and (one.download is not None or one.hub_id is None)
    live = any(each.is_downloading for each in found)
    return [
        gr.Dropdown(choices=[(f"{each.title} · {each.standing}", each.id) for each in found], value=one.id),
        card.card(one),
        card.download(one),
        _fetching(one),
        gr.Button(visible=one.is_usable),
        gr.Button(_leave(one), visible=is_added and not one.is_downloading),
        card.table(models.find(found, words), of=len(found) if words.strip() else None),
        gr.Timer(active=live),
        [words, *((each.id, each.standing) for each in found)],
    ]


def _fetching(model: Model) -> gr.Button:
    """One button for a download: it begins it, and stops the one that is on its way."""
    if model.is_downloading:
        stopping = model.download is not None and model.download.is_stopping
        return gr.Button(CANCEL, variant="stop", visible=True, interactive=not stopping)
    may = model.can_be_downloaded
    return gr.Button(_offer(model), variant="secondary", visible=not model.is_usable, interactive=may)


def _leave(model: Model) -> str:
    has_files = model.download is not None and (model.path is not None or model.download.done > 0)
    return "Delete its files" if has_files else "Remove from the list"


def _offer(model: Model) -> str:
    if not model.can_be_downloaded:
        return "Cannot be used here"
    if model.download is not None and model.download.done > 0:
        return "Go on downloading"
    return f"Download ({html.size(model.bytes)})" if model.bytes else "Download"
