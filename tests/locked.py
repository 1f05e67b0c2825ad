"""A SQLite file that another program writes, which our own line of writers knows nothing of."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from studio.store.database import Store


@contextmanager
def taken(store: Store) -> Iterator[None]:
    """Nobody else reads or writes its database meanwhile."""
    with closing(sqlite3.connect(store.workspace.database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")
