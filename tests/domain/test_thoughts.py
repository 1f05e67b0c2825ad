"""What a model thinks aloud is no part of its answer, so that nobody can tell by it whose answer it is."""

import pytest

from studio.domain.thoughts import is_thought, spoken


@pytest.mark.parametrize(
    ("written", "answer", "thought"),
    [
        ("Yes.", "Yes.", False),
        ("<think>\n\n</think>\n\nYes.", "Yes.", False),
        ("<think>\nHm. <b>No?</b>\n</think>\n\n  Yes.\n\n", "  Yes.", True),
        ("Hm, no?\n</think>\n\nYes.", "Yes.", True),  # the template began the thought in the prompt
        ("<think>\nHm, I wonder", "", True),  # cut off before there was an answer
        ("\n\n  - one\n  - two  \n", "  - one\n  - two", False),
        ("Write <think> before and </think> after it.", "Write <think> before and </think> after it.", False),
        ("<think>a</think>b</think>c", "b</think>c", True),
        ("", "", False),
    ],
)
def test_an_answer_is_what_is_said_after_the_thought(written: str, answer: str, thought: bool) -> None:
    assert (spoken(written), is_thought(written)) == (answer, thought)
