"""Talks: the files of a talk, and the inbox through which its messages reach the worker.

turn-0001.json   what was asked, of whom        turn-0001.said   what each pane says, line by line, by the worker
turn-0001.stop   nobody wants more of it        inbox/…          names the turns that wait, the oldest first
"""

import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

import orjson

from studio.domain.errors import RunError
from studio.domain.intact import whole_lines
from studio.domain.talk import Answer, End, Exchange, Turn, heard
from studio.flows.studio import Studio


def exchanges(studio: Studio, talk: str) -> list[Exchange]:
    """The turns of a talk in order, with what was said so far."""
    folder = studio.workspace.chat(talk)
    return [_exchange(studio, talk, place) for place in sorted(folder.glob("turn-*.json"))]


def hand_in(studio: Studio, talk: str, turn: Turn, *, anew: bool = False) -> None:
    """Keep a turn and put it into the inbox; `anew` in place of the one that has its number."""
    place = _place(studio, talk, turn.number)
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    studio.workspace.chat_inbox.mkdir(mode=0o700, parents=True, exist_ok=True)
    if anew:
        place.with_suffix(".said").unlink(missing_ok=True)
        place.with_suffix(".stop").unlink(missing_ok=True)
    _write(place, turn.model_dump_json().encode(), is_new=not anew)
    _write(_entry(studio, talk, turn.number), orjson.dumps({"turn": str(place)}))


def is_waiting(studio: Studio) -> bool:
    """Whether any message waits for an answer, of whatever talk."""
    return any(studio.workspace.chat_inbox.glob("*.json"))


def ask_to_stop(studio: Studio, talk: str, turn: Turn) -> None:
    """Tell the worker that nobody wants more of an answer."""
    _place(studio, talk, turn.number).with_suffix(".stop").touch()


def take_back(studio: Studio, talk: str, turn: Turn) -> None:
    """Take a message out of the inbox that no worker has in hand; what is missing of its answers stays so."""
    for entry in _entries(studio, talk, turn.number):
        entry.unlink(missing_ok=True)
    said = _place(studio, talk, turn.number).with_suffix(".said")
    with said.open("ab") as file:
        for place, answer in enumerate(_answers(said, len(turn.panes))):
            if answer.end is None:
                line = {"pane": place, "end": End.STOPPED, "text": answer.text}
                file.write(orjson.dumps(line) + b"\n")


def clear(studio: Studio, talk: str) -> None:
    """Nothing of a talk is left."""
    for entry in _entries(studio, talk):
        entry.unlink(missing_ok=True)
    shutil.rmtree(studio.workspace.chat(talk), ignore_errors=True)


def _exchange(studio: Studio, talk: str, place: Path) -> Exchange:
    turn = Turn.model_validate_json(place.read_bytes())
    is_open = bool(_entries(studio, talk, turn.number))  # looked at first: what is said before the entry goes is read
    answers = _answers(place.with_suffix(".said"), len(turn.panes))
    if not is_open:
        answers = tuple(answer if answer.end else replace(answer, end=End.CUT) for answer in answers)
    return Exchange(turn, answers, is_open)


def _answers(said: Path, panes: int) -> tuple[Answer, ...]:
    """What was said; a line that is still being written waits."""
    whole = whole_lines(said.read_bytes()) if said.exists() else b""
    return heard(map(orjson.loads, whole.splitlines()), panes)


def _place(studio: Studio, talk: str, number: int) -> Path:
    return studio.workspace.chat(talk) / f"turn-{number:04d}.json"


def _entry(studio: Studio, talk: str, number: int) -> Path:
    return studio.workspace.chat_inbox / f"{time.time_ns():020d}.{talk}.{number}.json"


def _entries(studio: Studio, talk: str, number: int | None = None) -> list[Path]:
    which = "*" if number is None else number
    return sorted(studio.workspace.chat_inbox.glob(f"*.{talk}.{which}.json"))


def _write(path: Path, content: bytes, *, is_new: bool = True) -> None:
    """Write a file so that it is there whole or not at all; of two that are new at once, the second is refused."""
    fresh = path.with_name(f"{path.name}.{time.time_ns()}.part")
    with fresh.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(fresh, path) if is_new else fresh.replace(path)
    except FileExistsError as error:
        raise RunError(
            "Another message was sent at the same moment.", fix="Wait for its answer, then send yours."
        ) from error
    finally:
        fresh.unlink(missing_ok=True)
