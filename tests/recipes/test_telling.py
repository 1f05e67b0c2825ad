"""How far a download is, and how long it still takes."""

from collections.abc import Callable
from typing import Any

from studio.domain.event import EventKind
from studio.recipes.hub.repository import File
from studio.recipes.hub.telling import EVERY, LOOKED_BACK, Telling

ONE, TWO = File("one", 600, git="1" * 40), File("two", 400, git="2" * 40)


class Told:
    """What was told, at moments that the test sets."""

    def __init__(self) -> None:
        self.now = 0.0
        self.far: list[tuple[int, int, float | None]] = []

    def report(self, kind: EventKind, **data: Any) -> None:
        self.far.append((data["done"], data["total"], data["seconds_left"]))

    should_stop: Callable[[], bool] = staticmethod(lambda: False)


def telling() -> tuple[Told, Telling]:
    told = Told()
    return told, Telling(1000, told, clock=lambda: told.now)


def test_bytes_of_all_files_are_told_once_a_second_and_at_the_end():
    told, far = telling()
    for moment, file, count in ((0, ONE, 0), (0.4, ONE, 100), (1.0, ONE, 200), (1.2, ONE, 600), (1.3, TWO, 400)):
        told.now = moment
        far.have(file, count)
    assert [done for done, _, _ in told.far] == [0, 200, 1000]
    assert {total for _, total, _ in told.far} == {1000}


def test_the_time_left_follows_the_speed_of_the_last_seconds():
    told, far = telling()
    for step in range(6):  # 100 bytes a second
        told.now = step * EVERY
        far.have(ONE, step * 100)
    assert told.far[-1] == (500, 1000, 5.0)
    told.now += LOOKED_BACK + 1  # a long silence: what was before it says nothing of now
    far.have(ONE, 600)
    assert told.far[-1] == (600, 1000, None)


def test_bytes_that_were_there_already_are_no_speed():
    told, far = telling()
    far.kept(ONE, 600)
    told.now = 1.0
    far.have(TWO, 100)
    assert told.far == [(600, 1000, None), (700, 1000, 3.0)]


def test_bytes_that_are_thrown_away_are_taken_back():
    told, far = telling()
    far.have(ONE, 600)
    far.kept(ONE, 0)
    assert told.far[-1] == (0, 1000, None)
