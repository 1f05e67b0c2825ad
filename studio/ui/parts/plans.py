"""Plans: what a recipe means, in pictures and words: traffic light, figures, the memory by part, and the reasons."""

from studio.domain.lengths import Lengths
from studio.domain.plan import Light, Plan
from studio.domain.reading import Reading, Tone
from studio.ui.parts import html
from studio.verdict.rule import FEWEST_DECISIVE

TONES = {Light.GREEN: Tone.GOOD, Light.AMBER: Tone.WARNING, Light.RED: Tone.BAD}
SHADES = ("#3b6fb6", "#7ba6de", "#d9822b", "#9a6b1f", "#2f7d5b", "#8c93a0", "#6d5ba6", "#c9ccd3")


def plan_page(plan: Plan, *, is_text: bool = False) -> str:
    """Traffic light in words, four figures and the memory bar; of plain text there is no verdict to speak of."""
    sealed = "held out" if is_text else "sealed for the verdict"
    figures = [
        html.Figure("Time", html.duration_range(plan.seconds_low, plan.seconds_high), f"on the {plan.device}"),
        html.Figure("Steps", f"{plan.steps:,}", f"{plan.steps_per_epoch:,} per pass, {plan.rows_read:,} rows read"),
        html.Figure(
            "Rows to learn from",
            f"{plan.train_rows:,}",
            f"{plan.validation_rows:,} check it, {plan.test_rows:,} are {sealed}",
        ),
        html.Figure("Memory", html.size(plan.memory_needed), f"of {html.size(plan.memory_free)} free"),
    ]
    said = Reading(TONES[plan.light], *_told(plan.sentence))
    warning = "" if is_text else too_few(plan.test_rows)
    rests_on = f'<p class="help">{html.text(plan.rests_on)}</p>'
    return f"{html.reading(said)}<br>{warning}{html.cards(figures)}<br>{memory_bar(plan)}{rests_on}"


def partial_rows(lengths: Lengths | None) -> str:
    """A warning that some rows are not trained on, because the model's template would leave a part of them out."""
    if lengths is None or not lengths.partial:
        return ""
    title = f"{html.count(len(lengths.partial), 'row')} left out for this model."
    return html.reading(Reading(Tone.WARNING, title, lengths.partial_sentence)) + "<br>"


def too_few(test_rows: int) -> str:
    """A warning, before anything is spent, that no verdict can come of so few test rows."""
    if test_rows >= FEWEST_DECISIVE:
        return ""
    title = f"Too few test rows for a verdict: {test_rows:,}."
    text = f"To ship takes at least {FEWEST_DECISIVE}. Hold out more on Inspect, or bring more examples."
    return html.reading(Reading(Tone.WARNING, title, text)) + "<br>"


def _told(sentence: str) -> tuple[str, str]:
    """The planner's sentence as a title and the rest."""
    title, _, rest = sentence.partition(": ")
    return f"{title}:", rest


def memory_bar(plan: Plan) -> str:
    """What the memory is for, as one bar against what is free."""
    whole = max(plan.memory_free, plan.memory_needed, 1)
    parts = list(zip(plan.memory, SHADES * 3, strict=False))
    pieces = "".join(
        f'<i style="width:{part.bytes / whole:.2%};background:{shade}" title="{part.title}"></i>'
        for part, shade in parts
    )
    legend = "".join(
        f'<span><i style="background:{shade}"></i>{part.title} {html.size(part.bytes)}</span>' for part, shade in parts
    )
    return (
        f'<div class="memory" role="img" aria-label="Memory by part">{pieces}</div><div class="legend">{legend}</div>'
    )


def reasons_table(plan: Plan) -> str:
    choices = html.table(["Choice", "Value", "Why"], [[c.name, c.value, c.why] for c in plan.choices])
    memory = html.table(
        ["Memory for", "Size", "Why"],
        [[p.title, html.Cell(html.size(p.bytes), number=True), p.why] for p in plan.memory],
    )
    return choices + "<br>" + memory
