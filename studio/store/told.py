"""Told: what a run has reported, and what follows from that; of what was read before only what is new is read again.

Many people look at the same runs again and again. What the runs that were looked at last have reported is kept, and a
look adds what came since: it costs the same at the end of a long run as at its beginning.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, select, tuple_

from studio.domain.event import Event, EventKind
from studio.domain.run import Metric
from studio.store import tables

Moment = tuple[int, int]  # the attempt, and the number of the event in it
# The events of a run by their kind: when each was told, at what time, and what it says.
Told = dict[EventKind, list[tuple[Moment, float, dict[str, Any]]]]
MEASURED = frozenset(field.name for field in fields(Metric) if field.name != "step")
KINDS = tuple(kind.value for kind in EventKind if kind not in (EventKind.PROGRESS, EventKind.ROWS))
MOST = 30_000  # events that are kept, of all runs together; those of the run that was looked at last in any case


@dataclass(frozen=True, eq=False)
class Reported:
    """All that a run has reported; the same object as long as nothing came.

    `marks` are of each attempt how far its file had been read, and its last event.
    """

    told: Told
    newest: Moment
    marks: dict[int, tuple[int, int]]

    @cached_property
    def metrics(self) -> list[Metric]:
        return curve(self.told)

    @cached_property
    def answers(self) -> list[tuple[int, list[dict[str, str]]]]:
        return answers_of(self.told)

    @property
    def notes(self) -> list[dict[str, Any]]:
        return [data for _, _, data in self.told[EventKind.NOTE]]

    @property
    def measured(self) -> Moment:
        """When the curves became what they are."""
        return self._last(EventKind.METRIC, EventKind.START)

    @property
    def answered(self) -> Moment:
        """When the answers became what they are."""
        return self._last(EventKind.ANSWERS, EventKind.START)

    def _last(self, *kinds: EventKind) -> Moment:
        return max((self.told[kind][-1][0] for kind in kinds if self.told[kind]), default=(0, 0))

    @cached_property
    def size(self) -> int:
        return 1 + sum(map(len, self.told.values()))

    def events(self, *kinds: EventKind) -> list[Event]:
        """Those of these kinds, in the order in which they were told."""
        found = [(moment, at, kind, data) for kind in kinds for moment, at, data in self.told[kind]]
        return [
            Event(seq=moment[1], at=at, kind=kind, data=data)
            for moment, at, kind, data in sorted(found, key=lambda each: each[0])
        ]


class Reports:
    """What was read of the runs that were looked at last, by their jobs; may be asked by many threads."""

    def __init__(self, *, most: int = MOST) -> None:
        self._held: OrderedDict[str, Reported] = OrderedDict()
        self._lock, self._most = threading.Lock(), most

    def of(self, connection: Connection, job_id: str, marks: dict[int, tuple[int, int]]) -> Reported:
        """What the job has reported up to this moment of the database, in which the `marks` of its attempts stand."""
        held = self._held.get(job_id)
        if held is None or _is_behind(held, marks):
            held = Reported({EventKind(kind): [] for kind in KINDS}, (0, 0), {})
        rows = _since(connection, job_id, held.newest)
        found = _with(held, rows, marks) if rows else held
        self._keep(job_id, found)
        return found

    def _keep(self, job_id: str, found: Reported) -> None:
        with self._lock:
            self._held[job_id] = found
            self._held.move_to_end(job_id)
            while len(self._held) > 1 and sum(each.size for each in self._held.values()) > self._most:
                self._held.popitem(last=False)


def _is_behind(held: Reported, marks: dict[int, tuple[int, int]]) -> bool:
    """Whether something was added elsewhere than at the end: to an attempt that another had followed already."""
    last, _ = held.newest
    return any(marks.get(attempt) != mark for attempt, mark in held.marks.items() if attempt < last) or any(
        attempt not in held.marks for attempt in marks if attempt < last
    )


def _since(connection: Connection, job_id: str, newest: Moment) -> list[Any]:
    columns = tables.events.c
    question = (
        select(columns.attempt, columns.seq, columns.kind, columns.at, columns.data)
        .where(columns.job_id == job_id, tuple_(columns.attempt, columns.seq) > newest, columns.kind.in_(KINDS))
        .order_by(columns.attempt, columns.seq)
    )
    return list(connection.execute(question))


def _with(held: Reported, rows: list[Any], marks: dict[int, tuple[int, int]]) -> Reported:
    told = {kind: list(each) for kind, each in held.told.items()}
    for attempt, seq, kind, at, data in rows:
        told[EventKind(kind)].append(((attempt, seq), at, data))
    return Reported(told, (rows[-1].attempt, rows[-1].seq), marks)


def curve(told: Told) -> list[Metric]:
    """One point per step; steps that a later attempt repeated are as that attempt measured them."""
    steps: dict[int, tuple[Moment, dict[str, Any]]] = {}
    begun = starts(told)
    for moment, _, data in told[EventKind.METRIC]:
        if is_undone(begun, moment, data["step"]):
            continue
        since = max(((moment[0], 0), *(start for start, _ in begun if start < moment)))
        first_by, point = steps.get(data["step"], (since, {}))
        if since > first_by:
            point = {}
        held = {name: value for name, value in data.items() if value is not None and name in MEASURED}
        steps[data["step"]] = since, point | held if point else held
    return [Metric(step=step, **{"epoch": 0.0} | steps[step][1]) for step in sorted(steps)]


def answers_of(told: Told) -> list[tuple[int, list[dict[str, str]]]]:
    """What the model answered to the watched prompts at each check, by step."""
    begun = starts(told)
    by_step = {
        data["step"]: data["items"]
        for moment, _, data in told[EventKind.ANSWERS]
        if not is_undone(begun, moment, data["step"])
    }
    return sorted(by_step.items())


def starts(told: Told) -> list[tuple[Moment, int]]:
    """When the run went on from which step; an attempt that makes do with less memory goes on in itself."""
    return [(moment, data["step"]) for moment, _, data in told[EventKind.START]]


def is_undone(begun: list[tuple[Moment, int]], moment: Moment, step: int) -> bool:
    """Whether the run went on later from before this step."""
    return any(later > moment and step > start for later, start in begun)
