"""Structured: whether an answer is JSON, and nothing but JSON, and has the shape that a schema asks for.

Strict on purpose: a program that reads the answer gets it as it is. What would be right without its code fence or the
words around it is a class of its own, since that is cheap to mend.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import regex
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.validators import extend
from referencing import Registry
from referencing.exceptions import Unresolvable

from studio.domain.errors import StudyError
from studio.domain.gate import DEEPEST, ValidJson
from studio.domain.gate_result import Answered, GateResult, Mark
from studio.verdict.gates.fences import fenced
from studio.verdict.gates.results import pairs_of, passing

LONGEST = 50_000  # characters of an answer
MOST_STEPS = 20_000  # references followed for one answer
PATTERN_SECONDS = 0.1
Check = Callable[[Any], str]


class NotJson(ValueError):
    """Why a text is not strict JSON."""


class TooMuch(Exception):
    """A schema that takes too long on an answer."""


def judge(gate: ValidJson, answers: Sequence[Answered]) -> GateResult:
    """How many answers of each side are JSON of the right shape; StudyError where the schema is none."""
    check = checker(gate)
    return passing(gate, pairs_of(answers, lambda text, _: mark(text, check)))


def mark(answer: str, check: Check) -> Mark:
    """The class of one answer: valid, other shape, needs cleaning, or not JSON."""
    try:
        value = parsed(answer)
    except NotJson as error:
        inner = _inside(answer)
        if inner is not None and not check(inner):
            return Mark(0.0, "needs cleaning", "Right JSON inside a code fence or other text.")
        return Mark(0.0, "not JSON", str(error))
    wrong = check(value)
    return Mark(0.0, "other shape", wrong) if wrong else Mark(1.0, "valid")


def checker(gate: ValidJson) -> Check:
    """What says the first thing wrong with a value, or nothing; StudyError at the field where the schema is none."""
    if not gate.schema_text.strip():
        return lambda value: ""
    schema = json.loads(gate.schema_text)
    _check_patterns(schema)
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        place = "/".join(map(str, error.absolute_path)) or "the top"
        raise _wrong_schema(f"{place}: {error.message}") from error
    except RecursionError as error:
        raise _wrong_schema("it is nested too deep") from error
    return lambda value: _first_error(schema, value)


def parsed(text: str) -> Any:
    """The value of strict JSON (RFC 8259): no NaN, no key twice, at most 50,000 characters and 64 levels."""
    if len(text) > LONGEST:
        raise NotJson(f"It is longer than {LONGEST:,} characters.")
    if _depth(text) > DEEPEST:
        raise NotJson(f"It is nested more than {DEEPEST} deep.")
    try:
        return json.loads(text, parse_constant=_no_constant, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise NotJson(f"{error.msg} at line {error.lineno}, column {error.colno}.") from error
    except NotJson:
        raise
    except ValueError as error:  # a whole number of thousands of digits
        raise NotJson("It holds a number that is far too long.") from error


def _no_constant(name: str) -> Any:
    raise NotJson(f"{name} is no JSON value.")


def _unique(items: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(items)
    if len(found) < len(items):
        names = [key for key, _ in items]
        twice = next(name for name in names if names.count(name) > 1)
        raise NotJson(f"The key “{twice[:50]}” comes twice.")
    return found


def _depth(text: str) -> int:
    """How deep brackets lie in each other, whatever strings hold; never less than the true depth."""
    deepest = depth = 0
    for bracket in re.findall(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', text, re.DOTALL):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(bracket, 0)
        deepest = max(deepest, depth)
    return deepest


def _inside(answer: str) -> Any:
    """The JSON value inside a code fence or between other words; None without one."""
    block = fenced(answer)
    begin = re.search(r"[\[{]", answer)
    end = max(answer.rfind("]"), answer.rfind("}")) + 1
    for part in (block, answer[begin.start() : end] if begin else None):
        try:
            if part:
                return parsed(part)
        except NotJson:
            continue
    return None


def _first_error(schema: Any, value: Any) -> str:
    validator = _bounded()(schema, registry=Registry())
    try:
        error = next(validator.iter_errors(value), None)
    except (TooMuch, TimeoutError, RecursionError):
        return "The schema takes too long on this answer."
    except ArithmeticError:  # such as whether infinity is a multiple of a hundredth
        return "A number is too large to be checked."
    except Unresolvable as unknown:
        raise _wrong_schema(f"it refers to “{unknown.ref}”, which is not in it") from unknown
    if error is None:
        return ""
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path)
    return f"{place.lstrip('.') or 'the whole'}: {error.message[:200]}"


def _bounded() -> Any:
    """Draft 2020-12 whose patterns cannot hang and whose references cannot multiply without end."""
    steps = 0
    follow = Draft202012Validator.VALIDATORS["$ref"]

    def ref(validator: Any, reference: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
        nonlocal steps
        steps += 1
        if steps > MOST_STEPS:
            raise TooMuch
        yield from follow(validator, reference, instance, schema) or ()

    def pattern(validator: Any, wanted: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
        if isinstance(instance, str) and not _found(wanted, instance):
            yield ValidationError(f"“{instance[:50]}” does not match {wanted}")

    return extend(Draft202012Validator, {"$ref": ref, "pattern": pattern})


def _found(pattern: str, text: str) -> bool:
    return regex.search(pattern, text, timeout=PATTERN_SECONDS) is not None


def _check_patterns(part: Any) -> None:
    """StudyError where a pattern is none, or patterns name properties: those cannot be held to a time."""
    for key, value in part.items() if isinstance(part, dict) else ():
        if key == "patternProperties" and isinstance(value, dict):
            raise _wrong_schema("“patternProperties” is not supported; name the properties")
        if key == "pattern" and isinstance(value, str):
            try:
                regex.compile(value)
            except regex.error as error:
                raise _wrong_schema(f"the pattern {value[:80]} is no regular expression ({error})") from error
    for value in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        _check_patterns(value)


def _wrong_schema(why: str) -> StudyError:
    return StudyError(f"JSON Schema: {why}.", fix="Mend the schema, or leave it empty.", field="schema_text")
