"""Fixtures around the demo area: real streets, imported once for all tests."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from fastapi.testclient import TestClient

from app.db.schema import upgrade
from app.db.session import Database
from app.dependencies import DEMO_STANDARD
from app.domain.errors import BadInputError
from app.ingest.demo_extract import find_demo_extract
from app.main import create_app
from app.routers.jobs import EXAMPLE_JOB
from app.routers.snapshots import EXAMPLE_SNAPSHOT
from app.schemas.wire_gate import EXAMPLE_PROPOSAL, EXAMPLE_SCENARIO
from app.services.area_engine import AreaEngine
from app.services.facilities import distinct_services
from app.services.import_area import ImportRequest, import_area
from app.services.import_job import IMPORT_KIND
from app.services.kernel_loader import KernelLoader
from app.services.standards import list_standards
from app.settings import Settings
from tests.support.databases import PostgisMissingError, TestCluster, cluster, is_required
from tests.support.stores import area_store

ROOM_BYTES = 200_000_000

# How long an example takes says how busy the machine is, and nothing else.
hypothesis.settings.register_profile(
    "untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("untimed")


@pytest.fixture(scope="session", autouse=True)
def _compiled_kernels() -> None:
    """Compile once, before any test: a compiler in another thread changes Python's warning filters for all."""
    assert KernelLoader().wait() is not None


@pytest.fixture(scope="session")
def postgis() -> Iterator[TestCluster]:
    """A private PostGIS; without one, tests that need it are skipped, and the summary says so."""
    try:
        with cluster() as started:
            yield started
    except PostgisMissingError as error:
        if is_required():
            raise
        pytest.skip(f"NOT TESTED, no PostGIS: {error}")


@pytest.fixture
def memory_path(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is room, else on the disk: for tests that write and remove very many files."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
    if not memory.is_dir() or shutil.disk_usage(memory).free < ROOM_BYTES:
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(prefix="reach15-test-", dir=memory) as folder:
        yield Path(folder)


@pytest.fixture(params=["sqlite", "postgis"])
def database_url(request: pytest.FixtureRequest, memory_path: Path) -> Iterator[str]:
    """An empty database with tables, of each kind in turn."""
    if request.param == "sqlite":
        address = f"sqlite:///{memory_path / 'test.sqlite'}"
        database = Database(address)
        upgrade(database)
        database.close()
        yield address
    else:
        with request.getfixturevalue("postgis").database() as address:
            yield address


@pytest.fixture(scope="session")
def demo_extract() -> Path:
    """The OSM file of central Helsinki."""
    try:
        return find_demo_extract()
    except BadInputError as error:
        pytest.skip(f"NOT TESTED, the demo data is missing: {error}")


@pytest.fixture(scope="session")
def demo_data_dir(demo_extract: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with the area ``helsinki``. Shared by all tests: only read it."""
    data_dir = tmp_path_factory.mktemp("demo-data")
    settings = Settings(data_dir=data_dir)
    request = ImportRequest("helsinki", title="Helsinki", osm_file=demo_extract)
    import_area(
        request,
        area_store(settings.data_path),
        settings,
        known_services=distinct_services(list_standards()),
    )
    return data_dir


@pytest.fixture(scope="session")
def demo_engine(demo_data_dir: Path) -> AreaEngine:
    """The demo area, ready to be asked without HTTP."""
    return AreaEngine(area_store(demo_data_dir).load("helsinki"))


@pytest.fixture(scope="session")
def client(demo_data_dir: Path) -> Iterator[TestClient]:
    """The HTTP service over the demo area."""
    service = create_app(Settings(data_dir=demo_data_dir))
    with TestClient(service) as started:
        # The scenario, the snapshot and the job that the examples of the OpenAPI document ask for.
        kept = started.put(f"/v1/areas/helsinki/scenarios/{EXAMPLE_SCENARIO}", json=EXAMPLE_PROPOSAL)
        assert kept.is_success, kept.text
        taken = started.post("/v1/areas/helsinki/snapshots", params={"standard": DEMO_STANDARD})
        assert taken.json()["id"] == EXAMPLE_SNAPSHOT
        service.state.job_service.submit(IMPORT_KIND, {}, area_id="helsinki", job_id=EXAMPLE_JOB)
        service.state.job_service.cancel(EXAMPLE_JOB)  # nobody shall do it
        yield started
