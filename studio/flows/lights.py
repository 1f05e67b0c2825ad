"""Lights: judge the gates of a closed study, once, and keep what they showed beside it."""

import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from studio.data.atomic import replacing
from studio.data.checks import refusals
from studio.domain.errors import StudioError, StudyError
from studio.domain.gate import Gate, SqlResult, Tasks, read_gates
from studio.domain.gate_result import Answered, GateResult, Scored, Timed, Timing, Unjudged
from studio.domain.protocol import Rival
from studio.domain.query import QueryResult
from studio.domain.study import TUNED, Answer, Ask, Study, StudyState
from studio.domain.task_score import TaskScore
from studio.flows import gates as wanted
from studio.flows.studio import Studio
from studio.store import foreign
from studio.store import studies as stored
from studio.store.ids import new_id
from studio.verdict.gates.judging import Material, Need, judge_gate
from studio.verdict.gates.results import nothing
from studio.verdict.gates.shipped import ShippedPrompt, load_prompts

log = logging.getLogger(__name__)

FORMAT = 1  # of what is kept; another number where it means something else
UNTOLD = "It was not measured."
_RESULTS = TypeAdapter(tuple[GateResult, ...])


@dataclass(frozen=True, slots=True)
class Spoken:
    """One prompt as it is read beside its marks: what was asked, a good answer, and what both sides said."""

    question: str
    reference: str
    base: str | None
    tuned: str | None


def lights(studio: Studio, study: Study) -> tuple[GateResult, ...]:
    """One result for every gate of a closed study, judged at the first look; StudyError while anybody still rates.

    A gate that cannot be judged here is amber, says why, and is tried again at the next look.
    """
    _insist_on_closed(study)
    gates = read_gates(study.protocol.gates)
    place = studio.workspace.study(study.id) / "lights.json"
    if not gates:
        return ()
    if (kept := _kept(place, study)) is not None:
        return kept
    material = _material(studio, study, gates)
    results, are_final = [], True
    for gate in gates:
        try:
            results.append(judge_gate(gate, material))
        except StudioError as error:
            are_final = False
            results.append(nothing(gate.kind, is_required=gate.is_required, why=error.sentence))
        except Exception:  # whatever a model answered, the other gates and the votes can still be read
            are_final = False
            log.exception("the gate %s of %s could not be judged", gate.kind, study.id)
            why = "Judging it failed in the studio itself; the log has the details."
            results.append(nothing(gate.kind, is_required=gate.is_required, why=why))
    if are_final:
        _keep(place, study, results)
    return tuple(results)


def spoken(studio: Studio, study: Study) -> dict[str, Spoken]:
    """What was asked and said on every prompt that a gate of a closed study looks at, by the id in its pairs."""
    _insist_on_closed(study)
    asks = stored.asks(studio.store, study.id)
    found = {
        each.prompt_id: Spoken(ask.question, ask.reference, each.base, each.tuned)
        for ask, each in zip(asks, _answered(studio, study, asks), strict=True)
    }
    for name in wanted.shipped_sets(read_gates(study.protocol.gates)):
        prompts = load_prompts(studio.assets / "prompts", name)
        for prompt, each in zip(prompts, _shipped(studio, study, name, prompts), strict=True):
            found[prompt.id] = Spoken(prompt.prompt, prompt.good, each.base, each.tuned)
    return found


def _insist_on_closed(study: Study) -> None:
    if study.state is not StudyState.CLOSED:
        raise StudyError(
            "This comparison is still open.", fix="Close the rating first; what the gates show stays hidden until then."
        )


def _kept(place: Path, study: Study) -> tuple[GateResult, ...] | None:
    """What an earlier look found by the very same protocol."""
    if not place.is_file():
        return None
    try:
        held = json.loads(place.read_bytes())
        if (held["format"], held["protocol"]) != (FORMAT, study.fingerprint):
            return None
        return _RESULTS.validate_python(held["results"])
    except (ValueError, KeyError, TypeError, ValidationError):
        return None


def _keep(place: Path, study: Study, results: Sequence[GateResult]) -> None:
    held = {"format": FORMAT, "protocol": study.fingerprint, "results": [asdict(each) for each in results]}
    draft = place.with_name(f"{place.name}.{new_id('draft')}")  # of its own, since two people may look at once
    with replacing(draft) as file:
        file.write(json.dumps(held).encode())
    draft.replace(place)


def _material(studio: Studio, study: Study, gates: Sequence[Gate]) -> Material:
    folder, asks = studio.workspace.study(study.id), stored.asks(studio.store, study.id)
    prompts: dict[str, Sequence[ShippedPrompt]] = {
        name: load_prompts(studio.assets / "prompts", name) for name in wanted.shipped_sets(gates)
    }
    shipped = {name: _shipped(studio, study, name, prompts[name]) for name in prompts}
    lines = _measured(folder / "measured.jsonl")
    timings = [_timed(line) for line in lines if line["kind"] == "timing"]
    losses = [_scored(line) for line in lines if line["kind"] == "loss"]
    scores = [_task(line) for line in lines if line["kind"] == "task"]
    why = {line["key"]: line["why"] for line in lines if line["kind"] == "unmeasured"}
    tasks = [name for gate in gates if isinstance(gate, Tasks) for name in gate.tasks]
    # What a task is called may be a group of tasks: where nothing is told of it, any score of the gate is its own.
    gone = [name for name in tasks if name in why or not scores]
    unmeasured: dict[Need, Sequence[Unjudged]] = {
        "timings": _gaps(wanted.to_time(study.protocol, asks), {each.prompt_id for each in timings}, why),
        "losses": _gaps(wanted.to_score(study.protocol, asks), {each.prompt_id for each in losses}, why),
        "tasks": _gaps(gone, set(), why),
    }
    return Material(
        answers=_if_any(_answered(studio, study, asks)),
        timings=timings,
        losses=losses,
        ask=lambda gate, queries: _ask(folder / "databases", gate, queries),
        shipped={name: _if_any(answers) for name, answers in shipped.items()},
        prompts=prompts,
        refuses=lambda text: bool(refusals.spans(text)),
        scores=scores,
        unmeasured=unmeasured,
    )


def _answered(studio: Studio, study: Study, asks: Iterable[Ask]) -> list[Answered]:
    """Both answers to every prompt of the study; the reference of somebody's own prompt is empty."""
    given = stored.answers(studio.store, study.id)
    return [_both(ask.key, ask.reference, given) for ask in asks]


def _shipped(studio: Studio, study: Study, name: str, prompts: Iterable[ShippedPrompt]) -> list[Answered]:
    given = stored.answers(studio.store, study.id, set=name)
    return [_both(prompt.id, "", given) for prompt in prompts]


def _if_any(answers: Sequence[Answered]) -> Sequence[Answered]:
    """The answers, or nothing where one side never gave any: it was not asked, which is no failure of its answers."""
    asked = all(
        any(side is not None for side in each) for each in zip(*((a.base, a.tuned) for a in answers), strict=True)
    )
    return answers if asked else ()


def _both(key: str, reference: str, given: dict[tuple[str, str], Answer]) -> Answered:
    base, tuned = given.get((key, Rival.BASE.value)), given.get((key, TUNED))
    return Answered(key, reference, base and base.text, tuned and tuned.text)


def _measured(path: Path) -> list[dict[str, Any]]:
    """Every line of measured.jsonl; split as bytes, since a text may hold other line separators of Unicode."""
    return [json.loads(line) for line in path.read_bytes().splitlines()] if path.is_file() else []


def _timed(line: dict[str, Any]) -> Timed:
    base, tuned = (Timing(line[side]["seconds"], line[side]["tokens"]) for side in ("base", "tuned"))
    return Timed(line["key"], base, tuned)


def _scored(line: dict[str, Any]) -> Scored:
    return Scored(line["key"], line["tokens"], float(line["base_nll"]), float(line["tuned_nll"]))


def _task(line: dict[str, Any]) -> TaskScore:
    return TaskScore(line["task"], line["metric"], line["question"], line["base"], line["tuned"])


def _gaps(keys: Iterable[str], known: set[str], why: dict[str, str]) -> list[Unjudged]:
    return [Unjudged(key, why.get(key, UNTOLD)) for key in keys if key not in known]


def _ask(folder: Path, gate: SqlResult, queries: Sequence[str]) -> list[list[QueryResult]]:
    """Run queries on the copies that were frozen; StudyError where one is no longer what it was."""
    databases = [folder / Path(name).name for name in gate.databases]
    for database, sha256 in zip(databases, gate.sha256, strict=True):
        if not database.is_file() or wanted.fingerprint(database) != sha256:
            raise StudyError(
                f"The database {database.name} is no longer the one that was frozen with this comparison.",
                fix="Put the file back from a copy of the workspace, or make the comparison anew.",
            )
    return foreign.ask(databases, queries, seconds=gate.seconds, most_rows=gate.most_rows)
