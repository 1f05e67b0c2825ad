"""Lights: what each gate of a closed study showed, as cards that open to everything to check it by."""

from collections.abc import Mapping, Sequence

from studio.domain.gate_result import Change, Difference, GateResult, Mark, Pair
from studio.domain.light import Light
from studio.domain.reading import Tone
from studio.flows.lights import Spoken
from studio.ui.parts import html

TONES = {Light.GREEN: Tone.GOOD, Light.AMBER: Tone.WARNING, Light.RED: Tone.BAD}
MEANS = {
    Light.GREEN: "green: shown to hold",
    Light.AMBER: "amber: shown neither way",
    Light.RED: "red: shown to be broken",
}
MOST_READ = 12  # changed prompts of each kind; the table counts all of them
MOST_LISTED = 30
CHANGES: tuple[tuple[Change, str], ...] = (("worse", "got worse"), ("better", "got better"))
NOBODY = Spoken("", "", None, None)


def lights_html(results: Sequence[GateResult], spoken: Mapping[str, Spoken] | None = None) -> str:
    """A card for each gate: its light as sign, word and colour, and the sentence that says why; "" without any."""
    return f'<div class="lights">{"".join(_card(each, spoken or {}) for each in results)}</div>' if results else ""


def _card(found: GateResult, spoken: Mapping[str, Spoken]) -> str:
    tone = TONES[found.light]
    chip = f'<span class="chip {tone.value}">{html.SIGNS[tone]} {found.light.value}</span>'
    needed = "needed to ship" if found.is_required else "shown only"
    return (
        f'<details class="gate {tone.value}"><summary>{chip}<b>{html.text(found.title)}</b><small>{needed}</small>'
        f"<p>{html.text(found.sentence)}</p></summary>{gate_details(found, spoken)}</details>"
    )


def gate_details(found: GateResult, spoken: Mapping[str, Spoken] | None = None) -> str:
    """What a card opens to: figures, classes and tables, the prompts that changed to read, and those left unjudged."""
    parts = [_figures(found), _classes(found)]
    parts += [f"<h4>{html.text(t.title)}</h4>{html.table(t.columns, t.rows, stacked=True)}" for t in found.tables]
    parts += [_changed(found, change, words, spoken or {}) for change, words in CHANGES]
    parts.append(_unjudged(found, spoken or {}))
    parts.append(f'<p class="help">{html.text(found.note)}</p>' if found.note else "")
    return f'<div class="inside">{"".join(parts)}</div>'


def _figures(found: GateResult) -> str:
    if found.difference is None:
        return ""
    base, tuned, between = _written(found.difference)
    rows = [
        ["Fine-tuned", tuned],
        ["Base", base],
        ["Difference, with its 95 % interval", between],
        ["Prompts", f"{found.better:,} better, {found.worse:,} worse, {found.same:,} the same"],
    ]
    if found.difference.p is not None:
        chance = f"{found.difference.p:.4f}" if found.difference.p >= 0.0001 else "below 0.0001"
        rows.append(["Chance of such a difference if both were equal", chance])
    rows.append(["How it was worked out", found.difference.source])
    return html.table([MEANS[found.light].capitalize(), ""], rows)


def _written(of: Difference) -> tuple[str, str, str]:
    """Base, tuned and what lies between them, in the unit of the gate."""
    low, high = of.interval.low, of.interval.high
    if of.unit == "times":
        return f"{of.base:.3g}", f"{of.tuned:.3g}", f"{of.value:.2f} times the base ({low:.2f} to {high:.2f})"
    if of.unit == "points":
        return f"{of.base:.1f}", f"{of.tuned:.1f}", f"{of.value:+.1f} points ({low:+.1f} to {high:+.1f})"
    between = f"{100 * of.value:+.1f} of 100 ({100 * low:+.1f} to {100 * high:+.1f})"
    return f"{100 * of.base:.1f} %", f"{100 * of.tuned:.1f} %", between


def _classes(found: GateResult) -> str:
    if not found.classes:
        return ""
    rows = [[each.name, _number(each.tuned), _number(each.base)] for each in found.classes]
    return "<h4>How the answers were read</h4>" + html.table(["answers", "fine-tuned", "base"], rows)


def _number(amount: int) -> html.Cell:
    return html.Cell(f"{amount:,}", number=True)


def _changed(found: GateResult, change: Change, words: str, spoken: Mapping[str, Spoken]) -> str:
    """The prompts that changed in one way, to read."""
    pairs = [pair for pair in found.pairs if pair.change == change]
    if not pairs:
        return ""
    left = len(pairs) - MOST_READ
    more = f'<p class="help">And {html.count(left, "more prompt")}.</p>' if left > 0 else ""
    shown = "".join(_pair(pair, spoken.get(pair.prompt_id, NOBODY)) for pair in pairs[:MOST_READ])
    title = f"{html.count(len(pairs), 'prompt')} {words}"
    return f'<details class="more"><summary>{title}</summary>{shown}{more}</details>'


def _pair(pair: Pair, said: Spoken) -> str:
    sides = (("Fine-tuned", said.tuned, pair.tuned), ("Base", said.base, pair.base))
    answers = "".join(f"<div><em>{name}: {_mark(mark)}</em>{html.text(text or '')}</div>" for name, text, mark in sides)
    wanted = f"<div><em>What was wanted</em>{html.text(said.reference)}</div>" if said.reference else ""
    return f'<div class="example"><p>{html.text(said.question or pair.prompt_id)}</p><div class="beside">{answers}{wanted}</div></div>'


def _mark(mark: Mark) -> str:
    return html.text(f"{mark.found}. {mark.note}" if mark.note else mark.found)


def _unjudged(found: GateResult, spoken: Mapping[str, Spoken]) -> str:
    if not found.unjudged:
        return ""
    rows = [[spoken.get(each.prompt_id, NOBODY).question or each.prompt_id, each.why] for each in found.unjudged]
    left = len(rows) - MOST_LISTED
    more = f'<p class="help">And {html.count(left, "more", "more")}.</p>' if left > 0 else ""
    title = f"{html.count(len(rows), 'prompt')} could not be judged"
    table = html.table(["Prompt", "Why"], rows[:MOST_LISTED], stacked=True)
    return f'<details class="more"><summary>{title}</summary>{table}{more}</details>'
