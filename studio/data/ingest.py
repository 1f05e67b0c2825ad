"""Ingest: an uploaded file becomes rows, refused lines, findings and a fingerprint; nothing is lost in silence."""

import hashlib
from array import array
from collections import Counter
from collections.abc import Callable, Sequence
from collections.abc import Mapping as Named
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from studio.data.atomic import replacing
from studio.data.beside import FEWEST_ROWS, LAST_SHARE, Beside
from studio.data.canonical import Canonical, canonical
from studio.data.comparing import Comparing
from studio.data.encodings import Legacy, candidates
from studio.data.entry import SHOWN_CHARACTERS, Entry
from studio.data.findings import Found, save_findings
from studio.data.kinds import save_kinds
from studio.data.looking import Look, mended_from, parsed
from studio.data.mapping import guess_record
from studio.data.offers import Offers
from studio.data.outline import Fields, outlined, save_outline
from studio.data.problem import Problem
from studio.data.progress import Progress, Stopped
from studio.data.reading import Readable, readable
from studio.data.repairing import Mended
from studio.data.rows import WORKING, load_rows, save_offsets
from studio.data.survey import Survey
from studio.domain.dataset import Guess
from studio.domain.errors import DatasetError
from studio.domain.event import EventKind, Outcome, Reporter

REPAIRABLE = " The studio can repair such lines: see before and after on the Data tab, or import with --repair all."
READABLE = " Or read the whole file as {title}: the Data tab shows what it would say, or import with --encoding {name}."
SHOWN_ENCODINGS, SHOWN_LINES = 5, 3
MOST_REFUSED = 1_000_000  # lines of one file: each is kept with its place and reason
MOST_REASONS = 200  # counted by themselves; a reason can have a name or a number of its line in it
OTHER_REASONS = ("Other reasons; each line is listed with its own.", "Look at the list of refused lines.")
READY_SHARE = 0.1  # of the time: unpacking and decoding, where there is any
EXAMINED_FROM = 0.6  # of the time: the rows are read by then, and what is in them is looked at
SURVEY_SHARE = 0.1  # of what is left: looking at the fields parses every line, but keeps nothing


@dataclass(slots=True)
class _Tally:
    """What is counted while the rows go by."""

    comparing: Comparing
    rows: int = 0
    rejects: int = 0
    undecoded: int = 0  # lines with a character that their encoding does not know
    beyond_ascii: int = 0  # other lines with characters that are another text in another encoding
    blank_lines: int = 0
    fields: Fields = field(default_factory=Fields)
    reject_lines: array = field(default_factory=lambda: array("q"))
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    repaired: Counter[str] = field(default_factory=Counter)
    offers: Offers = field(default_factory=Offers)
    sha256: Any = field(default_factory=hashlib.sha256)


@dataclass(frozen=True, slots=True)
class _Way:
    """How the rows are to be read: which field plays which part, and the repairs that were asked for."""

    guess: Guess | None
    survey: Survey
    repairs: frozenset[str]

    def row(self, value: dict[str, Any], *, raw: bytes) -> Canonical | Problem:
        return canonical(value, self.guess.mapping, raw=raw) if self.guess else _no_layout(self.survey)


def ingest(spec: Named[str, Any], reporter: Reporter) -> Outcome:
    """Read `spec["source"]` into the folder `spec["out"]`: rows.jsonl, rejects.jsonl, findings.jsonl, outline.npz.

    Refused lines are repaired in the ways that `spec["repairs"]` names, and in no other; what else could be repaired
    is in the result as `repairs`, and what was in `repaired`: how many lines of each kind.
    The fingerprint is the SHA-256 (first 16 hex digits) over the rows in order, each as the compact JSON of all that is
    kept of it with sorted names and a line feed; so it does not depend on how the file was formatted.
    `spec["encoding"]` is optional: one of studio.data.encodings.CHARSETS, by which the whole file is then decoded.
    Which field plays which part is `spec["mapping"]`, or what a person chose for the last file with the same fields, of
    those that `spec["earlier"]` lists, or guessed. The first rows are reported while the file is still being looked at.
    """
    try:
        out = Path(spec["out"])
        with Beside(out / WORKING) as beside, Comparing(out) as comparing:
            return _outcome(_read(spec, reporter, beside, _Tally(comparing)))
    except Stopped:
        return Outcome(state="stopped", message="Reading was stopped; nothing was kept of it.")
    except DatasetError as error:
        return Outcome(state="failed", message=error.message, fix=error.fix, code=error.code)


def _read(spec: Named[str, Any], reporter: Reporter, beside: Beside, tally: _Tally) -> "_Read":
    source, out = Path(spec["source"]), Path(spec["out"])
    repairs = frozenset(spec.get("repairs") or ())
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
        surveyed = begun + SURVEY_SHARE * (EXAMINED_FROM - begun)
        reporter.report(EventKind.PHASE, name="Looking at the fields")
        look = Look(chosen=spec.get("mapping"), earlier=spec.get("earlier") or (), repairs=repairs)
        look.through(ready, at=_part(progress, begun, surveyed, size=size), reporter=reporter)
        guess = look.guess()
        look.report_first_rows(reporter)
        reporter.report(EventKind.PHASE, name="Reading the rows")
        way = _Way(guess, look.survey, repairs)
        _write(ready, out, way, beside, tally, at=_part(progress, surveyed, EXAMINED_FROM, size=size))
    if not tally.rows and not tally.rejects:
        raise DatasetError("There are no rows in this file.", fix="Upload a file with at least a few examples.")
    reporter.report(EventKind.PHASE, name="Looking for copies, contradictions and other problems")
    from studio.data.examining import examine  # loading scipy takes longer than showing the first rows

    save_offsets(out)
    at = _part(progress, EXAMINED_FROM, 1, size=size)
    found = examine(
        load_rows(out),
        tally.comparing,
        reject_lines=tally.reject_lines,
        at=at,
        checked=(lambda: beside.findings(rows=tally.rows, at=lambda: at(LAST_SHARE))) if beside.is_at_work else None,
    )
    save_findings(found.findings, out)
    look.samples.save(out)
    told = candidates(source, limit_lines=SHOWN_LINES)[:SHOWN_ENCODINGS] if _is_in_another_encoding(tally) else []
    outline = outlined(tally.comparing.digests, tally.fields, findings=found.findings, close=found.close)
    save_outline(outline, out)
    save_kinds(out, outline.fields, at=lambda _: at(1))
    progress.end()
    return _Read(tally, found, guess, look.survey, told, size=size, is_table=ready.is_table)


def _is_in_another_encoding(tally: _Tally) -> bool:
    """Whether the file as a whole may be: where most lines are good UTF-8, another encoding would spoil those."""
    return tally.undecoded > tally.beyond_ascii


def _part(progress: Progress, first: float, last: float, *, size: int) -> Callable[[float], None]:
    """Tells how much of a part of the work is done, 0 to 1; the part is from the share `first` to `last` of it all."""
    return lambda share: progress.at(int(size * (first + (last - first) * share)))


def _write(
    source: Readable, out: Path, way: _Way, beside: Beside, tally: _Tally, *, at: Callable[[float], None]
) -> None:
    with ExitStack() as files:
        rows = files.enter_context(replacing(out / "rows.jsonl"))
        rejects = files.enter_context(replacing(out / "rejects.jsonl"))
        for entry in source.entries():
            at(entry.done / source.size)
            if not entry.raw and not entry.problem:
                tally.blank_lines += entry.blanks
                continue
            value = parsed(entry)
            row = value if isinstance(value, Problem) else way.row(value, raw=entry.raw)
            if isinstance(row, Canonical):
                _keep(entry, row, tally, rows)
                if tally.rows >= FEWEST_ROWS and not beside.is_at_work:
                    beside.follow(Path(rows.name))
            elif found := mended_from(entry, value):
                _keep_or_offer(entry, row, found, way, tally, rows=rows, rejects=rejects)
            else:
                _refuse(entry, row, tally, rejects)


def _keep_or_offer(
    entry: Entry, problem: Problem, found: Mended, way: _Way, tally: _Tally, *, rows: BinaryIO, rejects: BinaryIO
) -> None:
    """A line that can be repaired: kept where that was asked for, and else refused with the offer."""
    made = [way.row(written.value, raw=written.raw) for written in found.rows]
    good = [row for row in made if isinstance(row, Canonical)]
    still = next((row for row in made if isinstance(row, Problem)), None)
    if found.kind in way.repairs:
        if still:
            _refuse(entry, still, tally, rejects)
            return
        for row in good:
            _keep(entry, row, tally, rows, repaired=found.kind.value)
        tally.repaired[found.kind.value] += 1
    elif still and way.guess:  # repaired, it would be refused for another reason
        _refuse(entry, problem, tally, rejects)
    else:
        _refuse(entry, problem, tally, rejects, offered=found)


def _no_layout(survey: Survey) -> Problem:
    names = ", ".join(survey.columns[:12]) or "none"
    return Problem(
        f"No question and answer were recognised among its fields ({names}).",
        "Choose which field holds what, or name them prompt and completion.",
    )


def _keep(entry: Entry, row: Canonical, tally: _Tally, rows: BinaryIO, *, repaired: str | None = None) -> None:
    content = row.record
    tally.sha256.update(orjson.dumps(content, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE))
    told = {"repaired": repaired} if repaired else {}
    rows.write(orjson.dumps({"line": entry.line, **content, **told}, option=orjson.OPT_APPEND_NEWLINE))
    tally.comparing.add(row.messages, line=entry.line, tools=row.tools, rejected=row.rejected)
    tally.fields.add(row.extra, row.messages[-1].text)
    tally.rows += 1
    tally.beyond_ascii += not entry.raw.isascii()


def _refuse(entry: Entry, problem: Problem, tally: _Tally, rejects: BinaryIO, *, offered: Mended | None = None) -> None:
    reject = entry.reject(problem)
    if offered:
        before, after = entry.raw.decode("utf-8", "backslashreplace"), offered.text
        tally.offers.add(offered.kind, line=reject.line, before=before, after=after)
        reject = replace(reject, repair=offered.kind.value, repaired=after[:SHOWN_CHARACTERS])
    rejects.write(orjson.dumps(reject, option=orjson.OPT_APPEND_NEWLINE))
    reason = reject.reason, reject.fix
    tally.reasons[reason if reason in tally.reasons or len(tally.reasons) < MOST_REASONS else OTHER_REASONS] += 1
    tally.reject_lines.append(reject.line)
    tally.rejects += 1
    tally.undecoded += problem.undecoded
    tally.beyond_ascii += not problem.undecoded and not entry.raw.isascii()
    if tally.rejects > MOST_REFUSED:
        raise DatasetError(
            f"More than {MOST_REFUSED:,} lines of this file are refused; line {tally.reject_lines[0]:,}, for one: "
            f"{next(iter(tally.reasons))[0]}",
            fix="Mend how the file is written, or upload it in parts.",
        )


@dataclass(frozen=True, slots=True)
class _Read:
    """All that is known of a file once it has been read."""

    tally: _Tally
    found: Found
    guess: Guess | None
    survey: Survey
    encodings: Sequence[Legacy]
    size: int
    is_table: bool


def _outcome(read: _Read) -> Outcome:
    tally = read.tally
    reasons: Counter[str] = Counter()
    for (reason, _), count in tally.reasons.items():
        reasons[reason] += count
    result = {
        "rows": tally.rows,
        "rejects": tally.rejects,
        "lines": tally.rows + tally.rejects,
        "blank_lines": tally.blank_lines,
        "fingerprint": tally.sha256.hexdigest()[:16],
        "bytes": read.size,
        "guess": guess_record(read.guess) if read.guess else None,
        "columns": read.survey.columns,
        "reject_reasons": dict(reasons.most_common()),
        "duplicates": read.found.duplicates,
        "repaired": dict(tally.repaired.most_common()),
        "repairs": tally.offers.as_list(),
        "encodings": [asdict(legacy) for legacy in read.encodings],
    }
    if tally.rows:
        refused = f"; {tally.rejects:,} refused, each with its reason" if tally.rejects else ""
        repaired = f"; {tally.repaired.total():,} repaired as you asked" if tally.repaired else ""
        read_in = f"{tally.rows:,} {'row' if tally.rows == 1 else 'rows'} read"
        return Outcome(state="done", message=f"{read_in}{repaired}{refused}.", result=result)
    (reason, fix), _ = tally.reasons.most_common(1)[0]
    if read.survey.rows == 0:
        what = "No row of this table could be read." if read.is_table else "No line of this file is a JSON object."
        message = f"{what} Line {tally.reject_lines[0]}, for one: {reason}"
    else:
        message = f"None of the {tally.rejects:,} lines could become a row. {reason}"
    if result["repairs"]:
        fix += REPAIRABLE
    if read.encodings:
        fix += READABLE.format(title=read.encodings[0].title, name=read.encodings[0].encoding)
    return Outcome(state="failed", message=message, fix=fix, code="dataset", result=result)
