#!/usr/bin/env python3
"""A PostgreSQL with PostGIS of one's own, in a temporary folder on a free port, removed when done.

``python3 scripts/private_postgis.py`` prints its address and keeps it until Ctrl-C, ``--check`` says whether it could;
tests use `private_postgis`.
PostgreSQL refuses to run as root: then it runs as the user ``postgres``, who comes with Debian's package.
"""

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

PACKAGE = "postgresql-15-postgis-3"
USER, DATABASE = "reach15", "reach15"
_START_S = 90
FIRST_GIVEN_PORT = 32_768
"""Linux gives ports from here on to whoever asks for any; other systems begin later."""
_SETTINGS = {
    "fsync": "off",  # a machine that crashes takes the tests with it anyway
    "full_page_writes": "off",
    "listen_addresses": "127.0.0.1",
    "max_connections": "60",
    "timezone": "UTC",
}


class PostgisMissingError(Exception):
    """The programs or the extension are not installed, or the cluster does not start; says what to do."""


class PrivatePostgis:
    """A running cluster. It can be stopped and started again, as a server that goes away does."""

    def __init__(self, folder: Path, programs: Path, port: int) -> None:
        self._folder = folder
        self._programs = programs
        self.port = port

    @property
    def address(self) -> str:
        """For ``REACH15_DATABASE_URL``."""
        return self.address_of(DATABASE)

    def address_of(self, database: str) -> str:
        """The address of one of its databases."""
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start, and wait until it answers."""
        options = " ".join(f"-c {name}={value}" for name, value in _SETTINGS.items())
        options += f" -p {self.port} -k {self._folder}"
        self._control("start", "-w", "-t", str(_START_S), "-l", str(self._folder / "log"), "-o", options)

    def stop(self) -> None:
        """Stop, breaking off every connection; what was committed is kept."""
        self._control("stop", "-m", "fast", "-w")

    def make_database(self, name: str) -> str:
        """Make an empty database with PostGIS ready to be created in it; returns its address."""
        self.run("createdb", "--template", DATABASE, name)
        return self.address_of(name)

    def drop_database(self, name: str) -> None:
        """Drop a database, whoever is connected to it."""
        self.run("dropdb", "--force", "--if-exists", name)

    def run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's clients against the cluster."""
        where = ["-h", str(self._folder), "-p", str(self.port), "-U", USER]
        run_unprivileged([str(self._programs / program), *where, *arguments])

    def _control(self, action: str, *options: str) -> None:
        command = [str(self._programs / "pg_ctl"), "-D", str(self._folder / "data"), "-s", action, *options]
        run_unprivileged(command)


@contextlib.contextmanager
def private_postgis() -> Iterator[PrivatePostgis]:
    """A cluster that exists while the block runs, and is removed however that ends.

    Raises
    ------
    PostgisMissingError
        If it cannot be had.
    """
    programs = find_programs()
    folder = Path(tempfile.mkdtemp(prefix="reach15-postgis-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, _unprivileged().pw_name)
        initdb = [str(programs / "initdb"), "-D", str(folder / "data"), "-U", USER, "-A", "trust"]
        run_unprivileged([*initdb, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"])
        cluster = PrivatePostgis(folder, programs, free_port())
        cluster.start()
        with _ended_with_us(cluster):
            cluster.run("createdb", "--template", "template0", DATABASE)
            cluster.run("psql", "-d", DATABASE, "-q", "-c", "CREATE EXTENSION postgis")
            yield cluster
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def find_programs() -> Path:
    """The folder of PostgreSQL's programs, its newest version that has PostGIS.

    Raises
    ------
    PostgisMissingError
        If there is none.
    """
    homes = Path("/usr/lib/postgresql")
    versions = sorted(
        (home for home in homes.glob("*") if home.name.isdecimal()), key=lambda home: int(home.name)
    )
    for home in reversed(versions):
        extension = Path("/usr/share/postgresql") / home.name / "extension" / "postgis.control"
        if (home / "bin" / "initdb").exists() and extension.exists():
            return home / "bin"
    message = f"PostgreSQL with PostGIS is not installed; on Debian 12: apt-get install {PACKAGE}"
    raise PostgisMissingError(message)


def run_unprivileged(command: Sequence[str]) -> None:
    """Run a command as a user whom PostgreSQL accepts; its output is told only when it fails."""
    identity = {}
    if os.geteuid() == 0:
        user = _unprivileged()
        identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    # A file and no pipe: the server that pg_ctl starts keeps it open, and a pipe would never end.
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        status = subprocess.call(
            command,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            **identity,  # type: ignore[arg-type]
        )
        if status != 0:
            output.seek(0)
            message = f"{Path(command[0]).name} failed: {' '.join(output.read().split()) or status}"
            raise PostgisMissingError(message)


def _unprivileged() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        message = f"root may not run PostgreSQL, and there is no user postgres; install {PACKAGE}"
        raise PostgisMissingError(message) from None


@contextlib.contextmanager
def _ended_with_us(cluster: PrivatePostgis) -> Iterator[None]:
    """Stop the cluster when the block ends, and when a signal ends us: it is no child that would end by itself."""
    previous = None
    if threading.current_thread() is threading.main_thread():
        previous = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        yield
    finally:
        with contextlib.suppress(PostgisMissingError):  # a test may have stopped it
            cluster.stop()
        if previous is not None:
            signal.signal(signal.SIGTERM, previous)


def free_port() -> int:
    """A port that nobody listens on, of those that no system gives away by itself.

    Another one could go to any connection before its server listens on it, or while that is stopped.
    """
    while True:
        port = secrets.choice(range(10_000, FIRST_GIVEN_PORT))
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def main() -> int:
    """Keep a cluster until Ctrl-C, or only say whether there can be one."""
    try:
        if "--check" in sys.argv[1:]:
            find_programs()
            return 0
        with private_postgis() as cluster:
            print(f"export REACH15_DATABASE_URL={cluster.address}", flush=True)
            print("Ctrl-C stops and removes it.", file=sys.stderr, flush=True)
            while True:
                time.sleep(3600)
    except PostgisMissingError as error:
        print(f"private_postgis.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main())
