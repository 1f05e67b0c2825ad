"""Runs: what has been tried, and what came of it."""

import secrets
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import gradio as gr

from studio.domain.errors import RunError
from studio.flows import choose, deleted, follow, logbook, script, sweep, trackers, train
from studio.flows.studio import Studio
from studio.ui.errors import friendly, handler
from studio.ui.parts import html
from studio.ui.parts.chart import chart
from studio.ui.parts.pickers import data_picker, model_picker, run_picker
from studio.ui.pressed import told_by
from studio.ui.runs import space
from studio.ui.runs.overlay import lying_words, overlay
from studio.ui.runs.sweeps import choice, comparison, labelled
from studio.ui.runs.tables import PICK, differences_table, runs_table, snapshot_table
from studio.ui.session import DRAWN, QUIET, Session, WantedRecipe

AGAIN = "Same again with …"
FEW = 10  # runs that are found at a glance


@dataclass(frozen=True, slots=True)
class Listed:
    """What shows the runs that there are, in the order of `listed`."""

    table: gr.HTML
    picked: gr.Dropdown
    some: gr.Column
    many: gr.Column


@dataclass(frozen=True, slots=True)
class Detail:
    """What shows the picked runs, in the order of `detail`."""

    picture: gr.HTML
    facts: gr.HTML
    notes: gr.Textbox
    tags: gr.Textbox
    papers: gr.Column
    yaml: gr.Code
    script: gr.Code
    files: gr.HTML


@dataclass(frozen=True, slots=True)
class Buttons:
    find: gr.Textbox
    save: gr.Button
    again: gr.Button
    judged: gr.Checkbox
    delete: gr.Button
    undo: gr.Button


def build(session: Session, tab: gr.Tab) -> None:
    gr.HTML(html.title("Runs", "What has been tried, beside each other."))
    with gr.Column(visible=False) as many:
        find = gr.Textbox(label="Find", placeholder="triage failed", info="Any words of the list, of all runs.", max_length=200)  # fmt: skip
    table = gr.HTML(html.waiting(), js_on_load=PICK)
    with gr.Column(visible=False) as some:
        picked = gr.Dropdown(label="Look at", choices=[], value=[], multiselect=True, info="One to note, repeat or delete; two or more to compare.")  # fmt: skip
        with gr.Row(elem_classes="actions"):
            again = gr.Button(AGAIN, variant="primary", interactive=False, min_width=280, scale=0)
            delete = gr.Button("Delete", variant="stop", interactive=False, min_width=110, scale=0)
            judged = gr.Checkbox(False, label="Also delete what people have judged", min_width=310, scale=0)
            undo = gr.Button("Undo deleting", visible=False, min_width=200, scale=0)
        picture, facts = chart(label="Runs"), gr.HTML()
        with gr.Column(visible=False) as papers:
            with gr.Row():
                tags = gr.Textbox(label="Tags", placeholder="format, second try", scale=1, min_width=200)
                notes = gr.Textbox(label="Notes", placeholder="What it taught", lines=2, scale=3, min_width=280)
            save = gr.Button("Save tags and notes", size="sm", min_width=170, scale=0)
            with gr.Accordion("Its recipe as YAML", open=False):
                text = gr.Code(language="yaml", label="Recipe of the run", interactive=False, lines=12)
            with gr.Accordion("The same as a short TRL script", open=False):
                written = gr.Code(language="python", label="TRL script", interactive=False, lines=12)
                files = gr.HTML()
    changed = space.build(session)
    listed = Listed(table, picked, some, many)
    detail = Detail(picture, facts, notes, tags, papers, text, written, files)
    _wire(session, tab, listed, detail, Buttons(find, save, again, judged, delete, undo), changed)


def _wire(session: Session, tab: gr.Tab, listed: Listed, detail: Detail, press: Buttons, changed: gr.State) -> None:
    studio, last = session.studio, gr.State([])
    lists = [getattr(listed, field.name) for field in fields(listed)]
    details = [getattr(detail, field.name) for field in fields(detail)]
    after = [*lists, press.undo, last, session.run]
    shown = [listed.picked, press.find]
    gr.on([tab.select, changed.change, press.find.input], handler(show, studio), shown, lists, **DRAWN)
    listed.picked.change(handler(show_picked, studio), listed.picked, [*details, press.again, press.delete], **DRAWN)
    listed.table.click(pick, None, listed.picked, **QUIET)
    press.save.click(
        handler(note, studio),
        [*shown, detail.notes, detail.tags],
        lists,
        **QUIET,
    )
    press.delete.click(handler(hide, studio), [*shown, press.judged, session.run], after, **QUIET)
    press.undo.click(handler(bring_back, studio), [last, *shown, session.run], after, **QUIET)
    wanted = [session.data, session.model, session.wanted, session.tabs]
    press.again.click(handler(same_again, studio), listed.picked, wanted, **QUIET)


def show(studio: Studio, picked: list[str], find: str | None = None) -> list[Any]:
    """The runs as they are now, those with the words to find; what is picked stays as long as it is there."""
    page = logbook.page(studio, find=find or "")
    listed = {kept.run.id: kept.run.name for kept in page.kept}
    others = [id for id in picked if id not in listed and not id.startswith(sweep.WORD)]
    listed |= {run.id: run.name for run in (train.runs(studio, ids=others) if others else [])}
    offered = [*map(choice, sweep.sweeps(studio)), *((name, id) for id, name in listed.items())]
    there = {value for _, value in offered}
    return [
        runs_table(page, sweep.tried(studio, page.kept)),
        gr.Dropdown(choices=offered, multiselect=True, value=[p for p in picked if p in there]),
        gr.Column(visible=bool(listed)),
        gr.Column(visible=bool(find) or page.found > FEW),
    ]


@friendly
def pick(event: gr.EventData) -> list[str]:
    """What was pressed in the table, alone."""
    return told_by(event, pick=str)


def show_picked(studio: Studio, picked: list[str]) -> list[Any]:
    """The curves of the picked runs; of one what it was made from, of several in what they differ."""
    if len(picked) == 1 and picked[0].startswith(sweep.WORD):
        return show_sweep(sweep.compared(studio, picked[0]))
    picked = sweep.runs_of(studio, picked)
    found = [(train.run(studio, run_id), follow.metrics(studio, run_id)) for run_id in picked]
    alone = found[0][0] if len(found) == 1 else None
    buttons = [gr.Button(AGAIN, interactive=alone is not None), gr.Button(interactive=bool(found))]
    if alone is None:
        names = [run.name for run, _ in found]
        facts = lying_words(found) + differences_table(names, logbook.compared(studio, picked)) if found else ""
        return [overlay(found), facts, *[gr.skip()] * 2, gr.Column(visible=False), *[gr.skip()] * 3, *buttons]
    entry = logbook.entry(studio, alone.id)
    return [
        overlay(found),
        snapshot_table(logbook.snapshot(studio, alone.id))
        + f'<p class="help">{html.link("Open it on Train", f"/?run={alone.id}#train", download=False)}</p>'
        + event_files(trackers.event_folder(studio, alone.id), alone.id),
        entry.notes,
        ", ".join(entry.tags),
        gr.Column(visible=True),
        choose.recipe_yaml(alone.model_id, alone.recipe),
        *_script(studio, alone.id),
        *buttons,
    ]


def event_files(folder: Path, run_id: str) -> str:
    """The curves for TensorBoard, and how they are opened there."""
    if not folder.is_dir():
        return ""
    link = html.link("Save the curves for TensorBoard (zip)", f"/download/tensorboard/{run_id}")
    return f'<p class="help">{link} or, on this machine: tensorboard --logdir {html.text(str(folder))}</p>'


def show_sweep(found: sweep.Compared) -> list[Any]:
    """A sweep: its curves, which values came out best, and a way on with them."""
    buttons = [gr.Button("Use the best one's recipe", interactive=found.best is not None), gr.Button(interactive=True)]
    hidden = [*[gr.skip()] * 2, gr.Column(visible=False), *[gr.skip()] * 3]
    curves = labelled(found)
    return [overlay(curves), lying_words(curves) + comparison(found), *hidden, *buttons]


def _script(studio: Studio, run_id: str) -> list[str]:
    """The run as a script and a link to it with its rows."""
    written = script.text(studio, run_id)
    link = html.link("Save the script with its rows and the recipe (zip)", f"/download/script/{run_id}")
    return [written, f'<p class="help">{link}</p>']


def note(studio: Studio, picked: list[str], find: str | None, notes: str, tags: str) -> list[Any]:
    """Keep what people say of the picked run."""
    logbook.write(studio, _one(picked), notes=notes, tags=tags)
    return show(studio, picked, find)


def hide(studio: Studio, picked: list[str], find: str | None, judged: bool, followed: str | None) -> list[Any]:
    """Delete the picked runs: they are hidden at once, and an undo is offered."""
    wanted = sweep.runs_of(studio, picked)
    there = {run.id for run in train.runs(studio, ids=wanted)}
    meant = [run_id for run_id in wanted if run_id in there]
    deleted.delete(studio, meant, even_judged=judged)
    return _after(studio, [], find, followed, undo=meant)


def bring_back(
    studio: Studio, hidden: list[str], picked: list[str], find: str | None, followed: str | None
) -> list[Any]:
    """Bring deleted runs back."""
    deleted.restore(studio, hidden)
    return _after(studio, picked, find, followed, undo=[])


def _after(studio: Studio, picked: list[str], find: str | None, followed: str | None, *, undo: list[str]) -> list[Any]:
    """Everything that a run going or coming changes: the lists, the undo, and the picker of the header."""
    is_there = bool(followed and train.runs(studio, ids=[followed]))
    newest = [run.id for run in train.runs(studio, most=1)]
    picker = run_picker(studio, followed if is_there else next(iter(newest), None))
    return [*show(studio, picked, find), gr.Button(visible=bool(undo)), undo, picker]


def same_again(studio: Studio, picked: list[str]) -> list[Any]:
    """Open Recipe with the values of the picked run, to change what is wanted and start it."""
    run = train.run(studio, _to_repeat(studio, _one(picked)))
    wanted = WantedRecipe(run.dataset_id, run.model_id, run.recipe, press=secrets.token_hex(4))
    return [data_picker(studio, run.dataset_id), model_picker(studio, run.model_id), wanted, gr.Tabs(selected="recipe")]


def _to_repeat(studio: Studio, picked: str) -> str:
    """The run itself, or of a sweep the one that came out best."""
    if not picked.startswith(sweep.WORD):
        return picked
    best = sweep.compared(studio, picked).best
    if best is None:
        raise RunError("No run of this sweep has a check yet.", fix="Wait for the first one.")
    return best.id


def _one(picked: list[str]) -> str:
    if len(picked) != 1:
        raise RunError("This is done to one run at a time.", fix="Pick one run.")
    return picked[0]
