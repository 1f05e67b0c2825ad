"""A judge on loopback that speaks chat completions, and every way in which one can misbehave."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "sk-hunter2-0123456789"


@dataclass
class Misdeed:
    """What happens to the next question that is meant: a status, a body instead of a completion, a cut, or nothing at all.

    `first` is in the answer that stands first in such a question.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    says: str | None = None
    cut_after: int | None = None
    hold: threading.Event | None = None
    ends: str = "stop"
    first: str = ""


@dataclass
class Asked:
    path: str
    key: str | None
    question: dict[str, Any]

    @property
    def text(self) -> str:
        return self.question["messages"][-1]["content"]


@dataclass
class Bench:
    """The judge's bench: what was asked, and what is to go wrong next; `always` goes wrong every time.

    `refuses` are settings that it does not take, told in the form that `says_no` gives; `contents` is how it writes an
    answer, and without `takes_system` it knows no turn of the system.
    """

    asked: list[Asked] = field(default_factory=list)
    misdeeds: list[Misdeed] = field(default_factory=list)
    always: Misdeed | None = None
    refuses: tuple[str, ...] = ()
    says_no: Callable[[str], Any] = lambda name: {"error": {"message": f"Unsupported parameter: '{name}'."}}
    contents: Callable[[str], Any] = str
    takes_system: bool = True
    port: int = 0

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def refused(self, question: dict[str, Any]) -> str | None:
        """What of a question it does not take."""
        if not self.takes_system and question["messages"][0]["role"] == "system":
            return "messages[0].role' does not support 'system"
        return next((name for name in self.refuses if name in question), None)

    def does(self, **misdeed: Any) -> None:
        self.misdeeds.append(Misdeed(**misdeed))

    def next_misdeed(self, question: dict[str, Any]) -> Misdeed:
        """What was said to go wrong first of what is meant for this question; nothing where that is none."""
        first = first_answer(question["messages"][-1]["content"])
        meant = next((each for each in self.misdeeds if each.first in first), None)
        if meant:
            self.misdeeds.remove(meant)
        return meant or Misdeed()


def form(choice: str, *, reason: str = "It says what was asked.") -> str:
    grades = {"accuracy": 5, "tone": 4, "format": 4}, {"accuracy": 2, "tone": 3, "format": 4}
    return json.dumps({"reason": reason, "answer_1": grades[0], "answer_2": grades[1], "choice": choice})


def first_answer(text: str) -> str:
    """The answer that stands first in a question."""
    return text.partition("<<ANSWER 1")[2].partition("<<END")[0]


def just(text: str) -> str:
    """A judge that knows good from bad, and minds nothing that an answer says to it."""
    return form("answer_1" if "good" in first_answer(text) else "answer_2")


@contextmanager
def bench() -> Iterator[Bench]:
    """A judge for as long as the block lasts."""
    kept, lock = Bench(), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def do_POST(self) -> None:
            question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                kept.asked.append(Asked(self.path, self.headers.get("Authorization"), question))
                refused = kept.refused(question)
                misdeed = kept.always or (kept.next_misdeed(question) if not refused else Misdeed())
            if refused:
                misdeed = Misdeed(400, body=json.dumps(kept.says_no(refused)).encode())
            if misdeed.hold is not None:
                misdeed.hold.wait(60)
            self.answer(misdeed, question["messages"][-1]["content"])

        def answer(self, misdeed: Misdeed, text: str) -> None:
            said = misdeed.says if misdeed.says is not None else just(text)
            choice = {"message": {"role": "assistant", "content": kept.contents(said)}, "finish_reason": misdeed.ends}
            whole = {"choices": [choice], "usage": {"prompt_tokens": 700, "completion_tokens": 60}}
            body = misdeed.body if misdeed.body is not None else json.dumps(whole).encode()
            try:
                self.send_response(misdeed.status)
                for name, value in {"Content-Type": "application/json", **misdeed.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: misdeed.cut_after])
            except (BrokenPipeError, ConnectionResetError):
                pass
            self.close_connection = misdeed.cut_after is not None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield kept
    finally:
        for misdeed in [kept.always, *kept.misdeeds]:
            if misdeed and misdeed.hold:
                misdeed.hold.set()
        server.shutdown()
        server.server_close()
        thread.join()
