"""Which device a job is to have, and which one it has."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("wants", sa.String(length=64), nullable=True))
    op.add_column("jobs", sa.Column("place", sa.String(length=64), nullable=True))
