"""Lights: green, amber or red by a rule that is fixed before, and the sentence that says why.

Green: the demanded share is reached, and the whole interval lies above “worse by the margin”. Red: the demanded share
is missed, or the model is worse by more than the margin and that is beyond chance (the interval leaves out “equal”).
Amber: these prompts show neither. Fewer than ten measured prompts never show green.
"""

from studio.domain.gate_result import Difference
from studio.domain.light import Light
from studio.verdict.wording import count

FEWEST = 10
ROUNDING = 1e-9
BETTER = "It is better, beyond chance."


def light_of_share(difference: Difference, *, at_least: float, margin: float) -> Light:
    """For shares and points, where more is better."""
    clearly_worse = difference.value < -margin - ROUNDING and difference.interval.high < 0
    if difference.tuned < at_least - ROUNDING or clearly_worse:
        return Light.RED
    return Light.GREEN if difference.interval.low >= -margin - ROUNDING else Light.AMBER


def light_of_times(difference: Difference, *, most_worse: float) -> Light:
    """For times and perplexities, where fewer is better."""
    most = 1 + most_worse
    if difference.value > most + ROUNDING and difference.interval.low > 1:
        return Light.RED
    return Light.GREEN if difference.interval.high <= most + ROUNDING else Light.AMBER


def why_share(light: Light, difference: Difference, *, at_least: float, margin: float, prompts: int) -> str:
    """What a light of shares means, as one sentence."""
    if difference.tuned < at_least - ROUNDING:
        return f"At least {percent(at_least)} was asked for."
    if light is Light.GREEN and difference.interval.low > 0:
        return BETTER
    allowed = f"by more than the {points(margin)} allowed" if margin else "at all"
    return _why(light, allowed, _range(difference), prompts)


def floored(light: Light, why: str, prompts: int) -> tuple[Light, str]:
    """A light with its sentence; fewer judged prompts than FEWEST can be red, but show nothing good."""
    if light is Light.RED or prompts >= FEWEST:
        return light, why
    return Light.AMBER, f"{count(prompts, 'prompt')} cannot show more: it takes at least {FEWEST}."


def why_points(light: Light, difference: Difference, *, margin: float, prompts: int) -> str:
    """The same for scores in points of 100."""
    low, high = difference.interval.low, difference.interval.high
    if light is Light.GREEN and low > 0:
        return BETTER
    allowed = f"by more than the {margin:g} points allowed" if margin else "at all"
    return _why(light, allowed, f"between {low:+.1f} and {high:+.1f} points", prompts)


def why_times(light: Light, difference: Difference, *, most_worse: float, prompts: int) -> str:
    """The same for times and perplexities."""
    low, high = difference.interval.low, difference.interval.high
    if light is Light.GREEN and high < 1:
        return BETTER
    return _why(
        light,
        f"by more than the {percent(most_worse)} allowed" if most_worse else "at all",
        f"between {low:.2f} and {high:.2f} times the base",
        prompts,
    )


def _why(light: Light, allowed: str, between: str, prompts: int) -> str:
    match light:
        case Light.GREEN:
            return f"It is not worse {allowed}."
        case Light.RED:
            return f"It is worse {allowed}, beyond chance."
        case Light.AMBER:
            known = f"On {count(prompts, 'prompt')} the difference is only known to lie {between}"
            return f"{known}: that it is worse {allowed} is not ruled out. More prompts tell."


def _range(difference: Difference) -> str:
    low, high = difference.interval.low, difference.interval.high
    return f"between {100 * low:+.0f} and {100 * high:+.0f} of 100"


def percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def points(margin: float) -> str:
    return f"{100 * margin:g} of 100"
