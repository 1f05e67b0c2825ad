"""Votes as they come over a real connection: many at once, twice, late, odd and in somebody else's name, on both databases."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import httpx
import pytest

from studio.domain.study import Choice, Link, Study
from studio.flows import compare, invite, judge, sharing
from studio.flows.studio import Studio, open_studio
from studio.store import cards
from studio.ui.guarded import OLD_PAGE, GuardedPage
from studio.web.access.gate import AccessGate
from studio.web.app import build_app
from tests.listening import listening
from tests.store.examples import Examples
from tests.web.actors import at_once

PATIENCE = 60.0
PROMPTS = 24
NO_TEXT = "does not belong there, so nothing was done."
NOT_OURS, STRANGER = "This card is not yours to judge.", "This link leads to no comparison."


@dataclass(frozen=True, slots=True)
class Rating:
    """The whole studio on a real port, with a comparison that is open, two raters of it, and another comparison."""

    studio: Studio
    address: str
    page: GuardedPage
    study: Study
    other: Study

    def link(self, name: str, study: Study | None = None) -> Link:
        return judge.named(self.studio, (study or self.study).id, name)

    def card(self, link: Link) -> str:
        card = judge.next_card(self.studio, link.token)
        assert card is not None
        return card.id

    def number(self, button: str) -> int:
        """The number of the event that this button begins."""
        (found,) = [
            number
            for number, event in self.page.fns.items()
            if any(self.page.blocks[id].elem_id == button for id, name in event.targets if name == "click")
        ]
        return found

    def said(self, button: str, **told: Any) -> list[Any]:
        """What a browser sends with this press."""
        inputs = self.page.fns[self.number(button)].inputs
        return [told.get(block.label, None if block.label is None else block.value) for block in inputs]

    def kept(self) -> dict[str, Any]:
        """All that is known of both comparisons."""
        of, store = (self.study.id, self.other.id), self.studio.store
        return {
            name: [ask(store, id) for id in of]
            for name, ask in (("now", cards.ratings), ("before", cards.history), ("guesses", cards.suspicions))
        } | {"links": [judge.raters(self.studio, id) for id in of]}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a press: the status, and where it was let in, what the page was told."""

    status: int
    text: str

    @property
    def is_failure(self) -> bool:
        return "studio itself failed" in self.text or "Traceback" in self.text or self.status >= 500


async def press(client: httpx.AsyncClient, at: Rating, token: str, body: Any, *, by_queue: bool = False) -> Answer:
    """One press of a browser of its own, told in its answer; or as any program may: join the line, wait to be told."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = {"Content-Type": "application/json"}
    if not by_queue:
        answer = await client.post(f"/rate/gradio_api/run/predict?t={token}", content=content, headers=head)
        return Answer(answer.status_code, answer.text)
    joined = await client.post(f"/rate/gradio_api/queue/join?t={token}", content=content, headers=head)
    if joined.status_code != 200:
        return Answer(joined.status_code, joined.text)
    event, session = joined.json()["event_id"], json.loads(content)["session_hash"]
    async with client.stream("GET", "/rate/gradio_api/queue/data", params={"session_hash": session}) as stream:
        async for line in stream.aiter_lines():
            if line.startswith("data:") and '"process_completed"' in line and event in line:
                return Answer(200, json.dumps(json.loads(line[5:])["output"]))
    raise AssertionError("it was never told what came of it")


async def pressed(at: Rating, presses: list[tuple[str, Any]]) -> list[Answer]:
    """All of these at the same moment, each with the link that stands in its page's address."""
    limits = httpx.Limits(max_connections=200)
    async with httpx.AsyncClient(base_url=at.address, limits=limits, timeout=PATIENCE) as client:
        return await asyncio.gather(*(press(client, at, token, body) for token, body in presses))


def vote(at: Rating, link: Link, button: str = "rate-left", **told: Any) -> tuple[str, dict[str, Any]]:
    """A press of this rater; each is of a tab of its own."""
    given = {"You": link.token, "Why?": ""} | told
    return link.token, {"data": at.said(button, **given), "fn_index": at.number(button), "session_hash": next(TABS)}


TABS = iter(f"tab{number}" for number in range(1_000_000))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def at(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rating]:
    url = None
    if request.param == "postgresql":
        url = request.getfixturevalue("of_the_module")
    studio = open_studio(tmp_path_factory.mktemp("votes") / "workspace", url=url)
    examples = Examples(studio.store)
    study, other = examples.open_study(prompts=PROMPTS), examples.open_study(prompts=PROMPTS)
    app = build_app(studio)
    (gate,) = [each for each in app.user_middleware if each.cls is AccessGate]
    with listening(app, log_level="critical", timeout_graceful_shutdown=1) as port:
        yield Rating(studio, f"http://127.0.0.1:{port}", gate.kwargs["events"]["/rate"].__self__, study, other)
    studio.store.close()


@pytest.fixture(scope="module")
def of_the_module(cluster: str, migrated: str) -> str:
    """A PostgreSQL database with our tables, for all tests of this module; it goes with the server."""
    from sqlalchemy import create_engine, text

    engine = create_engine(cluster.format(name="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE votes TEMPLATE {migrated}"))
    engine.dispose()
    return cluster.format(name="votes")


def test_one_press_sent_thirty_times_at_once_counts_once(at: Rating):
    ann = at.link("Ann")
    card, before = at.card(ann), len(at.kept()["now"][0])
    answers = at_once(pressed(at, [vote(at, ann, Card=card) for _ in range(30)]))
    assert not [each for each in answers if each.status != 200 or each.is_failure]
    ratings = cards.ratings(at.studio.store, at.study.id)
    assert len(ratings) == before + 1 and [each.card_id for each in ratings].count(card) == 1
    assert card not in [each.rating.card_id for each in cards.history(at.studio.store, at.study.id)]


def test_of_two_choices_pressed_at_once_one_counts_and_the_others_are_told_as_replaced(at: Rating):
    ben = at.link("Ben")
    card = at.card(ben)
    buttons = ["rate-left", "rate-right", "rate-tie"] * 8
    answers = at_once(pressed(at, [vote(at, ben, button, Card=card) for button in buttons]))
    assert not [each for each in answers if each.status != 200 or each.is_failure]
    (one,) = [each for each in cards.ratings(at.studio.store, at.study.id) if each.card_id == card]
    said = [each for each in cards.history(at.studio.store, at.study.id) if each.rating.card_id == card]
    assert one.choice in (Choice.LEFT, Choice.RIGHT, Choice.TIE)
    assert all(each.why == "replaced" for each in said) and len(said) < len(buttons)
    order = [each.rating.choice for each in said] + [one.choice]
    assert all(a is not b for a, b in pairwise(order))  # what says nothing new is no change


def test_undoing_twice_at_once_takes_one_judgement_back(at: Rating):
    cem = at.link("Cem")
    for _ in range(3):
        (answer,) = at_once(pressed(at, [vote(at, cem, Card=at.card(cem))]))
        assert answer.status == 200
    own = cards.ratings(at.studio.store, at.study.id, rater=cem.id)
    last = {"Judged last": own[-1].card_id}
    at_once(pressed(at, [vote(at, cem, "rate-undo", **last) for _ in range(12)]))
    assert cards.ratings(at.studio.store, at.study.id, rater=cem.id) == own[:-1]


def test_raters_who_press_at_once_and_twice_share_all_cards_and_lose_none(at: Rating):
    study = Examples(at.studio.store).open_study(prompts=PROMPTS)
    links, given = [at.link(name, study) for name in ("Ann", "Ben", "Cem", "Dee")], Counter[str]()
    while hands := [(link, turn.card.id) for link in links if (turn := judge.turn(at.studio, link.token)).card]:
        answers = at_once(pressed(at, [vote(at, link, Card=card) for link, card in hands for _ in range(2)]))
        assert not [each for each in answers if each.status != 200 or each.is_failure]
        given.update(card for _, card in hands)
    ratings = cards.ratings(at.studio.store, study.id)
    assert len(ratings) == PROMPTS and {each.card_id for each in ratings} == set(given)
    assert set(given.values()) == {1} and not cards.history(at.studio.store, study.id)


def test_a_press_by_the_queue_of_gradio_and_the_same_at_its_address_are_one_and_are_told_the_same(at: Rating):
    fay = at.link("Fay")
    card, before = at.card(fay), len(at.kept()["now"][0])

    async def both(times: int, button: str = "rate-left", **told: Any) -> list[Answer]:
        async with httpx.AsyncClient(base_url=at.address, timeout=PATIENCE) as client:
            given = {"Card": card} | told
            ways = (press(client, at, *vote(at, fay, button, **given), by_queue=way) for way in [True, False] * times)
            return await asyncio.gather(*ways)

    assert not [each for each in at_once(both(5)) if each.status != 200 or each.is_failure]
    assert len(at.kept()["now"][0]) == before + 1
    for button in ("rate-again", "rate-left", "rate-undo"):
        same = {"Judged last": card}
        queued, told = at_once(both(1, button, **same))
        assert json.loads(queued.text)["data"] == json.loads(told.text)["data"]


# What counts as nothing


def foreign(at: Rating) -> list[tuple[str, Any, str]]:
    """What is pressed in the name of somebody else, or of nobody: the link, what is sent, and what it is told."""
    ann, eve, elsewhere = at.link("Ann"), at.link("Eve"), at.link("Ann", at.other)
    taken = at.link("Taken back")
    card = at.card(taken)
    invite.revoke(at.studio, at.study.id, taken.id)
    closed = Examples(at.studio.store).open_study(prompts=2)
    late = at.link("Late", closed)
    for _ in range(2):
        judge.rate(at.studio, late.token, at.card(late), Choice.LEFT)
    (held, *_) = [each.id for each in cards.dealt(at.studio.store, closed.id)]
    compare.close(at.studio, closed.id)
    shared = sharing.share(at.studio, closed.id).token
    invited = compare.invitation(at.studio, at.study.id).token
    return [
        ("", vote(at, ann, Card=at.card(ann))[1], "This link leads to no comparison."),
        (shared, vote(at, ann, Card=at.card(ann))[1], "This link leads to no comparison."),
        (eve.token, vote(at, eve, Card=at.card(ann))[1], NOT_OURS),
        (eve.token, vote(at, eve, Card=at.card(elsewhere))[1], NOT_OURS),
        (eve.token, vote(at, eve, Card="nobody's")[1], NOT_OURS),
        (eve.token, vote(at, eve, Card="x" * 100_000)[1], NOT_OURS),
        (eve.token, vote(at, eve, Card="a\0b")[1], NOT_OURS),
        (eve.token, vote(at, eve, Card="'; DROP TABLE ratings;--")[1], NOT_OURS),
        (eve.token, vote(at, eve, Card="\ud800")[1], NOT_OURS),
        (eve.token, vote(at, eve, Card=7)[1], NO_TEXT),
        (eve.token, vote(at, eve, Card=["a", "list"])[1], NO_TEXT),
        (eve.token, vote(at, eve, Card={"a": "dict"})[1], NO_TEXT),
        (eve.token, vote(at, eve, You="nobody", Card=at.card(eve))[1], STRANGER),
        (eve.token, vote(at, eve, You=shared, Card=at.card(eve))[1], STRANGER),
        (eve.token, vote(at, eve, You=invited, Card=at.card(eve))[1], STRANGER),
        (eve.token, vote(at, eve, You="", Card=at.card(eve))[1], "This page does not know you any more."),
        (eve.token, vote(at, eve, You=taken.token, Card=card)[1], "This link was taken back."),
        (taken.token, vote(at, taken, Card=card)[1], "This link was taken back."),
        (late.token, vote(at, late, Card=held)[1], "This comparison is closed."),
        (late.token, vote(at, late, "rate-undo", **{"Judged last": held})[1], "This comparison is closed."),
        (late.token, vote(at, late, "guess-left", Card=held)[1], "This comparison is closed."),
    ]  # fmt: skip


def test_what_is_pressed_in_somebody_elses_name_counts_as_nothing_and_is_told_in_one_sentence(at: Rating):
    presses = foreign(at)
    before = at.kept()
    answers = at_once(pressed(at, [(token, body) for token, body, _ in presses]))
    for (_, body, said), answer in zip(presses, answers, strict=True):
        assert said in answer.text and not answer.is_failure, (str(body)[:200], answer)
    assert at.kept() == before


def odd(at: Rating) -> list[Any]:
    """Bodies that no browser sends."""
    ann = at.link("Ann")
    _, good = vote(at, ann, Card=at.card(ann))
    data = good["data"]
    marks = {"Left: accuracy": "6"}
    return [
        b"", b"{", b"null", b"[]", b"7", b'"x"', b"\xff\xfe", b"[" * 50_000,
        {}, good | {"fn_index": None}, good | {"fn_index": "rate"}, good | {"fn_index": -1}, good | {"fn_index": 10**30},
        good | {"fn_index": 1.5}, good | {"data": None}, good | {"data": 7}, good | {"data": {"0": "x"}},
        good | {"data": []}, good | {"data": data[:3]}, good | {"data": [None] * len(data)},
        good | {"data": [["x"]] * len(data)}, good | {"data": [{"path": "/etc/passwd"}] * len(data)},
        vote(at, ann, Card="", You="")[1], vote(at, ann, Card="none", **marks)[1],
    ]  # fmt: skip


def test_bodies_that_no_browser_sends_count_as_nothing(at: Rating):
    token, bodies, before = at.link("Ann").token, odd(at), at.kept()
    for body in bodies:
        told = body | {"session_hash": next(TABS)} if isinstance(body, dict) else body
        (answer,) = at_once(pressed(at, [(token, told)]))
        assert not answer.is_failure and len(answer.text) < 20_000, (str(body)[:200], answer)
        data = body.get("data") if isinstance(body, dict) else None
        if isinstance(data, list) and len(data) < len(at.said("rate-left")):
            assert OLD_PAGE in answer.text
    assert at.kept() == before
    (without,) = at_once(pressed(at, [(token, {"fn_index": at.number("rate-left"), "data": []})]))
    assert without.status in (400, 403, 404, 422)


@pytest.mark.parametrize("comment", ["x" * 5_000_000, "a\0b\ud800", None])
def test_a_comment_is_a_text_of_bounded_length_or_none(at: Rating, comment: Any):
    dan = at.link("Dan")
    if (card := judge.next_card(at.studio, dan.token)) is None:
        pytest.fail("Dan has nothing left to judge")
    (answer,) = at_once(pressed(at, [vote(at, dan, Card=card.id, **{"Why?": comment})]))
    assert answer.status == 200 and not answer.is_failure
    (kept,) = [each for each in cards.ratings(at.studio.store, at.study.id) if each.card_id == card.id]
    assert len(kept.comment) <= judge.LONGEST_COMMENT and "\0" not in kept.comment


@pytest.mark.parametrize("comment", [["a", "list"], {"a": 1}, 7, True])
def test_a_comment_that_is_no_text_is_refused_in_a_sentence(at: Rating, comment: Any):
    eve = at.link("Eve")
    card, before = at.card(eve), at.kept()
    (answer,) = at_once(pressed(at, [vote(at, eve, Card=card, **{"Why?": comment})]))
    assert NO_TEXT in answer.text and not answer.is_failure
    assert at.kept() == before


@pytest.mark.parametrize("mark", ["0", "6", "-1", "5.5", "²", "٣", "x", 5, [5], {"a": 1}, True, "5" * 10_000])
def test_a_mark_that_is_none_is_refused_in_a_sentence(at: Rating, mark: Any):
    eve = at.link("Eve")
    card, before = at.card(eve), at.kept()
    (answer,) = at_once(pressed(at, [vote(at, eve, Card=card, **{"Left: accuracy": mark})]))
    assert answer.status in (200, 422) and not answer.is_failure, answer
    assert at.kept() == before


def test_nobody_without_a_link_is_let_in_and_nothing_of_the_studio_is_there_for_a_rater(at: Rating):
    ann = at.link("Ann")
    body = vote(at, ann, Card=at.card(ann))[1]
    with httpx.Client(base_url=at.address, timeout=PATIENCE) as client:
        for address in (
            "/rate/gradio_api/queue/join",
            "/rate/gradio_api/queue/join?t=nobody",
            f"/gradio_api/queue/join?t={ann.token}",
        ):
            assert client.post(address, json=body).status_code == 401
        for path in ("run/stepped", "api/stepped", "call/stepped", "upload"):
            assert client.post(f"/rate/gradio_api/{path}?t={ann.token}", json=body).status_code in (401, 404)
