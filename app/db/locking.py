"""Who changes what waits for whom."""

import hashlib

import sqlalchemy as sa
from sqlalchemy.orm import Session


def lock_area(session: Session, area_id: str) -> None:
    """Have other transactions that change this area wait until this one ends, for as long as it takes.

    SQLite has one writer at a time anyway, and takes its lock with the first statement: who writes an area's files
    first keeps nobody waiting meanwhile. There the lock file in the data directory keeps importers apart.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text("SET LOCAL lock_timeout = 0"))
        _lock(session, f"reach15 area {area_id}")


def lock_scenario(session: Session, area_id: str, name: str) -> None:
    """The same for one scenario, whether it is there yet or not; imports of its area go on."""
    if session.get_bind().dialect.name == "postgresql":
        _lock(session, f"reach15 scenario {area_id}/{name}")


def lock_standard(session: Session, standard_id: str) -> None:
    """The same for one standard, whether it is there yet or not."""
    if session.get_bind().dialect.name == "postgresql":
        _lock(session, f"reach15 standard {standard_id}")


def _lock(session: Session, name: str) -> None:
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
    session.execute(sa.text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})
