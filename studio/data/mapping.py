"""Mapping: which field of a file plays which part, guessed from every row of it."""

from collections import Counter
from collections.abc import Iterator
from collections.abc import Mapping as Named
from enum import StrEnum
from itertools import product
from typing import Any

from studio.domain.dataset import Guess, Layout, Mapping
from studio.domain.errors import DatasetError

CONVERSATIONS = ("messages", "conversations", "conversation", "chat", "dialogue", "dialog", "turns")
INSTRUCTIONS = ("instruction", "instructions", "task")
PROMPTS = ("prompt", "question", "query", "input", "user", "input_text", "source", "text1")
INPUTS = ("input", "context")
ANSWERS = (
    "completion", "response", "answer", "output", "reply", "assistant", "target", "output_text", "text2",
)  # fmt: skip
SYSTEMS = ("system", "system_prompt")
PARTS = {
    Layout.MESSAGES: (("messages",), ()),
    Layout.PROMPT_COMPLETION: (("prompt", "completion"), ("system",)),
    Layout.INSTRUCTION_RESPONSE: (("instruction", "response"), ("input", "system")),
}


class Kind(StrEnum):
    """What a field of one row holds, as far as a mapping cares."""

    MESSAGES = "messages"
    TEXT = "text"
    BLANK = "blank"
    OTHER = "other"


class Survey:
    """Counts, over all rows of a file, which fields are there and what kind of value they hold."""

    def __init__(self) -> None:
        self.rows = 0
        self._signatures: Counter[tuple[tuple[str, Kind], ...]] = Counter()

    def add(self, value: dict[str, Any]) -> None:
        self.rows += 1
        self._signatures[tuple((name, _kind(held)) for name, held in value.items())] += 1

    @property
    def columns(self) -> tuple[str, ...]:
        """Every field name of the file, in the order of their first row."""
        return tuple(dict.fromkeys(name for signature in self._signatures for name, _ in signature))

    def fits(self, mapping: Mapping) -> int:
        """How many rows have what the mapping asks for."""
        return sum(count for signature, count in self._signatures.items() if _fits(dict(signature), mapping))

    def holding(self, kind: Kind) -> tuple[str, ...]:
        """The fields that hold this kind in at least one row."""
        return tuple(dict.fromkeys(name for signature in self._signatures for name, held in signature if held is kind))


def guess_mapping(survey: Survey) -> Guess | None:
    """The mapping that fits most rows, the better known names first; None when no row fits any."""
    best, best_fits = None, 0
    for mapping in dict.fromkeys(_candidates(survey)):
        fits = survey.fits(_thawed(mapping))
        if fits > best_fits:
            best, best_fits = _thawed(mapping), fits
    if best is None:
        return None
    return _guess(survey, best, reason=_reason(survey, best, best_fits))


def chosen_mapping(survey: Survey, mapping: Mapping) -> Guess:
    """A person's own mapping, checked against the file; DatasetError names the part or field that is wrong."""
    required, optional = PARTS[mapping.layout]
    for part in required:
        if not mapping.fields.get(part):
            raise DatasetError(f"No field is chosen for {part}.", fix="Choose the field of your file.", field=part)
    for part, name in mapping.fields.items():
        if part not in required + optional:
            known = ", ".join(required + optional)
            raise DatasetError(f"“{part}” is no part of this layout.", fix=f"Its parts are {known}.", field=part)
        if name and name not in survey.columns:
            listed = ", ".join(survey.columns[:30]) or "none"
            raise DatasetError(f"The file has no field “{name}”.", fix=f"Its fields are: {listed}.", field=part)
    used = Mapping(mapping.layout, {part: name for part, name in mapping.fields.items() if name})
    twice = next((name for name, uses in Counter(used.fields.values()).items() if uses > 1), None)
    if twice is not None:
        raise DatasetError(f"The field “{twice}” is chosen for two parts.", fix="Choose another field for one of them.")
    return _guess(survey, used, reason=f"Chosen by you: {survey.fits(used):,} of {survey.rows:,} rows fit.")


def mapping_from(spec: Named[str, Any]) -> Mapping:
    """The mapping of a job spec; DatasetError for a layout that does not exist."""
    try:
        layout = Layout(spec["layout"])
    except ValueError as error:
        known = ", ".join(layout.value for layout in Layout)
        raise DatasetError(f"There is no layout “{spec['layout']}”.", fix=f"Choose one of {known}.") from error
    return Mapping(layout, dict(spec["fields"]))


def _guess(survey: Survey, mapping: Mapping, *, reason: str) -> Guess:
    unused = [name for name in survey.columns if name not in mapping.fields.values()]
    if unused:
        more = f" and {len(unused) - 8} more" if len(unused) > 8 else ""
        reason += f" Kept beside the rows but not trained: {', '.join(unused[:8])}{more}."
    return Guess(mapping, reason, survey.columns, survey.fits(mapping), survey.rows)


Frozen = tuple[Layout, tuple[tuple[str, str], ...]]


def _candidates(survey: Survey) -> Iterator[Frozen]:
    """Every mapping worth trying, best known first; of two that fit equally many rows, the first wins."""
    conversations, texts = survey.holding(Kind.MESSAGES), survey.holding(Kind.TEXT)
    both = tuple(dict.fromkeys(texts + conversations))
    system = [("system", name) for name in _named(SYSTEMS, texts)[:1]]
    for name in _named(CONVERSATIONS, conversations):
        yield Layout.MESSAGES, (("messages", name),)
    answers, inputs = _named(ANSWERS, texts), _named(INPUTS, texts)
    for asked, given, answer in product(_named(INSTRUCTIONS + PROMPTS, texts), inputs, answers):
        if asked != given:
            fields = [("instruction", asked), ("input", given), ("response", answer), *system]
            yield Layout.INSTRUCTION_RESPONSE, tuple(fields)
    for asked, answer in product(_named(INSTRUCTIONS, texts), answers):
        yield Layout.INSTRUCTION_RESPONSE, (("instruction", asked), ("response", answer), *system)
    for asked, answer in product(_named(PROMPTS, both), _named(ANSWERS, both)):
        yield Layout.PROMPT_COMPLETION, (("prompt", asked), ("completion", answer), *system)
    for name in conversations:
        yield Layout.MESSAGES, (("messages", name),)
    if len(texts) == 2:
        yield Layout.PROMPT_COMPLETION, (("prompt", texts[0]), ("completion", texts[1]))


def _thawed(frozen: Frozen) -> Mapping:
    return Mapping(frozen[0], dict(frozen[1]))


def _named(known: tuple[str, ...], columns: tuple[str, ...]) -> list[str]:
    """The columns that bear a known name, the best known first; capitals do not matter."""
    return [column for name in known for column in columns if column.casefold() == name]


def _kind(value: Any) -> Kind:
    if isinstance(value, str):
        return Kind.BLANK if not value or value.isspace() else Kind.TEXT
    if value is None:
        return Kind.BLANK
    if isinstance(value, list) and value and all(_is_message(item) for item in value):
        return Kind.MESSAGES
    return Kind.OTHER


def _is_message(item: Any) -> bool:
    return isinstance(item, dict) and (("role" in item and "content" in item) or ("from" in item and "value" in item))


def _fits(kinds: dict[str, Kind], mapping: Mapping) -> bool:
    fields = mapping.fields
    if mapping.layout is Layout.MESSAGES:
        return kinds.get(fields["messages"]) is Kind.MESSAGES
    if mapping.layout is Layout.PROMPT_COMPLETION:
        asked, answered = kinds.get(fields["prompt"]), kinds.get(fields["completion"])
        required = asked is answered and asked in (Kind.TEXT, Kind.MESSAGES)
    else:
        required = kinds.get(fields["instruction"]) is Kind.TEXT and kinds.get(fields["response"]) is Kind.TEXT
    optional = (kinds.get(fields[part], Kind.BLANK) for part in ("input", "system") if part in fields)
    return required and all(kind in (Kind.TEXT, Kind.BLANK) for kind in optional)


def _reason(survey: Survey, mapping: Mapping, fits: int) -> str:
    fields = {part: f"“{name}”" for part, name in mapping.fields.items()}
    subject = f"All {fits:,} rows have" if fits == survey.rows else f"{fits:,} of {survey.rows:,} rows have"
    if survey.rows == 1:
        subject = "The one row has"
    if mapping.layout is Layout.MESSAGES:
        return f"{subject} a list of messages with roles in {fields['messages']}."
    if mapping.layout is Layout.PROMPT_COMPLETION:
        said = f"{subject} a prompt in {fields['prompt']} and its answer in {fields['completion']}."
    else:
        said = f"{subject} an instruction in {fields['instruction']} and its answer in {fields['response']}."
    if "input" in fields:
        said += f" {fields['input']} is added below the instruction where it is not empty."
    if "system" in fields:
        said += f" {fields['system']} becomes the system message where it is not empty."
    return said
