"""Answers: the same few prompts before training, at the best check and at the last ones."""

from studio.flows.follow import Answers
from studio.ui.parts import html

SHOWN_ANSWERS = 4


def answers_table(said: list[Answers], best: int | None) -> str:
    """The same prompts before training, at the best check and at the last ones, side by side."""
    if not said:
        return '<p class="help">The same few validation prompts are answered at every check; the first answers follow soon.</p>'
    at_best = [a for a in said[1:] if a.step == best]
    latest = [a for a in said[1:] if a.step != best][-(SHOWN_ANSWERS - 1 - len(at_best)) :]
    chosen = [said[0], *sorted([*at_best, *latest], key=lambda a: a.step)]
    heads = ["Prompt", *("before" if a.step == 0 else f"step {a.step:,}{', best' * (a.step == best)}" for a in chosen)]
    prompts = [prompt for prompt, _ in chosen[0].items]
    rows = [[prompt, *(html.Cell(dict(a.items).get(prompt, ""), written=True) for a in chosen)] for prompt in prompts]
    return html.table(heads, rows, stacked=True)
