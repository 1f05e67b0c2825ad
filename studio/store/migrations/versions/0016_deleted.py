"""Deleted: one bin for everything that can be deleted, with the runs and deliveries that were in two of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "deleted",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("places", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('dataset', 'run', 'checkpoint', 'study', 'release', 'model')", name=op.f("ck_deleted_kind_known")
        ),
        sa.CheckConstraint("stage IN ('kept', 'going', 'gone')", name=op.f("ck_deleted_stage_known")),
        sa.PrimaryKeyConstraint("kind", "id", name=op.f("pk_deleted")),
    )
    op.execute(
        "INSERT INTO deleted (kind, id, name, bytes, at, stage, places) "
        "SELECT 'run', runs.id, runs.name, 0, logbook.deleted_at, "
        "CASE WHEN logbook.emptied_at IS NULL THEN 'kept' ELSE 'gone' END, '[]' "
        "FROM logbook JOIN runs ON runs.id = logbook.run_id WHERE logbook.deleted_at IS NOT NULL"
    )
    op.execute(
        "INSERT INTO deleted (kind, id, name, bytes, at, stage, places) "
        "SELECT 'release', id, run_name, 0, deleted_at, 'kept', '[]' FROM releases WHERE deleted_at IS NOT NULL"
    )
    for table, column in (("logbook", "deleted_at"), ("logbook", "emptied_at"), ("releases", "deleted_at")):
        op.drop_column(table, column)
