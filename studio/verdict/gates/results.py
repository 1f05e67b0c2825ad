"""Results: from the marks of single answers to a gate's light; the same for every family of gates."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from studio.domain.gate import Passing
from studio.domain.gate_names import TITLES
from studio.domain.gate_result import (
    Answered,
    Change,
    Class,
    Difference,
    GateResult,
    Mark,
    Pair,
    Table,
    Unjudged,
)
from studio.domain.light import Light
from studio.verdict.gates.lights import floored, light_of_share, percent, why_share
from studio.verdict.gates.paired import share_difference
from studio.verdict.wording import count

NO_ANSWER = Mark(0.0, "no answer", "No answer was given.")
ADAPTER = "Both models gave the same answer to every prompt, to the letter: the adapter may not have been applied."


def pair(prompt_id: str, base: Mark, tuned: Mark) -> Pair:
    return Pair(prompt_id, base, tuned, change(base.score, tuned.score))


def change(base: float, tuned: float) -> Change:
    return "better" if tuned > base else "worse" if tuned < base else "same"


def marked(answer: str | None, mark: Callable[[str], Mark]) -> Mark:
    """What a gate says of an answer; one that was never given fails."""
    return NO_ANSWER if answer is None else mark(answer)


def pairs_of(answers: Iterable[Answered], mark: Callable[[str, str], Mark]) -> list[Pair]:
    """Both answers to every prompt, marked by the answer and its reference."""
    return [
        pair(
            each.prompt_id,
            marked(each.base, lambda text, each=each: mark(text, each.reference)),
            marked(each.tuned, lambda text, each=each: mark(text, each.reference)),
        )
        for each in answers
    ]


def passing(
    gate: Passing,
    pairs: Sequence[Pair],
    *,
    title: str = "",
    unjudged: Sequence[Unjudged] = (),
    tables: Sequence[Table] = (),
    note: str = "",
) -> GateResult:
    """The result of a gate that each answer passes or fails."""
    if not pairs:
        return nothing(gate.kind, is_required=gate.is_required, unjudged=unjudged)
    found = share_difference([p.base.is_passed for p in pairs], [p.tuned.is_passed for p in pairs])
    light = light_of_share(found, at_least=gate.at_least, margin=gate.margin)
    why = why_share(light, found, at_least=gate.at_least, margin=gate.margin, prompts=len(pairs))
    light, why = floored(light, why, len(pairs))
    return result(
        gate.kind,
        light,
        f"{_passed(found, len(pairs))}{missing(unjudged)} {why}",
        is_required=gate.is_required,
        difference=found,
        pairs=pairs,
        title=title,
        unjudged=unjudged,
        tables=tables,
        note=note,
    )


def result(
    kind: str,
    light: Light,
    sentence: str,
    *,
    is_required: bool,
    difference: Difference | None,
    pairs: Sequence[Pair],
    title: str = "",
    unjudged: Sequence[Unjudged] = (),
    tables: Sequence[Table] = (),
    note: str = "",
    classes: bool = True,
) -> GateResult:
    """A result with its counts of better, worse and same, and of the classes of both sides."""
    changes = Counter(p.change for p in pairs)
    return GateResult(
        kind=kind,
        title=title or TITLES[kind],  # pyright: ignore[reportArgumentType]
        light=light,
        sentence=sentence,
        is_required=is_required,
        difference=difference,
        better=changes["better"],
        worse=changes["worse"],
        same=changes["same"],
        pairs=tuple(pairs),
        unjudged=tuple(unjudged),
        classes=_classes(pairs) if classes else (),
        tables=tuple(tables),
        note=note,
    )


def nothing(kind: str, *, is_required: bool, unjudged: Sequence[Unjudged] = (), why: str = "") -> GateResult:
    """Amber, where there is nothing to judge: that is no proof of anything."""
    reason = why or (unjudged[0].why if unjudged else "There are no answers to judge.")
    sentence = f"Nothing could be judged. {reason}"
    return result(kind, Light.AMBER, sentence, is_required=is_required, difference=None, pairs=(), unjudged=unjudged)


def _passed(found: Difference, n: int) -> str:
    tuned, base = round(found.tuned * n), round(found.base * n)
    return (
        f"Of {count(n, 'prompt')} the fine-tuned model passes {tuned} ({percent(round(found.tuned, 3))}), "
        f"the base model {base} ({percent(round(found.base, 3))})."
    )


def missing(unjudged: Sequence[Unjudged]) -> str:
    """How many prompts count for neither side, as a sentence with a blank before it; empty where there are none."""
    if not unjudged:
        return ""
    return f" {count(len(unjudged), 'prompt')} could not be judged and {'is' if len(unjudged) == 1 else 'are'} listed."


def _classes(pairs: Sequence[Pair]) -> tuple[Class, ...]:
    base, tuned = Counter(p.base.found for p in pairs), Counter(p.tuned.found for p in pairs)
    names = sorted(base | tuned, key=lambda name: -(base[name] + tuned[name]))
    return tuple(Class(name, base[name], tuned[name]) for name in names)
