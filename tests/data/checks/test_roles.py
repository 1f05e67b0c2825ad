"""Roles: turns inside a message, and system messages in some rows alone, are found."""

import pytest

from studio.data.checks.roles import INSIDE, WITH, WITHOUT, Roles
from tests.data.checks.conftest import found, reasons, row


@pytest.mark.parametrize(
    "text",
    [
        "### Instruction:\nSay hello",
        "User: Where is it?\nAssistant: Here.",
        "Human: Where is it?\n\nAI: Here.",
        "USER: Where is it?\nASSISTANT: Here.",
        "**User:** Where is it?\n**Assistant:** Here.",
        "[User]: Where is it?\n[Assistant]: Here.",
        "User:\nWhere is it?\nAssistant:\nHere.",
        "User: Where is it? Assistant: Here.",
        "Where is it?\nAssistant:",
        "Nutzer: Wo ist es?\nAssistent: Hier.",
        "用户：在哪里？\n助手：在这里。",
        "### Input:\nWhere is it?",
        "### HUMAN: Where is it?",
        "## Assistant: Here.",
        "Q: Where is it?\nA:",
        "Question: Where is it?\nAnswer:",
        "Instruction: Say where.\nResponse: Here.",
        "[USER] Where is it? [ASSISTANT] Here.",
        "<user>Where is it?</user><assistant>Here.</assistant>",
    ],
)
def test_a_turn_inside_a_message_is_found(text: str) -> None:
    assert reasons(found(Roles(), [(text, "Yes."), ("Hello", "Yes.")])) == {INSIDE: (0,)}


@pytest.mark.parametrize(
    "text",
    [
        "User: anna\nSystem: Windows",
        "User: click save. AI is off",
        "user: admin\nassistant: none",
        "Customer: Where is it?\nAgent: Here.",
        "### Input\nA number",
        "Q: Where?\nA: Here.",
        "## Response",
        "Answer: yes",
        "### Details\nIt is blue.",
        "a <| b |> c",
        "Assistant: a job with us",
        "x <|y| z",
    ],
)
def test_a_form_or_a_heading_is_no_turn(text: str) -> None:
    assert found(Roles(), [(text, "Yes."), ("Hello", "Yes.")]) is None


def test_the_rows_that_lack_the_system_message_of_the_others_are_found() -> None:
    asked = [row("Hello", "Hi.", number=number, system="Be kind.") for number in range(20)]

    assert reasons(found(Roles(), [*asked, row("Hello", "Hi.", number=20)])) == {WITHOUT: (20,)}


def test_the_rows_that_alone_have_a_system_message_are_found() -> None:
    asked = [row("Hello", "Hi.", number=number) for number in range(20)]

    assert reasons(found(Roles(), [*asked, row("Hello", "Hi.", number=20, system="Be kind.")])) == {WITH: (20,)}


def test_a_file_with_one_habit_or_with_both_is_fine() -> None:
    assert found(Roles(), [row("Hello", "Hi.", number=number) for number in range(20)]) is None
    assert found(Roles(), [row("Hello", "Hi.", number=n, system="Be kind." * (n % 2)) for n in range(20)]) is None
