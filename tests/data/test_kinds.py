"""Kinds: what is kept of a field tells of every row what the row itself would, also after people changed some."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio.data.checks.labels import labels_of, plain_label
from studio.data.kinds import NAME, kinds_of, same_value
from studio.data.rows import Rows, load_rows
from studio.data.splitting import deal
from studio.domain.errors import DatasetError
from studio.domain.split import SplitChoices
from tests.data.conftest import pair

SOME = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
COLOURS = st.sampled_from(["red", "Red", " red ", "green", "blue", ""])
ROW = st.fixed_dictionaries(
    {"colour": COLOURS, "label": st.sampled_from(["yes", "no", " no", ""]), "person": st.integers(0, 6)}
)
FILES = st.lists(ROW, min_size=20, max_size=60)
KEYS = ("field:label", "answer:colour", "field:person", "answer:size")


def written(kinds: list[dict]) -> list[dict]:
    """Rows whose answers name a colour and a size, or a size alone; a label or a person may be missing."""
    rows = []
    for number, kind in enumerate(kinds):
        named = {"label": kind["label"]} if kind["label"] else {}
        person = {"person": f"p{kind['person']}"} if kind["person"] else {}
        rows.append(pair(f"question {number}", answer_of(kind["colour"]), **named, **person))
    return rows


def answer_of(colour: str) -> str:
    return f"colour: {colour}\nsize: {len(colour)}" if colour else "size: none\nshape: round"


def edit(brought, colours: dict[int, str]) -> Rows:
    """The rows of a version in which some answers name another colour."""
    changed = [brought.rows.record(number) | {"number": number} for number in sorted(colours)]
    for row in changed:
        row["messages"][1]["content"] = answer_of(colours[row["number"]])
    (brought.folder / "edited.jsonl").write_text("".join(json.dumps(row) + "\n" for row in changed))
    return load_rows(brought.folder)


def plain_value(rows: Rows, number: int, key: str) -> str:
    """What a row holds, asked of the row itself."""
    place, name = key.split(":")
    if place == "field":
        return rows.record(number)["extra"].get(name, "").strip()
    told = [plain_label(text) for where, text in labels_of(rows[number].answer) if where == f"{name}="]
    return next(iter(told), "")


def plain_kinds(rows: Rows, key: str) -> tuple[list[int], list[str]]:
    values = [plain_value(rows, number, key) for number in range(len(rows))]
    names = list(dict.fromkeys(values))
    return [names.index(value) for value in values], names


def plain_leaders(rows: Rows, field: str) -> list[int]:
    values = [plain_value(rows, number, f"field:{field}") for number in range(len(rows))]
    return [values.index(value) if value else number for number, value in enumerate(values)]


@SOME
@given(file=FILES, edits=st.dictionaries(st.integers(0, 19), COLOURS, max_size=6))
def test_what_is_kept_is_what_the_rows_hold(bring, file, edits):
    brought = bring(written(file))
    rows = edit(brought, edits) if edits else brought.rows

    for key in KEYS:
        of, names = plain_kinds(rows, key)
        if any(names):
            found = kinds_of(rows, key)
            assert (found.of.tolist(), list(found.names)) == (of, names)
    for field in ("label", "person"):
        if any(plain_value(rows, number, f"field:{field}") for number in range(len(rows))):
            assert same_value(rows, field).tolist() == plain_leaders(rows, field)


@SOME
@given(
    file=FILES,
    edits=st.dictionaries(st.integers(0, 19), COLOURS, max_size=6),
    seed=st.integers(0, 9),
    stratify=st.sampled_from(["length", *KEYS]),
    by=st.sampled_from([None, "person", "label"]),
)
def test_a_deal_by_what_is_kept_is_that_by_the_rows_themselves(bring, file, edits, seed, stratify, by):
    brought = bring(written(file))
    rows = edit(brought, edits) if edits else brought.rows
    choices = SplitChoices(seed=seed, stratify=stratify, by=by)

    def dealt() -> object:
        try:
            return deal(rows, choices)
        except DatasetError as refused:
            return refused.message, refused.fix, refused.field

    kept = dealt()
    (brought.folder / NAME).unlink()
    assert kept == dealt()


def test_a_deal_by_a_field_that_is_kept_reads_no_row(bring):
    rows = [
        pair(f"question {n}", f"colour: {'red' if n % 3 else 'green'}", label="ab"[n % 2], person=f"p{n % 20}")
        for n in range(120)
    ]
    brought = bring(rows)
    choices = [
        SplitChoices(stratify="answer:colour"),
        SplitChoices(stratify="field:label", by="person"),
    ]
    before = [deal(brought.rows, choice) for choice in choices]
    texts = brought.folder / "rows.jsonl"
    texts.write_bytes(b"?" * texts.stat().st_size)

    assert [deal(load_rows(brought.folder), choice) for choice in choices] == before


def test_a_label_that_was_edited_out_of_every_answer_can_spread_no_rows(bring):
    brought = bring([pair(f"question {n}", "colour: red\nsize: small") for n in range(20)])
    assert kinds_of(brought.rows, "answer:colour").names == ("red",)

    rows = edit(brought, dict.fromkeys(range(20), ""))
    with pytest.raises(DatasetError, match="colour") as refused:
        kinds_of(rows, "answer:colour")
    assert refused.value.fix and refused.value.field == "stratify"


def test_of_more_fields_than_there_is_room_for_the_rows_are_read(bring, monkeypatch):
    monkeypatch.setattr("studio.data.kinds.MOST_BYTES", 16 * 30)  # one field of thirty rows
    brought = bring([pair(f"question {n}", "answer", one=n % 4, other=n % 5) for n in range(30)])

    for field, different in (("one", 4), ("other", 5)):
        assert same_value(brought.rows, field).tolist() == [n % different for n in range(30)]
