"""Models that come from a hub."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("models", sa.Column("hub_id", sa.Text(), nullable=True))
    op.add_column("models", sa.Column("revision", sa.Text(), nullable=True))
    op.add_column("models", sa.Column("job_id", sa.String(length=64), nullable=True))
    op.create_index("ix_models_hub_id_revision", "models", ["hub_id", "revision"], unique=True)
