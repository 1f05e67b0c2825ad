"""Run by Alembic: the steps happen on the connection that the store passes in, inside its transaction."""

from alembic import context

from studio.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
