"""Passwords: what is good enough, and how one is kept so that nobody can read it."""

import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, TypeVar

from studio.domain.errors import AccessError

if TYPE_CHECKING:
    from pwdlib import PasswordHash

SHORTEST, LONGEST = 10, 256
GUESSES = 10**6  # what a guesser who knows common passwords, names and patterns needs at least
AT_ONCE = 2  # a check takes 64 MB and a core for a moment: a flood of them must not take the whole machine
STEPS_BACK = 5  # in its four threads: together they get as much of a busy machine as one that steps not back
T = TypeVar("T")


def check(password: str, name: str = "") -> str:
    """The password itself; AccessError where it is too short, too long or among those that are tried first."""
    if not SHORTEST <= len(password) <= LONGEST:
        said = f"A password has {SHORTEST} to {LONGEST} letters; this one has {len(password)}."
        raise AccessError(said, fix="A few words in a row are long and easy to keep in mind.", field="password")
    from zxcvbn import zxcvbn  # holds 30,000 common passwords, and takes 0.2 s to load

    if zxcvbn(password[:72], user_inputs=[name, *name.split(), "assay", "studio"])["guesses"] < GUESSES:
        raise AccessError(
            "This password is among those that are tried first.",
            fix="Take a few words that do not belong together.", field="password",
        )  # fmt: skip
    return password


def hashed(password: str) -> str:
    """The password as it is kept: Argon2id with a salt of its own."""
    return _apart(lambda: _hasher().hash(password))


def is_right(password: str, kept: str | None) -> tuple[bool, str | None]:
    """Whether it is the password that was kept, and how to keep it from now on where hashing has become stronger.

    It takes as long where nothing is kept: how long an answer took does not tell who is known.
    """
    if len(password) > LONGEST:
        return False, None
    right, renewed = _apart(lambda: _hasher().verify_and_update(password, kept or _of_nobody()))
    return (right, renewed) if kept else (False, None)


@cache
def _hasher() -> "PasswordHash":
    from pwdlib import PasswordHash

    return PasswordHash.recommended()


@cache
def _of_nobody() -> str:
    return _hasher().hash("a password that nobody has")


def _apart(work: Callable[[], T]) -> T:
    """What comes of it, done in one of the few threads that are there for it."""
    return _threads().submit(work).result()


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="passwords", initializer=_step_back)


def _step_back() -> None:
    """On Linux each thread has a place of its own in the line for the processor; those that it starts have the same."""
    if sys.platform == "linux":
        with suppress(OSError):  # where a thread may not say that, it checks passwords all the same
            os.setpriority(os.PRIO_PROCESS, 0, max(STEPS_BACK, os.getpriority(os.PRIO_PROCESS, 0)))
