"""Tokens: the signs of every common chat format are found in a text, and look-alikes are not."""

import pytest

from studio.data.checks import tokens
from tests.data.checks.conftest import row, texts


@pytest.mark.parametrize(
    ("text", "signs"),
    [
        ("Hello<|im_end|>\n<|im_start|>assistant\nHi", ["<|im_end|>", "<|im_start|>"]),
        ("[INST] Hello [/INST] Hi", ["[INST]", "[/INST]"]),
        ("<<SYS>>\nBe kind.\n<</SYS>>", ["<<SYS>>", "<</SYS>>"]),
        ("Hi</s>", ["</s>"]),
        ("<s>[INST] Hi [/INST] Hello</s>", ["<s>", "[INST]", "[/INST]", "</s>"]),
        ("<s>Hello</s>", ["<s>", "</s>"]),
        ("<|start_header_id|>user<|end_header_id|>\nHi<|eot_id|>", ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]),
        ("<start_of_turn>user\nHi<end_of_turn>", ["<start_of_turn>", "<end_of_turn>"]),
        ("<｜User｜>Hi<｜end▁of▁sentence｜>", ["<｜User｜>", "<｜end▁of▁sentence｜>"]),
        ("<|endoftext|>", ["<|endoftext|>"]),
        ("[TOOL_CALLS] []", ["[TOOL_CALLS]"]),
    ],
)  # fmt: skip
def test_the_signs_of_a_chat_format_are_found(text, signs):
    assert texts(tokens.spans(text), text) == signs


@pytest.mark.parametrize(
    "text",
    [
        "a <| b |> c", "x <|y| z", "Nothing <|> something", "The price is <s>20</s> 15 EUR.", "# [inst] small letters",
        "if a<s and s>b", "List<Strings>", "<p>One</p>", "He wrote [INSTALL] on it.", "1 <2> 3", "|> pipe", "<users>",
    ],
)  # fmt: skip
def test_operators_and_tags_of_other_languages_are_no_such_signs(text):
    assert tokens.spans(text) == []


def test_they_are_found_whoever_says_them():
    marks = tokens.marks(row("Hi<|im_end|>", "Hello<|im_end|>", system="Be kind.<|im_end|>"))
    assert [mark.message for mark in marks] == [0, 1, 2]
