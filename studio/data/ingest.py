"""Ingest: an uploaded file becomes rows, refused lines, findings and a fingerprint; nothing is lost in silence."""

import hashlib
from array import array
from collections import Counter
from collections.abc import Callable
from collections.abc import Mapping as Named
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from studio.data.atomic import replacing
from studio.data.canonical import Canonical, canonical
from studio.data.entry import Entry
from studio.data.findings import Digests, Found, find, save_findings
from studio.data.mapping import Survey, chosen_mapping, guess_mapping, mapping_from
from studio.data.parsing import parse_object
from studio.data.problem import Problem
from studio.data.progress import Progress, Stopped
from studio.data.reading import Readable, readable
from studio.domain.dataset import Guess
from studio.domain.errors import DatasetError
from studio.domain.event import EventKind, Outcome, Reporter

READY_SHARE = 0.1  # of the time: unpacking and decoding, where there is any
SURVEY_SHARE = 0.25  # of what is left: looking at the fields parses every line, but keeps nothing


@dataclass(slots=True)
class _Tally:
    """What is counted while the rows go by."""

    rows: int = 0
    rejects: int = 0
    blank_lines: int = 0
    digests: Digests = field(default_factory=Digests)
    reject_lines: array = field(default_factory=lambda: array("q"))
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    sha256: Any = field(default_factory=hashlib.sha256)


def ingest(spec: Named[str, Any], reporter: Reporter) -> Outcome:
    """Read `spec["source"]` into the folder `spec["out"]`: rows.jsonl, rejects.jsonl, findings.json.

    The fingerprint is the SHA-256 (first 16 hex digits) over the rows in order, each as the compact JSON of its
    messages and other fields with sorted names and a line feed; so it does not depend on how the file was formatted.
    `spec["encoding"]` is optional: one of studio.data.encodings.CHARSETS, by which the whole file is then decoded.
    """
    source, out = Path(spec["source"]), Path(spec["out"])
    chosen = spec.get("mapping")
    try:
        size = source.stat().st_size
        progress = Progress(reporter, total=size)
        with readable(
            source,
            scratch=out / "unpacked",
            encoding=spec.get("encoding"),
            at=_part(progress, 0, READY_SHARE, size=size),
            tell=lambda text: reporter.report(EventKind.NOTE, text=text),
        ) as ready:
            begun = READY_SHARE if ready.was_made else 0
            surveyed = begun + SURVEY_SHARE * (1 - begun)
            reporter.report(EventKind.PHASE, name="Looking at the fields")
            survey = _survey(ready, at=_part(progress, begun, surveyed, size=size))
            guess = chosen_mapping(survey, mapping_from(chosen)) if chosen else guess_mapping(survey)
            reporter.report(EventKind.PHASE, name="Reading the rows")
            tally = _write(ready, out, guess, survey, at=_part(progress, surveyed, 1, size=size))
        if not tally.rows and not tally.rejects:
            raise DatasetError("There are no rows in this file.", fix="Upload a file with at least a few examples.")
        reporter.report(EventKind.PHASE, name="Looking for duplicates and contradictions")
        found = find(tally.digests, reject_lines=tally.reject_lines)
        save_findings(found.findings, out)
        progress.end()
    except Stopped:
        return Outcome(state="stopped", message="Reading was stopped; nothing was kept of it.")
    except DatasetError as error:
        return Outcome(state="failed", message=error.message, fix=error.fix, code=error.code)
    return _outcome(tally, found, guess, survey, size=size, is_table=ready.is_table)


def _part(progress: Progress, first: float, last: float, *, size: int) -> Callable[[float], None]:
    """Tells how much of a part of the work is done, 0 to 1; the part is from the share `first` to `last` of it all."""
    return lambda share: progress.at(int(size * (first + (last - first) * share)))


def _survey(source: Readable, *, at: Callable[[float], None]) -> Survey:
    survey = Survey()
    for entry in source.entries(telling=True):
        at(entry.done / source.size)
        value = _parsed(entry)
        if not isinstance(value, Problem) and entry.raw:
            survey.add(value)
    return survey


def _parsed(entry: Entry) -> dict[str, Any] | Problem:
    """The object of an entry; an empty one for a blank line."""
    if entry.problem:
        return entry.problem
    return parse_object(entry.raw) if entry.raw else {}


def _write(source: Readable, out: Path, guess: Guess | None, survey: Survey, *, at: Callable[[float], None]) -> _Tally:
    tally = _Tally()
    with ExitStack() as files:
        rows = files.enter_context(replacing(out / "rows.jsonl"))
        rejects = files.enter_context(replacing(out / "rejects.jsonl"))
        for entry in source.entries():
            at(entry.done / source.size)
            if not entry.raw and not entry.problem:
                tally.blank_lines += 1
                continue
            value = _parsed(entry)
            if not isinstance(value, Problem):
                value = canonical(value, guess.mapping, raw=entry.raw) if guess else _no_layout(survey)
            if isinstance(value, Problem):
                _refuse(entry, value, tally, rejects)
            else:
                _keep(entry, value, tally, rows)
    return tally


def _no_layout(survey: Survey) -> Problem:
    names = ", ".join(survey.columns[:12]) or "none"
    return Problem(
        f"No question and answer were recognised among its fields ({names}).",
        "Choose which field holds what, or name them prompt and completion.",
    )


def _keep(entry: Entry, row: Canonical, tally: _Tally, rows: BinaryIO) -> None:
    content = {"messages": row.messages, "extra": row.extra}
    tally.sha256.update(orjson.dumps(content, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE))
    rows.write(orjson.dumps({"line": entry.line, **content}, option=orjson.OPT_APPEND_NEWLINE))
    tally.digests.add(row.messages, line=entry.line)
    tally.rows += 1


def _refuse(entry: Entry, problem: Problem, tally: _Tally, rejects: BinaryIO) -> None:
    reject = entry.reject(problem)
    rejects.write(orjson.dumps(reject, option=orjson.OPT_APPEND_NEWLINE))
    tally.reasons[reject.reason, reject.fix] += 1
    tally.reject_lines.append(reject.line)
    tally.rejects += 1


def _outcome(tally: _Tally, found: Found, guess: Guess | None, survey: Survey, *, size: int, is_table: bool) -> Outcome:
    reasons: Counter[str] = Counter()
    for (reason, _), count in tally.reasons.items():
        reasons[reason] += count
    result = {
        "rows": tally.rows,
        "rejects": tally.rejects,
        "lines": tally.rows + tally.rejects,
        "blank_lines": tally.blank_lines,
        "fingerprint": tally.sha256.hexdigest()[:16],
        "bytes": size,
        "guess": _guess_as_dict(guess),
        "reject_reasons": dict(reasons.most_common()),
        "duplicates": found.duplicates,
    }
    if tally.rows:
        refused = f"; {tally.rejects:,} refused, each with its reason" if tally.rejects else ""
        return Outcome(state="done", message=f"{tally.rows:,} rows read{refused}.", result=result)
    (reason, fix), _ = tally.reasons.most_common(1)[0]
    if survey.rows == 0:
        what = "No row of this table could be read." if is_table else "No line of this file is a JSON object."
        message = f"{what} Line {tally.reject_lines[0]}, for one: {reason}"
    else:
        message = f"None of the {tally.rejects:,} lines could become a row. {reason}"
    return Outcome(state="failed", message=message, fix=fix, code="dataset", result=result)


def _guess_as_dict(guess: Guess | None) -> dict[str, Any] | None:
    if guess is None:
        return None
    flat = asdict(guess)
    return {**flat.pop("mapping"), **flat}
