"""Supervision: which host carries out the jobs of a database that several could."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "supervision",
        sa.Column("term", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("one", sa.Integer(), nullable=False),
        sa.Column("beat", sa.BigInteger(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=True),
        sa.Column("process_started", sa.String(length=100), nullable=True),
        sa.Column("folder", sa.String(length=64), nullable=False),
        sa.CheckConstraint("one = 1", name=op.f("ck_supervision_only_one")),
        sa.PrimaryKeyConstraint("term", name=op.f("pk_supervision")),
        sa.UniqueConstraint("one", name=op.f("uq_supervision_one")),
    )
