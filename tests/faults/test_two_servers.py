"""Two servers on one database and one data directory: imports at the same time, and answers all the while."""

import threading
from pathlib import Path

import sqlalchemy as sa

from app.db.session import Database
from tests.support.http import STANDARD
from tests.support.processes import Server, serving
from tests.support.small_town import csv_file, town

COVERAGE = f"/v1/areas/town/coverage?standard={STANDARD}"
IMPORTS_EACH = 3


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
    for n in range(IMPORTS_EACH):
        city = town()
        city.node(90 + n, (60 + n, -5), shop="convenience")
        files.append(city.write(memory_path / f"town-{n}.osm"))
    options = {"database_url": database_url, "keep_versions": 50}
    with serving(memory_path, **options) as one, serving(memory_path, **options) as two:
        servers = (one, two)
        assert one.job_ended(one.upload("/v1/areas", {"name": "town"}, osm=files[0]))["status"] == "succeeded"
        pollers = [Poller(server) for server in servers]
        for poller in pollers:
            poller.start()
        sent = [
            (server, server.upload("/v1/areas", {"name": "town", "title": f"{n}"}, osm=file))
            for n, file in enumerate(files)
            for server in servers
        ]
        ended = [server.job_ended(address) for server, address in sent]
        assert [job["status"] for job in ended] == ["succeeded"] * len(sent), ended

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

        count = 1 + len(sent) + 1 + len(appended)
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
    workers = workers_of_jobs(database_url)
    assert len(set(workers)) == 2, "both servers' workers had a part"
    assert min(workers.count(worker) for worker in set(workers)) >= 2


def workers_of_jobs(database_url: str) -> list[str]:
    database = Database(database_url)
    with database.reading() as session:
        found = list(session.execute(sa.text("SELECT worker FROM jobs")).scalars())
    database.close()
    return found
