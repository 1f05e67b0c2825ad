"""Reservations: what jobs that wait or run may still write counts as taken, until they end.

Nothing has to be given back: a reservation counts as long as its job is live, however that ends.
"""

import os
from pathlib import Path

from sqlalchemy import Connection, select, text

from studio.domain.job import LIVE, JobKind
from studio.domain.space import SPARE, Claim
from studio.store import tables
from studio.store.database import Store
from studio.store.jobs.rows import is_in


def reserve(connection: Connection, job_id: str, claim: Claim) -> None:
    """Promise a job its bytes, in the transaction in which it begins to wait; the refusal of the claim where they are
    not there beside what was promised to others."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE reservations IN SHARE ROW EXCLUSIVE MODE"))
    connection.execute(tables.reservations.delete().where(tables.reservations.c.job_id == job_id))
    if (left := _left_beside(connection, claim)) < 0:
        raise claim.refuse(-left)
    values = {"job_id": job_id, "bytes": claim.bytes, "place": str(claim.place)}
    connection.execute(tables.reservations.insert().values(values))


def left_beside(store: Store, claim: Claim) -> int:
    """How many bytes would be left beside what is claimed and what live jobs may still write."""
    with store.read() as connection:
        return _left_beside(connection, claim)


def promised(store: Store, place: Path) -> tuple[int, int]:
    """What live jobs may still write on the disk of a place, and in the workspace."""
    with store.read() as connection:
        return _promised(connection, place, root=store.workspace.root)


def size_of(place: Path) -> int:
    """The bytes of a file, or of all files in a folder; of what goes meanwhile nothing."""
    try:
        with os.scandir(place) as entries:
            return sum(
                size_of(Path(entry.path)) if entry.is_dir(follow_symlinks=False) else _bytes(entry) for entry in entries
            )
    except NotADirectoryError:
        return place.stat().st_size if place.is_file() else 0
    except FileNotFoundError:
        return 0


def _bytes(entry: "os.DirEntry[str]") -> int:
    try:
        return entry.stat(follow_symlinks=False).st_size
    except FileNotFoundError:
        return 0


def _left_beside(connection: Connection, claim: Claim) -> int:
    disk, budget = _promised(connection, claim.place, root=claim.workspace)
    left = claim.disk - SPARE - disk
    if claim.budget is not None:
        left = min(left, claim.budget - budget)
    return left - max(claim.bytes - _written(claim.place), 0)


def _promised(connection: Connection, place: Path, *, root: Path) -> tuple[int, int]:
    kept, jobs = tables.reservations, tables.jobs
    question = select(kept.c.place, kept.c.bytes, jobs.c.kind, jobs.c.total).join(jobs, jobs.c.id == kept.c.job_id)
    on_disk, inside, disk = 0, 0, _disk_of(place)
    for row in connection.execute(question.where(is_in(jobs.c.state, LIVE))):
        # How large a model is, the hub tells only after the download has begun.
        whole = max(row.bytes, row.total) if row.kind == JobKind.DOWNLOAD else row.bytes
        left = max(whole - _written(Path(row.place)), 0)
        on_disk += left if _disk_of(Path(row.place)) == disk else 0
        inside += left if Path(row.place).is_relative_to(root) else 0
    return on_disk, inside


def _written(place: Path) -> int:
    """What is there of it already, also under the name that it has until it is whole."""
    drafts = (place, place.with_name(f"{place.name}.part"), place.with_name(f".{place.name}.part"))
    return sum(size_of(each) for each in drafts)


def _disk_of(place: Path) -> int:
    """Which disk holds a place or, while it does not exist, its nearest parent."""
    for each in (place, *place.absolute().parents):
        try:
            return each.stat().st_dev
        except OSError:
            continue
    return 0
