"""Labels: accuracy, macro-F1 and a table of every label; an answer without a known label is unparsed, and wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from studio.domain.gate import Labels
from studio.domain.gate_names import called
from studio.domain.gate_result import Answered, Difference, GateResult, Mark, Table, Unjudged
from studio.domain.verdict import Interval
from studio.verdict.gates.lights import floored, light_of_share, why_share
from studio.verdict.gates.paired import percentiles, resampled, tango
from studio.verdict.gates.results import marked, missing, pair, passing, result
from studio.verdict.wording import count

UNPARSED = "unparsed"
NO_LABEL = "The reference answer holds none of the labels."
NO_REFERENCE = "This prompt has no reference answer to take a label from."
WIDEST = 60  # labels in the table


@dataclass(frozen=True)
class Read:
    """One prompt's true label and what both answers say; None is unparsed."""

    prompt_id: str
    truth: str
    base: str | None
    tuned: str | None


def judge(gate: Labels, answers: Sequence[Answered]) -> GateResult:
    """How many labels of each side are right."""
    known, title = known_labels(gate, answers), called(gate.kind, gate.field)
    reads, pairs, unjudged = [], [], []
    for each in answers:
        truth = label_of(gate, each.reference, known)
        if truth is None:
            unjudged.append(Unjudged(each.prompt_id, NO_LABEL if each.reference.strip() else NO_REFERENCE))
            continue
        sides = [None if text is None else label_of(gate, text, known) for text in (each.base, each.tuned)]
        reads.append(Read(each.prompt_id, truth, *sides))
        base, tuned = (
            marked(text, lambda _, truth=truth, said=said: _mark(truth, said))
            for text, said in zip((each.base, each.tuned), sides, strict=True)
        )
        pairs.append(pair(each.prompt_id, base, tuned))
    if not reads or gate.judged_by == "accuracy":
        tables = [per_label(reads)] if reads else []
        f1 = _says(macro_f1(reads)) if reads else ""
        return passing(gate, pairs, title=title, unjudged=unjudged, tables=tables, note=f1)
    found = macro_f1(reads)
    light = light_of_share(found, at_least=gate.at_least, margin=gate.margin)
    why = why_share(light, found, at_least=gate.at_least, margin=gate.margin, prompts=len(reads))
    light, why = floored(light, why, len(reads))
    return result(
        gate.kind,
        light,
        f"{_says(found)}{missing(unjudged)} {why}",
        is_required=gate.is_required,
        difference=found,
        pairs=pairs,
        title=title,
        unjudged=unjudged,
        tables=[per_label(reads)],
    )


def known_labels(gate: Labels, answers: Sequence[Answered]) -> dict[str, str]:
    """Every allowed label by the way it is compared; those of the references where none are given."""
    given = gate.labels or tuple(label for each in answers if (label := _written(gate, each.reference)) is not None)
    return {_key(gate, label): label for label in reversed(given)}


def label_of(gate: Labels, answer: str, known: Mapping[str, str]) -> str | None:
    """The label that an answer gives; None where it gives none, an unknown one, or two."""
    written = _written(gate, answer)
    return None if written is None else known.get(_key(gate, written))


def _written(gate: Labels, answer: str) -> str | None:
    """What stands where the label belongs."""
    if not gate.field:
        return answer.strip() or None
    name = gate.field.strip().casefold()
    parts = [line.partition(":") for line in answer.splitlines()]
    values = {value.strip() for key, colon, value in parts if colon and key.strip().casefold() == name}
    return values.pop() or None if len(values) == 1 else None


def _key(gate: Labels, label: str) -> str:
    """A label as it is compared: without blanks around it and a full stop behind it."""
    plain = " ".join(label.split()).removesuffix(".")
    return plain.casefold() if gate.ignore_case else plain


def _mark(truth: str, said: str | None) -> Mark:
    if said is None:
        return Mark(0.0, UNPARSED, f"No known label; “{truth}” is right.")
    return Mark(1.0, "right") if said == truth else Mark(0.0, "wrong", f"“{said}” instead of “{truth}”.")


def macro_f1(reads: Sequence[Read]) -> Difference:
    """Macro-F1 of both over the labels that the references hold, with a paired bootstrap over prompts.

    The interval is never narrower than what as many equal pairs leave open: resampling cannot show what was not drawn.
    """
    names, truth, sides = _coded(reads)
    once, drawn = np.ones((1, len(reads)), dtype=int), resampled(len(reads))
    base, tuned = (float(_macro(once, truth, side, len(names))[0]) for side in sides)
    off = _macro(drawn, truth, sides[1], len(names)) - _macro(drawn, truth, sides[0], len(names))
    found, least = percentiles(off), tango(0, 0, len(reads)).high
    return Difference(
        base=base,
        tuned=tuned,
        value=tuned - base,
        interval=Interval(min(found.low, tuned - base - least), max(found.high, tuned - base + least)),
        unit="share",
        source="paired percentile bootstrap over prompts (Efron and Tibshirani 1993)",
    )


def per_label(reads: Sequence[Read]) -> Table:
    """Every label of the references: how many there are, how many each side got right, and both F1.

    The last line says how many answers of each side give none of them.
    """
    names, truth, sides = _coded(reads)
    counts = np.bincount(truth, minlength=len(names))
    order = sorted(range(len(names)), key=lambda at: -counts[at])[:WIDEST]
    once = np.ones((1, len(reads)), dtype=int)
    f1 = [_f1(once, truth, side, len(names))[0] for side in sides]
    right = [np.bincount(truth[truth == side], minlength=len(names)) for side in sides]
    rows = [
        (
            names[at],
            str(counts[at]),
            *(str(side[at]) for side in right),
            *(f"{side[at]:.2f}" for side in f1),
        )
        for at in order
    ]
    base, tuned = (int((side == len(names)).sum()) for side in sides)
    lost = f"none of these: {count(base, 'answer')} of the base model, {tuned:,} of the fine-tuned one"
    return Table(
        "Labels",
        ("label", "prompts", "base right", "fine-tuned right", "base F1", "fine-tuned F1"),
        (*rows, (lost, *[""] * 5)),
    )


def _coded(reads: Sequence[Read]) -> tuple[list[str], np.ndarray, list[np.ndarray]]:
    """Labels as numbers in order of name; whatever no reference holds, or is unparsed, is one number beyond them."""
    names = sorted({read.truth for read in reads})
    code = {name: at for at, name in enumerate(names)}
    truth = np.array([code[read.truth] for read in reads])
    sides = [
        np.array([code.get(said, len(names)) if said is not None else len(names) for said in side])
        for side in ([r.base for r in reads], [r.tuned for r in reads])
    ]
    return names, truth, sides


def _f1(drawn: np.ndarray, truth: np.ndarray, said: np.ndarray, labels: int) -> np.ndarray:
    """F1 of each label in each resample, (resamples, labels); not a number for a label that was not drawn at all."""
    every = np.arange(labels)
    is_true, is_said = truth[:, None] == every, said[:, None] == every
    hits = drawn @ (is_true & is_said).astype(int)
    support, predicted = drawn @ is_true.astype(int), drawn @ is_said.astype(int)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(support > 0, 2 * hits / (support + predicted), np.nan)


def _macro(drawn: np.ndarray, truth: np.ndarray, said: np.ndarray, labels: int) -> np.ndarray:
    return np.nanmean(_f1(drawn, truth, said, labels), axis=1)


def _says(found: Difference) -> str:
    return f"Macro-F1 is {found.tuned:.2f} for the fine-tuned model and {found.base:.2f} for the base model."
