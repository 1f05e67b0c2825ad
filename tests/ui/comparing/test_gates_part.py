"""One pool of controls serves every gate, and what they hold is the gate that is frozen."""

import json

import pytest

from studio.domain.errors import StudyError
from studio.domain.gate import MODELS, PromptSet, ValidJson, read_gate
from studio.domain.gate_names import WHEN
from studio.ui.comparing import gates
from studio.ui.comparing.gates import LEFT_OUT, POOL, Entry

NEEDED = {"regex": {"pattern": "a+"}, "sql": {"databases": ["a.sqlite"]}, "tasks": {"tasks": ["arc_easy", "mmlu"]}}


@pytest.mark.parametrize("kind", MODELS)
def test_a_gate_comes_back_from_its_controls_as_it_was_and_says_what_has_none(kind: str) -> None:
    gate = read_gate({"kind": kind, **NEEDED.get(kind, {})})
    held = gates.slots(kind)
    assert set(held) <= set(POOL) and WHEN[gate.kind]
    without = set(MODELS[kind].model_fields) - set(LEFT_OUT) - set(held.values())
    assert all(str(MODELS[kind].model_fields[name].title) in gates.left_as_is(kind) for name in without)
    assert bool(without) == bool(gates.left_as_is(kind))
    entry = Entry("0", gate.model_dump_json())
    shown = gates._filled(kind, entry.values)
    values = [update["value"] for update in shown]
    assert read_gate(gates.held("0", [entry], values)) == gate
    labels = {update["label"] for update in shown if update.get("label")}
    assert labels == {MODELS[kind].model_fields[name].title for name in held.values()}


def test_a_wrong_value_is_told_at_its_control_and_nowhere_else() -> None:
    entry = Entry("0", ValidJson().model_dump_json())
    pool = [update["value"] for update in gates._filled("json", entry.values)]
    pool[POOL.index("t0")] = '{"type": "thing"}'
    found = gates.checked(None, "0", [entry], *pool)
    wrong = [place for place, each in enumerate(found) if not each["is_valid"]]
    assert wrong == [3 + POOL.index("t0")] and "thing" in found[wrong[0]]["message"]
    pool[POOL.index("t0")] = ""
    pool[POOL.index("n1")] = None
    found = gates.checked(None, "0", [entry], *pool)
    assert [place for place, each in enumerate(found) if not each["is_valid"]] == [3 + POOL.index("n1")]


def test_only_what_is_on_is_frozen_and_what_still_needs_a_file_stays_off() -> None:
    entries = (
        Entry("0", PromptSet().model_dump_json()),
        Entry("1", json.dumps({"kind": "sql", "databases": ["x"]}), needs="a SQLite file", is_on=False),
    )
    with pytest.raises(StudyError, match="still needs a SQLite file"):
        gates.switch(entries, ["0", "1"])
    now = gates.switch(entries, [])[0]
    assert gates.chosen(now) == ()
    shown = gates.need(entries, [])
    assert [each["is_required"] for each in gates.chosen(shown)] == [False]
