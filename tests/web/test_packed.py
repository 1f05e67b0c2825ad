"""A page is made once for all who see the same, and is to each what Gradio would have made for them alone."""

import gzip
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from studio.domain.access import Mode, Person, Right, Role, Visitor
from studio.flows import judge
from studio.web import packed
from studio.web.access.gate import AccessGate
from studio.web.packed import Packed
from studio.web.pieces import Pieces
from tests.web.actors import at_once

NONCE = "n" * 22


@pytest.mark.parametrize("parts", [
    ["no word at all"], ["", ""], ["before ", ""], ["", " after"], ["a", "b", "c"], ["same", "", "same"],
    ["x" * 200_000, "".join(map(str, range(50_000)))],
])  # fmt: skip
@pytest.mark.parametrize("word", [b"", b"w", bytes(range(256)), NONCE.encode()])
def test_a_text_is_compressed_once_and_is_whole_with_any_word(parts: list[str], word: bytes):
    encoded = [part.encode() for part in parts]
    pieces = Pieces.of(b"<hole>".join(encoded), b"<hole>")
    # which looks at the checksum and the length as well
    assert gzip.decompress(pieces.with_word(word)) == word.join(encoded)


def test_the_word_says_nothing_by_how_long_the_answer_is():
    pieces = Pieces.of(b"secret-secret-secret <hole> secret", b"<hole>")
    assert len(pieces.with_word(b"secret")) == len(pieces.with_word(b"q7!zK0"))


@pytest.mark.parametrize("path", ["/", "/config", "/rate/", "/rate/config"])
@pytest.mark.parametrize("query", ["", "?t=none"])
def test_it_is_what_gradio_makes_but_for_the_number(client: TestClient, kept: Any, path: str, query: str):
    link = query if path == "/" else f"?t={_link(kept)}"
    plain = client.get(path + link, headers={"accept-encoding": "identity"})
    for answer in (client.get(path + link), client.get(path + link)):
        assert answer.headers["content-encoding"] == "gzip" and answer.headers["vary"] == "Accept-Encoding"
        assert _without_number(answer) == _without_number(plain)
        assert answer.headers["content-type"] == plain.headers["content-type"]
        assert set(answer.headers) - {"content-encoding"} == set(plain.headers) | {"vary"}


def test_another_name_of_the_studio_is_in_its_own_page(client: TestClient):
    cookies = {"Cookie": "; ".join(f"{name}={value}" for name, value in client.cookies.items())}
    pages = {
        name: client.get("/config", headers={"Host": name} | cookies).json()["root"]
        for name in ("127.0.0.1:7860", "localhost:7860", "127.0.0.1:7860")
    }
    assert pages == {name: f"http://{name}" for name in pages}


def test_who_may_only_look_and_who_else_are_told_their_own(client: TestClient):
    page = client.app.user_middleware[-1].kwargs["pages"]["/"].__self__  # type: ignore[attr-defined]
    one, two, viewer, nobody = [
        _visitor("Ada", Role.OWNER),
        _visitor("Bob", Role.OWNER),
        _visitor("Ada", Role.VIEWER),
        None,
    ]
    seen = [page.seen_by(each) for each in (one, two, viewer, nobody)]
    assert len(set(seen)) == 4 and seen[0] == page.seen_by(_visitor("Ada", Role.OWNER))
    before, page.config = page.seen_by(one), page._config
    assert page.seen_by(one) != before, "a page that was written anew is another"


def test_the_pages_stand_behind_the_gate(client: TestClient):
    classes = [each.cls for each in client.app.user_middleware]  # type: ignore[attr-defined]
    assert classes.index(AccessGate) < classes.index(Packed)
    assert client.get("/").status_code == 200
    stranger = TestClient(client.app, base_url=str(client.base_url))
    assert stranger.get("/").status_code == 401 and stranger.get("/config").status_code == 401


# What is made anew, and what is not


class Making:
    """A stand-in for what makes pages, which counts."""

    def __init__(self, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.made, self.status, self.headers = 0, status, headers or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.made += 1
        said = f"{self.made} {scope['nonce']} for {scope.get('visitor')}"
        await PlainTextResponse(said, self.status, self.headers)(scope, receive, send)


def asked(app: Packed, *requests: dict[str, Any]) -> list[str]:
    """What was answered."""

    async def answers() -> list[str]:
        return [await _answer(app, each) for each in requests]

    return at_once(answers())


async def _answer(app: Packed, asked: dict[str, Any]) -> str:
    told: list[Any] = []

    async def send(message: Any) -> None:
        told.append(message)

    headers = [(b"host", asked.pop("host", "here").encode()), (b"accept-encoding", asked.pop("takes", "gzip").encode())]
    headers += [(b"origin", asked.pop("origin").encode())] if "origin" in asked else []
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "scheme": "http", "nonce": NONCE}
    await app(scope | {"headers": headers} | asked, lambda: None, send)  # type: ignore[arg-type, return-value]
    text = b"".join(message.get("body", b"") for message in told[1:])
    is_packed = (b"content-encoding", b"gzip") in told[0]["headers"]
    return (gzip.decompress(text) if is_packed else text).decode()


def test_it_is_made_once_for_all_who_see_the_same_and_each_has_a_number_of_their_own():
    making = Making()
    app = Packed(making, pages={"/": lambda who: who and who.name[0]})
    people = {"a": "Ann", "b": "Amy", "c": "Al"}
    same = [{"nonce": number * 22, "visitor": Visitor(name, frozenset())} for number, name in people.items()]
    first, *others = asked(app, *same)
    assert [first, *others] == [f"1 {number * 22} for {same[0]['visitor']}" for number in "abc"] and making.made == 1


@pytest.mark.parametrize("other", [
    {"visitor": Visitor("Bob", frozenset({Right.LOOK}))}, {"host": "there"}, {"scheme": "https"}, {"takes": "identity"},
    {"origin": "https://there"},
    {"query_string": b"deep_link=1"}, {"query_string": b"page"}, {"query_string": b"t=1&all_endpoints=true"}, {"method": "HEAD"},
])  # fmt: skip
def test_what_may_be_another_page_is_made_for_itself(other: dict[str, Any]):
    making = Making()
    app = Packed(making, pages={"/": lambda who: who})
    asked(app, {}, dict(other), {}, dict(other))
    assert making.made == (2 if {"visitor", "host", "scheme"} & set(other) else 3)


@pytest.mark.parametrize("making", [
    Making(500), Making(404), Making(headers={"set-cookie": "a=b"}), Making(headers={"content-encoding": "br"}),
], ids=["failed", "not there", "for one browser", "compressed"])  # fmt: skip
def test_nothing_else_is_kept(making: Making):
    app = Packed(making, pages={"/": lambda who: None})
    assert [each[0] for each in asked(app, {}, {})] == ["1", "2"] and not app.kept


def test_only_so_many_are_kept_and_those_that_were_asked_for_last(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(packed, "MOST", 2)
    making = Making()
    app = Packed(making, pages={"/": lambda who: None})
    hosts = ("a", "b", "a", "c", "a", "b")
    assert [each[0] for each in asked(app, *({"host": host} for host in hosts))] == ["1", "2", "1", "3", "1", "4"]
    assert len(app.kept) == 2


def _visitor(name: str, role: Role) -> Visitor:
    person = Person(f"person-{name}", name, role, Mode.PASSWORD, name, datetime.now(UTC))
    return Visitor(name, person.rights, person)


def _link(kept: Any) -> str:
    return judge.named(kept.studio, kept.open.id, "ann").token


def _without_number(answer: Any) -> str:
    found = re.search(r"'nonce-([^']+)'", answer.headers["content-security-policy"])
    return answer.text.replace(found[1], "") if found else answer.text
