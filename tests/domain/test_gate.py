"""Gates are chosen by plain values; whatever is wrong is told at its field."""

import json

import pytest

from studio.domain.errors import StudyError
from studio.domain.gate import MODELS, Labels, read_gate, read_gates
from studio.domain.gate_names import TITLES


@pytest.mark.parametrize("kind", MODELS)
def test_every_gate_survives_being_written_down(kind: str) -> None:
    needed = {"regex": {"pattern": "a+"}, "sql": {"databases": ["a.sqlite"]}, "tasks": {"tasks": "arc_easy, piqa"}}
    gate = read_gate({"kind": kind, **needed.get(kind, {})})
    assert read_gate(json.loads(gate.model_dump_json())) == gate
    assert kind in TITLES


@pytest.mark.parametrize("kind", MODELS)
def test_every_control_has_a_title_and_an_explanation(kind: str) -> None:
    for name, field in MODELS[kind].model_fields.items():
        assert name == "kind" or (field.title and field.description and field.description.endswith(".")), name


@pytest.mark.parametrize(
    ("values", "field", "said"),
    [
        ({"kind": "magic"}, "kind", "There is no gate “magic”"),
        ({"kind": "exact", "colour": 1}, "colour", "This gate has no “colour”"),
        ({"kind": "exact", "margin": 2}, "margin", "May be worse by: must be at most 0.5."),
        ({"kind": "exact", "at_least": "most"}, "at_least", "Share that must pass: must be a number."),
        ({"kind": "regex"}, "pattern", "Regular expression: is needed."),
        ({"kind": "regex", "pattern": ""}, "pattern", "must not be empty"),
        ({"kind": "sql", "databases": []}, "databases", "needs at least 1"),
        ({"kind": "labels", "judged_by": "luck"}, "judged_by", "must be one of 'accuracy' or 'macro_f1'"),
        ({"kind": "length", "shortest": 9, "longest": 3}, "longest", "must be at least 9, the shortest"),
        ({"kind": "length", "times_reference": None}, "times_reference", "otherwise every answer passes"),
        ({"kind": "json", "schema_text": "{"}, "schema_text", "it is not JSON"),
        ({"kind": "json", "schema_text": "[1]"}, "schema_text", "a schema is an object"),
        ({"kind": "json", "schema_text": '{"$ref": "https://x.example/s.json"}'}, "schema_text", "elsewhere"),
        ({"kind": "json", "schema_text": '{"not":' * 70 + "{}" + "}" * 70}, "schema_text", "nested more than 64"),
        ({"kind": "json", "schema_text": "[" * 100_000}, "schema_text", "nested more than 64"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(values: dict[str, object], field: str, said: str) -> None:
    with pytest.raises(StudyError) as caught:
        read_gate(values)
    assert caught.value.field == field
    assert said in caught.value.message
    assert caught.value.fix


def test_of_several_gates_the_wrong_one_is_named_by_its_place() -> None:
    with pytest.raises(StudyError) as caught:
        read_gates([{"kind": "exact"}, {"kind": "regex", "pattern": ""}])
    assert caught.value.field == "1.pattern"


def test_labels_may_be_typed_between_commas() -> None:
    assert read_gate({"kind": "labels", "labels": "billing, account,  delivery"}) == Labels(
        labels=("billing", "account", "delivery")
    )
