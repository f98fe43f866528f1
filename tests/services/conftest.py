"""Hilly Porto Alegre, imported with its terrain model."""

import csv
from pathlib import Path

import pytest

from app.services.area_engine import AreaEngine
from app.services.import_area import ImportRequest, import_area
from app.settings import Settings
from tests.support.shared_data import shared_data
from tests.support.stores import area_store


@pytest.fixture(scope="module")
def hills(tmp_path_factory: pytest.TempPathFactory) -> AreaEngine:
    """Streets, heights, and a grid of people and schools."""
    folder = tmp_path_factory.mktemp("porto-alegre")
    streets, heights = shared_data("porto-alegre.osm.pbf"), shared_data("porto-alegre-elevation.tif")
    households, facilities = grid_files(shared_data("porto-alegre-hexgrid.csv"), folder)
    request = ImportRequest(
        area_id="porto-alegre",
        osm_file=streets,
        households_file=households,
        facilities_file=facilities,
        dem_file=heights,
    )
    store = area_store(folder / "areas")
    report = import_area(request, store, Settings(), known_services={"pharmacy"})
    assert report.counts["slope"]["cell_m"] == pytest.approx(28.8, abs=0.2)
    assert report.counts["slope"]["sloped_length_m"] > 0.9 * report.counts["network"]["length_m"]
    return AreaEngine(store.load("porto-alegre"))


def grid_files(grid: Path, folder: Path) -> tuple[Path, Path]:
    households, facilities = folder / "households.csv", folder / "facilities.csv"
    with grid.open(encoding="utf-8", newline="") as source:
        rows = list(csv.DictReader(source))
    with households.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target)
        writer.writerow(["id", "lon", "lat", "population"])
        writer.writerows([r["id"], r["lon"], r["lat"], r["population"]] for r in rows)
    with facilities.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target)
        writer.writerow(["id", "lon", "lat", "services"])
        writer.writerows(
            [f"s-{r['id']}", r["lon"], r["lat"], "pharmacy"] for r in rows if r["healthcare"] not in ("", "0")
        )
    return households, facilities
