"""The whole import of a city against one bare pass of pyosmium over the same file."""

import statistics
import tempfile
from pathlib import Path

import osmium

from app.services.import_area import ImportRequest, import_area
from app.settings import Settings
from app.wiring import open_store
from benchmarks.measure import SHARED_DATA, Row, in_new_process, row

_RUNS = 3


def bare_pass(path: str) -> None:
    """Read a file once with node locations and areas, and do nothing with it."""

    class Counter(osmium.SimpleHandler):
        seen = 0

        def area(self, _: osmium.osm.Area) -> None:
            self.seen += 1

    Counter().apply_file(path, locations=True)


def whole_import(path: str) -> None:
    """Everything that `reach15 area import` does: network, buildings, facilities, links, storing."""
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Settings(data_dir=Path(folder)))
        import_area(ImportRequest("city", osm_file=Path(path)), store, Settings(), known_services=())


def rows() -> list[Row]:
    """Both in processes of their own, in turn, medians; imports of Python modules not counted."""
    path = SHARED_DATA / "las-palmas.osm.pbf"
    if not path.exists():
        return []
    ours, theirs = [], []
    for _ in range(_RUNS):
        ours.append(in_new_process("benchmarks.importing:whole_import", str(path)))
        theirs.append(in_new_process("benchmarks.importing:bare_pass", str(path)))
    seconds = [statistics.median(run["seconds"] for run in runs) for runs in (ours, theirs)]
    peak_mb = max(run["peak_mb"] for run in ours)
    return [row("import las-palmas", "one bare pyosmium pass", seconds[0], seconds[1], peak_mb)]
