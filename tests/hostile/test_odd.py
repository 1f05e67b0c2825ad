"""Every control of every screen with values that no control would send: refused in a sentence, or taken harmlessly.

All controls of every event at once, and each by itself in the first events that take it, are sent the values in turn;
ODD_VALUES=27 sends each of them in every event.
"""

import inspect
import json
import os
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from typing import Any

import gradio as gr
import orjson
import pytest
from starlette.routing import Mount
from starlette.testclient import TestClient

from studio.flows import compare
from studio.flows.studio import open_studio
from studio.ui.rights import innermost
from studio.web.access.gate import AccessGate
from studio.web.app import build_app
from tests.hostile import odd
from tests.hostile.screens import APOLOGY, Screens
from tests.signed_in import cookie
from tests.web.conftest import Kept, keep_in

EACH = int(os.environ.get("ODD_VALUES", "1"))  # of the values, for each control
EVENTS = 2 if EACH == 1 else 10_000  # in which a control is odd by itself
LONGEST_SAID = 1000
TAB = "odd"
NOT_YET = "Wait a moment and try again."  # since what it needs is begun by asking
# What moves by itself, or tells who asked.
MOVING = {"sign_ins", "keys", "supervision", "tries", "audit", "settings"}
IN_OTHER_WORDS = re.compile(r"Traceback|list of choices|<class|Error\b|site-packages|object has no|[a-z]+\(\) ")


@dataclass(slots=True)
class Pressed:
    """One tab of a page, whose presses are sent as its scripts send them: at an address, or through the queue."""

    client: TestClient
    screens: Screens
    path: str
    query: str

    def press(self, number: int, values: list[Any], event_data: Any = None) -> str:
        """What was refused, in words; "" where it was taken."""
        asked = {"data": values, "fn_index": number, "session_hash": TAB, "event_data": event_data}
        body, head = json.dumps(asked).encode(), {"content-type": "application/json"}
        if not self.screens.page.fns[number].queue:
            told = self.client.post(f"{self.path}/gradio_api/run/predict{self.query}", content=body, headers=head)
            assert told.status_code in (200, 422), told.text[:500]
            return "" if told.status_code == 200 else told.json()["error"]
        joined = self.client.post(f"{self.path}/gradio_api/queue/join{self.query}", content=body, headers=head)
        # What is checked before it is put in line, or is said at the control itself.
        if joined.status_code in (400, 422):
            said = joined.json()["detail"]
            return said.strip("'\"") if isinstance(said, str) else next(e["message"] for e in said if not e["is_valid"])
        assert joined.status_code == 200, joined.text[:500]
        told = self.client.get(f"{self.path}/gradio_api/queue/data", params={"session_hash": TAB})
        lines = [
            line[5:] for line in told.text.splitlines() if line.startswith("data:") and '"process_completed"' in line
        ]
        assert len(lines) == 1, told.text[:500]
        said = orjson.loads(lines[0])
        return "" if said["success"] else str(said["output"]["error"])


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    made = keep_in(open_studio(tmp_path_factory.mktemp("odd") / "workspace"))
    with closing(sqlite3.connect(made.studio.workspace.root / "studio.db")) as line, line:  # what a real run was asked
        line.execute("update specs set spec = json_patch(spec, ?)", ['{"dataset": "data", "validation": [0]}'])
    yield made
    made.studio.store.close()


@pytest.fixture(scope="module")
def pages(kept: Kept) -> Iterator[dict[str, Pressed]]:
    with TestClient(build_app(kept.studio), base_url="http://127.0.0.1:7860", raise_server_exceptions=False) as client:
        known = cookie(kept.studio, 7860)
        client.cookies.set(known["name"], known["value"])
        (gate,) = [each for each in client.app.user_middleware if each.cls is AccessGate]  # type: ignore[attr-defined]
        chosen = {"Examples": kept.dataset.id, "Model": "starter", "Run": kept.run.id}
        token = compare.invitation(kept.studio, kept.open.id).token
        made = {
            path: Pressed(client, Screens(events.__self__, chosen, {}), path, f"?t={token}" if path else "")
            for path, events in gate.kwargs["events"].items()
        }
        opened(client, made[""].screens, kept)
        yield made


def opened(client: TestClient, page: Screens, kept: Kept) -> None:
    """The tab of somebody who has picked something, and has opened a comparison."""
    app: Any = client.app
    (mount,) = [each for each in app.routes if isinstance(each, Mount) and not each.path]
    app = mount.app
    state = app.state_holder[TAB]
    states = [block for block in page.page.blocks.values() if isinstance(block, gr.State)]
    known = [kept.open.id, None, None, (kept.dataset.id, "starter"), kept.run.id]  # as the shell lays them out
    for block, value in zip(states, known, strict=False):
        state[block._id] = value


class Rows:
    """What is in the workspace's database, as one value to compare."""

    def __init__(self, kept: Kept) -> None:
        self.line = sqlite3.connect(kept.studio.workspace.root / "studio.db")
        named = self.line.execute("select name from sqlite_master where type = 'table'")
        self.names = sorted({name for (name,) in named} - MOVING)
        self._version, self._rows = -1, 0

    def now(self) -> int:
        ((version,),) = self.line.execute("pragma data_version")
        if version != self._version:
            self._version = version
            self._rows = hash(tuple(repr(self.line.execute(f"select * from {name}").fetchall()) for name in self.names))
        return self._rows


def tries(page: Screens, number: int, turn: Iterator[int], tried: Counter[int]) -> Iterator[tuple[str, list[Any]]]:
    """What is sent to one event, and in which control it is odd; `tried` counts the events of each control by its id."""
    parts, held, names = page.page.fns[number].inputs, page.held(number), list(odd.VALUES)
    sent = [place for place, part in enumerate(parts) if not isinstance(part, gr.State)]
    alone = [place for place in sent if tried[parts[place]._id] < EVENTS]
    tried.update(parts[place]._id for place in alone)
    for place in [*alone, None] if sent else []:
        for _ in range(EACH):
            name = names[next(turn) % len(names)]
            places = sent if place is None else [place]
            label = (
                "all at once" if place is None else getattr(parts[place], "label", "") or type(parts[place]).__name__
            )
            given = [odd.VALUES[name] if at in places else value for at, value in enumerate(held)]
            yield f"{label}: {name}", given


@pytest.mark.parametrize("path", ["", "/rate"])
def test_an_odd_value_in_any_control_is_refused_in_a_sentence_or_does_no_harm(
    path: str, pages: dict[str, Pressed], kept: Kept
) -> None:
    page, turn, tried, rows, wrong = pages[path], count(), Counter[int](), Rows(kept), []
    number_of_presses = 0
    for number in page.screens.events():
        for about, values in tries(page.screens, number, turn, tried):
            before, number_of_presses = rows.now(), number_of_presses + 1
            said = page.press(number, values)
            if said and rows.now() != before and NOT_YET not in said:
                wrong.append(f"{page.screens.name(number)} #{number}, {about}: changed, though refused: {said[:200]}")
            if said and not is_sentence(said):
                wrong.append(f"{page.screens.name(number)} #{number}, {about}: {said[:200]}")
    print(f"{number_of_presses} presses")
    assert not wrong, "\n".join(ascii(each) for each in wrong)
    assert number_of_presses > 30


def test_a_press_that_does_not_say_what_was_pressed_does_nothing(pages: dict[str, Pressed], kept: Kept) -> None:
    page, rows, seen = pages[""], Rows(kept), 0
    before = rows.now()
    for number in page.screens.events():
        fn: Any = page.screens.page.fns[number].fn
        if "event" in inspect.signature(innermost(fn)).parameters:
            seen += 1
            for odd_one in odd.PRESSES:
                said = page.press(number, page.screens.held(number), odd_one)
                assert said and is_sentence(said), (page.screens.name(number), odd_one, said)
    assert seen >= 6 and rows.now() == before


def is_sentence(said: str) -> bool:
    fits = len(said) <= LONGEST_SAID and said.rstrip().endswith((".", "!", "?"))
    return fits and APOLOGY not in said and not IN_OTHER_WORDS.search(said)
