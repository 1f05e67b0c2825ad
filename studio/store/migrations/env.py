"""Run by Alembic: the steps happen on the connection that the store passes in, inside its transaction."""

from alembic import context

from studio.store import access_tables, tables  # noqa: F401  they fill the metadata
from studio.store.columns import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
