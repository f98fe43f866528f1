"""Loading an area in a new process, first answer included."""

import statistics
import tempfile
from pathlib import Path

from app.services.import_area import ImportRequest, import_area
from app.settings import Settings
from app.wiring import open_store
from benchmarks.measure import SHARED_DATA, Row, in_new_process, row

_RUNS = 5


def load_only(folder: str) -> None:
    """Map and check the arrays."""
    open_store(Settings(data_dir=Path(folder))).load("city")


def load_and_answer(folder: str) -> None:
    """The same, and the walks of one service."""
    from app.ingest.standard_files import load_shipped_standards  # noqa: PLC0415
    from app.services.area_engine import AreaEngine  # noqa: PLC0415
    from app.services.profiles import get_profile  # noqa: PLC0415  # the child's own imports are not what is measured

    engine = AreaEngine(open_store(Settings(data_dir=Path(folder))).load("city"))
    service = load_shipped_standards()["cn-mofcom-5-8-15"].services[0]
    engine.walks(service, get_profile("standard"))


def rows() -> list[Row]:
    """The first answer beside the bare load."""
    path = SHARED_DATA / "las-palmas.osm.pbf"
    if not path.exists():
        return []
    with tempfile.TemporaryDirectory() as folder:
        import_area(
            ImportRequest("city", osm_file=path),
            open_store(Settings(data_dir=Path(folder))),
            Settings(),
            known_services=(),
        )
        answers = [in_new_process("benchmarks.loading:load_and_answer", folder) for _ in range(_RUNS)]
        loads = [in_new_process("benchmarks.loading:load_only", folder) for _ in range(_RUNS)]
    return [
        row(
            "load las-palmas and answer once",
            "the load alone",
            statistics.median(run["seconds"] for run in answers),
            statistics.median(run["seconds"] for run in loads),
            max(run["peak_mb"] for run in answers),
        )
    ]
