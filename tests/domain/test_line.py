"""The line: who begins when, and what cannot be known is not made up."""

from collections.abc import Mapping, Sequence

from studio.domain.line import NOW, Span, Wait, span, turns

MINUTE = Span(60, 60)
SHORT, LONG = Span(10, 20), Span(100, 300)


def starts(waiting: Sequence[Wait], free_in: Mapping[str, Span | None]) -> list[Span | None]:
    return [turn.begins for turn in turns(waiting, free_in)]


def test_each_begins_when_all_before_it_are_through():
    assert starts([Wait(SHORT), Wait(LONG), Wait(SHORT)], {"processor": MINUTE}) == [
        MINUTE, Span(70, 80), Span(170, 380),
    ]  # fmt: skip
    assert starts([Wait(SHORT)], {"processor": NOW}) == [NOW]


def test_what_comes_after_something_of_unknown_length_has_no_time():
    assert starts([Wait(SHORT), Wait(SHORT)], {"processor": None}) == [None, None]
    assert starts([Wait(None), Wait(SHORT)], {"processor": MINUTE}) == [MINUTE, None]
    assert span(20.5, float("inf")) is None


def test_two_devices_take_two_at_once_and_the_next_begins_on_whichever_is_free_first():
    assert starts([Wait(LONG), Wait(SHORT), Wait(SHORT)], {"a": NOW, "b": NOW}) == [NOW, NOW, SHORT]


def test_a_run_with_a_device_of_its_own_waits_for_that_one_and_holds_nobody_up():
    waiting = [Wait(LONG, "a"), Wait(SHORT, "b"), Wait(SHORT, "gone"), Wait(SHORT)]
    assert starts(waiting, {"a": MINUTE, "b": NOW}) == [MINUTE, NOW, None, SHORT]


def test_whoever_takes_any_device_has_no_time_while_one_of_them_has_none():
    assert starts([Wait(SHORT), Wait(SHORT, "b")], {"a": None, "b": MINUTE}) == [None, None]


def test_what_has_taken_longer_than_was_planned_is_not_known_any_more():
    assert LONG.less(50) == Span(50, 250) and LONG.less(150) == Span(0, 150)
    assert LONG.less(300) is None
