"""What many ask for is made once, and never given to whoever asks for something else."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from studio.domain.latest import Latest


def test_it_is_made_once_and_anew_as_soon_as_what_it_is_made_of_is_another():
    latest, made = Latest(), []

    def asked(key: str, made_of: object) -> str:
        def make() -> str:
            made.append((key, made_of))
            return f"{key} of {made_of}"

        return latest.of(key, made_of, make)

    assert [asked("a picture", 1), asked("a picture", 1), asked("another", 1)] == [
        "a picture of 1",
        "a picture of 1",
        "another of 1",
    ]
    assert made == [("a picture", 1), ("another", 1)]
    assert (asked("a picture", 2), asked("a picture", 1)) == ("a picture of 2", "a picture of 1"), "who is late too"


def test_only_what_was_asked_for_last_is_kept():
    latest, made = Latest(most=2), []

    def asked(key: int) -> None:
        latest.of(key, None, lambda: made.append(key))

    for key in (1, 2, 1, 3, 1, 2):
        asked(key)
    assert made == [1, 2, 3, 2]


def test_of_many_who_ask_at_once_one_makes_it_and_the_others_wait():
    latest, made, together = Latest(), [], threading.Barrier(8)

    def asked(_: int) -> int:
        together.wait(30)
        return latest.of("a picture", 1, lambda: made.append(1) or len(made))

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(asked, range(8))) == {1}


def test_what_could_not_be_made_is_tried_again():
    latest = Latest()
    with pytest.raises(ZeroDivisionError):
        latest.of("a picture", 0, lambda: 1 / 0)
    assert latest.of("a picture", 0, lambda: "made") == "made"
