"""First tables: areas and their versions, places, standards, jobs, snapshots and the audit log."""

import sqlalchemy as sa
from alembic import op

from app.db.base import Json, RowId, UtcDateTime
from app.db.first_places import drop_first_index, make_first_index, make_first_view
from app.db.geometry_type import Shape
from app.db.place_views import PLACES, drop_place_views

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        # A trusted extension: the owner of the database may make it.
        op.execute("CREATE EXTENSION IF NOT EXISTS postgis")
    _make_areas()
    _make_places()
    _make_the_rest()
    for table in PLACES:
        make_first_index(op.get_bind(), table)
        make_first_view(op.get_bind(), table)


def downgrade() -> None:
    drop_place_views(op.get_bind())
    for table in PLACES:
        drop_first_index(op.get_bind(), table)
    for table in ("audit_log", "assessment_snapshots", "jobs", "standards", *reversed(PLACES)):
        op.drop_table(table)
    for table in ("import_reports", "current_versions", "area_versions", "areas"):
        op.drop_table(table)


def _make_areas() -> None:
    op.create_table(
        "areas",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_areas"),
    )
    op.create_table(
        "area_versions",
        sa.Column("id", RowId, nullable=False),
        sa.Column("area_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("folder", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("data_hash", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("counts", Json, nullable=False),
        sa.Column("extent", Shape(), nullable=False),
        sa.Column("extent_basis", sa.String(), nullable=False),
        sa.Column("study_area", Shape(), nullable=True),
        sa.Column("max_link_m", sa.Double(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_area_versions"),
        sa.ForeignKeyConstraint(
            ["area_id"], ["areas.id"], name="fk_area_versions_area_id_areas", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("area_id", "number", name="uq_area_versions_area_id_number"),
        sa.UniqueConstraint("area_id", "id", name="uq_area_versions_area_id_id"),
        sa.UniqueConstraint("folder", name="uq_area_versions_folder"),
    )
    op.create_table(
        "current_versions",
        sa.Column("area_id", sa.String(), nullable=False),
        sa.Column("version_id", RowId, nullable=False),
        sa.PrimaryKeyConstraint("area_id", name="pk_current_versions"),
        sa.ForeignKeyConstraint(
            ["area_id"], ["areas.id"], name="fk_current_versions_area_id_areas", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["area_id", "version_id"],
            ["area_versions.area_id", "area_versions.id"],
            name="fk_current_versions_area_id_version_id_area_versions",
        ),
    )
    op.create_index("ix_current_versions_version_id", "current_versions", ["version_id"])
    op.create_table(
        "import_reports",
        sa.Column("version_id", RowId, nullable=False, autoincrement=False),
        sa.Column("report", Json, nullable=False),
        sa.PrimaryKeyConstraint("version_id", name="pk_import_reports"),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["area_versions.id"],
            name="fk_import_reports_version_id_area_versions",
            ondelete="CASCADE",
        ),
    )


def _make_places() -> None:
    _make_place_table(
        "households",
        sa.Column("household_id", sa.String(), nullable=False),
        sa.Column("households", sa.Double(), nullable=False),
        sa.Column("population", sa.Double(), nullable=True),
        *(
            sa.Column(f"pop_{group}", sa.Double(), nullable=True)
            for group in ("0_3", "3_6", "6_12", "60plus", "65plus")
        ),
        sa.Column("estimated", sa.Boolean(), nullable=False),
        sa.Column("zone_position", sa.Integer(), nullable=True),
        sa.Column("shape", Shape("POINT"), nullable=False),
    )
    _make_place_table(
        "facilities",
        sa.Column("facility_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("tags", Json, nullable=False),
        sa.Column("services", Json, nullable=False),
        sa.Column("area_m2", sa.Double(), nullable=True),
        sa.Column("shape", Shape("POINT"), nullable=False),
    )
    _make_place_table(
        "zones",
        sa.Column("zone_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("shape", Shape(), nullable=False),
    )


def _make_place_table(name: str, *columns: sa.Column[object]) -> None:
    op.create_table(
        name,
        sa.Column("id", RowId, nullable=False),
        sa.Column("version_id", RowId, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        sa.UniqueConstraint("version_id", "position", name=f"uq_{name}_version_id_position"),
    )


def _make_the_rest() -> None:
    op.create_table(
        "standards",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("document", Json, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_standards"),
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("area_id", sa.String(), nullable=True),
        sa.Column("request", Json, nullable=False),
        sa.Column("stage", sa.String(), nullable=True),
        sa.Column("percent", sa.Double(), nullable=True),
        sa.Column("details", Json, nullable=True),
        sa.Column("report", Json, nullable=True),
        sa.Column("error", Json, nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("retriable", sa.Boolean(), nullable=False),
        sa.Column("worker", sa.String(), nullable=True),
        sa.Column("heartbeat_at", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')", name="ck_jobs_status"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
    )
    op.create_index("ix_jobs_status_created_at", "jobs", ["status", "created_at"])
    op.create_table(
        "assessment_snapshots",
        sa.Column("id", RowId, nullable=False),
        sa.Column("area_id", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("standard_id", sa.String(), nullable=False),
        sa.Column("parameters", Json, nullable=False),
        sa.Column("coverage", Json, nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("taken_at", UtcDateTime(), nullable=False),
        sa.Column("taken_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_assessment_snapshots"),
        sa.ForeignKeyConstraint(
            ["area_id"], ["areas.id"], name="fk_assessment_snapshots_area_id_areas", ondelete="CASCADE"
        ),
    )
    op.create_index(
        "ix_assessment_snapshots_area_id_taken_at", "assessment_snapshots", ["area_id", "taken_at"]
    )
    op.create_table(
        "audit_log",
        sa.Column("id", RowId, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("details", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_log"),
    )
    op.create_index("ix_audit_log_subject_at", "audit_log", ["subject", "at"])
