"""JSON and its schema: strict, and safe whatever an answer or a schema holds."""

import json

import pytest

from studio.domain.errors import StudyError
from studio.domain.gate import ValidJson
from studio.domain.gate_result import Answered
from studio.verdict.gates.structured import NotJson, checker, judge, mark, parsed

ORDER = {
    "type": "object",
    "properties": {"item": {"type": "string"}, "quantity": {"type": "integer", "minimum": 1}},
    "required": ["item", "quantity"],
    "additionalProperties": False,
}


def gate(schema: object) -> ValidJson:
    return ValidJson(schema_text=json.dumps(schema))


@pytest.mark.parametrize(
    ("answer", "found", "note"),
    [
        ('{"item": "rolls", "quantity": 12}', "valid", ""),
        ('{"item": "rolls"}', "other shape", "'quantity' is a required property"),
        ('{"item": "rolls", "quantity": 0}', "other shape", "quantity: 0 is less than the minimum of 1"),
        ('{"item": "rolls", "quantity": 1.5}', "other shape", "quantity: 1.5 is not of type 'integer'"),
        ('{"item": "rolls", "quantity": 1, "day": "x"}', "other shape", "'day' was unexpected"),
        ('```json\n{"item": "rolls", "quantity": 12}\n```', "needs cleaning", "code fence"),
        ('Here it is: {"item": "rolls", "quantity": 12}. Enjoy!', "needs cleaning", "other text"),
        ('```json\n{"item": "rolls"}\n```', "not JSON", ""),
        ("Twelve rolls.", "not JSON", "line 1, column 1"),
        ('{"item": "rolls", "quantity": NaN}', "not JSON", "NaN is no JSON value"),
        ('{"item": "rolls", "item": "tarts", "quantity": 1}', "not JSON", "“item” comes twice"),
        ("{'item': 'rolls', 'quantity': 12}", "not JSON", ""),
        ("", "not JSON", ""),
    ],
)
def test_each_answer_is_put_into_its_class(answer: str, found: str, note: str) -> None:
    said = mark(answer, checker(gate(ORDER)))
    assert said.found == found
    assert note in said.note
    assert said.is_passed is (found == "valid")


def test_without_a_schema_any_json_passes() -> None:
    assert all(mark(text, checker(ValidJson())).is_passed for text in ("1", '"a"', "[]", "null"))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[" * 65 + "]" * 65, "nested"),
        ("[" * 50_001, "longer than"),
        ("1" * 10_000, "too long"),
        ('["[[[["', "line"),
        ('"' + '\\"' * 24_000, "line"),
    ],
)
def test_a_text_beyond_all_measure_is_refused_at_once(text: str, why: str) -> None:
    with pytest.raises(NotJson, match=why):
        parsed(text)


def test_brackets_within_texts_are_no_depth() -> None:
    assert parsed(json.dumps(["[" * 500])) == ["[" * 500]


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ({"type": "objekt"}, "type: 'objekt' is not valid"),
        ({"required": "item"}, "required"),
        ({"pattern": "("}, "no regular expression"),
        ({"patternProperties": {"(a+)+$": {}}}, "“patternProperties” is not supported"),
    ],
)
def test_what_is_no_schema_is_told_before_anything_is_judged(schema: object, why: str) -> None:
    with pytest.raises(StudyError, match="JSON Schema") as caught:
        judge(gate(schema), [])
    assert why in caught.value.message
    assert caught.value.field == "schema_text"


def test_a_schema_can_refer_to_its_own_parts_and_to_nothing_else() -> None:
    own = {"$defs": {"day": {"enum": ["Monday"]}}, "properties": {"day": {"$ref": "#/$defs/day"}}}
    assert mark('{"day": "Monday"}', checker(gate(own))).is_passed
    assert not mark('{"day": "Sunday"}', checker(gate(own))).is_passed
    with pytest.raises(StudyError, match="not in it"):
        mark("{}", checker(gate({"$ref": "#/$defs/nothing"})))
    with pytest.raises(StudyError, match="not in it"):
        mark("{}", checker(gate({"$id": "https://x.example/a", "$ref": "#anchor"})))


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"pattern": "(a|aa)+$"},
        {
            "$defs": {f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(30)} | {"a30": True},
            "$ref": "#/$defs/a0",
        },
    ],
    ids=["round and round", "a pattern without end", "thirty doublings"],
)
def test_a_schema_cannot_hang_the_judging(schema: object) -> None:
    said = mark(json.dumps("a" * 100 + "b"), checker(gate(schema)))
    assert said.note == "The schema takes too long on this answer."


def test_both_sides_are_compared() -> None:
    right, wrong = '{"item": "rolls", "quantity": 12}', "12 rolls"
    found = judge(gate(ORDER), [Answered(str(n), right, wrong, right) for n in range(20)])
    assert (found.better, found.worse, found.difference.value) == (20, 0, 1.0)
    assert found.light.value == "green"


@pytest.mark.parametrize("answer", ['{"price": 1e999}', f'{{"price": {"9" * 400}}}'])
def test_a_number_beyond_all_measure_fails_and_stops_nothing(answer: str) -> None:
    gate = ValidJson(schema_text='{"properties": {"price": {"multipleOf": 0.01}}}')
    (pair,) = judge(gate, [Answered("p", "", answer, answer)]).pairs
    assert not pair.tuned.is_passed
