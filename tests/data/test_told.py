"""What users say in rows is known again however it is written, and nearly the same is found with the row it is like."""

from studio.data.said import said_key
from studio.data.told import Told
from studio.domain.row import Message, Row

PARCEL = "Where is my parcel with the number 4711, please?"


def asked(*said: str, system: str = "") -> tuple[Message, ...]:
    turns = [Message("user" if place % 2 == 0 else "assistant", text) for place, text in enumerate(said)]
    return ((Message("system", system),) if system else ()) + tuple(turns)


def row(number: int, *said: str) -> Row:
    return Row(number, number + 1, (*asked(*said), Message("assistant", "Here.")))


def test_only_what_the_user_says_makes_the_key():
    key = said_key(asked(PARCEL))
    assert key == said_key(asked(PARCEL, system="Be brief."))
    assert key == said_key(asked("  where is my parcel\n with the number 4711, please"))
    assert said_key(asked("Hello", "Hi!", PARCEL)) == said_key(asked("hello", "Good morning.", PARCEL))
    assert key != said_key(asked("Where is my parcel with the number 4712, please?"))
    assert said_key(asked("a", "x", "b")) != said_key(asked("a b"))


def test_a_prompt_that_a_row_asks_at_its_end_or_on_the_way_is_found():
    told = Told([row(7, "Hello", "Hi!", PARCEL), row(8, PARCEL)])
    assert list(told.same(asked("hello!"))) == [7]
    assert list(told.same(asked(PARCEL.upper()))) == [8]
    assert list(told.same(asked("Hello", "Other answer", PARCEL, system="New"))) == [7]
    assert not told.same(asked("Good evening"))


def test_near_copies_are_found_and_other_numbers_are_no_copies():
    told = Told([row(number, f"Which {thing} do you sell?") for number, thing in enumerate(("cats", "dogs", "fish"))] + [
        row(9, PARCEL)
    ])  # fmt: skip
    near = "Where is my parcel with the number 4711, now please?"
    assert told.near([asked("Something else altogether, my friend"), asked(near)]) == {1: 9}
    assert told.near([asked(near.replace("4711", "4712"))]) == {}
    assert Told([]).near([asked(near)]) == {} and Told([]).is_whole
