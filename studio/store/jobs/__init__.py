"""Jobs in the database: submitted once, claimed by one, moved only as TRANSITIONS allows, and told event by event."""

from studio.store.jobs.entry import by_key, get, ids_of, naming, of_subject, record, spec, submit
from studio.store.jobs.line import NOT_WAITING, claim, live, move_in_line, want
from studio.store.jobs.moves import Process, move, process, requeue, set_process, wish
from studio.store.jobs.reservations import left_beside, promised, size_of
from studio.store.jobs.rows import job_of
from studio.store.jobs.telling import StoredEvent, add_events, events, heard, offset, say, stretches

__all__ = [
    "NOT_WAITING", "Process", "StoredEvent", "add_events", "by_key", "claim", "events", "get", "heard", "ids_of",
    "job_of", "left_beside", "live", "move", "move_in_line", "naming", "of_subject", "offset", "process", "promised",
    "record", "requeue", "say", "set_process", "size_of", "spec", "stretches", "submit", "want", "wish",
]  # fmt: skip
