"""Loading Gradio without the work that it does for editors each time: a third of what it takes to be imported.

With every component that is defined, its module is parsed, and a stub beside it is parsed and written where it differs.
Gradio's package brings those stubs along; only who edits the package needs them anew.
"""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def without_stubs() -> Iterator[None]:
    """Inside, Gradio finds no source of its components, and so makes no stub of them."""
    find = inspect.getfile

    def find_others(what: Any) -> str:
        if isinstance(what, type) and what.__module__.startswith("gradio."):
            raise OSError("not looked for")
        return find(what)

    inspect.getfile = find_others
    try:
        yield
    finally:
        inspect.getfile = find
