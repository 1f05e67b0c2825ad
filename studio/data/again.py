"""Again: after texts were changed, the rows of a version are examined like those of a file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from studio.data.comparing import Comparing
from studio.data.examining import examine
from studio.data.findings import save_findings
from studio.data.outline import outline_of, save_outline, tied_anew
from studio.data.progress import Progress, Stopped
from studio.data.rows import load_rejects, load_rows
from studio.domain.event import EventKind, Outcome, Reporter


def examine_again(spec: Mapping[str, Any], reporter: Reporter) -> Outcome:
    """Replace the findings of the folder `spec["dataset"]` by those of its rows as they are now."""
    folder = Path(spec["dataset"])
    rows, comparing = load_rows(folder), Comparing()
    progress = Progress(reporter, total=2 * len(rows))
    reporter.report(EventKind.PHASE, name="Looking again for copies, contradictions and other problems")
    try:
        for row in rows:
            comparing.add(row.messages, line=row.line, tools=row.tools, rejected=row.rejected)
            progress.at(row.number)
        found = examine(
            rows,
            comparing,
            reject_lines=[reject.line for reject in load_rejects(folder)],
            at=lambda share: progress.at(int(len(rows) * (1 + share))),
        )
        save_findings(found.findings, folder)
        save_outline(tied_anew(outline_of(rows), found.close), folder)
        progress.end()
    except Stopped:
        return Outcome(state="stopped", message="Checking was stopped; the findings are those from before the change.")
    return Outcome(state="done", message=f"{len(rows):,} rows checked again.", result={"duplicates": found.duplicates})
