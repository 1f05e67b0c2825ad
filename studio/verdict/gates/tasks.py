"""Tasks: what lm-evaluation-harness measured, question by question, as a gate like the others."""

from collections.abc import Sequence

from studio.domain.gate import Tasks
from studio.domain.gate_result import Difference, GateResult, Mark, Table
from studio.domain.task_score import TaskScore
from studio.verdict.gates.lights import FEWEST, light_of_share, percent, why_share
from studio.verdict.gates.paired import mean_difference, share_difference
from studio.verdict.gates.results import nothing, pair, result
from studio.verdict.wording import count

NOTE = "Public tasks may have been in what the base model was trained on; they show what got worse, not what is good."


def judge(gate: Tasks, scores: Sequence[TaskScore]) -> GateResult:
    """The mean score of both over all questions of all tasks, each question once."""
    if len(scores) < FEWEST:
        why = f"At least {FEWEST} answered questions are needed."
        return nothing(gate.kind, is_required=gate.is_required, why=why)
    found = _difference([each.base for each in scores], [each.tuned for each in scores])
    light = light_of_share(found, at_least=0.0, margin=gate.margin)
    said = (
        f"On {count(len(scores), 'question')} the fine-tuned model scores {percent(round(found.tuned, 3))} and the "
        f"base model {percent(round(found.base, 3))}."
    )
    why = why_share(light, found, at_least=0.0, margin=gate.margin, prompts=len(scores))
    return result(
        gate.kind,
        light,
        f"{said} {why}",
        is_required=gate.is_required,
        difference=found,
        pairs=[pair(f"{s.task}/{s.question}", Mark(s.base, s.metric), Mark(s.tuned, s.metric)) for s in scores],
        tables=[_by_task(scores)],
        note=NOTE,
        classes=False,
    )


def _difference(base: Sequence[float], tuned: Sequence[float]) -> Difference:
    """As shares where every question is right or wrong, else as means."""
    if {*base, *tuned} <= {0.0, 1.0}:
        return share_difference([each == 1 for each in base], [each == 1 for each in tuned])
    return mean_difference(base, tuned)


def _by_task(scores: Sequence[TaskScore]) -> Table:
    names = sorted({(each.task, each.metric) for each in scores})
    rows = []
    for task, metric in names:
        own = [each for each in scores if (each.task, each.metric) == (task, metric)]
        means = [sum(side) / len(own) for side in ([s.base for s in own], [s.tuned for s in own])]
        rows.append((task, metric, str(len(own)), *(f"{mean:.3f}" for mean in means)))
    return Table("By task", ("task", "metric", "questions", "base", "tuned"), tuple(rows))
