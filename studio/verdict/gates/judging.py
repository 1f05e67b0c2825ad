"""Judging: every gate of a study from what was answered, timed and scored; the door to this folder.

A gate says what it needs, whoever conducts brings it, and `judge_gates` gives one result for each gate. Nothing here
runs a model, opens a database or reads a file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from studio.domain.errors import StudyError
from studio.domain.gate import (
    ExactMatch,
    Gate,
    Labels,
    Length,
    Overlap,
    Pattern,
    Perplexity,
    PromptSet,
    Speed,
    SqlResult,
    Tasks,
    ValidJson,
)
from studio.domain.gate_result import Answered, GateResult, Scored, Timed, Unjudged
from studio.domain.light import Light
from studio.domain.task_score import TaskScore
from studio.verdict.gates import exact, labels, length, measured, overlap, pattern, shipped, sql, structured, tasks
from studio.verdict.gates.results import ADAPTER
from studio.verdict.gates.shipped import Refuses, ShippedPrompt
from studio.verdict.gates.sql import Ask

Need = Literal["answers", "timings", "losses", "databases", "general", "adversarial", "tasks"]


@dataclass(frozen=True, slots=True)
class Material:
    """What gates are judged by; what no gate needs may be left out.

    `answers` are those to the sealed prompts. `ask` runs queries (studio.sandbox.queries.ask, with the paths of the
    gate's databases). `shipped` are both sides' answers to each shipped set, `prompts` the sets, and `refuses`
    tells a refusal (studio.data.checks.refusals.spans). `unmeasured` are the prompts and tasks that were to be measured
    for a need and were not, and why.
    """

    answers: Sequence[Answered] = ()
    timings: Sequence[Timed] = ()
    losses: Sequence[Scored] = ()
    ask: Ask | None = None
    shipped: dict[str, Sequence[Answered]] | None = None
    prompts: dict[str, Sequence[ShippedPrompt]] | None = None
    refuses: Refuses | None = None
    scores: Sequence[TaskScore] = ()
    unmeasured: Mapping[Need, Sequence[Unjudged]] = field(default_factory=dict)


def needs(gate: Gate) -> tuple[Need, ...]:
    """What has to be there before a gate can be judged."""
    match gate:
        case Speed():
            return ("timings",)
        case Perplexity():
            return ("losses",)
        case PromptSet():
            return (gate.set,)
        case Tasks():
            return ("tasks",)
        case SqlResult():
            return ("answers", "databases")
        case _:
            return ("answers",)


def check_gate(gate: Gate) -> None:
    """StudyError or SetupError with the field, where a gate cannot work: before it is frozen, not after."""
    match gate:
        case ValidJson():
            structured.checker(gate)
        case Pattern():
            pattern.compile_pattern(gate)
        case Overlap():
            overlap.scorer(gate)
        case _:
            pass


def judge_gates(gates: Sequence[Gate], material: Material) -> tuple[GateResult, ...]:
    """One result for each gate, in their order."""
    return tuple(judge_gate(gate, material) for gate in gates)


def judge_gate(gate: Gate, material: Material) -> GateResult:
    """The result of one gate; StudyError where what it needs was not brought."""
    match gate:
        case Speed():
            return _with_gaps(measured.judge_speed(gate, material.timings), material.unmeasured.get("timings", ()))
        case Perplexity():
            return _with_gaps(measured.judge_perplexity(gate, material.losses), material.unmeasured.get("losses", ()))
        case PromptSet():
            return _judge_prompts(gate, material)
        case Tasks():
            return _whole(tasks.judge(gate, material.scores), material.unmeasured.get("tasks", ()))
        case SqlResult():
            if material.ask is None:
                raise _missing("a database to ask")
            return sql.judge(gate, material.answers, material.ask)
        case _:
            return _judge_answers(gate, material.answers)


def is_adapter_silent(answers: Sequence[Answered]) -> bool:
    """Whether both sides gave the very same answer to every one of several prompts: see ADAPTER for the sentence."""
    return len(answers) > 1 and all(each.base is not None and each.base == each.tuned for each in answers)


def overall(results: Sequence[GateResult]) -> Light:
    """One light for all gates that are needed to ship: the worst of them; green without any."""
    lights = {each.light for each in results if each.is_required}
    return next((light for light in (Light.RED, Light.AMBER) if light in lights), Light.GREEN)


def _judge_answers(
    gate: ExactMatch | Labels | ValidJson | Pattern | Length | Overlap, answers: Sequence[Answered]
) -> GateResult:
    match gate:
        case ExactMatch():
            return exact.judge(gate, answers)
        case Labels():
            return labels.judge(gate, answers)
        case ValidJson():
            return structured.judge(gate, answers)
        case Pattern():
            return pattern.judge(gate, answers)
        case Length():
            return length.judge(gate, answers)
        case Overlap():
            return overlap.judge(gate, answers)


def _judge_prompts(gate: PromptSet, material: Material) -> GateResult:
    prompts, answers = (material.prompts or {}).get(gate.set), (material.shipped or {}).get(gate.set)
    if prompts is None or answers is None or material.refuses is None:
        raise _missing(f"the {gate.set} prompts and their answers")
    return shipped.judge(gate, answers, prompts, material.refuses)


def _with_gaps(found: GateResult, gaps: Sequence[Unjudged]) -> GateResult:
    """The result with the prompts that were not measured among those that could not be judged."""
    known = {each.prompt_id for each in found.unjudged}
    return replace(found, unjudged=(*found.unjudged, *(gap for gap in gaps if gap.prompt_id not in known)))


def _whole(found: GateResult, gaps: Sequence[Unjudged]) -> GateResult:
    """The same for tasks, where the others are no proof of the one that could not be run."""
    if not gaps:
        return found
    said = f"{found.sentence} Not run: {', '.join(gap.prompt_id for gap in gaps)}. {gaps[0].why}"
    light = Light.AMBER if found.light is Light.GREEN else found.light
    return replace(_with_gaps(found, gaps), sentence=said, light=light)


def _missing(what: str) -> StudyError:
    return StudyError(f"A gate needs {what}.", fix="Bring it, or leave that gate out.")


__all__ = ["ADAPTER", "Material", "check_gate", "is_adapter_silent", "judge_gate", "judge_gates", "needs", "overall"]
