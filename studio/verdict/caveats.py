"""Caveats: what a careful reader should know before relying on a verdict."""

from collections.abc import Iterator, Mapping

from studio.verdict.rule import FEWEST_DECISIVE, Reason, has_too_many_bad
from studio.verdict.wording import ODD_P, Standing, count, listed, of

STEADY_SAMPLE = 60
LONGER = 1.5
HASTY_SECONDS = 3.0
SWAYED = "it may have swayed people."


def caveats(standing: Standing) -> tuple[str, ...]:
    """Plain sentences, the weightiest first; none before the first rating."""
    if standing.tally.rated == 0:
        return ()
    return (*_about_the_sample(standing), *_about_the_raters(standing), *_about_the_evidence(standing))


def length_caveats(ratios: Mapping[str, float | None]) -> Iterator[str]:
    """Where one side is usually much longer, said once for all opponents: by name, the length of a fine-tuned answer
    over theirs."""
    longer = {name: ratio for name, ratio in ratios.items() if ratio and ratio >= LONGER}
    shorter = {name: 1 / ratio for name, ratio in ratios.items() if ratio and 1 / ratio >= LONGER}
    if longer:
        yield f"Fine-tuned answers are usually {_times(longer)} as long as those of {listed(longer)}; {SWAYED}"
    if shorter:
        yield f"Answers of {listed(shorter)} are usually {_times(shorter)} as long as fine-tuned ones; {SWAYED}"


def _times(ratios: Mapping[str, float]) -> str:
    ends = dict.fromkeys(f"{end(ratios.values()):.1f}" for end in (min, max))
    return f"{' to '.join(ends)} times"


def _about_the_sample(standing: Standing) -> Iterator[str]:
    tally = standing.tally
    if tally.decisive < FEWEST_DECISIVE:
        yield f"Fewer than {FEWEST_DECISIVE} comparisons had a preference."
    if tally.rated < STEADY_SAMPLE:
        sample = f"The rated sample is small: {count(tally.rated, 'prompt')}"
        yield f"{sample}. {STEADY_SAMPLE} or more say more about the prompts to come."
    if has_too_many_bad(tally) and not standing.is_stopped_by_bad_answers:
        bad = of(tally.both_bad, tally.rated)
        yield f"Both answers were bad in {bad} comparisons; with more than one in five a model does not ship."
    if tally.skipped * 10 > tally.rated:
        yield f"{count(tally.skipped, 'prompt')} could not be judged and are missing from these figures."


def _about_the_raters(standing: Standing) -> Iterator[str]:
    if standing.raters == 1 and standing.agreement is None:
        yield "Only one person rated; a second one would show whether others agree."
    if standing.side_bias.p < ODD_P:
        yield standing.side_bias.sentence
    if standing.usual_seconds is not None and standing.usual_seconds < HASTY_SECONDS:
        yield f"Half of the ratings took less than {HASTY_SECONDS:.0f} seconds."


def _about_the_evidence(standing: Standing) -> Iterator[str]:
    if standing.reason not in (Reason.CLEARLY_BETTER, Reason.CLEARLY_WORSE):
        return
    evidence = standing.evidence
    is_better = standing.reason is Reason.CLEARLY_BETTER
    now, at = (evidence.e_better, evidence.better_at) if is_better else (evidence.e_worse, evidence.worse_at)
    if at is not None and now < 1 / standing.alpha:
        yield f"It was settled after {count(at, 'prompt')}; those rated since then were closer."
    elif evidence.band.low <= 0.5 <= evidence.band.high:
        yield "The range shown still touches one half: it guards both directions, while the decision asks about one."
