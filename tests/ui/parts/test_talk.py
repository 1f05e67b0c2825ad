"""Talk: calls and results of tools, pairs of answers and plain text, as people read them."""

import json

from studio.domain.finding import Mark
from studio.domain.row import TEXT, Call, Message, Row
from studio.ui.parts.talk import bubbles
from tests.ui.markup import tags, words

CALL = Message("assistant", "One moment.", (Call("weather", '{"city": "Rome"}'),))
TOOLS = json.dumps(
    [
        {
            "type": "function",
            "function": {
                "name": "weather",
                "description": "Says how warm it is.",
                "parameters": {"properties": {"city": {}}},
            },
        }
    ]
)
ASKED = Message("user", "Warm?")


def marked(drawn: str) -> list[str]:
    """The words of every mark."""
    return [part.split("</mark>")[0].split(">")[-1] for part in drawn.split("<mark ")[1:]]


def test_a_call_its_result_and_the_tools_that_may_be_called_are_told_apart() -> None:
    said = words(bubbles([Row(0, 7, (ASKED, CALL, Message("tool", "24 °C"), Message("assistant", "Yes.")), TOOLS)]))
    assert said == (
        "line 7 1 tool may be called: weather weather(city) Says how warm it is. User Warm? "
        'Answer One moment. calls weather {"city": "Rome"} Result of a tool 24 °C Answer Yes.'
    )


def test_places_within_a_call_are_marked_where_they_stand() -> None:
    place = CALL.text.index("Rome")
    marks = [Mark(0, 1, place, place + 4, "a city"), Mark(0, 1, 0, 3, "a word")]
    assert sorted(marked(bubbles([Row(0, 1, (ASKED, CALL))], marks))) == ["One", "Rome"]


def test_the_better_answer_stands_beside_the_worse_one() -> None:
    row = Row(0, 1, (ASKED, Message("assistant", "Yes.")), rejected=(Message("assistant", "Dunno."),))
    drawn = bubbles([row], [Mark(0, 2, 0, 5, "vague")])
    assert (
        words(drawn)
        == "line 1 User Warm? Better answer (chosen) Answer Yes. Worse answer (rejected) Answer Dunno."[:-1] + " ."
    )
    assert marked(drawn) == ["Dunno"]


def test_a_plain_text_is_neither_question_nor_answer() -> None:
    assert words(bubbles([Row(0, 1, (Message(TEXT, "Roses are red."),))])) == "line 1 Text Roses are red."


def test_the_middle_of_a_long_conversation_is_folded_unless_something_in_it_is_meant() -> None:
    turns = tuple(Message("assistant" if n % 2 else "user", f"turn {n}") for n in range(10))
    assert "6 messages between" in words(bubbles([Row(0, 1, turns)]))
    assert "details" not in tags(bubbles([Row(0, 1, turns)], [Mark(0, 5, 0, 4, "this")]))
    assert "details" not in tags(bubbles([Row(0, 1, turns[:6])]))
