"""Tables: the runs of the workspace, what one was made from, and in what several differ."""

from collections.abc import Sequence

from studio.domain.logbook import Difference
from studio.flows.logbook import Fact, Kept, Page
from studio.flows.sweep import Tried
from studio.ui.parts import html
from studio.ui.parts.forms import WORDS

NONE = html.empty("No run yet.", "Runs are listed here as soon as there is one.", to="recipe")
NOTHING = '<p class="help">In no line are all of these words. Take one away.</p>'


# A press on the name of a run or a sweep picks it, alone.
PICK = """
element.addEventListener('click', event => {
  const pressed = event.target.closest('button[data-pick]');
  if (pressed) trigger('click', {pick: pressed.dataset.pick});
});
"""


def runs_table(page: Page, sweeps: Sequence[Tried] = ()) -> str:
    """Each run in one line, the newest first, and every sweep in one above the newest of its runs."""
    found = page.kept
    if not found:
        return NOTHING if page.find else NONE
    heads = ["Run", "State", "Best loss", "Trained on", "Started"]
    above = {tried.sweep.id: tried for tried in sweeps}
    rows: list[list[str | html.Cell]] = []
    for kept in found:
        if kept.run.sweep_id and (tried := above.pop(kept.run.sweep_id, None)):
            rows.append(_sweep(tried))
        rows.append(_line(kept))
    if any(row[-1] for row in rows):
        heads.append("Tags and notes")
    listed = html.table(heads, [row[: len(heads)] for row in rows], stacked=True)
    return f'<div class="panel runs">{listed}</div>{_rest(page)}'


def _rest(page: Page) -> str:
    """How many more there are than are shown."""
    if page.found == len(page.kept):
        return ""
    return f'<p class="help">The newest {len(page.kept):,} of {page.found:,} are shown. Find looks through all of them.</p>'


def _sweep(tried: Tried) -> list[str | html.Cell]:
    sweep, lowest, first = tried.sweep, tried.lowest, tried.kept[0]
    loss = lowest.best.loss if lowest and lowest.best else None
    best = f"{loss:.3f} with {tried.values}" if lowest and loss is not None else "–"
    name = html.Cell(f"Sweep {sweep.name}: {html.count(len(tried.kept), 'try', 'tries')}", pick=sweep.id)
    return [name, tried.state, best, f"{first.dataset}, {sweep.model_id}", f"{sweep.created_at:%d %b, %H:%M} UTC", ""]


def _line(kept: Kept) -> list[str | html.Cell]:
    run, entry = kept.run, kept.entry
    best = f"{kept.best.loss:.3f} at step {kept.best.step:,}" if kept.best else "–"
    judged = f", {html.count(kept.studies, 'study', 'studies')}" if kept.studies else ""
    started = f"{run.created_at:%d %b, %H:%M} UTC{f' by {entry.owner}' if entry.owner else ''}"
    said = " · ".join(part for part in (", ".join(entry.tags), entry.notes) if part)
    return [
        html.Cell(run.name, pick=run.id),
        run.words + judged,
        best,
        f"{kept.dataset}, {run.model_id}",
        started,
        said,
    ]


def differences_table(names: Sequence[str], differ: Sequence[Difference]) -> str:
    """Only what differs, a column for each run."""
    if not differ:
        return '<p class="help">They have the same data, split, model and recipe: only chance tells them apart.</p>'
    rows = [[each.title, *(_value(value) for value in each.values)] for each in differ]
    return f'<div class="panel"><h3>What differs</h3>{html.table(["Choice", *names], rows)}</div>'


def _value(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else WORDS.get(str(value), str(value))


def snapshot_table(facts: Sequence[Fact]) -> str:
    """What a run was made from."""
    return f'<div class="panel"><h3>What it was made from</h3>{html.facts([(fact.name, fact.value) for fact in facts])}</div>'
