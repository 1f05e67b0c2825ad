"""While the heaviest of what is hostile is sent, whoever works beside it is answered, and every judgement counts."""

import gzip
import http.client
import json
import socket
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from studio.domain.study import Study
from studio.flows import compare, judge
from studio.flows.studio import Studio
from studio.store import studies
from studio.web.serve import allow_open_files
from tests.data.hostile import archives, records
from tests.hostile import models, recipes
from tests.hostile.requests import MULTIPART, UPLOAD, sent
from tests.hostile.screens import APOLOGY, Screens
from tests.hostile.serving import Server
from tests.store.examples import Examples, written
from tests.web.conftest import Kept

PATIENCE = 60.0
AT_REST = 5  # rounds of work
FILES = 1000
SLOWER = 20  # times as long as at rest, in the middle of all rounds
FOLDERS = (
    "E77 a header of 99 MB",
    "E77 a header with 25,000",
    "E82 ",
    "E86 a configuration nested",
    "E87 a tokenizer's settings",
)
RECIPES = ("Y1 ", "Y4 ")


@dataclass(frozen=True, slots=True)
class Somebody:
    """One browser, with one tab."""

    http: httpx.Client
    page: Screens
    tab: str
    path: str = ""
    query: str = ""

    def press(self, number: int, values: list[Any]) -> str:
        """What was refused; "" where it was done."""
        asked = {"data": values, "fn_index": number, "session_hash": self.tab}
        joined = self.http.post(f"{self.path}/gradio_api/queue/join{self.query}", json=asked)
        if joined.status_code != 200:
            return f"{joined.status_code} {joined.text}"
        told = self.http.get(f"{self.path}/gradio_api/queue/data", params={"session_hash": self.tab})
        (said,) = [line for line in told.text.splitlines() if '"process_completed"' in line]
        done = json.loads(said.removeprefix("data:"))
        return "" if done["success"] else str(done["output"]["error"])

    def upload(self, name: str, content: bytes) -> str:
        answer = self.http.post("/gradio_api/upload", files={"files": (name, content)})
        if answer.status_code != 200:
            return f"{answer.status_code} {answer.text}"
        file = {"path": answer.json()[0], "meta": {"_type": "gradio.FileData"}}
        handler = "training.papers:load_recipe" if name.endswith(".yaml") else "tabs.data:use_file"
        number = self.page.named(f"studio.ui.{handler}")
        return self.press(number, [*self.page.held(number)[:-1], file])


@dataclass(frozen=True, slots=True)
class Rater:
    """Somebody who loads the page and judges a card, time and again."""

    http: httpx.Client
    pages: dict[str, Screens]
    studio: Studio
    study: Study
    own: str

    def round(self, tab: str) -> float:
        """How long it took to be given both pages and to judge one card."""
        began = time.monotonic()
        studio, token = self.studio, compare.invitation(self.studio, self.study.id).token
        for path in ("/", "/config", f"/rate/?t={token}", f"/rate/config?t={token}"):
            answer = self.http.get(path)
            assert answer.status_code == 200, (path, answer.status_code)
        card, before = judge.next_card(studio, self.own), judge.turn(studio, self.own).rated
        assert card is not None
        page = self.pages["/rate"]
        event = next(each for each in page.events() if len(page.page.fns[each].inputs) > 4)  # "left is better"
        marks = page.held(event)[4:]
        somebody = Somebody(self.http, page, tab, "/rate", f"?t={token}")
        assert somebody.press(event, [self.own, card.id, None, "", *marks]) == ""
        took = time.monotonic() - began
        assert judge.turn(studio, self.own).rated == before + 1
        assert judge.undo(studio, self.own).rated == before  # so that there is always one to judge
        return took


def bombs(folder: Path, kept: Kept) -> Iterator[tuple[str, Any]]:
    """What is sent, made beforehand: files by their name, folders by their path, events by their values."""
    megabytes = b"".join(b'{"prompt": "%s", "completion": "y"}\n' % (b"x" * 1_000_000) for _ in range(60))
    yield "zeros.jsonl.gz", archives.gzip_bomb()
    yield "zeros.zip", archives.zip_bomb()
    yield "nested.zip", archives.nested_bomb()
    yield "pages.parquet", records.page_bomb("gzip")
    yield "rows.jsonl", megabytes
    yield "rows.jsonl.gz", gzip.compress(megabytes, 1)
    yield "deep.jsonl", b'{"prompt": ' + b"[" * 10_000_000
    yield "line.jsonl", b"x" * 50_000_000
    for case in recipes.CASES:
        if case.id.startswith(RECIPES):
            yield "recipe.yaml", case.made.encode()
    for number, case in enumerate(models.CASES):
        if case.id.startswith(FOLDERS):
            case.made(made := models.whole_model(folder / str(number)))
            yield "model", str(made)
    yield "event", "x" * 15_000_000
    yield "event", ["x" * 15_000] * 1000
    yield "event", [{"a": "b"}] * 100_000


def send_all(somebody: Somebody, made: list[tuple[str, Any]], said: list[str]) -> None:
    for name, content in made:
        if name == "model":
            said.append(somebody.press(somebody.page.named("studio.ui.models.panel:bring"), [content, ""]))
        elif name == "event":
            number = somebody.page.named("studio.ui.tabs.runs:note")
            said.append(somebody.press(number, [content for _ in somebody.page.held(number)]))
        else:
            said.append(somebody.upload(name, content))


def test_whoever_works_is_answered_while_bombs_are_sent(
    server: Server, kept: Kept, pages: dict[str, Screens], tmp_path: Path
) -> None:
    made, said = list(bombs(tmp_path, kept)), list[str]()
    study = Examples(kept.studio.store).study(run=kept.run, prompts=20)
    studies.set_answers(kept.studio.store, study.id, written(study))
    own = judge.named(kept.studio, study.id, "Somebody else").token
    with server.browser(PATIENCE) as own_browser, server.browser(PATIENCE) as other:
        rater = Rater(own_browser, pages, kept.studio, study, own)
        quiet = [rater.round("rests") for _ in range(AT_REST)]
        attack = threading.Thread(
            target=send_all, args=(Somebody(other, pages[""], "hostile"), made, said), daemon=True
        )
        attack.start()
        busy = [rater.round("works")]
        while attack.is_alive():
            busy.append(rater.round("works"))
    assert len(said) == len(made), said[-1:]
    assert not [words for words in said if "Traceback" in words or APOLOGY in words or words.startswith("5")], said
    assert len(busy) >= AT_REST, "the bombs were over too soon to show anything"
    assert statistics.median(busy) < SLOWER * max(statistics.median(quiet), 0.05), (quiet, busy)


def test_everybody_is_answered_while_a_thousand_files_of_one_byte_come_at_once(server: Server) -> None:
    """And each of them is kept as a file of its own."""
    allow_open_files()
    with ExitStack() as stack:
        lines = [stack.enter_context(server.line(PATIENCE)) for _ in range(FILES)]
        for number, line in enumerate(lines):
            part = f'Content-Disposition: form-data; name="files"; filename="{number}.jsonl"\r\n'
            asked = sent("E135", "", UPLOAD, headers=(MULTIPART,), body=f"--x\r\n{part}\r\n1\r\n--x--\r\n")
            line.sendall(server.addressed(asked.raw))
        with server.browser(PATIENCE) as other:
            for _ in range(3):
                assert other.get("/config").status_code == 200
        answers = [answer_on(line) for line in lines]
    assert {status for status, _ in answers} == {200}
    kept = {path for _, body in answers for path in json.loads(body)}
    assert len(kept) == FILES and all(Path(path).read_bytes() == b"1" for path in kept)


def answer_on(line: socket.socket) -> tuple[int, bytes]:
    answer = http.client.HTTPResponse(line)
    answer.begin()
    return answer.status, answer.read()
