"""Folds: what is set in each folded part of the form, said in its label, so that nobody has to open it to know."""

from collections.abc import Sequence
from typing import Any

from studio.domain.protocol import Rival
from studio.ui.comparing.gates import Entry
from studio.ui.parts import html, talk

SHOWN = 48  # letters of a text
NOT_USED = "not used, since that opponent is not chosen"


def labels(*typed: Any) -> list[str]:
    """The labels of the best prompt, the examples, the gates and the advanced part, from what `Form.typed` holds."""
    (against, _, _, text, picked, rubric, own, steps, twice, identical, margin, masked, unasked, _, temperature,
     entries) = typed  # fmt: skip
    rivals = set(against or ())
    return [
        f"Best prompt of the base model · {_prompt(text) if Rival.PROMPT in rivals else NOT_USED}",
        f"Examples for the base model · {_examples(picked) if Rival.FEW_SHOT in rivals else NOT_USED}",
        f"Gates: what has to hold beside taste · {_gates(entries)}",
        f"Advanced · {'; '.join(_advanced(rubric, own, steps, twice, identical, margin, masked, unasked, temperature))}",
    ]


def _prompt(text: str | None) -> str:
    return f"“{talk.in_one_line(text, SHOWN)}”" if text and text.strip() else "empty"


def _examples(picked: Sequence[Any] | None) -> str:
    return html.count(len(picked), "training row") if picked else "none"


def _gates(entries: Sequence[Entry]) -> str:
    on = [each for each in entries or () if each.is_on]
    if not on:
        return "none"
    needed = sum(each.is_needed for each in on)
    return f"{len(on)}, {'all' if needed == len(on) else needed or 'none'} needed to ship"


def _advanced(
    rubric: str | None, own: str | None, steps: Sequence[Any] | None, twice: float | None, identical: float | None,
    margin: float | None, masked: str | None, unasked: bool, temperature: float | None,
) -> list[str]:  # fmt: skip
    lines = len([line for line in (own or "").splitlines() if line.strip()])
    said = [
        f"step {', '.join(map(str, steps))}" if steps else "",
        "a rubric" if (rubric or "").strip() else "no rubric",
        f"{html.count(lines, 'line')} of your own prompts" if lines else "no prompts of your own",
        f"{html.percent(twice or 0)} rated twice",
        html.count(int(identical), "identical pair") if identical is not None else "",
        f"margin {margin or 0:g} points",
        "words masked" if (masked or "").strip() else "",
        "only rows not asked before" if unasked else "",
        f"temperature {temperature:g}" if temperature else "",
    ]
    return [each for each in said if each]
