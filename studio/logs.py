"""Logs: one configuration for the web process, the supervisor and the workers.

People read lines of text on the standard error; a file of each process takes JSON lines and is turned over by size. The
number of a press goes on to the job that it made, and to the worker that carries that out.
"""

import logging
import os
import re
import secrets
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import orjson

from studio import discreet
from studio.domain.excerpt import visible

LEVEL = "STUDIO_LOG_LEVEL"
LEVELS = ("debug", "info", "warning", "error")
FILE_BYTES, FILES = 10_000_000, 5
# What lets somebody in: keys, passwords, and the ends of addresses that work by themselves.
SECRET = re.compile(
    r"(stu_|hf_|bearer |(?:password|token)[\"']?\s*[=:]\s*[\"']?|/(?:open|welcome|verdict)/|[?&]t=)[^\s\"'&<>]+",
    re.IGNORECASE,
)

_about: ContextVar[Mapping[str, Any]] = ContextVar("about", default={})  # noqa: B039  nobody changes it


@contextmanager
def about(**values: Any) -> Iterator[None]:
    """What is logged inside says that it is about these as well; what is empty says nothing."""
    before = _about.set({**_about.get(), **{name: value for name, value in values.items() if value}})
    try:
        yield
    finally:
        _about.reset(before)


def new_request() -> str:
    """A number for one press or call."""
    return secrets.token_hex(8)


def request() -> str:
    """The number of the press or call for which this runs; empty where it runs for none."""
    return _about.get().get("request", "")


def masked(line: str) -> str:
    """The line without what lets somebody in; every line of every log goes through here."""
    return SECRET.sub(r"\1…", discreet.masked(line, discreet.secrets_in(os.environ)))


def file_of(process: str, *, is_shared: bool) -> str:
    """The name of a process's file; where several hosts share the folder, each has its own."""
    return f"{process}-{socket.gethostname()}" if is_shared else process


def configure(process: str, *, file: Path | None = None, shows: str = "warning") -> None:
    """Log as this process: text for people from the level `shows` on, and everything in JSON into `file`.

    `STUDIO_LOG_LEVEL` sets the level of both. A file that cannot be opened is told, and the process goes on without it.
    """
    level = os.environ.get(LEVEL, "").lower()
    level = level if level in LEVELS else ""
    text = logging.StreamHandler(sys.stderr)
    text.setFormatter(Text())
    text.setLevel((level or shows).upper())
    root, handlers = logging.getLogger(), [text]
    if file is not None:
        try:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            kept = RotatingFileHandler(file, maxBytes=FILE_BYTES, backupCount=FILES, encoding="utf-8", delay=False)
        except OSError as error:
            print(f"{file} cannot be written ({error.strerror}); what happens is told here alone.", file=sys.stderr)
        else:
            kept.setFormatter(Json(process))
            kept.setLevel((level or "info").upper())
            handlers.append(kept)
    for old in [each for each in root.handlers if isinstance(each, Faults) or isinstance(each.formatter, Text | Json)]:
        root.removeHandler(old)
        old.close()
    for handler in (*handlers, Faults()):
        root.addHandler(handler)
    root.setLevel(min(handler.level for handler in handlers))
    for noisy in ("httpx", "httpcore", "urllib3", "asyncio", "multipart", "matplotlib", "PIL", "fontTools", "alembic"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))
    logging.captureWarnings(False)


class Faults(logging.Handler):
    """Counts what this process logged as an error: something of the studio's own failed."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.told = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.told += 1


def faults() -> int:
    """How many errors this process has logged since it was configured."""
    return sum(each.told for each in logging.getLogger().handlers if isinstance(each, Faults))


def apology(number: str) -> str:
    """What people read where the studio itself failed in a press or call of this number."""
    told = f" the number {number}: the log tells of it under that" if number else "; the log tells more"
    return (
        "Something in the studio itself failed; nothing of yours is lost. Try it once more; if it fails again, tell "
        f"whoever runs the studio{told}."
    )


class Text(logging.Formatter):
    """A line for people: when, how grave, what, and what it is about."""

    def format(self, record: logging.LogRecord) -> str:
        told, named = _told(record), _about.get()
        end = f"  [{' '.join(f'{name}={value}' for name, value in named.items())}]" if named else ""
        trace = f"\n{self.formatException(record.exc_info)}" if record.exc_info else ""
        # What somebody wrote makes no line of its own, and moves no terminal.
        line = "\n    ".join(map(visible, f"{told}{end}{trace}".split("\n")))
        return masked(f"{_at(record)} {record.levelname} {line}")


class Json(logging.Formatter):
    """A line for programs."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self.process = process

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": _at(record), "level": record.levelname.lower(), "process": self.process, "pid": record.process,
            "logger": record.name, "message": masked(_told(record)), **_about.get(),
        }  # fmt: skip
        if record.exc_info:
            line["traceback"] = masked(self.formatException(record.exc_info))
        return orjson.dumps(line, default=str).decode()


def _told(record: logging.LogRecord) -> str:
    """What was said; where that cannot be put together, what it was to be put together from."""
    try:
        return record.getMessage().encode("utf-8", "replace").decode()
    except Exception:
        return f"{record.msg!r} {record.args!r}"


def _at(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
