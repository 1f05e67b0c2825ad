"""Many sign in at once: who is next, who is told at once that there is no turn, and whom a flood does not keep out."""

import asyncio
import os
import sys
from collections.abc import Iterator
from functools import partial
from threading import Event, Thread
from typing import Any

import pytest
from starlette.testclient import TestClient

from studio.domain.access import Mode, Role
from studio.domain.errors import AccessError
from studio.flows import passwords, people, signing
from studio.flows.known import known_browsers
from studio.flows.studio import Studio, open_studio
from studio.web.access import signin
from studio.web.access.line import Full, Lately, Line, part_of
from studio.web.access.settings import Access
from tests.web.actors import GOOD, at_once
from tests.web.doorway import doorway

BEHIND = Access(Mode.PASSWORD, proxies=("10.0.0.1",))


@pytest.fixture
def studio(tmp_path) -> Iterator[Studio]:
    opened = open_studio(tmp_path)
    people.add(opened, "Ann", Role.OWNER, mode=Mode.PASSWORD, password=GOOD)
    yield opened
    opened.store.close()


def served(line: Line, ranks: list[int]) -> list[str]:
    """In which order people of these ranks are served who come while one is, and who is told that there is no turn."""

    async def came() -> list[str]:
        told: list[str] = []
        leaves = asyncio.Event()

        async def one(rank: int) -> None:
            try:
                async with line.turn(rank):
                    await leaves.wait()
                    told.append(f"served {rank}")
            except Full:
                told.append(f"none for {rank}")

        tasks = []
        for rank in ranks:
            tasks.append(asyncio.create_task(one(rank)))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        leaves.set()
        await asyncio.gather(*tasks)
        return told

    return at_once(came())


def test_whoever_has_the_lowest_rank_is_next_and_among_equals_whoever_came_first():
    assert served(Line(most=5), [9, 3, 1, 2, 1]) == ["served 9", "served 1", "served 1", "served 2", "served 3"]


def test_where_there_is_no_place_that_is_said_at_once_and_a_lower_rank_takes_the_place_of_the_highest():
    assert served(Line(most=2), [5, 4, 6, 7, 0]) == [
        "none for 7", "none for 6", "served 5", "served 0", "served 4",
    ]  # fmt: skip


def test_one_who_goes_away_from_the_line_leaves_it_to_the_others():
    line = Line(most=5)

    async def came() -> str:
        async with line.turn(1):
            gone, stays = (asyncio.create_task(line.turn(rank).__aenter__()) for rank in (1, 2))
            await asyncio.sleep(0)
            gone.cancel()
            await asyncio.gather(gone, return_exceptions=True)
        await asyncio.wait_for(stays, 5)
        return "served"

    assert at_once(came()) == "served"


def test_whoever_is_not_called_in_time_is_told_and_leaves_the_line():
    line = Line(most=5)

    async def came() -> str:
        async with line.turn(1):
            with pytest.raises(Full):
                async with line.turn(2, within=0.01):
                    return "served before its turn"
        async with line.turn(3, within=0.01):
            return "served"

    assert at_once(came()) == "served"


def test_tries_are_counted_by_the_part_of_the_network_for_a_minute_and_no_more_of_them_than_fit():
    now = [0.0]
    lately = Lately(most=4, now=lambda: now[0])
    same = ["2001:db8::1", "2001:db8::2"]
    assert [lately.tried(each) for each in (*same, "10.0.0.1", "10.0.0.2", "10.0.0.1")] == [1, 2, 1, 1, 2]
    assert lately.tried(same[0]) == 1, "of more than four the oldest are forgotten"
    now[0] = 61.0
    assert lately.tried("10.0.0.1") == 1
    assert part_of("::ffff:10.0.0.1") == "::ffff:10.0.0.1" and part_of("unknown") == "unknown"


def test_a_browser_is_known_for_the_name_that_signed_in_there_and_for_no_other(studio: Studio):
    known = known_browsers(studio)
    given = known.give("Ann")
    assert known.number(given, " aNN ") == given.partition(".")[0] and known_browsers(studio) == known
    for shown, name in ((given, "Bo"), (f"x{given}", "Ann"), ("", "Ann"), (None, "Ann"), (".", "Ann"), ("é.é", "Ann")):
        assert known.number(shown, name) == ""


def test_what_others_try_does_not_shut_out_whoever_signed_in_before_in_their_own_browser(studio: Studio):
    own, other = (doorway(studio, BEHIND, peer="10.0.0.1") for _ in range(2))

    def tries(client: TestClient, password: str, address: str) -> int:
        told = {"name": "ann", "password": password}
        return client.post("/signin", data=told, headers={"X-Forwarded-For": address}).status_code

    assert tries(own, GOOD, "10.9.0.1") == 303
    assert [tries(other, "a guess", f"10.9.0.{number}") for number in range(6)] == [401] * 5 + [429]
    assert tries(other, GOOD, "10.9.1.1") == 429 and tries(own, GOOD, "10.9.0.1") == 303
    assert [tries(own, "a guess", "10.9.0.1") for _ in range(6)] == [401] * 5 + [429], "nor may it guess for ever"


def test_whoever_came_by_an_invitation_is_known_there_too(studio: Studio):
    client = doorway(studio, Access(Mode.PASSWORD))
    _, token = people.invite(studio, Role.RATER)
    client.post(f"/welcome/{token}", data={"name": "Dee", "password": GOOD, "again": GOOD})
    (kept,) = [each for each in client.cookies.jar if "known" in each.name]
    assert kept.path == "/signin" and kept.has_nonstandard_attr("HttpOnly")
    assert known_browsers(studio).number(kept.value or "", "dee")


@pytest.mark.parametrize("name", ["ann", "nobody"])
def test_who_gets_no_turn_is_told_so_before_anybody_looks_for_the_name(studio: Studio, monkeypatch, name: str):
    monkeypatch.setattr(signin, "WAITING", 0)
    leaves, is_there, looked = Event(), Event(), []

    def slow(*_: object, **__: object) -> None:
        looked.append(1)
        is_there.set()
        leaves.wait(30)
        raise AccessError(signing.WRONG)

    monkeypatch.setattr(signing, "sign_in", slow)
    with doorway(studio, Access(Mode.PASSWORD)) as client:
        first = Thread(target=lambda: client.post("/signin", data={"name": "ann", "password": "a guess"}))
        first.start()
        assert is_there.wait(30)
        refused = client.post("/signin", data={"name": name, "password": GOOD})
        leaves.set()
        first.join()
    assert refused.status_code == 429 and refused.headers["retry-after"] == "5" and len(looked) == 1
    assert "Very many people sign in at this moment. Try again in a few seconds." in refused.text


@pytest.mark.parametrize("sent", [
    {"data": {}}, {"data": {"name": "ann"}}, {"json": {"name": "ann", "password": GOOD}}, {"content": GOOD},
    {"data": {"name": "ann"}, "files": {"password": GOOD}}, {"content": "--x", "headers": {"content-type": "multipart/form-data"}},
    {"content": "a=b&" * 2000, "headers": {"content-type": "application/x-www-form-urlencoded"}},
], ids=["nothing", "no password", "JSON", "text", "a file", "no boundary", "very many fields"])  # fmt: skip
def test_what_is_no_form_of_a_name_and_a_password_lets_nobody_in(studio: Studio, sent: dict[str, Any]):
    with doorway(studio, Access(Mode.PASSWORD)) as client:
        refused = client.post("/signin", **sent)
        assert refused.status_code in (400, 401) and "set-cookie" not in refused.headers
        assert client.post("/signin", files={"name": (None, "ann"), "password": (None, GOOD)}).status_code == 303


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a thread has no such place of its own")
def test_passwords_are_checked_in_threads_that_step_back():
    place = partial(os.getpriority, os.PRIO_PROCESS, 0)
    assert passwords._apart(place) >= passwords.STEPS_BACK and place() == os.getpriority(os.PRIO_PROCESS, os.getpid())
