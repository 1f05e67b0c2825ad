"""Versions of a dataset."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("datasets", sa.Column("root_id", sa.String(length=64), nullable=True))
    op.add_column("datasets", sa.Column("parent_id", sa.String(length=64), nullable=True))
    op.add_column("datasets", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.add_column("datasets", sa.Column("step", sa.Text(), nullable=True))
    op.add_column("datasets", sa.Column("mending", sa.Text(), nullable=True))
    op.create_index("ix_datasets_root_id_version", "datasets", ["root_id", "version"], unique=True)
