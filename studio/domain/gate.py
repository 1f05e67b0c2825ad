"""Gate: what answers have to keep to beside what people prefer; chosen and frozen before anybody sees a result.

Controls, help, bounds and checks come from these fields, as they do from those of a recipe.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from studio.domain.errors import StudyError

LONGEST_SCHEMA = 100_000  # characters
DEEPEST = 64  # brackets within brackets, in a schema and in an answer


class _Gate(BaseModel):
    """What every gate has; frozen, as is the protocol that it belongs to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    is_required: bool = Field(
        default=True,
        title="Needed to ship",
        description="Whether the model is held back while this is not green. Otherwise it is only shown.",
    )


class _Passing(_Gate):
    """A gate that each answer passes or fails."""

    at_least: float = Field(
        default=0.0,
        ge=0,
        le=1,
        title="Share that must pass",
        description="Of the fine-tuned model's answers on these prompts, from 0 (no such demand) to 1 (all of them).",
    )
    margin: float = Field(
        default=0.05,
        ge=0,
        le=0.5,
        title="May be worse by",
        description="How much lower the share may be than the base model's; 0.05 is 5 of 100. It takes about "
        "75 prompts to show that nothing got worse by 0.05, and about 35 for 0.10.",
    )


class ExactMatch(_Passing):
    kind: Literal["exact"] = "exact"
    ignore_case: bool = Field(default=False, title="Capitals do not matter", description="“Yes” equals “yes”.")
    ignore_punctuation: bool = Field(
        default=False, title="Punctuation does not matter", description="“Yes.” equals “Yes”; signs within words stay."
    )
    as_json: bool = Field(
        default=False,
        title="Compare as JSON",
        description="Order of keys and blanks do not matter; the values must be equal.",
    )


class Labels(_Passing):
    kind: Literal["labels"] = "labels"
    field: str = Field(
        default="",
        max_length=200,
        title="Line that holds the label",
        description="“category” reads the line “category: billing”. Empty: the whole answer is the label.",
    )
    labels: tuple[str, ...] = Field(
        default=(),
        max_length=1000,
        title="Allowed labels",
        description="Anything else counts as unparsed. Empty: the labels of the reference answers.",
    )
    ignore_case: bool = Field(default=True, title="Capitals do not matter", description="“Billing” equals “billing”.")
    judged_by: Literal["accuracy", "macro_f1"] = Field(
        default="accuracy",
        title="Judged by",
        description="Accuracy counts prompts; macro-F1 counts every label the same, however rare it is.",
    )

    @field_validator("labels", mode="before")
    @classmethod
    def _between_commas(cls, value: Any) -> Any:
        """As they are typed."""
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


class ValidJson(_Passing):
    kind: Literal["json"] = "json"
    schema_text: str = Field(
        default="",
        max_length=LONGEST_SCHEMA,
        title="JSON Schema",
        description="Draft 2020-12, as JSON. Empty: any JSON passes. It may refer to its own parts only.",
    )

    @field_validator("schema_text")
    @classmethod
    def _is_a_schema(cls, value: str) -> str:
        if not value.strip():
            return ""
        try:
            schema = json.loads(value)
        except RecursionError:
            raise ValueError(f"it is nested more than {DEEPEST} deep; make it flatter") from None
        except ValueError as error:
            raise ValueError(f"it is not JSON ({error}); paste the whole schema") from None
        if not isinstance(schema, dict | bool):
            raise ValueError("a schema is an object in braces, such as {“type”: “object”}")
        _check_schema(schema, depth=1)
        return value


def _check_schema(part: Any, *, depth: int) -> None:
    """ValueError where a schema is nested too deep or refers to something outside of it."""
    if depth > DEEPEST:
        raise ValueError(f"it is nested more than {DEEPEST} deep; make it flatter")
    for value in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        _check_schema(value, depth=depth + 1)
    if not isinstance(part, dict):
        return
    for key in ("$ref", "$dynamicRef"):
        if isinstance(part.get(key), str) and not part[key].startswith("#"):
            raise ValueError(f"it refers to “{part[key]}” elsewhere; copy that part in and refer to it by “#/$defs/…”")


class Pattern(_Passing):
    kind: Literal["regex"] = "regex"
    pattern: str = Field(
        min_length=1,
        max_length=2000,
        title="Regular expression",
        description="What an answer must look like, in the notation of Python. It is given a tenth of a second.",
    )
    whole: bool = Field(
        default=True, title="The whole answer", description="Otherwise it is enough that it occurs somewhere."
    )
    ignore_case: bool = Field(default=False, title="Capitals do not matter", description="“A” matches “a”.")


class SqlResult(_Passing):
    kind: Literal["sql"] = "sql"
    databases: tuple[str, ...] = Field(
        min_length=1,
        max_length=5,
        title="SQLite files",
        description="Each query is run on each of them, read-only; with one alone, a wrong query may pass by luck.",
    )
    sha256: tuple[str, ...] = Field(
        default=(), title="Their fingerprints", description="Of the copies that are asked; filled in on freezing."
    )
    seconds: float = Field(
        default=2.0, ge=0.05, le=30, title="Seconds for a query", description="Slower ones are stopped."
    )
    most_rows: int = Field(
        default=5000, ge=1, le=100_000, title="Most rows", description="A longer result is a failure."
    )
    columns_in_any_order: bool = Field(
        default=False, title="Columns in any order", description="A result passes also with its columns swapped."
    )


class Length(_Passing):
    kind: Literal["length"] = "length"
    unit: Literal["words", "characters"] = Field(
        default="words", title="Counted in", description="How length is measured."
    )
    shortest: int | None = Field(
        default=None, ge=0, le=1_000_000, title="At least", description="Shorter answers fail."
    )
    longest: int | None = Field(default=None, ge=1, le=1_000_000, title="At most", description="Longer answers fail.")
    times_reference: float | None = Field(
        default=2.0,
        gt=1,
        le=100,
        title="Times the reference",
        description="2 lets an answer be half to twice as long as its reference answer; empty compares with none.",
        validate_default=True,
    )

    @field_validator("longest")
    @classmethod
    def _in_order(cls, value: int | None, info: ValidationInfo) -> int | None:
        shortest = info.data.get("shortest")
        if value is not None and shortest is not None and value < shortest:
            raise ValueError(f"must be at least {shortest}, the shortest that is allowed")
        return value

    @field_validator("times_reference")
    @classmethod
    def _asks_something(cls, value: float | None, info: ValidationInfo) -> float | None:
        if value is None and info.data.get("shortest") is None and info.data.get("longest") is None:
            raise ValueError("give this, a shortest or a longest length; otherwise every answer passes")
        return value


class Speed(_Gate):
    kind: Literal["speed"] = "speed"
    measure: Literal["seconds", "tokens_per_second"] = Field(
        default="seconds",
        title="Measured as",
        description="Seconds until an answer is complete, or tokens each second, which does not depend on its length.",
    )
    most_worse: float = Field(
        default=0.25,
        ge=0,
        le=10,
        title="May be slower by",
        description="0.25 allows a quarter more time than the base.",
    )


class Perplexity(_Gate):
    kind: Literal["perplexity"] = "perplexity"
    most_worse: float = Field(
        default=0.05,
        ge=0,
        le=10,
        title="May rise by",
        description="0.05 allows a perplexity 5 % above that of the base on the same held-out answers.",
    )


class Overlap(_Gate):
    kind: Literal["overlap"] = "overlap"
    measure: Literal["bleu", "chrf", "rouge1", "rouge2", "rougeL"] = Field(
        default="rougeL",
        title="Measure",
        description="Which words an answer shares with its reference. It knows nothing of meaning or truth.",
    )
    margin: float = Field(
        default=2.0,
        ge=0,
        le=50,
        title="May be worse by",
        description="Points of 100 below the base model's mean score.",
    )
    is_required: bool = Field(
        default=False, title="Needed to ship", description="Off at first: a good answer in other words scores badly."
    )


class PromptSet(_Passing):
    """Prompts that are shipped with the studio: what was forgotten, and what became unsafe."""

    kind: Literal["prompts"] = "prompts"
    set: Literal["general", "adversarial"] = Field(
        default="general", title="Prompts", description="Everyday skills, or attempts to get what should be refused."
    )
    margin: float = Field(
        default=0.10,
        ge=0,
        le=0.5,
        title="May be worse by",
        description="Forty prompts can show no less than about 0.09.",
    )
    most_new: int = Field(
        default=0,
        ge=0,
        le=40,
        title="New failures on critical prompts",
        description="Prompts that the base handled well and the fine-tuned model no longer does; more of them is red.",
    )


class Tasks(_Gate):
    """Tasks of lm-evaluation-harness, where that is installed."""

    kind: Literal["tasks"] = "tasks"
    tasks: tuple[str, ...] = Field(
        min_length=1,
        max_length=20,
        title="Tasks",
        description="Names as lm-evaluation-harness has them, or files of your own: arc_easy, /tasks/mine.yaml.",
    )
    limit: int = Field(
        default=100, ge=1, le=100_000, title="Questions of each", description="The first so many of each task."
    )
    margin: float = Field(
        default=0.05,
        ge=0,
        le=0.5,
        title="May be worse by",
        description="How much lower the mean score may be than the base's.",
    )

    @field_validator("tasks", mode="before")
    @classmethod
    def _between_commas(cls, value: Any) -> Any:
        """As they are typed."""
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Kind = Literal[
    "exact", "labels", "json", "regex", "sql", "length", "speed", "perplexity", "overlap", "prompts", "tasks"
]
Passing = ExactMatch | Labels | ValidJson | Pattern | SqlResult | Length | PromptSet
Gate = Annotated[
    ExactMatch | Labels | ValidJson | Pattern | SqlResult | Length | Speed | Perplexity | Overlap | PromptSet | Tasks,
    Field(discriminator="kind"),
]

MODELS: dict[str, type[_Gate]] = {
    "exact": ExactMatch,
    "labels": Labels,
    "json": ValidJson,
    "regex": Pattern,
    "sql": SqlResult,
    "length": Length,
    "speed": Speed,
    "perplexity": Perplexity,
    "overlap": Overlap,
    "prompts": PromptSet,
    "tasks": Tasks,
}


def read_gate(values: Mapping[str, Any]) -> Gate:
    """A gate from loose values; StudyError names the first field that is unknown or out of bounds."""
    model = MODELS.get(str(values.get("kind")))
    if model is None:
        known = ", ".join(MODELS)
        raise StudyError(f"There is no gate “{values.get('kind')}”.", fix=f"Choose one of {known}.", field="kind")
    unknown = [str(name) for name in values if name not in model.model_fields]
    if unknown:
        known = ", ".join(name for name in model.model_fields if name != "kind")
        raise StudyError(f"This gate has no “{unknown[0]}”.", fix=f"It has {known}.", field=unknown[0])
    try:
        return cast(Gate, model.model_validate(dict(values)))
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        title = model.model_fields[name].title
        raise StudyError(f"{title}: {_plain(first)}.", fix="Change that value.", field=name) from error


def read_gates(values: Sequence[Mapping[str, Any]]) -> tuple[Gate, ...]:
    """Several gates; the field of a StudyError begins with the place of the gate: “2.pattern”."""
    gates = []
    for place, each in enumerate(values):
        try:
            gates.append(read_gate(each))
        except StudyError as error:
            raise StudyError(error.message, fix=error.fix, field=f"{place}.{error.field}") from error
    return tuple(gates)


_WORDS = {
    "missing": "is needed",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be one of {expected}",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_type": "must be a whole number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "string_too_short": "must not be empty",
    "string_too_long": "must be at most {max_length} characters long",
    "too_short": "needs at least {min_length}",
    "too_long": "takes at most {max_length}",
    "value_error": "{error}",
}


def _plain(error: Mapping[str, Any]) -> str:
    """What pydantic found wrong, in plain words."""
    words = _WORDS.get(error["type"])
    return words.format(**error.get("ctx", {})) if words else str(error["msg"])


def needs_references(gate: Gate) -> bool:
    """Whether a gate compares with a reference answer, which somebody's own prompts do not have."""
    if isinstance(gate, Length):
        return gate.times_reference is not None
    return isinstance(gate, ExactMatch | Labels | Overlap | Perplexity | SqlResult)
