"""Sweeps: what came of the runs of one, beside each other."""

from dataclasses import replace

from studio.domain.run import Metric, Run
from studio.domain.sweep import Sweep, title_of
from studio.flows.sweep import Compared, Line
from studio.ui.parts import html
from studio.ui.parts.html import Cell


def choice(sweep: Sweep) -> tuple[str, str]:
    """A sweep as it is offered beside the runs."""
    return f"Sweep {sweep.name} ({html.count(len(sweep.run_ids), 'run')})", sweep.id


def comparison(found: Compared) -> str:
    """Which values came out best and how sure that is, over a table of all of them."""
    heads = [*map(title_of, found.sweep.knobs), "Best validation loss", "At step", "Took", "State", ""]
    rows = [_row(line) for line in found.lines]
    listed = html.table(heads, rows, stacked=True)
    return (
        f'{html.reading(found.ranking.said)}<br><div class="panel"><h3>{html.text(found.sweep.name)}</h3>{listed}</div>'
    )


def labelled(found: Compared) -> list[tuple[Run, list[Metric]]]:
    """The curves, each under the values that it was made with."""
    return [(replace(line.run, name=line.result.label), list(line.result.points)) for line in found.lines]


def _row(line: Line) -> list[str | Cell]:
    best = line.result.best
    return [
        *(f"{value:g}" if isinstance(value, float) else str(value) for value in line.changes.values()),
        Cell(f"{best.loss:.3f}" if best else "–", number=True),
        Cell(f"{best.step:,}" if best else "–", number=True),
        Cell(html.duration(line.seconds) if line.seconds is not None else "–", number=True),
        line.run.job.words,
        line.mark,
    ]
