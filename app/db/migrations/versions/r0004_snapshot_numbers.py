"""SQLite gives no snapshot the number of one that is gone; the check of a job's status has its name once."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_CHECK, _NAMED_TWICE = "ck_jobs_status", "ck_jobs_ck_jobs_status"


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":  # its sequence never goes back
        op.execute(f"ALTER TABLE jobs RENAME CONSTRAINT {_NAMED_TWICE} TO {_CHECK}")
        return
    checks = sa.inspect(connection).get_check_constraints("jobs")
    if any(check["name"] == _NAMED_TWICE for check in checks):  # a first import gave it the right one
        with op.batch_alter_table("jobs") as batch:
            batch.drop_constraint(op.f(_NAMED_TWICE), type_="check")
            batch.create_check_constraint(
                op.f(_CHECK), "status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')"
            )
    with op.batch_alter_table(
        "assessment_snapshots", recreate="always", table_kwargs={"sqlite_autoincrement": True}
    ):
        pass
    # The log, which only grows, knows the numbers of those that are gone.
    last = connection.exec_driver_sql(
        "SELECT max(number) FROM (SELECT id AS number FROM assessment_snapshots UNION ALL "
        "SELECT json_extract(details, '$.snapshot') FROM audit_log WHERE action = 'snapshot-take')"
    ).scalar()
    connection.execute(sa.text("DELETE FROM sqlite_sequence WHERE name LIKE '%assessment_snapshots'"))
    connection.execute(
        sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES ('assessment_snapshots', :last)"),
        {"last": last or 0},
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"ALTER TABLE jobs RENAME CONSTRAINT {_CHECK} TO {_NAMED_TWICE}")
        return
    # The check keeps its name: after a first import it was the right one before too.
    with op.batch_alter_table("assessment_snapshots", recreate="always"):
        pass
