"""The sample datasets: three clean ones that are worth learning, and a messy one whose faults are all known."""

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

ANSWER = re.compile(
    r"category: (billing|delivery|account|product|other)\n"
    r"priority: (low|normal|high)\n"
    r"team: (payments|logistics|identity|support|repairs|frontdesk)"
)
TEAMS = {
    "billing": {"payments"},
    "delivery": {"logistics"},
    "account": {"identity"},
    "product": {"support", "repairs"},
    "other": {"frontdesk"},
}
ODD = re.compile("[\u00a0\u2009\u200b\u3000\ufeff\u0007]")
Rows = list[dict[str, Any]]


def plain(text: str) -> str:
    """The text without case, spacing and punctuation."""
    return " ".join(re.sub(r"[\W_]+", " ", text.lower()).split())


def test_every_triage_row_is_a_message_and_exactly_three_allowed_lines(triage: Rows) -> None:
    assert len(triage) == 450
    for row in triage:
        assert [message["role"] for message in row["messages"]] == ["user", "assistant"]
        match = ANSWER.fullmatch(row["messages"][1]["content"])
        assert match is not None
        assert match[3] in TEAMS[match[1]]


def test_no_triage_label_is_rare(triage: Rows) -> None:
    lines = Counter(line for row in triage for line in row["messages"][1]["content"].splitlines())
    assert min(lines.values()) >= 25, lines


def test_the_brand_voice_opens_and_signs_the_same_way_and_never_shouts(brand_voice: Rows) -> None:
    assert len(brand_voice) == 300
    for row in brand_voice:
        assert set(row) == {"instruction", "response"}
        assert re.match(r"The kettle is on, ([A-Z]\w+|dear friend)\. ", row["response"])
        assert row["response"].endswith(" Unhurriedly yours, Fern & Kettle")
        assert "!" not in row["response"]


def test_a_customer_who_gives_a_name_is_called_by_it(brand_voice: Rows) -> None:
    for row in brand_voice:
        name = row["response"].split(", ", 1)[1].split(".")[0]
        assert name == "dear friend" or name in row["instruction"]


def test_every_order_becomes_one_object_with_what_the_text_says(orders: Rows) -> None:
    assert len(orders) == 350
    for row in orders:
        assert set(row) == {"prompt", "completion"}
        order = json.loads(row["completion"])
        assert list(order) == ["item", "quantity", "day", "handover"]
        assert order["item"].lower() in row["prompt"].lower()
        assert order["day"] in row["prompt"]
        assert isinstance(order["quantity"], int)
        assert order["handover"] in ("collect", "deliver")


@pytest.mark.parametrize(
    ("name", "field"), [("triage", "messages"), ("brand_voice", "instruction"), ("orders", "prompt")]
)
def test_no_clean_sample_asks_the_same_thing_twice(name: str, field: str, request: pytest.FixtureRequest) -> None:
    rows: Rows = request.getfixturevalue(name)
    asked = [plain(row[field][0]["content"] if field == "messages" else row[field]) for row in rows]
    assert len(set(asked)) == len(asked)


def test_the_index_describes_the_files_that_are_there(assets: Path) -> None:
    index = json.loads((assets / "samples" / "index.json").read_text(encoding="utf-8"))
    assert {entry["file"] for entry in index} == {path.name for path in (assets / "samples").glob("*.jsonl")}
    for entry in index:
        lines = (assets / "samples" / entry["file"]).read_text(encoding="utf-8").removesuffix("\n").split("\n")
        assert entry["rows"] == len(lines)
        assert entry["title"] and entry["description"].endswith(".") and entry["passes"] >= 1


def test_the_script_writes_the_same_files_again(assets: Path, tmp_path: Path) -> None:
    script = str(assets / "make_samples.py")
    subprocess.run([sys.executable, script, "--out", str(tmp_path)], check=True, timeout=120)
    for made in tmp_path.iterdir():
        assert made.read_bytes() == (assets / "samples" / made.name).read_bytes(), made.name
    assert len(list(tmp_path.iterdir())) == 6


class Messy:
    """The messy file's lines by number, and the planted faults by kind."""

    def __init__(self, folder: Path) -> None:
        text = (folder / "messy.jsonl").read_bytes().decode("utf-8")
        self.lines = dict(enumerate(text.removesuffix("\n").split("\n"), start=1))
        self.faults: list[dict[str, Any]] = json.loads((folder / "messy.faults.json").read_text(encoding="utf-8"))

    def planted(self, kind: str) -> list[list[int]]:
        found = [fault["lines"] for fault in self.faults if fault["kind"] == kind]
        assert found, kind
        return found

    def turns(self, line: int) -> list[dict[str, str]]:
        return json.loads(self.lines[line].removeprefix("\ufeff"))["messages"]

    def question(self, line: int) -> str:
        return self.turns(line)[0]["content"]

    def answer(self, line: int) -> str:
        return self.turns(line)[-1]["content"]


@pytest.fixture(scope="module")
def messy(assets: Path) -> Messy:
    return Messy(assets / "samples")


@pytest.fixture(scope="module")
def tokens_of(assets: Path) -> Any:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(assets / "starter")
    return lambda turns: len(tokenizer.apply_chat_template(turns, return_dict=True)["input_ids"])


def test_a_messy_line_carries_at_most_one_planted_fault(messy: Messy) -> None:
    lines = [line for fault in messy.faults for line in fault["lines"]]
    assert len(messy.lines) == 220
    assert len(lines) == len(set(lines))


def test_broken_json_is_where_the_list_says(messy: Messy) -> None:
    for (line,) in messy.planted("broken_json"):
        with pytest.raises(json.JSONDecodeError):
            json.loads(messy.lines[line])


def test_lines_that_are_json_but_no_object_are_where_the_list_says(messy: Messy) -> None:
    assert all(not isinstance(json.loads(messy.lines[line]), dict) for (line,) in messy.planted("not_an_object"))


def test_blank_lines_and_the_byte_order_mark_are_where_the_list_says(messy: Messy) -> None:
    assert all(not messy.lines[line].strip() for lines in messy.planted("blank_line") for line in lines)
    assert messy.planted("byte_order_mark") == [[1]]
    assert messy.lines[1].startswith("\ufeff{")


def test_missing_and_empty_answers_are_where_the_list_says(messy: Messy) -> None:
    for (line,) in messy.planted("no_answer"):
        assert [turn["role"] for turn in messy.turns(line)] == ["user"]
    assert all(not messy.answer(line).strip() for (line,) in messy.planted("empty_answer"))


def test_wrong_roles_are_where_the_list_says(messy: Messy) -> None:
    for (line,) in messy.planted("unknown_role"):
        assert {turn["role"] for turn in messy.turns(line)} - {"system", "user", "assistant"}
    for (line,) in messy.planted("role_order"):
        assert [turn["role"] for turn in messy.turns(line)] != ["user", "assistant"]


def test_copies_are_where_the_list_says(messy: Messy) -> None:
    assert sorted(len(lines) for lines in messy.planted("duplicate")) == [2, 2, 2, 3, 3, 4]
    for lines in messy.planted("duplicate"):
        assert len({messy.lines[line] for line in lines}) == 1
    for lines in messy.planted("trivial_duplicate"):
        assert len({messy.question(line) for line in lines}) == 2
        assert len({(plain(messy.question(line)), messy.answer(line)) for line in lines}) == 1


def test_conflicting_answers_are_where_the_list_says(messy: Messy) -> None:
    for lines in messy.planted("conflict"):
        assert len({messy.question(line) for line in lines}) == 1
        assert len({messy.answer(line) for line in lines}) == len(lines) == 2


def test_odd_characters_are_where_the_list_says(messy: Messy) -> None:
    assert all(ODD.search(messy.question(line)) for (line,) in messy.planted("odd_characters"))


def test_long_rows_are_where_the_list_says(messy: Messy, tokens_of: Any) -> None:
    for (line,) in messy.planted("longer_than_512"):
        assert 512 < tokens_of(messy.turns(line)) <= 1024
    for (line,) in messy.planted("longer_than_1024"):
        assert tokens_of(messy.turns(line)) > 1024


def test_every_line_that_is_not_listed_is_sound_and_unlike_the_others(messy: Messy, tokens_of: Any) -> None:
    sound = sorted(set(messy.lines) - {line for fault in messy.faults for line in fault["lines"]})
    assert len(sound) > 100
    for line in sound:
        assert [turn["role"] for turn in messy.turns(line)] == ["user", "assistant"]
        assert ANSWER.fullmatch(messy.answer(line))
        assert not ODD.search(messy.question(line))
        assert tokens_of(messy.turns(line)) <= 512
    assert len({plain(messy.question(line)) for line in sound}) == len(sound)
