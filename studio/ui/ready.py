"""Ready: parts of a page's description that are written out once, and not anew for everybody who opens the page.

For each opening Gradio copies the whole description, goes through all of it for files whose address depends on how the
studio is reached, and writes it out: a twentieth of a second of everybody's time. Most of it is the same for all.
See docs/decisions/0037.
"""

from collections.abc import Iterator
from typing import Any, Self

import orjson
from gradio.data_classes import JsonData
from gradio.routes import ORJSONResponse
from gradio_client.utils import is_file_obj_with_url


class Ready(JsonData):
    """A part of the description that stands as it is: to be read like the dictionary that it was, and never changed."""

    _written: orjson.Fragment

    def __init__(self, part: dict[str, Any]) -> None:
        written = ORJSONResponse._render(part)
        super().__init__(root=orjson.loads(written))
        self._written = orjson.Fragment(written)

    @property
    def _part(self) -> dict[str, Any]:
        assert isinstance(self.root, dict)
        return self.root

    def __getitem__(self, name: str) -> Any:
        return self._part[name]

    def __contains__(self, name: object) -> bool:
        return name in self._part

    def get(self, name: str, otherwise: Any = None) -> Any:
        return self._part.get(name, otherwise)

    def __deepcopy__(self, memo: Any = None) -> Self:
        return self

    def model_dump(self, **_: Any) -> Any:
        """What Gradio asks for where it writes this out."""
        return self._written


def ready(part: dict[str, Any]) -> Any:
    """The part as it can be sent to everybody; one that names a file is left to Gradio, which completes its address."""
    return part if any(map(is_file_obj_with_url, _inner(part))) else Ready(part)


def _inner(part: Any) -> Iterator[Any]:
    yield part
    inside = part.values() if isinstance(part, dict) else part if isinstance(part, list | tuple) else ()
    for each in inside:
        yield from _inner(each)
