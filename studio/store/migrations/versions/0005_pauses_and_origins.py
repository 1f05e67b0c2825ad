"""Pauses, which run another one came from, and which checkpoint of a run is used."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("pausing", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("runs", sa.Column("origin", sa.Text(), nullable=True))
    op.add_column("runs", sa.Column("chosen_step", sa.Integer(), nullable=True))
