"""Names of things of another team lead nowhere: by no address, by no event of a page, and by no link.

A server serves one team, so what another has is not in its database at all; a link lets in to one comparison of many.
Both lists beside this file are written by hand: a new address or control fails a test until somebody has put it in.
"""

import inspect
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from sqlalchemy import select, true
from starlette.routing import compile_path
from starlette.testclient import TestClient

from studio.domain.access import RIGHTS, Mode, Right, Role, Scope, Visitor
from studio.domain.errors import StudyError
from studio.domain.study import Choice, LinkKind
from studio.domain.talk import AnswerSettings, Contestant, Pane, Turn
from studio.flows import audit, chat, compare, judge, keys, people, sharing, signing, talks
from studio.store import cards, tables
from studio.store.columns import metadata
from studio.ui.guarded import GuardedPage
from studio.ui.kept import OpenPage
from studio.ui.rights import innermost
from tests.web.actors import MAY, Door, at_once, listed
from tests.web.conftest import Kept

# Of a thing of another workspace, whoever may ask hears that it is not there; so does everybody who may ask nothing.
NOT_THERE, NOT_YOURS = (404, 422), (303, 401, 403)
SEEN = ("sign_ins.seen_at", "keys.used_at")
# Forms of Team and of one's account that name nothing which is there already.
OF_NOTHING = {"/team/check", "/team/invite", "/team/key", "/account/key", "/account/password"}
OF_GRADIO = re.compile(r"(/rate)?/(gradio_api|assets|static|svelte)/")
# What can be pressed in a table, by the module that draws it; elsewhere a press names the thing of its row and no act.
ACTS = {
    "studio.ui.training.queue": ("move", "gpu", "leave", "sweep"),
    "studio.ui.training.checkpoints": ("longer", "compare"),
    "studio.ui.tabs.deliver": ("cancel", "delete", "restore"),
    "studio.ui.inspect.findings": ("treat", "take_back"),
}


@dataclass(frozen=True, slots=True)
class Things:
    """One of every kind of thing of a workspace, by what it is called; `secrets` are what nobody else may hear."""

    named: dict[str, str]
    secrets: tuple[str, ...] = ("Question 0?", "Answer 0.", "A word between us.")


def things(of: Kept) -> Things:
    studio = of.studio
    owner = next(each for each in people.everybody(studio, Mode.PASSWORD) if each.name == "The owner")
    signing.begin(studio, owner, address="127.0.0.1")
    door, invitation = people.invite(studio, Role.OWNER)
    return Things({
        "dataset": of.dataset.id, "run": of.run.id, "study": of.closed.id, "release": of.release.id, "talk": talk(of),
        "job": of.run.job.id, "checkpoint": f"{of.run.id}@40", "verdict": sharing.share(studio, of.closed.id).token,
        "link": compare.invitation(studio, of.open.id).id, "invitation": invitation, "door": door.id,
        "launch": people.launch(studio), "key": keys.make(studio, owner, "nightly", Scope.LOOK)[0].id,
        "signin": signing.signed_in(studio, Mode.PASSWORD, owner.id)[0][0].id, "person": owner.id,
    })  # fmt: skip


def talk(of: Kept) -> str:
    """A talk with one message, that nobody has answered."""
    said = Turn(
        number=1, text="A word between us.", at=0.0, model="nowhere", model_id="starter", model_title="Starter",
        settings=AnswerSettings.model_validate({}), panes=(Pane(who=Contestant(), weights=None, history=(("user", "A word between us."),)),),
    )  # fmt: skip
    name = f"chat-of-{of.dataset.id}"
    talks.clear(of.studio, name)
    talks.hand_in(of.studio, name, said)
    talks.take_back(of.studio, name, said)
    return name


@pytest.fixture(scope="module")
def mine(door: Door, kept: Kept) -> Things:
    return things(kept)


@pytest.fixture(scope="module")
def theirs(door: Door, other: Kept) -> Things:
    return things(other)


def state(of: Kept) -> dict[str, list[str]]:
    """All that the database holds but for the log, the talks' worker, and when somebody was last seen."""
    is_talking = {tables.jobs: tables.jobs.c.subject_id != chat.KEY}  # one worker answers in all talks, whoever asks
    is_talking[tables.specs] = tables.specs.c.job_id.in_(select(tables.jobs.c.id).where(is_talking[tables.jobs]))
    with of.studio.store.read() as connection:
        return {
            table.name: sorted(
                str(tuple(row))
                for row in connection.execute(
                    select(*(column for column in table.c if str(column) not in SEEN)).where(
                        is_talking.get(table, true())
                    )
                )
            )
            for table in metadata.sorted_tables
            if table.name not in ("audit", "tries")
        }


def changed(before: tuple[dict[str, list[str]], ...], *of: Kept) -> list[tuple[str, set[str]]]:
    """What is not as it was in these workspaces: the rows of each table that went, or came."""
    now = [state(each) for each in of]
    return [
        (name, set(was[name]) ^ set(there[name]))
        for was, there in zip(before, now, strict=True)
        for name in was
        if was[name] != there[name]
    ]


# By an address


def asked(browser: TestClient, written: str, named: dict[str, str]) -> Any:
    """The answer to one line of the list, with a thing in the place of its kind."""
    method, path, *form = written.format_map(named).split(" ")
    if method == "GET":
        return browser.get(path)
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return browser.request(method, path, content=form[0], headers=kind)


def names_a_thing(method: str, path: str) -> bool:
    """Whether an address or its form names something that somebody has made; what Gradio fetches for itself does not."""
    of_a_form = method == "POST" and re.match(r"/(team|account)/", path) and path not in OF_NOTHING
    return bool(of_a_form or (method != "HEAD" and "{" in path and not OF_GRADIO.match(path)))


def test_every_address_that_names_a_thing_is_written_down():
    asked = [re.sub(r"\{\w+\}", "x", line.partition("?")[0]).split(" ")[:2] for line in listed("objects.txt")]
    for address, needs in listed("addresses.txt").items():
        method, path = address.split(" ")
        if needs != "nobody" and names_a_thing(method, path):
            pattern = compile_path(path)[0]
            is_there = any(by == method and pattern.match(place) for by, place in asked)
            assert is_there, f"write {address} into tests/web/objects.txt, with what it needs"


@pytest.mark.parametrize("actor", MAY)
def test_by_no_address(door: Door, mine: Things, theirs: Things, kept: Kept, other: Kept, actor: str):
    browser, before = door.browser(actor), (state(kept), state(other))
    for written, needs in listed("objects.txt").items():
        is_theirs = written.startswith("POST /account") and actor.startswith("key")  # no program comes there
        may = needs in MAY[actor].split() and not is_theirs
        answer = asked(browser, written, theirs.named)
        assert answer.status_code in (NOT_THERE if may or needs == "nobody" else NOT_YOURS), (written, answer.text)
        if not may:
            answer = asked(browser, written, mine.named)
            assert answer.status_code in (NOT_THERE if needs == "nobody" else NOT_YOURS), (written, answer.text)
        for secret in (*theirs.secrets, "Traceback"):
            assert secret not in answer.text, (written, secret)
    assert not changed(before, kept, other)


def test_what_is_ones_own_is_there(door: Door, mine: Things):
    browser, said = door.browser("viewer"), ""
    not_made = re.compile(
        "/(tensorboard|reading|script|open)/"
    )  # of a run that never ran, and of another kind of studio
    for written in listed("objects.txt"):
        if written.startswith("GET") and not not_made.search(written):
            answer = asked(browser, written, mine.named)
            assert answer.status_code == 200, (written, answer.text)
            said += answer.text
    assert [secret for secret in mine.secrets if secret in said] == list(mine.secrets)


# By an event of the studio


def controls() -> dict[str, str]:
    return {name.rstrip(":"): kind for name, kind in listed("controls.txt").items()}


def test_every_control_that_names_a_thing_is_written_down(door: Door):
    page = door.pages[""]
    blocks = [block for event in page.fns.values() if event.fn for block in event.inputs]
    choosing = [each for each in blocks if isinstance(each, gr.Dropdown | gr.Radio | gr.CheckboxGroup)]
    found = {each.label for each in choosing if not each.choices or getattr(each, "allow_custom_value", False)}
    assert found <= set(controls()), "write it into tests/web/controls.txt, with what it names"


@pytest.fixture
def trusting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gradio itself takes no value that is not among a control's choices; here it takes all, as if that had a gap."""
    for kind in (gr.Dropdown, gr.Radio, gr.CheckboxGroup):
        monkeypatch.setattr(kind, "preprocess", lambda self, payload: payload)


@dataclass(frozen=True, slots=True)
class Presser:
    """Presses events of a page, one after the other in one session, with the things of a workspace."""

    page: GuardedPage
    things: Things
    session: OpenPage

    def presses(self, event: Any) -> Iterator[dict[str, Any]]:
        """What of this event's data comes from the browser; nothing where it names no thing."""
        if "event" in inspect.signature(innermost(event.fn)).parameters:
            told = {name: self.things.named[name] for name in ("run", "release", "link")}
            told |= {"pick": told["run"], "step": 40, "value": "0", "kind": "x"}
            yield from (told | {"act": act} for act in ACTS.get(innermost(event.fn).__module__, ("",)))
        elif any(isinstance(block, gr.UploadButton) for block in event.inputs):
            return  # a file, which tests/web/test_uploads.py tries
        elif any(controls().get(getattr(block, "label", ""), "nothing") != "nothing" for block in event.inputs):
            yield {}

    async def press(self, event: Any, told: dict[str, Any]) -> str:
        """What whoever may just about press it is told."""
        role = Role.VIEWER if self.page._right(event.fn) is Right.LOOK else Role.EDITOR
        scope = {"visitor": Visitor("Olga", RIGHTS[role])}
        request = gr.Request(request=SimpleNamespace(scope=scope, query_params={}, headers={}))  # type: ignore[arg-type]
        for block in event.inputs:
            if isinstance(block, gr.State):
                self.session[block._id] = self.things.named["study"] if block.value is None else block.value
        data = gr.EventData(event.inputs[0] if event.inputs else None, told) if told else None
        try:
            given = [self._given(block) for block in event.inputs]
            answer = await self.page.process_api(event, given, state=self.session, request=request, event_data=data)
            return json.dumps(answer["data"], default=str)
        except gr.Error as error:
            return str(error)

    def _given(self, block: Any) -> Any:
        label, named = getattr(block, "label", None) or "", self.things.named
        lists = {"things": [named["run"], named["dataset"], named["study"], named["release"], named["checkpoint"]]}
        lists |= {"runs": [named["run"]], "checkpoints": [named["checkpoint"]], "model": named["job"]}
        usual = {"Model": "starter"}.get(label, getattr(block, "value", None))
        if isinstance(block, gr.State):
            return None
        if isinstance(block, gr.Textbox):
            return usual or ""
        return (lists | named | {"contestant": named["checkpoint"]}).get(controls().get(label, "nothing"), usual)


def test_by_no_event_of_the_studio(door: Door, theirs: Things, kept: Kept, other: Kept, trusting: None):
    page, before = door.pages[""], (state(kept), state(other))
    presser = Presser(page, theirs, OpenPage(page, {}))
    last = audit.newest(kept.studio, limit=1)[0].number

    async def press_everything() -> dict[str, str]:
        every = [event for event in presser.page.fns.values() if event.fn is not None]
        return {
            f"{event.name} {event._id} {told.get('act', '')}": await presser.press(event, told)
            for event in every
            for told in presser.presses(event)
        }

    answers = at_once(press_everything())
    assert len(answers) > 90
    for name, said in answers.items():
        assert not [each for each in (*theirs.secrets, "Traceback", "studio itself failed") if each in said], (
            name,
            said,
        )
    lines = [line for line in audit.newest(kept.studio, limit=500) if line.number > last]
    assert not [line for line in lines if set(line.about.split()) & set(theirs.named.values())]
    assert not changed(before, kept, other)


def test_by_an_event_ones_own_is_there(door: Door, mine: Things, trusting: None):
    page = door.pages[""]
    presser = Presser(page, mine, OpenPage(page, {}))
    meant = [
        each for each in presser.page.fns.values() if each.fn and innermost(each.fn).__module__.endswith("tabs.data")
    ]
    shows = [each for each in meant if innermost(each.fn).__qualname__ == "show"]
    assert any("Question 0?" in at_once(presser.press(event, {})) for event in shows)


# By a link


def test_a_link_to_rate_by_lets_in_to_its_own_comparison_alone(kept: Kept):
    mine = compare.invitation(kept.studio, kept.open.id)
    own = judge.enter(kept.studio, mine.token)
    theirs = cards.dealt(kept.studio.store, kept.closed.id)
    before = cards.ratings(kept.studio.store, kept.closed.id)
    for card in theirs:
        with pytest.raises(StudyError, match=r"not yours to judge|closed"):
            judge.rate(kept.studio, own.token, card.id, Choice.LEFT)
    assert theirs and cards.ratings(kept.studio.store, kept.closed.id) == before


def test_by_no_event_of_the_rating_page(door: Door, kept: Kept, other: Kept):
    """With a link of another workspace, and with one's own and somebody else's card."""
    page = door.pages["/rate"]
    own = judge.enter(kept.studio, compare.invitation(kept.studio, kept.open.id).token).token
    foreign = judge.enter(other.studio, compare.invitation(other.studio, other.open.id).token).token
    cards_of_others = [each.id for of in (kept, other) for each in cards.dealt(of.studio.store, of.open.id)]
    before = [cards.ratings(of.studio.store, of.open.id) for of in (kept, other)]

    async def press(you: str, card: str) -> list[str]:
        said = []
        for event in page.fns.values():
            labels = [getattr(block, "label", None) for block in event.inputs]
            if event.fn is None or "You" not in labels:
                continue
            told = {"You": you, "Card": card, "Judged last": card, "Your name (optional)": "Eve"}
            given = [told.get(block.label, getattr(block, "value", None)) for block in event.inputs]
            scope = {"visitor": Visitor("a rater", frozenset({Right.RATE}))}
            request = gr.Request(request=SimpleNamespace(scope=scope, query_params={}, headers={}))  # type: ignore[arg-type]
            try:
                answer = await page.process_api(event, given, state=OpenPage(page, {}), request=request)
                said.append(json.dumps(answer["data"], default=str))
            except gr.Error as error:
                said.append(str(error))
        return said

    told = at_once(press(foreign, cards_of_others[0]))
    assert len(told) > 9 and all("This link leads to no comparison." in each for each in told)
    for card in cards_of_others:
        assert any("This card is not yours to judge." in each for each in at_once(press(own, card)))
    assert [cards.ratings(of.studio.store, of.open.id) for of in (kept, other)] == before
    assert "Eve" not in [link.label for link in judge.raters(other.studio, other.open.id)]
    assert not [link for link in judge.raters(other.studio, other.open.id) if link.kind is not LinkKind.RATER]


def test_the_address_of_a_verdict_lets_in_to_that_one_alone(client: TestClient, kept: Kept):
    token = sharing.share(kept.studio, kept.closed.id).token
    stranger = TestClient(client.app, base_url="http://127.0.0.1:7860")
    assert stranger.get(f"/verdict/{token}").status_code == 200
    for name in (kept.closed.id, kept.open.id, compare.invitation(kept.studio, kept.open.id).token):
        assert stranger.get(f"/verdict/{name}").status_code == 404
    assert stranger.get(f"/rate/?t={token}").status_code == 401
