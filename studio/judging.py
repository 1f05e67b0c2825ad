"""Judging: the gates of a closed study one after the other, in a process of its own; what each shows is kept at once.

The worker gets files: what was asked and answered, what was measured, and the databases as they were frozen.
"""

import json
import logging
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from studio.data.checks import refusals
from studio.domain.errors import StudioError, StudyError
from studio.domain.event import EventKind, Outcome, Reporter
from studio.domain.gate import Gate, PromptSet, SqlResult, Tasks, read_gates
from studio.domain.gate_names import name_of
from studio.domain.gate_result import Answered, GateResult, Scored, Timed, Timing, Unjudged
from studio.domain.intact import cut_to_whole_lines, sha256_of, whole_lines
from studio.domain.query import QueryResult
from studio.domain.task_score import TaskScore, task_title
from studio.sandbox import queries as sandbox
from studio.verdict.gates.judging import Material, Need, judge_gate
from studio.verdict.gates.shipped import load_prompts

log = logging.getLogger(__name__)

FORMAT = 2  # of what is kept; another number where it means something else
AT_ONCE = 20  # queries; between so many it can be stopped, and says how far it is
UNTOLD = "It was not measured."
OURS = "Judging it failed in the studio itself; the log has the details."
_RESULT = TypeAdapter(GateResult)


class _Stopped(Exception):
    """Somebody wanted it to end."""


@dataclass(slots=True)
class Kept:
    """What is known of the gates of one protocol, by their place in it; `failed` says why one could not be judged."""

    results: dict[int, GateResult] = field(default_factory=dict)
    failed: dict[int, str] = field(default_factory=dict)


def judge_gates(spec: dict[str, Any], reporter: Reporter) -> Outcome:
    """Judge those of `spec["gates"]` that `spec["out"]` holds no result of, and keep each as soon as it is known."""
    gates, book = read_gates(spec["gates"]), Book(Path(spec["out"]), spec["protocol"])
    pace = Pace(reporter, total=len(gates))
    left = [place for place in range(len(gates)) if place not in book.kept.results]
    try:
        material = _material(spec, gates, pace)
        for place in left:
            pace.begin(gates[place], done=len(book.kept.results), later=[gates[each] for each in left if each > place])
            _judge(gates[place], place, material, book, spec)
    except _Stopped:
        said = f"Stopped after {len(book.kept.results):,} of {len(gates):,} gates."
        return Outcome(state="stopped", message=said, fix="Have the rest judged to go on from there.")
    failed = {place: why for place, why in book.kept.failed.items() if place not in book.kept.results}
    if failed:
        said = " ".join(f"{name_of(gates[place])}: {why}" for place, why in failed.items())
        message = f"{len(failed):,} of {len(gates):,} gates could not be judged. {said}"
        return Outcome(state="failed", message=message, fix="Mend that, and have the rest judged.")
    return Outcome(state="done", message=f"All {len(gates):,} gates are judged.")


def _judge(gate: Gate, place: int, material: Material, book: "Book", spec: Mapping[str, Any]) -> None:
    """One gate: whatever a model answered, the others are still judged."""
    try:
        if isinstance(gate, PromptSet) and not _is_frozen_set(spec, gate.set):
            raise _no_longer_frozen(f"The shipped prompts {gate.set}.jsonl are no longer those that were frozen")
        book.keep(place, judge_gate(gate, material))
    except _Stopped:
        raise
    except StudioError as error:
        book.give_up(place, error.sentence)
    except Exception:
        log.exception("the gate %s could not be judged", gate.kind)
        book.give_up(place, OURS)


@dataclass(slots=True)
class Pace:
    """How far it is: gates that are known, and within one that asks databases how many queries."""

    reporter: Reporter
    total: int
    done: int = 0
    title: str = ""
    as_slow: int = 0  # later gates that ask databases as well
    began: float = 0.0

    def begin(self, gate: Gate, *, done: int, later: Sequence[Gate]) -> None:
        self.done, self.title, self.began = done, name_of(gate), time.monotonic()
        self.as_slow = sum(isinstance(each, SqlResult) for each in later)
        self.check()
        self._tell(self.title)

    def asked(self, done: int, queries: int) -> None:
        """So many queries of this gate are answered; those of later gates will take as long."""
        each = (time.monotonic() - self.began) / done
        left = round(each * (queries - done + queries * self.as_slow), 1)
        self._tell(f"{self.title}: {done:,} of {queries:,} queries", left)

    def check(self) -> None:
        """Go on only while nobody wants it to end."""
        if self.reporter.should_stop():
            raise _Stopped

    def _tell(self, words: str, left: float | None = None) -> None:
        self.reporter.report(EventKind.PHASE, name=words)
        self.reporter.report(EventKind.PROGRESS, done=self.done, total=self.total, seconds_left=left)


class Book:
    """What is known of the gates of a protocol, on the disk before it counts; a line torn by a crash is cut off."""

    def __init__(self, path: Path, protocol: str) -> None:
        self.path, self.protocol = path, protocol
        cut_to_whole_lines(path)
        self.kept = read_kept(path, protocol)

    def keep(self, place: int, result: GateResult) -> None:
        self._append(place, {"result": asdict(result)})
        self.kept.results[place] = result

    def give_up(self, place: int, why: str) -> None:
        self._append(place, {"why": why})
        self.kept.failed[place] = why

    def _append(self, place: int, said: dict[str, Any]) -> None:
        record = {"format": FORMAT, "protocol": self.protocol, "gate": place} | said
        with self.path.open("ab") as file:
            file.write(json.dumps(record).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())


def read_kept(path: Path, protocol: str) -> Kept:
    """What is kept of the gates of this very protocol; lines of another one or of an older format count for nothing."""
    kept = Kept()
    for line in whole_lines(path.read_bytes()).splitlines() if path.is_file() else ():
        try:
            record = json.loads(line)
            if (record["format"], record["protocol"]) != (FORMAT, protocol):
                continue
            if "result" in record:
                kept.results[record["gate"]] = _RESULT.validate_python(record["result"])
            else:
                kept.failed[record["gate"]] = record["why"]
        except (ValueError, KeyError, TypeError, ValidationError):
            log.warning("a line of %s cannot be read, so its gate counts as not judged", path)
    return kept


def _material(spec: Mapping[str, Any], gates: Sequence[Gate], pace: Pace) -> Material:
    """What gates are judged by, from the files that the spec names."""
    asked = json.loads(Path(spec["asked"]).read_bytes())
    lines = _lines(Path(spec["measured"]))
    timings = [_timed(line) for line in lines if line["kind"] == "timing"]
    losses = [_scored(line) for line in lines if line["kind"] == "loss"]
    scores = [_task(line) for line in lines if line["kind"] == "task"]
    why = {line["key"]: line["why"] for line in lines if line["kind"] == "unmeasured"}
    tasks = [name for gate in gates if isinstance(gate, Tasks) for name in gate.tasks]
    # What a task is called may be a group of tasks: where nothing is told of it, any score of the gate is its own.
    gone = [name for name in tasks if name in why or not scores]
    unmeasured: dict[Need, Sequence[Unjudged]] = {
        "timings": _gaps(asked["to_time"], {each.prompt_id for each in timings}, why),
        "losses": _gaps(asked["to_score"], {each.prompt_id for each in losses}, why),
        "tasks": [Unjudged(task_title(name), why.get(name, UNTOLD)) for name in gone],
    }
    return Material(
        answers=_if_any([Answered(*each) for each in asked["answers"]]),
        timings=timings,
        losses=losses,
        ask=_asker(Path(spec["databases"]), pace),
        shipped={name: _if_any([Answered(*each) for each in said]) for name, said in asked["shipped"].items()},
        prompts={
            name: load_prompts(Path(spec["prompts"]), name) for name in asked["shipped"] if _is_frozen_set(spec, name)
        },
        refuses=lambda text: bool(refusals.spans(text)),
        scores=scores,
        unmeasured=unmeasured,
    )


def _if_any(answers: Sequence[Answered]) -> Sequence[Answered]:
    """The answers, or nothing where one side never gave any: it was not asked, which is no failure of its answers."""
    asked = all(
        any(side is not None for side in each) for each in zip(*((a.base, a.tuned) for a in answers), strict=True)
    )
    return answers if asked else ()


def _lines(path: Path) -> list[dict[str, Any]]:
    """Every whole line of measured.jsonl; as bytes, since a text may hold other line separators of Unicode."""
    return [json.loads(line) for line in whole_lines(path.read_bytes()).splitlines()] if path.is_file() else []


def _timed(line: dict[str, Any]) -> Timed:
    base, tuned = (Timing(line[side]["seconds"], line[side]["tokens"]) for side in ("base", "tuned"))
    return Timed(line["key"], base, tuned)


def _scored(line: dict[str, Any]) -> Scored:
    return Scored(line["key"], line["tokens"], float(line["base_nll"]), float(line["tuned_nll"]))


def _task(line: dict[str, Any]) -> TaskScore:
    return TaskScore(line["task"], line["metric"], line["question"], line["base"], line["tuned"])


def _gaps(keys: Iterable[str], known: set[str], why: dict[str, str]) -> list[Unjudged]:
    return [Unjudged(key, why.get(key, UNTOLD)) for key in keys if key not in known]


def _asker(folder: Path, pace: Pace) -> Callable[[SqlResult, Sequence[str]], list[list[QueryResult]]]:
    """Run queries on the copies that were frozen, some at a time; StudyError where one is no longer what it was."""

    def ask(gate: SqlResult, queries: Sequence[str]) -> list[list[QueryResult]]:
        databases = [folder / Path(name).name for name in gate.databases]
        for database, sha256 in zip(databases, gate.sha256, strict=True):
            _insist_on_frozen(database, sha256)
        found: list[list[QueryResult]] = [[] for _ in databases]
        for start in range(0, len(queries), AT_ONCE):
            pace.check()
            some = queries[start : start + AT_ONCE]
            said = sandbox.ask(databases, some, seconds=gate.seconds, most_rows=gate.most_rows)
            for results, more in zip(found, said, strict=True):
                results += more
            pace.asked(start + len(some), len(queries))
        return found

    return ask


def _insist_on_frozen(database: Path, sha256: str) -> None:
    if not database.is_file() or sha256_of(database) != sha256:
        raise _no_longer_frozen(f"The database {database.name} is no longer the one that was frozen")


def _is_frozen_set(spec: Mapping[str, Any], name: str) -> bool:
    """Whether a shipped set is the one that was frozen; of an older protocol, that has no hash, whether it is there."""
    path, sha256 = Path(spec["prompts"]) / f"{name}.jsonl", spec.get("shipped", {}).get(name)
    return path.is_file() and sha256 in (None, sha256_of(path))


def _no_longer_frozen(what: str) -> StudyError:
    fix = "Put the file back from a copy of the workspace, or make the comparison anew."
    return StudyError(f"{what} with this comparison.", fix=fix)
