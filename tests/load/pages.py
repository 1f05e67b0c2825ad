"""Pages: which controls and events the studio's two pages have; events by what handles them or by what begins them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.flows.studio import open_studio
from studio.ui.rights import innermost
from studio.web.access.gate import AccessGate
from studio.web.app import build_app


@dataclass(frozen=True, slots=True)
class Field:
    """A component that an event is told the value of; what lies in a session on the server is sent as nothing."""

    label: str
    value: Any


@dataclass(frozen=True, slots=True)
class Event:
    """An event by its number, what handles it, the words on what begins it, what it is told, and whether it is told of
    by the queue or in the answer to the press."""

    number: int
    handler: str
    begun_by: tuple[tuple[str, str], ...]
    fields: tuple[Field, ...]
    is_queued: bool = True

    def payload(self, values: dict[str, Any]) -> list[Any]:
        return [values.get(field.label, field.value) for field in self.fields]


@dataclass(frozen=True, slots=True)
class Page:
    """How many controls it has, and its events."""

    controls: int
    events: tuple[Event, ...]


def pages_of(workspace: Path) -> dict[str, Page]:
    """Of the studio ("") and of the rating page ("/rate"); numbers are the same in every process of this version."""
    studio = open_studio(workspace)
    app = build_app(studio)
    (gate,) = [each for each in app.user_middleware if each.cls is AccessGate]
    studio.store.close()
    made = {path: right_of.__self__ for path, right_of in gate.kwargs["events"].items()}
    return {path: Page(len(page.blocks), tuple(_events(page))) for path, page in made.items()}


def _events(page: Any) -> Any:
    for number, fn in page.fns.items():
        if fn.fn is None:
            continue
        meant = innermost(fn.fn)
        begun = tuple((_words(page.blocks[block]), event) for block, event in fn.targets if block in page.blocks)
        yield Event(number, f"{meant.__module__}:{meant.__qualname__}", begun, tuple(map(_field, fn.inputs)), fn.queue)


def _field(block: Any) -> Field:
    is_kept = type(block).__name__ == "State"
    return Field(_words(block), None if is_kept else getattr(block, "value", None))


def _words(block: Any) -> str:
    return str(getattr(block, "label", None) or getattr(block, "elem_id", None) or getattr(block, "value", None) or "")


def by_handler(events: tuple[Event, ...], handler: str, *, begun_by: str = "") -> Event:
    """The first event that this handles, begun by what has these words on it."""
    for event in events:
        if event.handler.endswith(handler) and (not begun_by or any(begun_by in words for words, _ in event.begun_by)):
            return event
    raise LookupError(f"no event is handled by {handler} {begun_by}")
