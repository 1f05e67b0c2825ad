"""Again: after texts were changed, the rows of a version are examined like those of a file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from studio.data.atomic import replacing
from studio.data.beside import FEWEST_ROWS, LAST_SHARE, Beside
from studio.data.comparing import Comparing
from studio.data.examining import examine
from studio.data.findings import Found, save_findings
from studio.data.outline import outline_of, save_outline, tied_anew
from studio.data.progress import Progress, Stopped
from studio.data.rows import WORKING, Rows, load_rejects, load_rows
from studio.domain.errors import DatasetError
from studio.domain.event import EventKind, Outcome, Reporter


def examine_again(spec: Mapping[str, Any], reporter: Reporter) -> Outcome:
    """Replace the findings of the folder `spec["dataset"]` by those of its rows as they are now."""
    folder = Path(spec["dataset"])
    rows = load_rows(folder)
    progress = Progress(reporter, total=2 * len(rows))
    reporter.report(EventKind.PHASE, name="Looking again for copies, contradictions and other problems")
    try:
        with Beside(folder / WORKING) as beside, Comparing(folder) as comparing:
            found = _examined(rows, folder, beside, comparing, progress)
        save_findings(found.findings, folder)
        save_outline(tied_anew(outline_of(rows), found.findings, close=found.close), folder)
        progress.end()
    except Stopped:
        return Outcome(state="stopped", message="Checking was stopped; the findings are those from before the change.")
    except DatasetError as error:
        return Outcome(state="failed", message=error.message, fix=error.fix, code=error.code)
    return Outcome(state="done", message=f"{len(rows):,} rows checked again.", result={"duplicates": found.duplicates})


def _examined(rows: Rows, folder: Path, beside: Beside, comparing: Comparing, progress: Progress) -> Found:
    """What is found in the rows; those of a large file are checked one by one in a process of its own meanwhile."""
    if len(rows) >= FEWEST_ROWS:
        beside.follow(_in_one_file(rows, folder / WORKING))
    for row in rows:
        comparing.add(row.messages, line=row.line, tools=row.tools, rejected=row.rejected)
        progress.at(row.number)

    def at(share: float) -> None:
        progress.at(int(len(rows) * (1 + share)))

    return examine(
        rows,
        comparing,
        reject_lines=[reject.line for reject in load_rejects(folder)],
        at=at,
        checked=(lambda: beside.findings(rows=len(rows), at=lambda: at(LAST_SHARE))) if beside.is_at_work else None,
    )


def _in_one_file(rows: Rows, folder: Path) -> Path:
    """The file of the rows, or one in `folder` with those in place that people changed."""
    if not rows.edited:
        return rows.path
    with replacing(folder / rows.path.name) as file:
        file.writelines(rows.lines())
    return folder / rows.path.name
