"""A served studio with studies of known texts and sides, and a rater's browser that keeps all it is told."""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from studio.domain.event import EventKind
from studio.domain.protocol import Asked, Candidate, Opponent, Protocol, Rival
from studio.domain.row import Message
from studio.domain.study import TUNED, Answer, Ask, Link, LinkKind, Study
from studio.flows.studio import Studio, open_studio
from studio.store import cards, links, runs, studies, tables
from studio.web.access.settings import Access
from studio.web.app import build_app
from tests.listening import listening
from tests.saved import save_checkpoint
from tests.store.examples import NOON, Examples

ADAPTER_HASH = "ad" * 32
SEED = 2**47 + 987_654_321
# Far from any number that a page has a reason to show.
FIRST_POSITION, FIRST_ROW = 71_001, 82_001
RIVALS = (Rival.BASE, Rival.PROMPT, Rival.FEW_SHOT)
INSTRUCTIONS = "These instructions are the opponent's alone."
LETTERS = dict(zip((TUNED, *map(str, RIVALS)), "klmn", strict=True))


def question(number: int) -> str:
    return f"Question-{number:02d}-asked?"


def reference(number: int) -> str:
    return f"The reference for: {question(number)}"


def said(who: str, number: int) -> str:
    """What a contestant says to a prompt: found nowhere else, and as long as what any other says."""
    return f"Answer-{number:02d}-{3 * LETTERS[who]}."


def key(number: int) -> str:
    """What a prompt is called on the server."""
    return f"prompt-key-{number:04d}"


def open_study(
    studio: Studio,
    *,
    name: str,
    prompts: int = 6,
    rivals: Sequence[Rival] = (Rival.BASE,),
    seed: int = SEED,
    say: Callable[[str, int], str] = said,
    own: int = 0,
    **frozen: Any,
) -> Study:
    """A study that is open for rating, put into the store as the flows put it; ids depend on `name` alone.

    The last `own` prompts are somebody's own words. `cap` is all prompts where nothing else is said.
    """
    made = Examples(studio.store)
    run = made.running_run()
    save_checkpoint(studio.workspace.run(run.id), step=40)
    checkpoint = {"step": 40, "epoch": 1.0, "validation_loss": 1.5, "path": "checkpoints/step-40"}
    made.report(run.job, (EventKind.CHECKPOINT, checkpoint | {"sha256": ADAPTER_HASH, "bytes": 10}))
    study_id = f"study-20260101-{name}"
    asks = [_ask(number, is_own=number >= prompts - own) for number in range(prompts)]
    protocol = Protocol(
        candidate=Candidate(run.model_id, ADAPTER_HASH),
        opponents=tuple(_opponent(rival) for rival in rivals),
        prompts=tuple(Asked(ask.key, ask.source) for ask in asks),
        criterion="Which answer is kinder?",
        **{"cap": prompts, "twice": 0.0, "identical": 0} | frozen,
    )
    study = studies.add(
        studio.store,
        id=study_id,
        name="triage-1",
        run_id=run.id,
        checkpoint_step=40,
        protocol=protocol,
        seed=seed,
        asks=asks,
        invitation=Link(f"link-{name}", study_id, LinkKind.INVITATION, f"token-of-{name}", "Invitation", NOON),
        spec={"adapter_sha256": ADAPTER_HASH},
        key=study_id,
    )
    answers = [Answer(ask.key, who, say(who, n), 3) for n, ask in enumerate(asks) for who in study.contestants]
    return studies.set_answers(studio.store, study_id, answers)


def _opponent(rival: Rival) -> Opponent:
    told = "" if rival is Rival.BASE else INSTRUCTIONS
    return Opponent(rival, told, ("shown example",) if rival is Rival.FEW_SHOT else ())


def _ask(number: int, *, is_own: bool) -> Ask:
    row = None if is_own else FIRST_ROW + number
    return Ask(
        key(number), FIRST_POSITION + number, (Message("user", question(number)),), reference(number), row_number=row
    )


def door(study: Study) -> str:
    """The address of the study's invitation."""
    return f"token-of-{study.id.removeprefix('study-20260101-')}"


def join(studio: Studio, study: Study, name: str, *, label: str | None = None) -> Link:
    """A rater whose link has an address and an id that depend on the names alone."""
    token = f"{door(study)}-of-{name}"
    with studio.store.write() as connection:
        connection.execute(tables.links.delete().where(tables.links.c.token == token))
    made = Link(f"{study.id}-{name}", study.id, LinkKind.RATER, token, name if label is None else label, NOON)
    return links.add(studio.store, made)


def secrets_of(studio: Studio, study: Study) -> list[str]:
    """Everything that is known of a study and tells, or would help to find out, which side is which."""
    run, prompts = runs.get(studio.store, study.run_id), len(study.protocol.prompts)
    numbers = [str(first + n) for first in (FIRST_POSITION, FIRST_ROW) for n in range(prompts)]
    ids = [study.id, run.id, run.name, run.dataset_id, run.split_id, run.model_id, run.job.id, study.job.id]
    hashes = [study.fingerprint, str(SEED), ADAPTER_HASH, run.recipe.fingerprint]
    people = [link.id for link in links.all(studio.store, study.id)]
    pairs = [card.pair_id for card in cards.dealt(studio.store, study.id)]
    return [
        *ids,
        *hashes,
        *numbers,
        *people,
        *pairs,
        *map(key, range(prompts)),
        INSTRUCTIONS,
        "shown example",
        "tuned_side",
        "pair_id",
        "row_number",
        "is_identical",
        str(studio.workspace.root),
    ]


def made_new(studio: Studio, study: Study) -> list[str]:
    """Make the study as it was before its first card; the ids of the cards that are gone."""
    gone = [card.id for card in cards.dealt(studio.store, study.id)]
    with studio.store.write() as connection:
        for table in (tables.suspicions, tables.rating_history, tables.ratings, tables.cards):
            connection.execute(table.delete().where(table.c.study_id == study.id))
    return gone


@contextmanager
def served(folder: Path, *, access: Access = Access()) -> Iterator[tuple[Studio, str]]:  # noqa: B008  a frozen value
    """A studio on a free port of this machine, and its address."""
    studio = open_studio(folder)
    try:
        with listening(build_app(studio, access=access)) as port:
            yield studio, f"http://127.0.0.1:{port}"
    finally:
        studio.store.close()


@dataclass
class Rater:
    """What a browser does with the rating page: it holds values by component, posts them, and takes what comes back."""

    address: str
    token: str
    known: list[str] = field(default_factory=list)
    session: str = "session-one"
    heard: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    sent: dict[str, Any] = field(default_factory=dict)
    is_queued: bool = True

    def __enter__(self) -> "Rater":
        self.http = httpx.Client(base_url=self.address, timeout=60, trust_env=False)
        for path in (f"/rate/?t={self.token}", "/rate/config", "/rate/gradio_api/info"):
            came = self.http.get(path)
            self.heard += [headers_of(came), came.text]
        self.config = json.loads(self.heard[3])
        self.values = {c["id"]: c["props"].get("value") for c in self.config["components"]}
        self.values[self._component(lambda c: c["type"] == "browserstate")] = self.known
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

    @property
    def known_now(self) -> list[str]:
        """What the browser keeps for its next visit."""
        return list(self.values[self._component(lambda c: c["type"] == "browserstate")])

    def arrive(self) -> None:
        (event,) = [d for d in self.config["dependencies"] if any(name == "load" for _, name in d["targets"])]
        self._send(event)

    def tick(self) -> None:
        """What the page does by itself while it waits."""
        (event,) = [d for d in self.config["dependencies"] if any(name == "tick" for _, name in d["targets"])]
        self._send(event)

    def press(
        self,
        button: str,
        *,
        item: str | None = None,
        marks: Mapping[str, str] | None = None,
        told: Mapping[str, str] | None = None,
    ) -> None:
        """Click a button; `item` lies about which card it is about, `told` is what was written, by label."""
        for label, text in ({**(told or {}), **({} if item is None else {"Card": item})}).items():
            self.values[self._component(lambda c, label=label: c["props"].get("label") == label)] = text
        for id, mark in (marks or {}).items():
            self.values[self._component(lambda c, id=id: c["props"].get("elem_id") == id)] = mark
        id = self._component(lambda c: c["props"].get("elem_id") == button)
        (event,) = [d for d in self.config["dependencies"] if [id, "click"] in d["targets"]]
        self._send(event)

    @property
    def refusal(self) -> str:
        """What a press is told that the gate lets in no more."""
        return self.http.post(f"/rate/gradio_api/queue/join?t={self.token}", json={"fn_index": 0}).json()["detail"]

    def send_again(self) -> None:
        """Post the last event once more, word for word."""
        self._post(self.sent)

    def _component(self, is_meant: Any) -> int:
        (found,) = [c["id"] for c in self.config["components"] if is_meant(c)]
        return found

    def _send(self, event: dict[str, Any]) -> None:
        data = [self.values[id] for id in event["inputs"]]
        self.sent = {"fn_index": event["id"], "session_hash": self.session, "data": data, "trigger_id": None}
        self.is_queued = event["queue"]
        output = self._post(self.sent)
        for id, told in zip(event["outputs"], output.get("data", []), strict=False):
            is_update = isinstance(told, dict) and told.get("__type__") == "update"
            if not is_update:
                self.values[id] = told
            elif "value" in told:
                self.values[id] = told["value"]

    def _post(self, body: dict[str, Any]) -> dict[str, Any]:
        """Send it on the way that the page asks for: told in the answer, or by the queue."""
        began = time.perf_counter()
        if not self.is_queued:
            came = self.http.post(f"/rate/gradio_api/run/predict?t={self.token}", json=body)
            self.seconds.append(time.perf_counter() - began)
            self.heard += [headers_of(came), came.text]
            return came.json()
        joined = self.http.post(f"/rate/gradio_api/queue/join?t={self.token}", json=body)
        events = self.http.get("/rate/gradio_api/queue/data", params={"session_hash": self.session})
        self.seconds.append(time.perf_counter() - began)
        self.heard += [headers_of(joined), joined.text, headers_of(events), events.text]
        frames = [json.loads(line.removeprefix("data: ")) for line in events.text.splitlines() if line]
        (done,) = [frame for frame in frames if frame["msg"] == "process_completed"]
        return done["output"]


def headers_of(came: httpx.Response) -> str:
    """What comes before a page and is not shown: a size, a mark of the server's, a time could tell the sides apart.

    How far a page can be compressed depends on the number that is new in each.
    """
    chance = {"date"} | ({"content-length"} if "content-encoding" in came.headers else set())
    return "\n".join(f"{name}: {value}" for name, value in came.headers.items() if name not in chance)


def without_chance(heard: Sequence[str], *, answers: Sequence[str], ids: Sequence[str]) -> list[str]:
    """What was heard, with the answers, the cards' ids and all that differs between two visits replaced by placeholders."""
    plain, met = [], dict[str, str]()
    for text in heard:
        for answer in answers:
            text = text.replace(answer, "‹answer›")
        for id in re.findall("|".join(map(re.escape, ids)) or "^$", text):
            met.setdefault(id, f"‹card {len(met)}›")
        for id, name in met.items():
            text = text.replace(id, name)
        text = re.sub(r'nonce[-=]["\w-]+', "‹nonce›", text)
        text = re.sub(r"request-id: \w+", "request-id: ‹id›", text)
        text = re.sub(r'"event_id": ?"[^"]*"', '"event_id":"‹id›"', text)
        text = re.sub(r'"(\w*duration|rank_eta|eta|avg_time)": ?(?:[\d.e+-]+|null)', r'"\1":"‹time›"', text)
        plain.append(re.sub(r" · [^<]{1,20} left", " · ‹time› left", text))
    return plain
