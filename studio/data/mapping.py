"""Mapping: which field of a file plays which part, guessed from every row of it."""

from collections import Counter
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as Named
from dataclasses import asdict
from itertools import product
from typing import Any

from studio.data import known
from studio.data.known import named
from studio.data.survey import ANSWERS, LISTS, WRITTEN, Kind, Survey
from studio.domain.dataset import PARTS, Guess, Layout, Mapping, Origin
from studio.domain.errors import DatasetError


def guess_mapping(survey: Survey, *, layout: Layout | None = None) -> Guess | None:
    """The mapping that fits most rows, the better known names first, of one layout or any; None when no row fits."""
    best, best_fits = None, 0
    for mapping in dict.fromkeys(_candidates(survey)):
        if layout not in (None, mapping[0]):
            continue
        fits = survey.fits(_thawed(mapping))
        if fits > best_fits:
            best, best_fits = _thawed(mapping), fits
    if best is None:
        return None
    return _guess(survey, best, reason=_reason(survey, best, best_fits))


def chosen_mapping(survey: Survey, mapping: Mapping) -> Guess:
    """A person's own mapping, checked against the file; DatasetError names the part or field that is wrong."""
    parts = PARTS[mapping.layout]
    for part in parts.required:
        if not mapping.fields.get(part):
            raise DatasetError(f"No field is chosen for {part}.", fix="Choose the field of your file.", field=part)
    for part, name in mapping.fields.items():
        if part not in parts.all:
            listed = ", ".join(parts.all)
            raise DatasetError(f"“{part}” is no part of this layout.", fix=f"Its parts are {listed}.", field=part)
        if name and name not in survey.columns:
            listed = ", ".join(survey.columns[:30]) or "none"
            raise DatasetError(f"The file has no field “{name}”.", fix=f"Its fields are: {listed}.", field=part)
    used = Mapping(mapping.layout, {part: name for part, name in mapping.fields.items() if name})
    twice = next((name for name, uses in Counter(used.fields.values()).items() if uses > 1), None)
    if twice is not None:
        raise DatasetError(f"The field “{twice}” is chosen for two parts.", fix="Choose another field for one of them.")
    reason = f"Chosen by you: {survey.fits(used):,} of {survey.rows:,} rows fit."
    return _guess(survey, used, reason=reason, origin=Origin.CHOSEN)


def remembered_mapping(survey: Survey, earlier: Iterable[Named[str, Any]]) -> Guess | None:
    """What a person chose for their last file with the very same columns, where rows of this one fit it."""
    columns = set(survey.columns)
    found = next((mapping_from(each) for each in earlier if set(each["columns"]) == columns), None)
    fits = survey.fits(found) if found else 0
    if found is None or not fits:
        return None
    reason = f"Read like your last file with these fields: {fits:,} of {survey.rows:,} rows fit."
    return _guess(survey, found, reason=reason, origin=Origin.REMEMBERED)


def mapping_from(spec: Named[str, Any]) -> Mapping:
    """The mapping of a job spec; DatasetError for a layout that does not exist."""
    try:
        layout = Layout(spec["layout"])
    except ValueError as error:
        listed = ", ".join(layout.value for layout in Layout)
        raise DatasetError(f"There is no layout “{spec['layout']}”.", fix=f"Choose one of {listed}.") from error
    return Mapping(layout, dict(spec["fields"]))


def guess_record(guess: Guess) -> dict[str, Any]:
    """A guess as plain values, for the result of a job."""
    flat = asdict(guess)
    return {**flat.pop("mapping"), **flat}


def _guess(survey: Survey, mapping: Mapping, *, reason: str, origin: Origin = Origin.GUESSED) -> Guess:
    unused = [name for name in survey.columns if name not in mapping.fields.values()]
    if unused:
        more = f" and {len(unused) - 8} more" if len(unused) > 8 else ""
        reason += f" Kept beside the rows but not trained: {', '.join(unused[:8])}{more}."
    return Guess(mapping, reason, survey.columns, survey.fits(mapping), survey.rows, origin)


Fields = tuple[tuple[str, str], ...]
Frozen = tuple[Layout, Fields]


def _candidates(survey: Survey) -> Iterator[Frozen]:
    """Every mapping worth trying, best known first; of two that fit equally many rows, the first wins."""
    conversations, texts = survey.holding(LISTS), survey.holding(WRITTEN)
    both = tuple(dict.fromkeys(texts + conversations))
    more: Fields = (
        *(("system", name) for name in named(known.SYSTEMS, texts)[:1]),
        *(("tools", name) for name in named(known.TOOLS, survey.holding((Kind.TOOLS, Kind.JSON)))[:1]),
    )
    for fields in _preferences(survey, texts, both):
        yield Layout.PREFERENCE, (*fields, *more)
    for name in named(known.CONVERSATIONS, conversations):
        yield Layout.MESSAGES, (("messages", name), *more)
    answers, inputs = named(known.ANSWERS, texts), named(known.INPUTS, texts)
    for asked, given, answer in product(named(known.INSTRUCTIONS + known.PROMPTS, texts), inputs, answers):
        if asked != given:
            yield Layout.INSTRUCTION_RESPONSE, (("instruction", asked), ("input", given), ("response", answer), *more)
    for asked, answer in product(named(known.INSTRUCTIONS, texts), answers):
        yield Layout.INSTRUCTION_RESPONSE, (("instruction", asked), ("response", answer), *more)
    for asked, answer in product(named(known.PROMPTS, both), named(known.ANSWERS, both)):
        yield Layout.PROMPT_COMPLETION, (("prompt", asked), ("completion", answer), *more)
    yield from _by_what_they_hold(conversations, texts, more)


def _by_what_they_hold(conversations: tuple[str, ...], texts: tuple[str, ...], more: Fields) -> Iterator[Frozen]:
    """Fields whose names say nothing: a conversation, two texts, a text."""
    for name in conversations:
        if not named(known.CHOSEN + known.REJECTED, [name]):
            yield Layout.MESSAGES, (("messages", name), *more)
    if len(texts) == 2 and not _is_text_with_a_side(texts):
        yield Layout.PROMPT_COMPLETION, (("prompt", texts[0]), ("completion", texts[1]))
    for name in named(known.TEXTS, texts):
        yield Layout.TEXT, (("text", name),)


def _preferences(survey: Survey, texts: tuple[str, ...], both: tuple[str, ...]) -> Iterator[Fields]:
    """Pairs of a better and a worse answer, with what was asked in a field of its own or in both conversations."""
    ends = survey.holding((*ANSWERS, Kind.MESSAGES))
    asking = named(known.CONVERSATIONS, both) + named(known.INSTRUCTIONS + known.PROMPTS, both)
    for chosen, rejected in product(named(known.CHOSEN, ends), named(known.REJECTED, ends)):
        pair = (("chosen", chosen), ("rejected", rejected))
        for asked, given in product(asking, named(known.INPUTS, texts)):
            if asked != given:
                yield (("prompt", asked), ("input", given), *pair)
        for asked in asking:
            yield (("prompt", asked), *pair)
        yield pair


def _is_text_with_a_side(columns: tuple[str, ...]) -> bool:
    return bool(named(known.TEXTS, columns) and named(known.SIDES, columns))


def _thawed(frozen: Frozen) -> Mapping:
    return Mapping(frozen[0], dict(frozen[1]))


def _reason(survey: Survey, mapping: Mapping, fits: int) -> str:
    fields = {part: f"“{name}”" for part, name in mapping.fields.items()}
    subject = f"All {fits:,} rows have" if fits == survey.rows else f"{fits:,} of {survey.rows:,} rows have"
    if survey.rows == 1:
        subject = "The one row has"
    match mapping.layout:
        case Layout.MESSAGES:
            said = f"{subject} a list of messages with roles in {fields['messages']}."
        case Layout.PROMPT_COMPLETION:
            said = f"{subject} a prompt in {fields['prompt']} and its answer in {fields['completion']}."
        case Layout.INSTRUCTION_RESPONSE:
            said = f"{subject} an instruction in {fields['instruction']} and its answer in {fields['response']}."
        case Layout.TEXT:
            said = f"{subject} a plain text in {fields['text']}, and no question with an answer."
        case Layout.PREFERENCE:
            said = f"{subject} a better answer in {fields['chosen']} and a worse one in {fields['rejected']}."
            asked = f"What was asked is in {fields['prompt']}." if "prompt" in fields else SHARED
            said = f"{said} {asked}"
    return " ".join([said, *(MORE[part].format(fields[part]) for part in MORE if part in fields)])


SHARED = "Both are whole conversations: what they begin with alike is what was asked."
MORE = {
    "input": "{} is added below the instruction where it is not empty.",
    "system": "{} becomes the system message where it is not empty.",
    "tools": "{} describes the tools that may be called.",
}
