"""Names of things of another team lead nowhere: by no address, by no event of a page, and by no link.

A server serves one team, so what another has is not in its database at all; a link lets in to one comparison of many.
"""

import asyncio
import json
import re
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from types import SimpleNamespace
from typing import Any, TypeVar

import gradio as gr
import pytest
from gradio.state_holder import SessionState
from starlette.testclient import TestClient

from studio.domain.access import Right, Visitor
from studio.domain.errors import StudyError
from studio.domain.study import Choice
from studio.flows import audit, compare, judge, sharing
from studio.flows.studio import open_studio
from studio.store import cards
from studio.ui.guarded import GuardedPage
from studio.web.access.gate import AccessGate
from tests.web.conftest import Kept, keep_in
from tests.web.test_access import listed

T = TypeVar("T")
OWNER = Visitor("Olga", frozenset(Right))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    studio = open_studio(tmp_path_factory.mktemp("other") / "workspace")
    yield keep_in(studio)
    studio.store.close()


def at_once(work: Coroutine[Any, Any, T]) -> T:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(copy_context().run, asyncio.run, work).result()


def ids(of: Kept) -> dict[str, str]:
    named = {"dataset_id": of.dataset.id, "run_id": of.run.id, "study_id": of.closed.id, "release_id": of.release.id}
    return named | {"bin": "test", "kind": "html", "talk": "chat-0000aaaa"}


def test_by_no_address(client: TestClient, other: Kept):
    found = [address for address in listed("addresses.txt") if re.match(r"GET /(download|report)/", address)]
    assert len(found) > 8
    for address in found:
        for kind in ("html", "csv", "jsonl", "txt"):
            path = address.removeprefix("GET ").format_map(ids(other) | {"kind": kind})
            answer = client.get(path)
            assert answer.status_code == 404 and "Question" not in answer.text, path
            assert "Traceback" not in answer.text, path


def test_by_no_event_of_the_studio(client: TestClient, kept: Kept, other: Kept):
    (gate,) = [each for each in client.app.user_middleware if each.cls is AccessGate]  # type: ignore[attr-defined]
    page: GuardedPage = gate.kwargs["events"][""].__self__
    foreign = {"Examples": other.dataset.id, "Run": other.run.id, "Look at": [other.run.id], "Deleted": [other.run.id]}
    request = gr.Request(request=SimpleNamespace(scope={"visitor": OWNER}, query_params={}, headers={}))  # type: ignore[arg-type]
    before = audit.newest(kept.studio, limit=1)[0].number

    async def press_everything() -> dict[str, str]:
        answers = {}
        for event in page.fns.values():
            named = [block for block in event.inputs if getattr(block, "label", None) in foreign]
            if event.fn is None or not named:
                continue
            state = SessionState(page)
            for block in event.inputs:
                if isinstance(block, gr.State) and block.value is None:
                    state[block._id] = other.closed.id
            given = [
                None if isinstance(block, gr.State) else foreign.get(block.label, getattr(block, "value", None))
                for block in event.inputs
            ]
            try:
                answer = await page.process_api(event, given, state=state, request=request)
                answers[f"{event.name} {event._id}"] = json.dumps(answer["data"], default=str)
            except gr.Error as error:
                answers[f"{event.name} {event._id}"] = str(error)
        return answers

    answers = at_once(press_everything())
    assert len(answers) > 60
    for name, said in answers.items():
        assert "Question 0?" not in said and "Answer 0." not in said and "Traceback" not in said, name
    lines = [line for line in audit.newest(kept.studio, limit=500) if line.number > before]
    assert not [line for line in lines if set(line.about.split()) & set(ids(other).values())]


def test_a_link_to_rate_by_lets_in_to_its_own_comparison_alone(kept: Kept):
    mine = compare.invitation(kept.studio, kept.open.id)
    own = judge.enter(kept.studio, mine.token)
    theirs = cards.dealt(kept.studio.store, kept.closed.id)
    before = cards.ratings(kept.studio.store, kept.closed.id)
    for card in theirs:
        with pytest.raises(StudyError, match=r"not yours to judge|closed"):
            judge.rate(kept.studio, own.token, card.id, Choice.LEFT)
    assert theirs and cards.ratings(kept.studio.store, kept.closed.id) == before


def test_the_address_of_a_verdict_lets_in_to_that_one_alone(client: TestClient, kept: Kept):
    token = sharing.share(kept.studio, kept.closed.id).token
    stranger = TestClient(client.app, base_url="http://127.0.0.1:7860")
    assert stranger.get(f"/verdict/{token}").status_code == 200
    for name in (kept.closed.id, kept.open.id, compare.invitation(kept.studio, kept.open.id).token):
        assert stranger.get(f"/verdict/{name}").status_code == 404
    assert stranger.get(f"/rate/?t={token}").status_code == 401
