"""Wording: a verdict in the words of somebody who has never met a statistic."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import floor

from studio.domain.verdict import Agreement, Decision, Evidence, SideBias, Tally
from studio.verdict.rule import FEWEST_DECISIVE, Reason, has_too_many_bad, leads

FEWEST_FOR_PERCENT = 50
ODD_P = 0.05
# What one contest shows: whether it ships depends on all of them, and on the gates.
STANDS = {
    Decision.SHIP: "Clearly better.",
    Decision.DONT_SHIP: "Not clearly better.",
    Decision.NOT_YET: "Still open.",
}
NUMBERS = "No One Two Three Four Five Six Seven Eight Nine Ten Eleven Twelve".split()


@dataclass(frozen=True, slots=True)
class Standing:
    """All that the words of a verdict are made of."""

    reason: Reason
    tally: Tally
    evidence: Evidence
    side_bias: SideBias
    raters: int
    planned: int
    target: float
    alpha: float
    more_needed: int | None
    minutes_needed: int | None
    length_ratio: float | None
    agreement: Agreement | None
    usual_seconds: float | None
    opponent: str = "the base model"

    @property
    def prompts_left(self) -> int:
        return max(0, self.planned - self.tally.rated - self.tally.skipped)

    @property
    def is_stopped_by_bad_answers(self) -> bool:
        """Whether bad answers on both sides are all that keeps the model from shipping."""
        ahead = leads(self.tally, self.target) and has_too_many_bad(self.tally)
        settled = self.evidence.better_at is not None and self.tally.decisive >= FEWEST_DECISIVE
        return ahead and (self.reason is Reason.STILL_OPEN or (self.reason is Reason.ALL_JUDGED and settled))


def sentence(standing: Standing) -> str:
    """One or two sentences: what people said, and what follows from it."""
    match standing.reason:
        case Reason.CLEARLY_BETTER:
            return f"{_said(standing)} {_sure(standing, 'the true preference is above one half')}"
        case Reason.CLEARLY_WORSE:
            preferred = f"{standing.opponent} is preferred more often than not"
            return f"{_said_of_base(standing)} {_sure(standing, preferred)}"
        case Reason.LEAD_RULED_OUT:
            below = f"the true preference is below the {percent(standing.target)} that this study asks for"
            return f"{_said(standing)} {_sure(standing, below)}"
        case Reason.ALL_JUDGED:
            return _all_judged(standing)
        case Reason.SKIPPED:
            return _skipped(standing)
        case Reason.TOO_FEW_PLANNED:
            needs = f"to ship takes at least {FEWEST_DECISIVE} comparisons with a preference"
            return f"This study planned {count(standing.planned, 'prompt')}, and {needs}. {_so_far(standing.tally)}."
        case Reason.STILL_OPEN:
            return _still_open(standing)


def next_step(standing: Standing) -> str:
    """What to do about it, in one sentence."""
    if standing.is_stopped_by_bad_answers:
        return "Read the prompts on which both were bad, add such examples to the data and train again."
    match standing.reason:
        case Reason.CLEARLY_BETTER:
            return "Take it to Deliver, and keep the report with it."
        case Reason.CLEARLY_WORSE | Reason.LEAD_RULED_OUT:
            return f"Read below where {standing.opponent} won, mend the data there and train again."
        case Reason.ALL_JUDGED:
            return _after_all_judged(standing.tally)
        case Reason.TOO_FEW_PLANNED:
            return (
                f"Compare on {FEWEST_DECISIVE} prompts or more. Where fewer test rows are sealed, hold out more of "
                "them on Inspect or bring more examples, and train again."
            )
        case Reason.SKIPPED:
            return (
                "Ask those who skipped what they could not judge, say in the rubric what “better” means or choose "
                "other prompts, and have a new comparison rated."
            )
        case Reason.STILL_OPEN:
            anew = "It counts anew, and on the same prompts its bar is higher."
            return f"Make another comparison on Compare and have it rated to the end. {anew}"


def _after_all_judged(tally: Tally) -> str:
    """What to do where no lead came out of all planned prompts: it depends on what people said instead."""
    if tally.base:
        return "Read below where it lost, add better examples of those and train again."
    if tally.tuned:
        return "Compare on more prompts: it lost on none, and too few showed a preference."
    if tally.both_bad > tally.tie:
        return "Read the prompts on which both were bad, add such examples to the data and train again."
    return "People see no difference: add examples of what should become better, or keep the cheaper model."


def side_sentence(left: int, right: int, p: float) -> str:
    """What the chosen sides say about the raters' habits."""
    if left + right == 0:
        return "Nobody has had a preference yet."
    if p >= ODD_P:
        times = f"the left answer {count(left, 'time')} and the right one {count(right, 'time')}"
        return f"Raters chose {times}: no sign of a habit."
    side, often = ("left", left) if left > right else ("right", right)
    return (
        f"Raters chose the {side} answer in {of(often, left + right)} comparisons with a preference, more often than "
        "chance explains; the sides were drawn, so this blurs the result without favouring either model."
    )


def of(part: int, whole: int) -> str:
    """A frequency, with its percentage once the whole is large enough to deserve one."""
    return f"{part} of {whole} ({percent(part / whole)})" if whole >= FEWEST_FOR_PERCENT else f"{part} of {whole}"


def count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def listed(names: Iterable[str]) -> str:
    """Names as a sentence has them: a, b and c."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def percent(share: float) -> str:
    return f"{round(100 * share):d} %"


def _said(standing: Standing) -> str:
    tally = standing.tally
    preferred = f"preferred the fine-tuned model in {of(tally.tuned, tally.decisive)} comparisons with a preference"
    return f"{_people(standing.raters)} {preferred}{_equal(tally)}."


def _said_of_base(standing: Standing) -> str:
    tally = standing.tally
    preferred = f"preferred {standing.opponent} in {of(tally.base, tally.decisive)} comparisons with a preference"
    return f"{_people(standing.raters)} {preferred}{_equal(tally)}."


def _people(raters: int) -> str:
    number = NUMBERS[raters] if raters < len(NUMBERS) else f"{raters:,}"
    who = "person who was" if raters == 1 else "people who were"
    return f"{number} {who} not told which answer was which"


def _equal(tally: Tally) -> str:
    parts = []
    if tally.tie:
        parts.append(f"{tally.tie} {'was' if tally.tie == 1 else 'were'} equal")
    if tally.both_bad:
        parts.append(f"in {tally.both_bad} both answers were bad")
    return f"; {' and '.join(parts)}" if parts else ""


def _sure(standing: Standing, claim: str) -> str:
    sure = f"{floor(1e4 * (1 - standing.alpha) + 1e-6) / 100:g} %"  # rounded down: nobody is ever 100 % sure
    return f"We can be {sure} sure that {claim}, and that stays true however often you looked."


def _all_judged(standing: Standing) -> str:
    tally = standing.tally
    judged = f"All {count(standing.planned, 'planned prompt')} are judged{' or skipped' if tally.skipped else ''}"
    if tally.decisive == 0:
        return f"{judged}, and on none of them did anybody prefer either model."
    preferred = f"it was preferred in {of(tally.tuned, tally.decisive)} comparisons with a preference{_equal(tally)}"
    if standing.evidence.better_at is None:
        return f"{judged}, and the fine-tuned model is not clearly better: {preferred}."
    return f"{judged}, and the fine-tuned model looks better but does not pass: {preferred}. {_obstacle(standing)}"


def _skipped(standing: Standing) -> str:
    tally = standing.tally
    if tally.rated == 0:
        planned = count(standing.planned, "planned prompt")
        return f"Nobody could judge any of the {planned}: each was skipped, which says nothing of either model."
    left = f"{of(tally.skipped, standing.planned)} planned prompts were only ever skipped"
    return f"{_so_far(tally)}{_equal(tally) if tally.decisive else ''}. {left}, and they could still decide it."


def _obstacle(standing: Standing) -> str:
    """What keeps a model from shipping although the evidence for it once sufficed."""
    tally = standing.tally
    if tally.decisive < FEWEST_DECISIVE:
        return f"To ship takes at least {FEWEST_DECISIVE} comparisons with a preference."
    if standing.is_stopped_by_bad_answers:
        bad = of(tally.both_bad, tally.rated)
        return f"Both answers were bad in {bad} comparisons, more than the one in five allowed."
    return f"The lead is smaller than the {percent(standing.target)} that this study asks for."


def _so_far(tally: Tally) -> str:
    if tally.rated == 0:
        return f"None is judged yet{_and_skipped(tally)}"
    if tally.decisive == 0:
        return f"So far {count(tally.rated, 'comparison')} showed no preference"
    preferred = of(tally.tuned, tally.decisive)
    return f"So far the fine-tuned model is preferred in {preferred} comparisons with a preference"


def _and_skipped(tally: Tally) -> str:
    return f" ({count(tally.skipped, 'prompt')} {'was' if tally.skipped == 1 else 'were'} skipped)" * bool(
        tally.skipped
    )


def _still_open(standing: Standing) -> str:
    tally = standing.tally
    if tally.rated == 0:
        needs = f"to ship takes at least {FEWEST_DECISIVE} with a preference"
        return f"No comparison is judged yet{_and_skipped(tally)}; {needs}."
    if tally.decisive == 0:
        return f"{_so_far(tally)}, so there is nothing to tell the two models apart."
    return f"{_so_far(tally)}{_equal(tally)}. {_outlook(standing)}"


def _outlook(standing: Standing) -> str:
    if standing.is_stopped_by_bad_answers:
        bad = of(standing.tally.both_bad, standing.tally.rated)
        return f"Both answers were bad in {bad} comparisons, and a model with more than one in five does not ship."
    if standing.more_needed is None:
        return "At this rate more than 200 further ones would be needed: it is unlikely to become clear."
    time = f" ({count(standing.minutes_needed, 'minute')} of rating)" if standing.minutes_needed else ""
    against = "" if leads(standing.tally, standing.target) else " against the fine-tuned model"
    outlook = f"If this keeps up, about {standing.more_needed} more{time} will settle it{against}"
    if standing.more_needed <= standing.prompts_left:
        return f"{outlook}."
    return f"{outlook}, but this study has only {count(standing.prompts_left, 'prompt')} left."
