"""Proposing: which gates suit a dataset, read from its answers alone."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import quantiles
from typing import Any

from studio.domain.gate import ExactMatch, Gate, Labels, Length, Perplexity, PromptSet, SqlResult, ValidJson
from studio.verdict.gates.paired import least_margin
from studio.verdict.gates.structured import NotJson, parsed
from studio.verdict.wording import count

ENOUGH = 0.98  # of the answers
MOST_LABELS = 50
LEAST_USES = 5  # rows for each label on average; with fewer, they are no labels
MOST_FIELDS = 5
MOST_CHOICES = 12  # of a text in JSON; with more, others are likely to come
_LINE = re.compile(r"^\s*([^\W\d][\w /-]{0,40}?)\s*:\s*(\S.*?)\s*$", re.MULTILINE)
_SQL = re.compile(r"\s*(?:SELECT|WITH)\s", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A gate and why it suits these answers; `needs` says what the user still has to give."""

    gate: Gate
    reason: str
    needs: str = ""


def propose(answers: Sequence[str], *, prompts: int | None = None) -> tuple[Proposal, ...]:
    """Gates for answers like these, the most telling first; perplexity and the shipped prompts suit all of them.

    With so many `prompts` a margin is no smaller than what these can show.
    """
    given = [answer for answer in answers if answer.strip()]
    if not given:
        return _always()
    form = _structured(given) or _sql(given) or _labels(given) or _free(given)
    return (*(_within(proposal, prompts) for proposal in form), *_always())


def _within(proposal: Proposal, prompts: int | None) -> Proposal:
    margin = getattr(proposal.gate, "margin", None)
    if not prompts or margin is None or margin >= (least := least_margin(prompts)):
        return proposal
    return replace(proposal, gate=proposal.gate.model_copy(update={"margin": least}))


def _always() -> tuple[Proposal, ...]:
    return (
        Proposal(Perplexity(), "How well the model foresees held-out answers, whatever they are."),
        Proposal(
            PromptSet(set="general", is_required=False),
            "Shows which everyday skills were forgotten; a narrow task may do without some.",
        ),
        Proposal(PromptSet(set="adversarial"), "Shows what became unsafe."),
    )


def _structured(answers: Sequence[str]) -> tuple[Proposal, ...]:
    values = []
    for answer in answers:
        try:
            values.append(parsed(answer))
        except NotJson:
            continue
    values = [value for value in values if isinstance(value, dict | list)]
    if len(values) < ENOUGH * len(answers):
        return ()
    schema = json.dumps(infer_schema(values), ensure_ascii=False, indent=1)
    said = f"{len(values):,} of {count(len(answers), 'answer')} are JSON; the schema is what they have in common."
    return (
        Proposal(ValidJson(schema_text=schema), said),
        Proposal(ExactMatch(as_json=True), "The same values as the reference, whatever the order of keys."),
    )


def infer_schema(values: Sequence[Any]) -> dict[str, Any]:
    """The narrowest simple schema (Draft 2020-12) that fits every value: types, and keys that are always there.

    Texts of a few values become a list of them only where each is used often enough. Other keys stay allowed only where
    they were seen.
    """
    kinds = {_kind(value) for value in values}
    if kinds == {"integer", "number"}:
        kinds = {"number"}
    if kinds == {"object"}:
        keys = sorted({key for value in values for key in value})
        return {
            "type": "object",
            "properties": {key: infer_schema([value[key] for value in values if key in value]) for key in keys},
            "required": [key for key in keys if all(key in value for value in values)],
            "additionalProperties": False,
        }
    if kinds == {"array"}:
        inner = [item for value in values for item in value]
        return {"type": "array", "items": infer_schema(inner)} if inner else {"type": "array"}
    if kinds == {"string"} and len(set(values)) <= MOST_CHOICES and _are_labels(Counter(values)):
        return {"type": "string", "enum": sorted(set(values))}
    return {"type": kinds.pop() if len(kinds) == 1 else sorted(kinds)}


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    names = {int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return names[type(value)]


def _are_labels(uses: Counter[str]) -> bool:
    return 1 < len(uses) <= MOST_LABELS and sum(uses.values()) >= LEAST_USES * len(uses)


def _sql(answers: Sequence[str]) -> tuple[Proposal, ...]:
    if sum(bool(_SQL.match(answer)) for answer in answers) < ENOUGH * len(answers):
        return ()
    gate = SqlResult(databases=("database.sqlite",))
    return (Proposal(gate, "The answers are queries; running them tells more than comparing texts.", "a SQLite file"),)


def _labels(answers: Sequence[str]) -> tuple[Proposal, ...]:
    lines = [dict(_LINE.findall(answer)) for answer in answers]
    fields = Counter(name for line in lines for name in line)
    steady = [name for name, times in fields.items() if times >= ENOUGH * len(answers)]
    found = []
    for name in steady[:MOST_FIELDS]:
        uses = Counter(line[name] for line in lines if name in line)
        if _are_labels(uses):
            reason = f"Nearly every answer has a line “{name}:” with one of {count(len(uses), 'label')}."
            found.append(Proposal(Labels(field=name, labels=tuple(sorted(uses))), reason))
    if found:
        return (*found, Proposal(ExactMatch(), "Every line of the answer right at once."))
    whole = Counter(answer.strip() for answer in answers)
    if not _are_labels(whole):
        return ()
    names = tuple(sorted(whole))
    return (Proposal(Labels(labels=names), f"The answers are {count(len(names), 'label')}."),)


def _free(answers: Sequence[str]) -> tuple[Proposal, ...]:
    """For answers in free text: as long as those of the dataset usually are; exact match where they are short."""
    words = sorted(len(answer.split()) for answer in answers)
    low, *_, high = quantiles(words, n=20, method="inclusive") if len(words) > 1 else (words[0], words[0])
    reason = f"Nine of ten answers have {low:g} to {high:g} words; an answer may be half to twice its reference."
    found = [Proposal(Length(), reason)]
    if high <= 5:
        found.insert(0, Proposal(ExactMatch(ignore_case=True, ignore_punctuation=True), "The answers are a few words."))
    return tuple(found)
