"""Blinding: could people tell which answer was whose? Measured, not supposed."""

from collections import Counter
from collections.abc import Sequence
from math import sqrt

import scipy

from studio.domain.closing import Blinding, Guess, IdenticalPairs
from studio.domain.light import Light, Sign
from studio.domain.study import Choice
from studio.domain.verdict import Interval
from studio.verdict.fixed import sign_test_p
from studio.verdict.wording import ODD_P, count, of

BLIND = "blind"  # the kind of its light
BLIND_ANEW = "Mask the words that gave it away, and have a new comparison rated by people who saw none of this one."
FAR = 0.2  # the usual convention: an index within ±.2 is a blind that held
FEWEST_GUESSES = 10
FEWEST_IDENTICAL = 4
NOISY = 0.5


def blinding(guesses: Sequence[Guess], *, level: float = 0.95) -> Blinding:
    """Bang's blinding index, (correct - mistaken)/all (Bang, Ni and Davis, 2004).

    Its variance is (p_c + p_m - (p_c - p_m)²)/n. The blind held where ten guesses or more leave the whole interval
    within ±.2; it did not where the whole interval lies outside.
    """
    counts, n = Counter(guesses), len(guesses)
    correct, mistaken, unsure = counts[Guess.CORRECT], counts[Guess.MISTAKEN], counts[Guess.UNSURE]
    if n == 0:
        return Blinding(0, 0, 0, None, None, None, "Nobody was asked which side was the new model.")
    index = (correct - mistaken) / n
    reach = float(scipy.special.ndtri(0.5 + level / 2)) * sqrt(((correct + mistaken) / n - index**2) / n)
    interval = Interval(max(-1.0, index - reach), min(1.0, index + reach), level)
    held = _held(correct, mistaken, n, interval)
    said = _sentence(correct, mistaken, unsure, held=held)
    return Blinding(correct, mistaken, unsure, index, interval, held, said)


def blinding_sign(found: Blinding) -> Sign:
    """The blind as a light: green where it held, amber where raters could tell the sides or too few guessed.

    Where they could tell, nothing ships: their votes say too little about the model. They do not say that it is bad
    either, so the light is not red.
    """
    if found.held is False:
        return Sign(BLIND, "The blind did not hold", Light.AMBER, found.sentence)
    if found.held is None:
        return Sign(BLIND, "Whether the blind held", Light.AMBER, found.sentence, is_required=False)
    return Sign(BLIND, "The blind held", Light.GREEN, found.sentence, is_required=False)


def identical_pairs(choices: Sequence[Choice]) -> IdenticalPairs:
    """What was said where both sides showed the same answer; skipped ones do not count."""
    counts = Counter(choices)
    left, right = counts[Choice.LEFT], counts[Choice.RIGHT]
    equal = counts[Choice.TIE] + counts[Choice.BOTH_BAD]
    return IdenticalPairs(left, right, equal, _said_of_identical(left, right, equal))


def _held(correct: int, mistaken: int, n: int, interval: Interval) -> bool | None:
    if interval.low > FAR or interval.high < -FAR:
        # Guesses that are all alike have no spread to measure, so that three would look certain.
        return False if sign_test_p(correct, mistaken) < ODD_P else None
    return True if max(interval.high, -interval.low) < FAR and n >= FEWEST_GUESSES else None


def _sentence(correct: int, mistaken: int, unsure: int, *, held: bool | None) -> str:
    said = f"Asked which side was the new model, people were right {count(correct, 'time')}, wrong "
    said += f"{count(mistaken, 'time')} and unsure {count(unsure, 'time')}"
    if held is None:
        return f"{said}. {count(correct + mistaken + unsure, 'answer')} cannot tell whether the blind held."
    if held:
        return f"{said}: the blind held."
    if correct > mistaken:
        return f"{said}: they could tell which was which, so they may have preferred the new model as such."
    return f"{said}: they could tell the two apart and took each for the other, which may have swayed them."


def _said_of_identical(left: int, right: int, equal: int) -> str:
    shown, picked = left + right + equal, left + right
    if shown == 0:
        return "No pair showed the same answer on both sides."
    said = f"Where both sides showed the same answer, people called it equal {of(equal, shown)} times"
    if shown < FEWEST_IDENTICAL:
        return f"{said}; so few tell nothing."
    if picked > NOISY * shown:
        return f"{said}, and preferred one of two equal answers otherwise: small differences in this study are noise."
    return f"{said}."
