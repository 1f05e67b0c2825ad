"""Bounded: chat templates come with a model and are small programs; what one may take while it writes a conversation.

transformers runs them in a sandbox, which keeps them from everything but memory and time. Both are held here, in the
process that writes: a worker, never the page.
"""

import re
import resource
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from studio.domain.errors import RecipeError

MEMORY = 1 << 30  # bytes, beside what the process has already
SECONDS = 60.0  # of processors, for up to a thousand conversations at once
CHARACTERS = 64_000_000  # of one conversation; what was written there is in memory anyway
LARGEST = 4096  # bits of a number
NESTED = 60
LONGEST = 100_000  # characters, five times those of the longest that is known
AGAIN = 0.1  # seconds until it is raised once more: whatever clears away an object swallows what is raised there
BY_LIMIT = -8  # the number of the clock that RLIMIT_CPU goes by; that of `time.process_time` drifts from it
OPENING, CLOSING = re.compile(r"{%-?\s*(?:for|if|macro|call|filter)\b"), re.compile(r"{%-?\s*end(?!set|generation)")
ONE_AT_A_TIME = threading.RLock()
FIX = "Choose another model, or a folder with the chat template as its maker published it."

Render = Callable[..., Any]


class OverlongError(Exception):
    """Raised where the work is when its time is over; no template can catch it."""


def processor_time() -> float:
    """Seconds of processors that this process has taken, as RLIMIT_CPU counts them."""
    return time.clock_gettime(BY_LIMIT)


def bind(library: Any, sandbox: Any) -> None:
    """Hold to the limits whatever this process writes with a chat template, whoever asks for it.

    `library` is the module of transformers that has `render_jinja_template`, `sandbox` the class of environments of
    Jinja that it runs templates in.
    """
    sandbox.intercepted_binops = frozenset(PRODUCTS)
    sandbox.default_binop_table = sandbox.default_binop_table | PRODUCTS
    if not hasattr(library.render_jinja_template, "is_bounded"):
        library.render_jinja_template = bounded(library.render_jinja_template)


def bounded(render: Render) -> Render:
    """The same function, held to the limits; RecipeError beyond them."""

    def rendered(*args: Any, **kwargs: Any) -> Any:
        _check_text(kwargs.get("chat_template") or "")
        try:
            with limits(memory=MEMORY, seconds=SECONDS):
                found = render(*args, **kwargs)
        except (MemoryError, OverflowError) as error:
            raise _refusal("takes all memory") from error
        except (RecursionError, SyntaxError) as error:
            raise _refusal("is nested more deeply than can be followed") from error
        except OverlongError as error:
            raise _refusal("takes more than a minute") from error
        if any(isinstance(text, str) and len(text) > CHARACTERS for text in found[0]):
            raise _refusal("writes without end")
        return found

    rendered.is_bounded = True  # type: ignore[attr-defined]
    return rendered


@contextmanager
def limits(*, memory: int, seconds: float) -> Iterator[None]:
    """Let the block take so much more memory, and so many seconds of processors where it is in the main thread.

    A computation that cannot be interrupted (numbers of a million digits) is ended with its process by the kernel.
    """
    with ONE_AT_A_TIME, _limited(resource.RLIMIT_DATA, _data(), memory):
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        with _limited(resource.RLIMIT_CPU, int(processor_time()), int(2 * seconds) + 2), _interrupted(seconds):
            yield


@contextmanager
def _limited(what: int, now: int | None, more: int) -> Iterator[None]:
    """Let the process have so much more of something than now, unless it is held to less already."""
    soft, hard = resource.getrlimit(what)
    most = None if now is None else now + more
    if most is not None and (soft == resource.RLIM_INFINITY or most < soft):
        resource.setrlimit(what, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(what, (soft, hard))


@contextmanager
def _interrupted(seconds: float) -> Iterator[None]:
    handler = signal.signal(signal.SIGVTALRM, _too_long)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds, AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, handler)


def _product(left: Any, right: Any) -> Any:
    sizes = [each.bit_length() if isinstance(each, int) else 1 for each in (left, right)]
    longest = max((len(each) for each in (left, right) if isinstance(each, str | list | tuple)), default=0)
    times = max(each for each in (left, right, 1) if isinstance(each, int))
    if sum(sizes) > LARGEST or longest * times > CHARACTERS:
        raise MemoryError
    return left * right


def _power(left: Any, right: Any) -> Any:
    if isinstance(left, int) and isinstance(right, int) and left.bit_length() * right > LARGEST:
        raise MemoryError
    return left**right


# Asked before it is multiplied: a single product could take hours in which nothing interrupts it.
PRODUCTS: dict[str, Callable[[Any, Any], Any]] = {"*": _product, "**": _power}


def _check_text(template: str) -> None:
    """Refuse what can be told from the text: nesting that the compiler would not survive, and powers."""
    deepest = depth = 0
    for found in re.finditer(f"({OPENING.pattern})|{CLOSING.pattern}", template):
        depth += 1 if found[1] else -1
        deepest = max(deepest, depth)
    if deepest > NESTED or len(template) > LONGEST:
        raise _refusal("is longer or nested more deeply than any that is known")


def _data() -> int | None:
    """Bytes of memory that this process has of its own; None where the system does not tell."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    return 1024 * int(next(line for line in lines if line.startswith("VmData:")).split()[1])


def _too_long(_number: int, _frame: FrameType | None) -> NoReturn:
    raise OverlongError


def _refusal(what: str) -> RecipeError:
    return RecipeError(f"The chat template of this model {what}, so nothing can be written with it.", fix=FIX)
