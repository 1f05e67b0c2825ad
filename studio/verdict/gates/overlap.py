"""Overlap: BLEU, chrF and ROUGE, where sacrebleu and rouge-score are installed.

They count the words or characters that an answer shares with its reference. A good answer in other words scores badly
and a fluent lie scores well, so they are shown beside taste and hold nothing back unless somebody asks for it.
"""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from studio.domain.errors import SetupError
from studio.domain.gate import Overlap
from studio.domain.gate_result import Answered, GateResult, Mark, Table, Unjudged
from studio.domain.light import Light
from studio.verdict.gates.lights import FEWEST, light_of_share, why_points
from studio.verdict.gates.paired import mean_difference
from studio.verdict.gates.results import nothing, pair, result
from studio.verdict.wording import count

NAMES = {"bleu": "BLEU", "chrf": "chrF", "rouge1": "ROUGE-1", "rouge2": "ROUGE-2", "rougeL": "ROUGE-L"}
NOTE = (
    "Shared words are no meaning: a right answer in other words scores badly, a fluent wrong one well. Compare only "
    "figures of the same prompts, and let people decide."
)
Score = Callable[[str, str], float]


def judge(gate: Overlap, answers: Sequence[Answered]) -> GateResult:
    """The mean score of each side's answers beside their references; SetupError where the package is missing."""
    usable = [each for each in answers if each.reference.strip()]
    out = {each.prompt_id for each in answers} - {each.prompt_id for each in usable}
    unjudged = [Unjudged(prompt, "This prompt has no reference answer.") for prompt in sorted(out)]
    if len(usable) < FEWEST:
        why = f"At least {FEWEST} prompts with a reference answer are needed."
        return nothing(gate.kind, is_required=gate.is_required, unjudged=unjudged, why=why)
    score = scorer(gate)
    base, tuned = (
        [score(text or "", each.reference) for text, each in zip(side, usable, strict=True)]
        for side in ([a.base for a in usable], [a.tuned for a in usable])
    )
    found = mean_difference(base, tuned)
    light: Light = light_of_share(found, at_least=0.0, margin=gate.margin)
    name = NAMES[gate.measure]
    said = (
        f"Mean {name} over {count(len(usable), 'prompt')} is {found.tuned:.1f} for the fine-tuned model and "
        f"{found.base:.1f} for the base model, of 100."
    )
    return result(
        gate.kind,
        light,
        f"{said} {why_points(light, found, margin=gate.margin, prompts=len(usable))}",
        is_required=gate.is_required,
        difference=found,
        pairs=[
            pair(each.prompt_id, Mark(b, "scored"), Mark(t, "scored"))
            for each, b, t in zip(usable, base, tuned, strict=True)
        ],
        title=f"{name}: words shared with the reference",
        unjudged=unjudged,
        tables=_whole(gate, usable),
        note=NOTE,
        classes=False,
    )


def scorer(gate: Overlap) -> Score:
    """What scores one answer beside its reference, from 0 to 100."""
    if gate.measure in ("bleu", "chrf"):
        metric = _sacrebleu(gate.measure, for_sentences=True)
        return lambda answer, reference: float(metric.sentence_score(answer, [reference]).score)
    package = _package("rouge_score.rouge_scorer", "rouge-score")
    rouge = package.RougeScorer([gate.measure], use_stemmer=False)
    return lambda answer, reference: 100 * float(rouge.score(reference, answer)[gate.measure].fmeasure)


def corpus_score(measure: str, answers: Sequence[str], references: Sequence[Sequence[str]]) -> tuple[float, str]:
    """BLEU or chrF over all answers at once, as papers report it, with the signature that says how it was counted.

    `references` holds one sequence for each set of references, each as long as `answers`.
    """
    metric = _sacrebleu(measure, for_sentences=False)
    score = metric.corpus_score(list(answers), [list(each) for each in references]).score
    return float(score), str(metric.get_signature())


def _sacrebleu(measure: str, *, for_sentences: bool) -> Any:
    metrics = _package("sacrebleu.metrics", "sacrebleu")
    return metrics.BLEU(effective_order=for_sentences) if measure == "bleu" else metrics.CHRF()


def _whole(gate: Overlap, answers: Sequence[Answered]) -> list[Table]:
    if gate.measure not in ("bleu", "chrf"):
        return []
    references = [[each.reference for each in answers]]
    base, signature = corpus_score(gate.measure, [each.base or "" for each in answers], references)
    tuned, _ = corpus_score(gate.measure, [each.tuned or "" for each in answers], references)
    return [Table(f"Over all answers at once ({signature})", ("base", "tuned"), ((f"{base:.2f}", f"{tuned:.2f}"),))]


def _package(module: str, name: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        raise SetupError(
            f"This measure needs the package {name}, which is not installed.",
            fix=f"Install it with `pip install {name}`, or leave this gate out.",
        ) from error
