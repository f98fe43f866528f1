"""Scenarios: proposals kept by name."""

import sqlalchemy as sa
from alembic import op

from app.db.base import RowId, UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "scenarios",
        sa.Column("id", RowId, nullable=False),
        sa.Column("area_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.Column("lenient", sa.Boolean(), nullable=False),
        sa.Column("crs", sa.String(), nullable=True),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_scenarios"),
        sa.ForeignKeyConstraint(
            ["area_id"], ["areas.id"], name="fk_scenarios_area_id_areas", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("area_id", "name", name="uq_scenarios_area_id_name"),
    )


def downgrade() -> None:
    op.drop_table("scenarios")
