"""Which flag speaks of which file of an import."""

from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely

from app.domain.errors import BadInputError
from app.geo.china_offset import wgs84_to_gcj02
from tests.support.shared_data import shared_data
from tests.support.small_town import do_import

PART = shapely.segmentize(shapely.box(118.77, 32.038, 118.785, 32.048), 0.001)


def drawn(path: Path, shape: shapely.Polygon) -> Path:
    path.write_text(shapely.to_geojson(shape), encoding="utf-8")
    return path


def test_boundary_extent_and_grid_have_flags_of_their_own(tmp_path: Path) -> None:
    osm = shared_data("nanjing.osm.pbf")
    amap = shapely.transform(PART, lambda places: np.column_stack(wgs84_to_gcj02(*places.T)))
    plain, shifted = drawn(tmp_path / "plain.geojson", PART), drawn(tmp_path / "amap.geojson", amap)
    grid = tmp_path / "grid.geojson"
    geopandas.GeoDataFrame({"population": [500]}, geometry=[amap], crs=4326).to_file(grid, driver="GeoJSON")
    _, right = do_import(tmp_path / "right", osm, boundary_file=plain, extent_file=plain)
    named = {"boundary_crs": "gcj02", "extent_crs": "gcj02", "population_crs": "gcj02"}
    files = {"boundary_file": shifted, "extent_file": shifted, "population_file": grid}
    report, same = do_import(tmp_path / "same", osm, **files, **named)
    assert same.households.id.tolist() == right.households.id.tolist()
    assert shapely.hausdorff_distance(same.extent.polygon, right.extent.polygon) < 1e-8
    assert report.counts["population"]["persons_kept"] == pytest.approx(500)
    assert not any("--crs" in warning for warning in report.warnings)

    homes = tmp_path / "homes.csv"
    at = right.households
    lon, lat = wgs84_to_gcj02(at.lon_deg, at.lat_deg)
    rows = [f"{name},{x!r},{y!r}\n" for name, x, y in zip(at.id, lon.tolist(), lat.tolist(), strict=True)]
    homes.write_text("id,lon,lat\n" + "".join(rows), encoding="utf-8")
    report, area = do_import(tmp_path / "homes", osm, households_file=homes, boundary_file=plain, crs="gcj02")
    assert area.households.id.tolist() == at.id.tolist()
    (told,) = (warning for warning in report.warnings if "--crs gcj02 speaks of" in warning)
    assert told.startswith("plain.geojson: ")
    assert "--boundary-crs" in told


@pytest.mark.parametrize("kind", ["boundary", "extent", "population"])
def test_a_flag_without_its_file_is_refused(tmp_path: Path, kind: str) -> None:
    with pytest.raises(BadInputError, match=rf"--{kind}-crs: speaks of a"):
        do_import(tmp_path, tmp_path / "unread.osm", **{f"{kind}_crs": "gcj02"})
