"""A whole-city assessment, warm, over HTTP; and how the engine grows with the city."""

import tempfile
import time
from pathlib import Path

from app.services.import_area import ImportRequest, import_area
from app.settings import Settings
from app.wiring import open_store
from benchmarks.measure import SHARED_DATA, Row, median_s, row
from benchmarks.serving import get, served

_STANDARD = "cn-mofcom-basic"  # fourteen services


def rows() -> list[Row]:
    """Against the first answer of the same process, which searches; the warm one only judges and sums."""
    path = SHARED_DATA / "las-palmas.osm.pbf"
    if not path.exists():
        return []
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Settings(data_dir=Path(folder)))
        import_area(ImportRequest("city", osm_file=path), store, Settings(), known_services=())
        with served(folder) as base:
            url = f"{base}/v1/areas/city/coverage?standard={_STANDARD}"
            begin = time.perf_counter()
            get(url)
            first_s = time.perf_counter() - begin
            warm_s = median_s(lambda: get(url), repeat=31)
            speeds = iter(0.8 + 0.001 * step for step in range(1000))
            other_s = median_s(lambda: get(f"{url}&speed_mps={next(speeds):.3f}"), repeat=31)
    return [
        row("GET coverage, las-palmas, warm", "its first answer", warm_s, first_s),
        row("GET coverage at a new speed each time", "its first answer", other_s, first_s),
    ]
