"""Discreet: what a process of the studio keeps to itself: the secrets of its environment, its files and its memory."""

import ctypes
import os
import re
import resource
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

NAMED = re.compile(
    r"(?:^|_)(?:KEY|APIKEY|TOKEN|SECRET|PASSWORD|PASSWD|PASS|CREDENTIALS?|AUTHORIZATION)(?:_|$)", re.IGNORECASE
)
IN_ADDRESS = re.compile(r"://[^/@\s:]*:([^/@\s]+)@")
SHORTEST = 8  # letters: what is shorter would be found in the middle of words
MASK = "•••"
PR_SET_DUMPABLE = 4


def begin(*, alone: bool = False, out: bool = False) -> None:
    """What a process does first: files for its user alone, no picture of its memory, no secret in what it complains of.

    `alone` keeps other processes of the user from reading its environment; `out` holds for its standard output, too.
    """
    if sys.platform == "linux":
        os.umask(0o077)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if alone and sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0)
    secrets = secrets_in(os.environ)
    if secrets:
        sys.stderr = Masked(sys.stderr, secrets)  # type: ignore[assignment]
        if out:
            sys.stdout = Masked(sys.stdout, secrets)  # type: ignore[assignment]


def secrets_in(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The values that nobody is to read: of variables that are called so, and passwords in addresses; longest first."""
    found = {value for name, value in environ.items() if NAMED.search(name)}
    for value in environ.values():
        for password in IN_ADDRESS.findall(value):
            found |= {password, unquote(password)}
    return tuple(sorted((each for each in found if len(each) >= SHORTEST), key=len, reverse=True))


def is_secret(name: str, value: str) -> bool:
    """Whether a variable is called as a secret is, or holds an address with a password in it."""
    return bool(NAMED.search(name) or IN_ADDRESS.search(value))


def masked(text: str, secrets: Iterable[str]) -> str:
    """The text without them."""
    for secret in secrets:
        text = text.replace(secret, MASK)
    return text


class Masked:
    """A stream of text that leaves secrets out; all else is the stream's own."""

    def __init__(self, stream: Any, secrets: tuple[str, ...]) -> None:
        self._stream, self._secrets = stream, secrets

    def write(self, text: str) -> int:
        self._stream.write(masked(text, self._secrets))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
