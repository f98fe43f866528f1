"""Worker processes under load while versions are switched: each answer is of one version, and of the right one."""

import http.client
import threading
import time
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import NamedTuple

from app.services.versioned_areas import VersionedAreas
from app.settings import Settings
from app.wiring import open_database, open_store
from tests.support.http import STANDARD
from tests.support.processes import Answer, Server, ask, owner_of, serving, wait_until
from tests.support.small_town import do_import, town

WORKERS = 2
CLIENTS_EACH = 2
SWITCHES = 8
MOST_SWITCHES = 500
"""Which requests are under way at a switch is chance: it is repeated until one is."""
FIRST = 2
"""Number of the version that is current at first; the other one is 1."""
PATHS = (
    f"/v1/areas/town/coverage?standard={STANDARD}",
    f"/v1/areas/town/households?standard={STANDARD}&limit=3",
    "/v1/areas/town/facilities",
    "/v1/areas/town/isochrones?lon=118.8&lat=32.05&minutes=5,10,15&verify=true",
)


class Switch(NamedTuple):
    """The versions that were current before and after a switch; when it began and was done."""

    old: int
    new: int
    began_s: float
    done_s: float


class Client(threading.Thread):
    """Asks one worker process without a pause, over one connection."""

    def __init__(self, connection: http.client.HTTPConnection) -> None:
        super().__init__(daemon=True)
        self.connection = connection
        self.answers: list[tuple[str, Answer]] = []
        self.stopped = threading.Event()

    def run(self) -> None:
        while not self.stopped.is_set():
            for path in PATHS:
                self.answers.append((path, ask(self.connection, path)))

    def has_asked_all_since(self, moment_s: float) -> bool:
        assert self.is_alive(), "a client was not answered"
        return len({path for path, answer in self.answers if answer.began_s > moment_s}) == len(PATHS)


def test_versions_switch_under_load(memory_path: Path, database_url: str) -> None:
    settings = Settings(data_dir=memory_path / "data", database_url=database_url)
    osm = town().write(memory_path / "old.osm")
    do_import(memory_path, osm, settings=settings, title="Old")
    city = town()
    city.street(12, [(300, 0), (300, 80)])
    city.node(90, (60, -5), shop="convenience")
    do_import(memory_path, city.write(memory_path / "new.osm"), settings=settings, title="New")
    options = ("--workers", str(WORKERS))
    with (
        closing(open_database(settings)) as database,
        serving(memory_path, *options, database_url=database_url, job_workers=0) as server,
        ExitStack() as connections,
    ):
        store = open_store(settings, database)
        current, references = FIRST, {FIRST: answers_of(server)}
        store.roll_back("town", "1")
        references[1] = answers_of(server)
        store.roll_back("town", str(FIRST))
        clients = clients_of_every_worker(server, connections)
        spans: list[Switch] = []
        while len(spans) < SWITCHES or not finished_on_old(clients, references, spans):
            assert len(spans) < MOST_SWITCHES, "no answer was under way at a switch; the test says nothing"
            wait_for_all(clients, time.monotonic())
            old, current = current, 3 - current
            spans.append(Switch(old, current, *switch(store, current)))
        wait_for_all(clients, time.monotonic())
        began_s = time.monotonic()
        # The last one is an import, which also drops the version that answers are being made from.
        once = settings.model_copy(update={"keep_versions": 1})
        do_import(memory_path, osm, settings=once, title="Newest")
        spans.append(Switch(current, 3, began_s, time.monotonic()))
        wait_for_all(clients, time.monotonic())
        references[3] = answers_of(server)
        for client in clients:
            client.stopped.set()
        for client in clients:
            client.join()
        assert [version.number for version in store.list_versions("town")] == [3]
    check(clients, references, spans)
    assert "Traceback" not in server.log.read_text()


def switch(store: VersionedAreas, number: int) -> tuple[float, float]:
    """Make a version current; when that began and when it was done."""
    began_s = time.monotonic()
    store.roll_back("town", str(number))
    return began_s, time.monotonic()


def check(
    clients: list[Client],
    references: dict[int, dict[str, Answer]],
    spans: list[Switch],
) -> None:
    """Every answer is, byte for byte, that of one version: of the one that stood when it was asked for.

    Of an answer that was under way at a switch nobody outside can tell when it began; both versions are right.
    """
    for client in clients:
        for path, answer in client.answers:
            assert answer.status == 200, answer.body
            known = [n for n, reference in references.items() if same(reference[path], answer)]
            assert len(known) == 1, f"{path}: of no version, or not told apart"
            before = [span.new for span in spans if span.done_s < answer.began_s]
            right = {before[-1] if before else FIRST} | {span.new for span in spans if meets(span, answer)}
            assert known[0] in right, f"{path}: of version {known[0]}, when {right} was current"


def meets(span: Switch, answer: Answer) -> bool:
    """Whether a switch and an answer were under way at the same time."""
    return answer.began_s <= span.done_s and span.began_s <= answer.ended_s


def finished_on_old(
    clients: list[Client], references: dict[int, dict[str, Answer]], spans: list[Switch]
) -> bool:
    """Whether an answer was under way at a switch, came after it, and is of the version before."""
    return any(
        meets(span, answer) and span.done_s < answer.ended_s and same(references[span.old][path], answer)
        for client in clients
        for path, answer in tuple(client.answers)
        for span in spans
    )


def same(one: Answer, other: Answer) -> bool:
    return one.body == other.body and one.headers["etag"] == other.headers["etag"]


def answers_of(server: Server) -> dict[str, Answer]:
    return {path: server.ask(path) for path in PATHS}


def wait_for_all(clients: list[Client], moment_s: float) -> None:
    """Until every client, and so every worker, has asked everything since a moment."""
    for client in clients:
        wait_until(partial(client.has_asked_all_since, moment_s), "answers of every worker")


def clients_of_every_worker(server: Server, connections: ExitStack) -> list[Client]:
    """So many clients for each worker process: which one gets a connection is the kernel's choice."""
    workers = wait_until(
        lambda: found if len(found := server.children("spawn_main")) == WORKERS else None, "workers"
    )
    counts = dict.fromkeys(workers, 0)
    chosen = []
    while min(counts.values()) < CLIENTS_EACH:
        connection = connections.enter_context(closing(server.connect()))
        assert ask(connection, "/health/live").status == 200
        owner = owner_of(connection, workers)
        assert owner is not None
        if counts[owner] < CLIENTS_EACH:
            counts[owner] += 1
            chosen.append(Client(connection))
            chosen[
                -1
            ].start()  # at once: the server closes what idles, and a busy worker leaves the next to others
    return chosen
