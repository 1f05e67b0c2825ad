"""Telling: parts of a report in words, from figures alone."""

from collections.abc import Iterator, Sequence

from studio.domain.closing import Details, Marked, Place, Standing
from studio.domain.gate_result import GateResult
from studio.domain.opinion import Alike, Graded, OpinionTally
from studio.domain.protocol import Rival
from studio.domain.report import Band, Figures
from studio.domain.verdict import Agreement, Decision, Interval, Verdict
from studio.verdict import advising
from studio.verdict.agreement import LOW_ALPHA, MOSTLY_ALIKE
from studio.verdict.wording import STANDS, count, of, percent

WIDEST = 300  # characters in a cell: a label may be a whole answer
NO_PLACES = "Nothing says what the prompts are about, so it cannot be told where it is worse."
NOT_WORSE = "On no topic or label with enough votes is there a sign of it."
WORSE = "Clearly worse."
DOUBTED = "Not to be relied on."
ONE_SIDED = "Alpha is low all the same, because nearly everybody prefers the same model and little is left to agree on."
STANDINGS = {
    Standing.WORSE: "worse",
    Standing.PERHAPS_WORSE: "perhaps weaker",
    Standing.NOT_WORSE: "no sign of it",
    Standing.TOO_FEW: "too few to say",
}


def band(rival: Rival, verdict: Verdict, *, target: float, is_doubted: bool = False) -> Band:
    """The picture of one contest, and the same in a sentence; votes that are doubted settle nothing."""
    tally, range_ = verdict.tally, verdict.evidence.band
    score = f"{tally.tuned:,} won, {tally.base:,} lost, {tally.tie:,} equal, {tally.both_bad:,} both bad"
    seen = f"preferred in {of(tally.tuned, tally.decisive)} comparisons with a preference" if tally.decisive else ""
    words = (
        f"Against {rival.title}: {seen or 'no preference yet'}; the true preference lies between {percent(range_.low)} "
        f"and {percent(range_.high)}, {level(range_)} sure. To ship it takes more than {percent(target)}; 50 % is no "
        "difference."
    )
    return Band(
        title=rival.title,
        decision=Decision.NOT_YET if is_doubted else verdict.decision,
        headline=DOUBTED if is_doubted else WORSE if verdict.is_clearly_worse else STANDS[verdict.decision],
        low=range_.low,
        high=range_.high,
        share=tally.tuned_share,
        target=target,
        level=range_.level,
        score=score,
        words=words,
    )


def worse_places(places: Sequence[tuple[Rival, Sequence[Place]]]) -> tuple[str, ...]:
    """Where it is worse, or perhaps, by opponent; in words also where it is nowhere, or nobody can tell."""
    if not any(found for _, found in places):
        return (NO_PLACES,)
    several = len(places) > 1
    said = [
        f"{place.sentence}"
        for _, found in places
        for place in found
        if place.standing in (Standing.WORSE, Standing.PERHAPS_WORSE)
    ]
    few = sum(place.standing is Standing.TOO_FEW for _, found in places for place in found)
    against = " (counted for each opponent)" if several else ""
    left = f"{count(few, 'topic or label')} had too few votes to say anything{against}." if few else ""
    left = left.replace("topic or labels", "topics or labels")
    return tuple(filter(None, (*(said or [NOT_WORSE]), left)))


def agreement_words(found: Agreement | None) -> str:
    """How far raters agree, and on how much that rests."""
    if found is None:
        return "No pair was judged by more than one person, so nobody can say whether raters agree."
    said = f"{of(found.same, found.prompts)} pairs that more than one person judged were judged alike"
    if found.alpha is None:
        return f"{said}."
    alpha = f"Krippendorff's alpha {found.alpha:.2f}"
    if found.interval:
        alpha += f", 95 % between {found.interval.low:.2f} and {found.interval.high:.2f}"
    why = f" {ONE_SIDED}" if found.alpha < LOW_ALPHA and found.same >= MOSTLY_ALIKE * found.prompts else ""
    return f"{said} ({alpha}; 1 is perfect, 0 is what chance gives).{why}"


def contest_figures(rival: Rival, verdict: Verdict, details: Details, *, bar: float) -> Figures:
    """Every number of one contest."""
    tally, evidence, sides = verdict.tally, verdict.evidence, verdict.side_bias
    votes = f"{tally.tuned:,}, {tally.base:,}, {tally.tie:,}, {tally.both_bad:,}"
    rows = [
        ("Votes by prompt: fine-tuned, opponent, equal, both bad", votes),
        ("Prompts that were only ever skipped", f"{tally.skipped:,}"),
        (f"Evidence for better; {bar:,.0f} to 1 settles it", odds(evidence.e_better)),
        ("… first reached after", _after(evidence.better_at)),
        (f"Evidence for worse; {bar:,.0f} to 1 settles it", odds(evidence.e_worse)),
        ("… first reached after", _after(evidence.worse_at)),
        (f"True preference, {level(evidence.band)} band, valid however often one looks", span(evidence.band)),
        ("Always-valid p for “not better”", _p(evidence.always_valid_p)),
        ("At one look: Wilson 95 %", span(evidence.wilson)),
        ("At one look: Clopper–Pearson 95 %", span(evidence.exact)),
        ("At one look: sign test; trinomial test with ties", f"{_p(evidence.sign_test_p)}; {_p(evidence.trinomial_p)}"),
        ("Side chosen: left, right (sign test)", f"{sides.left:,}, {sides.right:,} ({sides.p:.3f})"),
        ("Median length of a fine-tuned answer over the opponent's", _or_dash(verdict.length_ratio, "{:.2f} ×")),
        ("Mean score, equal counts one half", _or_dash(_hundred(details.score), "{:.1f} %")),
        ("… BCa bootstrap over prompts, 95 %", span(details.interval) if details.interval else "–"),
        ("… standard error clustered by prompt", _or_dash(_hundred(details.error), "{:.1f} points")),
    ]  # fmt: skip
    if details.adjusted:
        would = f"{100 * details.adjusted.share:.1f} %; {span(details.adjusted.interval)}"
        rows.append(("At equal length and on neutral sides, 95 %", would))
    return Figures(f"Against {rival.title}", ("Figure", "Value"), tuple(rows))


def mark_figures(rival: Rival, marks: Sequence[Marked]) -> Figures:
    """The mean marks that raters gave, criterion by criterion."""
    rows = tuple(
        (
            each.criterion.capitalize(),
            f"{each.prompts:,}",
            f"{each.tuned:.2f}",
            f"{each.other:.2f}",
            f"{each.interval.low:+.2f} to {each.interval.high:+.2f}" if each.interval else "–",
        )
        for each in marks
    )
    headings = ("Marks, 1 to 5", "Prompts", "Fine-tuned", "Opponent", "Ahead by, BCa 95 %")
    return Figures(f"Marks of raters, against {rival.title}", headings, rows)


def gate_figures(found: GateResult) -> Iterator[Figures]:
    """What one gate measured, and the tables beside its light."""
    rows = [("Light", f"{found.light}{'' if found.is_required else ', shown only'}"), ("Why", found.sentence)]
    if found.difference:
        of, low, high = found.difference, found.difference.interval.low, found.difference.interval.high
        rows += [
            ("Fine-tuned; base", f"{of.tuned:.4g}; {of.base:.4g}"),
            ("Difference, 95 %", f"{of.value:.4g} ({low:.4g} to {high:.4g}), in {of.unit}; {of.source}"),
        ]
    if found.difference and found.difference.p is not None:
        rows.append(("At one look: exact McNemar test", _p(found.difference.p)))
    rows += [
        ("Prompts: better, worse, the same", f"{found.better:,}, {found.worse:,}, {found.same:,}"),
        ("Not judged", f"{len(found.unjudged):,}"),
    ]
    yield Figures(f"Gate: {found.title}", ("Figure", "Value"), tuple(rows))
    for table in found.tables:
        rows = [tuple(cell if len(cell) <= WIDEST else f"{cell[:WIDEST]} …" for cell in row) for row in table.rows]
        yield Figures(f"{found.title}: {table.title}", table.columns, tuple(rows))


def opinion_figures(
    name: str,
    said: Sequence[tuple[Rival, OpinionTally, Sequence[Graded]]],
    *,
    whole: OpinionTally,
    both: Alike,
    belief: str,
) -> Figures:
    """What a model that was asked says, marked as advice: against each opponent, and how far to believe it."""
    rows = [("What this is", f"Advice. {advising.ADVICE}")]
    for rival, tally, grades in said:
        rows.append((f"Against {rival.title}", advising.outcome_sentence(tally)))
        rows += [("… grades, 1 to 5", advising.graded_sentence(each)) for each in grades]
    failures = "; ".join(advising.failure_lines(whole))
    rows += [
        ("Both orders", advising.order_sentence(whole) or "–"),
        ("Agreement with people", advising.alike_sentence(both)),
        ("Krippendorff's alpha with people; between people", f"{_alpha(both.alpha)}; {_alpha(both.people_alpha)}"),
        ("Replies that could not be read", f"{of(whole.failed_replies, whole.replies)}{failures and f': {failures}'}"),
        ("To be believed here?", belief),
    ]
    return Figures(f"A model's opinion, as advice: {name}", ("Figure", "Value"), tuple(rows))


def _alpha(value: float | None) -> str:
    return _or_dash(value, "{:.2f}")


def place_figures(rival: Rival, places: Sequence[Place]) -> Figures:
    """Every topic and label with its votes."""
    rows = tuple(
        (
            place.label,
            f"{place.tally.tuned:,}",
            f"{place.tally.base:,}",
            f"{place.tally.equal:,}",
            odds(place.evidence),
            STANDINGS[place.standing],
        )
        for place in places
    )
    headings = ("Topic or label", "Won", "Lost", "Equal or bad", "Evidence for worse", "Worse?")
    return Figures(f"By topic and label, against {rival.title}", headings, rows)


def level(interval: Interval) -> str:
    """How sure an interval is."""
    return f"{round(100 * interval.level, 2):g} %"


def span(interval: Interval) -> str:
    return f"{100 * interval.low:.1f} % to {100 * interval.high:.1f} %"


def odds(evidence: float) -> str:
    """So much to 1, with as many figures as anybody can use: two decimals where it is small, words where it is huge."""
    if evidence < 100:
        return f"{evidence:.2f} to 1"
    return f"{evidence:,.0f} to 1" if evidence < 1e6 else "more than 1,000,000 to 1"


def _p(value: float) -> str:
    return f"{value:.4f}" if value >= 0.0001 else "below 0.0001"


def _hundred(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _after(at: int | None) -> str:
    return "never" if at is None else count(at, "prompt")


def _or_dash(value: float | None, pattern: str) -> str:
    return "–" if value is None else pattern.format(value)
