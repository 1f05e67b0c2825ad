"""Measured: speed and perplexity, where each prompt gives a number and less is better."""

from collections.abc import Sequence

import numpy as np

from studio.domain.gate import Perplexity, Speed
from studio.domain.gate_result import GateResult, Mark, Scored, Table, Timed, Timing, Unjudged
from studio.domain.light import Light
from studio.verdict.gates.lights import FEWEST, light_of_times, why_times
from studio.verdict.gates.paired import ratio_of_perplexity, ratio_of_typical
from studio.verdict.gates.results import nothing, pair, result
from studio.verdict.wording import count

FEW = f"At least {FEWEST} measured prompts are needed."


def judge_speed(gate: Speed, timings: Sequence[Timed]) -> GateResult:
    """How much longer the fine-tuned model takes; both must have been timed alone, in turns and after a warm-up."""
    usable = [each for each in timings if _is_timed(each.base) and _is_timed(each.tuned)]
    out = {each.prompt_id for each in timings} - {each.prompt_id for each in usable}
    unjudged = [Unjudged(prompt, "No token or no time was measured.") for prompt in sorted(out)]
    if len(usable) < FEWEST:
        return nothing(gate.kind, is_required=gate.is_required, unjudged=unjudged, why=FEW)
    by_token = gate.measure == "tokens_per_second"
    base, tuned = (
        [each.seconds / each.tokens if by_token else each.seconds for each in side]
        for side in ([t.base for t in usable], [t.tuned for t in usable])
    )
    found = ratio_of_typical(base, tuned)
    light = light_of_times(found, most_worse=gate.most_worse)
    pairs = [
        pair(t.prompt_id, _took(b, t.base), _took(f, t.tuned)) for t, b, f in zip(usable, base, tuned, strict=True)
    ]
    said = _speed_said(found.base, found.tuned, by_token=by_token)
    why = why_times(light, found, most_worse=gate.most_worse, prompts=len(usable))
    return result(
        gate.kind,
        light,
        f"{said} {why}",
        is_required=gate.is_required,
        difference=found,
        pairs=pairs,
        unjudged=unjudged,
        tables=[_spread(usable)],
        classes=False,
    )


def judge_perplexity(gate: Perplexity, losses: Sequence[Scored]) -> GateResult:
    """How much better or worse the fine-tuned model foresees the held-out answers, counted over their tokens alone."""
    usable = [each for each in losses if each.tokens > 0 and np.isfinite([each.base_nll, each.tuned_nll]).all()]
    out = {each.prompt_id for each in losses} - {each.prompt_id for each in usable}
    unjudged = [Unjudged(prompt, "Its answer has no tokens, or its loss is no number.") for prompt in sorted(out)]
    if len(usable) < FEWEST:
        return nothing(gate.kind, is_required=gate.is_required, unjudged=unjudged, why=FEW)
    found = ratio_of_perplexity([s.tokens for s in usable], [s.base_nll for s in usable], [s.tuned_nll for s in usable])
    light = light_of_times(found, most_worse=gate.most_worse)
    pairs = [pair(s.prompt_id, _foreseen(s.base_nll, s.tokens), _foreseen(s.tuned_nll, s.tokens)) for s in usable]
    said = (
        f"On {count(len(usable), 'held-out answer')} perplexity is {_plain(found.tuned)} for the fine-tuned model and "
        f"{_plain(found.base)} for the base model; lower is better."
    )
    why = why_times(light, found, most_worse=gate.most_worse, prompts=len(usable))
    is_broken = any(not np.isfinite(each.tuned_nll) for each in losses)
    broken = " On some answers the fine-tuned model gives no number at all: it is broken." if is_broken else ""
    return result(
        gate.kind,
        Light.RED if is_broken else light,
        f"{said} {why}{broken}",
        is_required=gate.is_required,
        difference=found,
        pairs=pairs,
        unjudged=unjudged,
        classes=False,
    )


def _is_timed(timing: Timing) -> bool:
    return timing.seconds > 0 and timing.tokens > 0


def _took(value: float, timing: Timing) -> Mark:
    """Less time is more: the score is the time with its sign turned."""
    return Mark(-value, "timed", f"{timing.seconds:.2f} s for {count(timing.tokens, 'token')}.")


def _foreseen(nll: float, tokens: int) -> Mark:
    return Mark(-nll / tokens, "scored", f"{nll / tokens:.3f} nats a token over {count(tokens, 'token')}.")


def _speed_said(base: float, tuned: float, *, by_token: bool) -> str:
    if by_token:
        said = _plain(1 / tuned), _plain(1 / base)
        return f"The fine-tuned model typically writes {said[0]} tokens a second, the base model {said[1]}."
    said = _plain(tuned), _plain(base)
    return f"An answer typically takes {said[0]} s from the fine-tuned model and {said[1]} s from the base model."


def _plain(value: float) -> str:
    """Three digits, as people write them: 1.27, and 1,740 rather than 1.74e+03."""
    return f"{float(f'{value:.3g}'):,.10g}"


def _spread(timings: Sequence[Timed]) -> Table:
    """Half and nearly all of the answers: seconds, and tokens each second."""
    rows = []
    for name, side in (("base", [t.base for t in timings]), ("tuned", [t.tuned for t in timings])):
        middle, most = np.quantile([t.seconds for t in side], [0.5, 0.95])
        rate = sum(t.tokens for t in side) / sum(t.seconds for t in side)
        rows.append((name, f"{middle:.2f}", f"{most:.2f}", f"{rate:.1f}"))
    return Table("Speed", ("model", "middle s", "95 % within s", "tokens/s"), tuple(rows))
