"""One row to change: what somebody is typing stays while the screen around it is drawn anew."""

from typing import Any

import gradio as gr

from studio.domain.mending import Mending
from studio.domain.row import Message, Row
from studio.flows.studio import Studio
from studio.ui.inspect import editor
from studio.ui.inspect.editor import Held
from tests.ui.examples import dataset
from tests.ui.inspect.conftest import Read

FILE = dataset(id="data-2", root="data-1")
ROW = Row(4, 7, (Message("user", "Is it so?"), Message("assistant", "Yes.")))
LAST = Held("data-1", 4, 1, "Yes.")


def view(*, row: Row = ROW, place: int | None = None, held: Held | None = None, **changed: Any) -> dict[str, Any]:
    names = "editor shown message words out held row".split()
    return dict(zip(names, editor.view(dataset(root="data-1", **changed), row, place=place, held=held), strict=True))


def is_left_alone(part: Any) -> bool:
    return part == gr.skip()


def test_a_row_opens_with_its_last_message() -> None:
    parts = view()
    assert parts["words"] == "Yes." and parts["message"].value == 1
    assert parts["held"] == LAST and parts["row"] == gr.skip()


def test_what_is_being_typed_stays_while_the_screen_is_drawn_anew() -> None:
    assert is_left_alone(view(place=1, held=LAST)["words"])


def test_another_message_or_another_text_is_shown() -> None:
    assert view(place=0, held=LAST)["words"] == "Is it so?"
    edited = Row(4, 7, (ROW.messages[0], Message("assistant", "No.")))
    assert view(row=edited, place=1, held=LAST)["words"] == "No."


def test_another_row_opens_with_its_own_last_message() -> None:
    parts = view(place=0, held=Held("data-1", 3, 0, "Is it so?"))
    assert parts["words"] == "Yes." and parts["message"].value == 1


def test_a_row_of_another_file_is_not_opened_by_itself(studio: Studio, read: Read) -> None:
    first, second = (read([{"prompt": f"Is it {name}?", "completion": "Yes."}]) for name in ("so", "not"))
    *_, held, row = editor.show(studio, first.id, 0, None, None)
    assert (held.root, row) == (first.id, gr.skip())
    part, *_, held, row = editor.show(studio, second.id, 0, 1, held)
    assert part.visible is False and held is row is None


def test_a_row_that_is_out_can_be_taken_back() -> None:
    assert view()["out"].value == "Leave this row out"
    assert view(mending=Mending(removed={4: "by hand"}))["out"].value == "Take this row back"
