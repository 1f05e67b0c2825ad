"""Somebody's own prompts are read as they are meant, or refused with their line, the reason and what to do."""

from pathlib import Path

import pytest

from studio.data.prompts import MOST, read_prompts, text_of
from studio.domain.errors import StudyError


def said(written: str) -> list[tuple[int, list[tuple[str, str]]]]:
    return [(each.line, [(turn.role, turn.content) for turn in each.turns]) for each in read_prompts(written)]


@pytest.mark.parametrize(
    ("line", "turns"),
    [
        ("Where is it?", [("user", "Where is it?")]),
        ('{"prompt": "Where?"}', [("user", "Where?")]),
        ('{"prompt": [{"type": "text", "text": "Where "}, {"type": "text", "text": "is it?"}]}', [("user", "Where is it?")]),
        ('{"prompt": [{"role": "user", "content": "Where?"}]}', [("user", "Where?")]),
        ('{"messages": [{"role": "user", "content": [{"type": "text", "text": "Where?"}]}]}', [("user", "Where?")]),
        ('{"messages": [{"role": "developer", "content": "Be kind."}, {"role": "user", "content": "Where?"},'
         ' {"role": "assistant", "content": "Here."}]}', [("system", "Be kind."), ("user", "Where?")]),
    ],
)  # fmt: skip
def test_a_line_is_asked_as_it_is_meant(line: str, turns: list[tuple[str, str]]) -> None:
    assert said(line) == [(1, turns)]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('{"prompt": ', "is no JSON"),
        ('{"question": "x"}', "neither “messages” nor a “prompt”"),
        ('{"prompt": 7}', "is a number, not a text"),
        ('{"prompt": null}', "is null"),
        ('{"prompt": []}', "is empty"),
        ('{"messages": "x"}', "not a list"),
        ('{"messages": [{"role": "assistant", "content": "Hi"}]}', "Nobody asks anything"),
        ('{"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]}', "“image_url”"),
        ('{"messages": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]}', "Two messages in a row"),
        ('{"messages": [{"role": "user", "content": "a"}, {"role": "system", "content": "b"},'
         ' {"role": "user", "content": "c"}]}', "after the beginning"),
        ("x" * 20_001, "too long"),
        ("half of a \ud83d", "half of a character"),
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_asked_is_named_with_the_reason_and_a_way_on(line: str, why: str) -> None:
    with pytest.raises(StudyError) as refused:
        read_prompts(f"Fine.\r\n\r\n{line}")
    assert refused.value.message.startswith("Line 3 of your own prompts cannot be asked: ")
    assert why in refused.value.message and refused.value.fix and refused.value.field == "own"


def test_lines_end_where_editors_end_them_and_nowhere_else() -> None:
    assert [line for line, _ in said("\ufeffone\r\ntwo\rthree\n\n  \nsix\n")] == [1, 2, 3, 6]
    assert said("one\u2028still one\x0bstill one") == [(1, [("user", "one\u2028still one\x0bstill one")])]
    with pytest.raises(StudyError, match="list of JSON"):
        read_prompts('[\n  {"prompt": "x"}\n]')


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_file_of_prompts_is_read_as_it_was_saved(tmp_path: Path, codec: str) -> None:
    path = tmp_path / "own.txt"
    path.write_bytes("Where is Zoë?\r\nWhen?".encode(codec))
    assert said(text_of(path)) == [(1, [("user", "Where is Zoë?")]), (2, [("user", "When?")])]


@pytest.mark.parametrize(
    ("content", "why"), [(b"caf\xe9", "no text in UTF-8"), (b"a\0b", "is no text"), (b"a" * 4_000_001, "4.0 MB")]
)
def test_a_file_that_holds_no_prompts_is_refused_whole(tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / "own.txt").write_bytes(content)
    with pytest.raises(StudyError, match=why) as refused:
        text_of(tmp_path / "own.txt")
    assert refused.value.fix and refused.value.field == "own"


def test_more_prompts_than_anybody_rates_are_refused_before_they_are_read() -> None:
    with pytest.raises(StudyError, match="10,000 prompts") as refused:
        read_prompts("{\n" * 10_000)
    assert f"at most {MOST}" in refused.value.fix
