"""A served studio with studies of known texts and sides, and a rater's browser that keeps all it is told."""

import json
import re
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from studio.domain.event import EventKind
from studio.domain.row import Message
from studio.domain.sampling import Sampling
from studio.domain.study import Item, Side, Study
from studio.flows.studio import Studio, open_studio
from studio.store import runs, studies, tables
from studio.web.app import build_app
from tests.saved import save_checkpoint
from tests.store.examples import Examples

ADAPTER_HASH = "ad" * 32
SEED = 2**47 + 987_654_321
PROTOCOL = "fedcba9876543210"
# Far from any number that a page has a reason to show.
FIRST_POSITION, FIRST_ROW = 71_001, 82_001


@dataclass(frozen=True, slots=True)
class Pair:
    """What both models said to one prompt, and where the fine-tuned answer stands."""

    prompt: str
    base: str
    tuned: str
    side: Side

    @property
    def reference(self) -> str:
        return f"The reference for: {self.prompt}"


def pairs(sides: Sequence[Side]) -> list[Pair]:
    """Prompts with two texts of the same length each, found nowhere else."""
    return [
        Pair(f"Question-{n:02d}-asked?", f"Answer-{n:02d}-kkk.", f"Answer-{n:02d}-lll.", side)
        for n, side in enumerate(sides)
    ]


def open_study(studio: Studio, listed: Sequence[Pair], *, name: str = "one") -> Study:
    """A study that is open for rating, put into the store as the flows put it; ids depend on `name` alone."""
    made = Examples(studio.store)
    run = made.running_run()
    save_checkpoint(studio.workspace.run(run.id), step=40)
    checkpoint = {"step": 40, "epoch": 1.0, "validation_loss": 1.5, "path": "checkpoints/step-40"}
    made.report(run.job, (EventKind.CHECKPOINT, checkpoint | {"sha256": ADAPTER_HASH, "bytes": 10}))
    study_id = f"study-20260101-{name}"
    studies.add(
        studio.store,
        id=study_id,
        name="triage-1",
        run_id=run.id,
        checkpoint_step=40,
        question="Which answer is kinder?",
        sampling=Sampling(),
        margin=0.05,
        seed=SEED,
        protocol=PROTOCOL,
        rating_token=f"token-of-{name}",
        items=[_item(study_id, name, number, pair) for number, pair in enumerate(listed)],
        spec={"adapter_sha256": ADAPTER_HASH},
        key=study_id,
    )
    answers = {FIRST_ROW + number: (pair.base, pair.tuned) for number, pair in enumerate(listed)}
    return studies.set_answers(studio.store, study_id, answers)


def _item(study_id: str, name: str, number: int, pair: Pair) -> Item:
    return Item(
        id=f"opaque-{name}-{number * 7919 % 104_729:06d}",
        study_id=study_id,
        position=FIRST_POSITION + number,
        row_number=FIRST_ROW + number,
        prompt=(Message("user", pair.prompt),),
        reference=pair.reference,
        base_answer="",
        tuned_answer="",
        tuned_side=pair.side,
    )


def secrets_of(studio: Studio, study: Study) -> list[str]:
    """Everything that is known of a study and tells, or would help to find out, which side is which."""
    run = runs.get(studio.store, study.run_id)
    numbers = [str(first + n) for first in (FIRST_POSITION, FIRST_ROW) for n in range(study.prompts)]
    ids = [study.id, run.id, run.name, run.dataset_id, run.split_id, run.model_id, run.job.id, study.job.id]
    hashes = [PROTOCOL, str(SEED), ADAPTER_HASH, run.recipe.fingerprint]
    return [
        *ids,
        *hashes,
        *numbers,
        "tuned_side",
        "tuned_answer",
        "base_answer",
        "row_number",
        str(studio.workspace.root),
    ]


def swap_sides(studio: Studio, study: Study) -> None:
    """Make the study as new and as it was, but for the side of every fine-tuned answer."""
    with studio.store.write() as connection:
        connection.execute(tables.ratings.delete())
        connection.execute(tables.rating_history.delete())
        for item in studies.items(studio.store, study.id):
            other = Side.RIGHT if item.tuned_side is Side.LEFT else Side.LEFT
            connection.execute(tables.items.update().where(tables.items.c.id == item.id).values(tuned_side=other.value))


@contextmanager
def served(folder: Path) -> Iterator[tuple[Studio, str]]:
    """A studio on a free port of this machine, and its address."""
    studio = open_studio(folder)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(build_app(studio), log_level="error", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            _wait_for(server)
            yield studio, address
        finally:
            server.should_exit = True
            thread.join(timeout=20)
            studio.store.close()


def _wait_for(server: uvicorn.Server) -> None:
    until = time.monotonic() + 60
    while not server.started:
        assert time.monotonic() < until, "the server did not start"
        time.sleep(0.02)


@dataclass
class Rater:
    """What a browser does with the rating page: it holds values by component, posts them, and takes what comes back."""

    address: str
    token: str
    name: str = "rater-one"
    session: str = "session-one"
    heard: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    sent: dict[str, Any] = field(default_factory=dict)

    def __enter__(self) -> "Rater":
        self.http = httpx.Client(base_url=self.address, timeout=60, trust_env=False)
        for path in (f"/rate/?t={self.token}", "/rate/config", "/rate/gradio_api/info"):
            self.heard.append(self.http.get(path).text)
        self.config = json.loads(self.heard[1])
        self.values = {c["id"]: c["props"].get("value") for c in self.config["components"]}
        self.values[self._component(lambda c: c["type"] == "browserstate")] = self.name
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    @property
    def page(self) -> str:
        """All the HTML that the page shows now."""
        shown = [c["id"] for c in self.config["components"] if c["type"] == "html"]
        return "\n".join(str(self.values[id] or "") for id in shown)

    @property
    def item(self) -> str:
        """The name of the card, as the page keeps it."""
        return str(self.values[self._component(lambda c: c["props"].get("label") == "Card")])

    def arrive(self) -> None:
        (event,) = [d for d in self.config["dependencies"] if any(name == "load" for _, name in d["targets"])]
        self._send(event)

    def press(self, button: str, *, comment: str = "", item: str | None = None) -> None:
        """Click a button; `item` lies about which card it is about."""
        if comment:
            self.values[self._component(lambda c: c["props"].get("label") == "Why?")] = comment
        if item is not None:
            self.values[self._component(lambda c: c["props"].get("label") == "Card")] = item
        id = self._component(lambda c: c["props"].get("elem_id") == button)
        (event,) = [d for d in self.config["dependencies"] if [id, "click"] in d["targets"]]
        self._send(event)

    def send_again(self) -> None:
        """Post the last event once more, word for word."""
        self._post(self.sent)

    def _component(self, is_meant: Any) -> int:
        (found,) = [c["id"] for c in self.config["components"] if is_meant(c)]
        return found

    def _send(self, event: dict[str, Any]) -> None:
        data = [self.values[id] for id in event["inputs"]]
        self.sent = {"fn_index": event["id"], "session_hash": self.session, "data": data, "trigger_id": None}
        output = self._post(self.sent)
        for id, told in zip(event["outputs"], output.get("data", []), strict=False):
            is_update = isinstance(told, dict) and told.get("__type__") == "update"
            if not is_update:
                self.values[id] = told
            elif "value" in told:
                self.values[id] = told["value"]

    def _post(self, body: dict[str, Any]) -> dict[str, Any]:
        began = time.perf_counter()
        joined = self.http.post(f"/rate/gradio_api/queue/join?t={self.token}", json=body)
        events = self.http.get("/rate/gradio_api/queue/data", params={"session_hash": self.session})
        self.seconds.append(time.perf_counter() - began)
        self.heard += [joined.text, events.text]
        frames = [json.loads(line.removeprefix("data: ")) for line in events.text.splitlines() if line]
        (done,) = [frame for frame in frames if frame["msg"] == "process_completed"]
        return done["output"]


def without_chance(heard: Sequence[str], *, answers: Sequence[str]) -> list[str]:
    """What was heard, with the answers and all that differs between any two visits replaced by placeholders."""
    plain = []
    for text in heard:
        for answer in answers:
            text = text.replace(answer, "‹answer›")
        text = re.sub(r'"event_id": ?"[^"]*"', '"event_id":"‹id›"', text)
        text = re.sub(r'"(\w*duration|rank_eta|eta|avg_time)": ?[\d.e+-]+', r'"\1":"‹time›"', text)
        plain.append(re.sub(r"about [^<]{1,20} left", "about ‹time› left", text))
    return plain
