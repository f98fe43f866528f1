"""Two servers on one database and one data directory: imports at the same time, and answers all the while."""

import threading
import time
from collections import Counter
from pathlib import Path

import sqlalchemy as sa

from app.db.session import Database
from tests.support.http import STANDARD
from tests.support.processes import PATIENCE_S, Server, serving
from tests.support.small_town import csv_file, town

COVERAGE = f"/v1/areas/town/coverage?standard={STANDARD}"
FILES = 3
LEAST_EACH = 2


class Poller(threading.Thread):
    """Asks a server without a pause."""

    def __init__(self, server: Server) -> None:
        super().__init__(daemon=True)
        self.server = server
        self.versions: list[str] = []
        self.refused: list[bytes] = []
        self.stopped = threading.Event()

    def run(self) -> None:
        while not self.stopped.is_set():
            answer = self.server.ask(COVERAGE)
            if answer.status == 200:
                self.versions.append(answer.json()["area"]["version"])
            else:
                self.refused.append(answer.body)


def test_imports_on_two_servers(memory_path: Path, database_url: str) -> None:
    files = []
    for n in range(FILES):
        city = town()
        city.node(90 + n, (60 + n, -5), shop="convenience")
        files.append(city.write(memory_path / f"town-{n}.osm"))
    options = {"database_url": database_url, "keep_versions": 1000}
    with serving(memory_path, **options) as one, serving(memory_path, **options) as two:
        servers = (one, two)
        assert one.job_ended(one.upload("/v1/areas", {"name": "town"}, osm=files[0]))["status"] == "succeeded"
        pollers = [Poller(server) for server in servers]
        for poller in pollers:
            poller.start()
        sent = import_until_both_had_a_part(servers, files, database_url)

        # Appends at the same time: none is lost, in whatever order they come.
        homes = csv_file(memory_path / "homes.csv", "id,lon,lat,households", [("base", (-200, 5), "1")])
        path = "/v1/areas/town/households"
        assert one.job_ended(one.upload(path, {"mode": "replace"}, file=homes))["status"] == "succeeded"
        appended = []
        for n in range(4):
            more = csv_file(
                memory_path / f"more-{n}.csv", "id,lon,lat,households", [(f"h{n}", (-150 + n, 5), "2")]
            )
            appended.append((servers[n % 2], servers[n % 2].upload(path, {"mode": "append"}, file=more)))
        for server, address in appended:
            assert server.job_ended(address)["status"] == "succeeded"
        for poller in pollers:
            poller.stopped.set()
            poller.join()

        count = 1 + sent + 1 + len(appended)
        told = [server.get("/v1/areas/town/versions")["versions"] for server in servers]
        assert told[0] == told[1]
        assert [version["number"] for version in told[0]] == list(range(count, 0, -1)), "no gap, none lost"
        for server in servers:
            found = server.get(f"/v1/areas/town/households?standard={STANDARD}")["features"]
            assert sorted(home["id"] for home in found) == ["base", "h0", "h1", "h2", "h3"]
        known = {version["version"] for version in told[0]}
        for poller in pollers:
            assert poller.refused == [], "it answers all the while"
            assert set(poller.versions) <= known


def import_until_both_had_a_part(servers: tuple[Server, Server], files: list[Path], database_url: str) -> int:
    """Every file through both servers at once, and again until each one's worker did some; how many imports.

    Any worker may take what either server was sent: which one does is the scheduler's choice.
    """
    deadline = time.monotonic() + PATIENCE_S
    count = 0
    while True:
        sent = [
            (server, server.upload("/v1/areas", {"name": "town", "title": f"{n}"}, osm=file))
            for n, file in enumerate(files)
            for server in servers
        ]
        ended = [server.job_ended(address) for server, address in sent]
        assert [job["status"] for job in ended] == ["succeeded"] * len(sent), ended
        count += len(sent)
        done = jobs_by_worker(database_url)
        if len(done) == len(servers) and min(done.values()) >= LEAST_EACH:
            return count
        assert time.monotonic() < deadline, f"one of the workers has no part: {done}"


def jobs_by_worker(database_url: str) -> Counter[str]:
    database = Database(database_url)
    with database.reading() as session:
        done = Counter(session.execute(sa.text("SELECT worker FROM jobs")).scalars())
    database.close()
    return done
