"""People of a grid over the households of an area: cell totals kept, nobody lost without a word."""

import csv
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import rasterio
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from rasterio.transform import Affine

from app.domain.area import Area
from app.domain.errors import BadInputError
from tests.support.osm_writing import Place, degrees
from tests.support.shared_data import shared_data
from tests.support.small_town import area_file, csv_file, do_import, town

GRID_ENDING = "persons.geojson"

# West of x = 0 stands way/20 (620 m2), east of it ways 21, 22 and 23 (400 m2 each); nobody lives north of y = 300.
WEST, EAST = ((-300, -300), (0, 300)), ((0, -300), (300, 300))
NORTH, FAR = ((-300, 300), (300, 900)), ((90_000, 0), (91_000, 600))


def grid_file(path: Path, *cells: tuple[tuple[Place, Place], float], column: str = "population") -> Path:
    """Rectangles between two places, each with its people."""
    shapes = [shapely.box(*degrees(*low), *degrees(*high)) for (low, high), _ in cells]
    frame = geopandas.GeoDataFrame(
        {column: [people for _, people in cells]}, geometry=shapes, crs="EPSG:4326"
    )
    frame.to_file(path, driver="GeoJSON")
    return path


def persons(area: Area, weight: str = "population") -> dict[str, float]:
    known = area.households.weights(weight)
    assert known is not None
    return dict(zip(area.households.id.tolist(), known.tolist(), strict=True))


def do_town(tmp_path: Path, **options: Any) -> tuple[dict[str, float], Area, tuple[str, ...]]:
    extent = area_file(tmp_path / "extent.geojson", (-300, -300), (300, 400))
    report, area = do_import(
        tmp_path / "data", town().write(tmp_path / "town.osm"), extent_file=extent, **options
    )
    return report.counts.get("population", {}), area, report.warnings


def test_people_live_where_floors_are(tmp_path: Path) -> None:
    grid = grid_file(tmp_path / GRID_ENDING, (WEST, 100), (EAST, 90), (NORTH, 7), (FAR, 50))
    counts, area, warnings = do_town(tmp_path, population_file=grid)
    assert persons(area) == pytest.approx({"way/20": 100, "way/21": 30, "way/22": 30, "way/23": 30}, abs=0.05)
    assert area.households.households.tolist() == [6, 24, 4, 4]  # as without a grid
    assert sum(persons(area).values()) == pytest.approx(190, rel=1e-12)
    assert counts["persons_read"] == 247 == 190 + 7 + 50
    assert (counts["persons_placed"], counts["persons_unplaced"], counts["persons_beyond_extent"]) == (
        190,
        7,
        50,
    )
    assert (counts["cells_unplaced"], counts["cells_cut_by_extent"]) == (1, 0)
    (warning,) = warnings
    assert warning.startswith(
        "persons.geojson: 7 persons live in 1 cells of the extent without any household"
    )


def test_a_study_area_takes_its_share_of_a_cell(tmp_path: Path) -> None:
    grid = grid_file(tmp_path / GRID_ENDING, (WEST, 100), (EAST, 90))
    boundary = area_file(tmp_path / "part.geojson", (50, -50), (300, 100))  # ways 21 and 22
    counts, area, _ = do_town(tmp_path, population_file=grid, boundary_file=boundary)
    assert persons(area) == pytest.approx({"way/21": 30, "way/22": 30}, abs=0.05)
    assert counts["persons_placed"] == 190
    assert counts["persons_kept"] == pytest.approx(60, abs=0.05)
    assert counts["persons_kept"] + counts["persons_outside_study_area"] == pytest.approx(190, abs=1e-5)


def test_age_groups_have_grids_of_their_own(tmp_path: Path) -> None:
    aged = grid_file(tmp_path / "aged.geojson", (WEST, 20), (EAST, 9), column="pop_60plus")
    counts, area, _ = do_town(tmp_path, population_groups=(("pop_60plus", aged),))
    assert persons(area, "pop_60plus") == pytest.approx(
        {"way/20": 20, "way/21": 3, "way/22": 3, "way/23": 3}, abs=0.05
    )
    assert area.households.population is None
    assert area.households.known_weights == ("points", "households", "pop_60plus")
    assert counts["pop_60plus_persons_kept"] == 29


def test_households_of_a_file_share_by_their_dwellings(tmp_path: Path) -> None:
    homes = [("a", (-50.0, 5.0), "1"), ("b", (50.0, 5.0), "1"), ("c", (60.0, 5.0), "2")]
    homes += [("d", (0.0, 5.0), "0")]  # on the border: the western cell comes first
    grid = grid_file(tmp_path / GRID_ENDING, (EAST, 90), (WEST, 100))
    table = csv_file(tmp_path / "homes.csv", "id,lon,lat,households", homes)
    _, area, _ = do_town(tmp_path, population_file=grid, households_file=table)
    assert persons(area) == pytest.approx({"a": 100, "b": 30, "c": 60, "d": 0})


def test_age_groups_of_a_households_file(tmp_path: Path) -> None:
    table = csv_file(
        tmp_path / "homes.csv",
        "id,lon,lat,population,POP_60plus,pop_0_3",
        [("b", (50.0, 5.0), "5,2,0.5"), ("a", (-50.0, 5.0), "4,1,0")],
    )
    _, area, _ = do_town(tmp_path, households_file=table)
    assert persons(area, "pop_60plus") == {"a": 1, "b": 2}
    assert persons(area, "pop_0_3") == {"a": 0, "b": 0.5}
    assert area.households.counted == ("points", "households", "population", "pop_0_3", "pop_60plus")


@pytest.fixture(scope="module")
def helsinki(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, float], Area]:
    grid = shared_data("helsinki-population-2020.gpkg")
    report, area = do_import(
        tmp_path_factory.mktemp("helsinki"), shared_data("helsinki.osm.pbf"), population_file=grid
    )
    return report.counts["population"], area


def test_the_real_grid_of_helsinki(helsinki: tuple[dict[str, float], Area]) -> None:
    counts, area = helsinki
    grid = geopandas.read_file(shared_data("helsinki-population-2020.gpkg"))
    people = area.households.population
    assert people is not None
    homes = geopandas.GeoDataFrame(
        {"people": people}, geometry=geopandas.points_from_xy(area.households.lon_deg, area.households.lat_deg),
        crs="EPSG:4326",
    )  # fmt: skip
    sums = homes.sjoin(grid, predicate="within").groupby("index_right")["people"].sum()
    assert len(sums) == 20
    np.testing.assert_allclose(sums, grid.population[sums.index], rtol=1e-9)
    assert people.sum() == pytest.approx(7503, rel=1e-12)
    assert counts["persons_read"] == 71_724 == grid.population.sum()
    assert counts["persons_placed"] + counts["persons_unplaced"] + counts["persons_beyond_extent"] == 71_724
    assert (counts["persons_placed"], counts["persons_unplaced"], counts["cells_unplaced"]) == (7503, 298, 2)


def write_raster(
    path: Path,
    values: NDArray[Any],
    *,
    west: float,
    north: float,
    crs: str | None,
    nodata: float | None = None,
) -> Path:
    with rasterio.open(
        path, "w", driver="GTiff", width=values.shape[1], height=values.shape[0], count=1, dtype=values.dtype,
        crs=crs, transform=Affine(100, 0, west, 0, -100, north), nodata=nodata,
    ) as target:  # fmt: skip
        target.write(values, 1)
    return path


def test_a_raster_in_a_projected_crs(tmp_path: Path) -> None:
    # 100 m cells of ETRS-TM35FIN around the centre of Helsinki; counts of people drawn once and for all.
    west, north, size = 384_500, 6_673_500, 30
    people = np.random.default_rng(7).gamma(1.0, 20.0, (size, size)).astype(np.float32)
    people[:, 3] = -99999.0
    people[4, :] = -3.0  # a mistake, not the file's value for no data
    people[6, 6] = np.nan
    raster = write_raster(
        tmp_path / "people.tif", people, west=west, north=north, crs="EPSG:3067", nodata=-99999.0
    )
    report, area = do_import(tmp_path, shared_data("helsinki.osm.pbf"), population_file=raster)
    homes, found = area.households, area.households.population
    assert found is not None
    x, y = Transformer.from_crs("EPSG:4326", "EPSG:3067", always_xy=True).transform(
        homes.lon_deg, homes.lat_deg
    )
    row, column = np.floor((north - y) / 100).astype(int), np.floor((x - west) / 100).astype(int)
    cell = row * size + column
    in_cell = np.bincount(cell, found, size * size)
    expected = np.where(np.isfinite(people) & (people > 0), people, 0.0).ravel().astype(float)
    expected[np.bincount(cell, minlength=size * size) == 0] = 0.0
    np.testing.assert_allclose(in_cell, expected, rtol=1e-9)
    assert expected.sum() > 500
    assert report.counts["population"]["persons_placed"] == pytest.approx(expected.sum(), abs=1e-5)
    assert any(warning.startswith("people.tif: ") and "negative" in warning for warning in report.warnings)


def test_of_a_raster_of_a_country_only_the_area_is_read(tmp_path: Path) -> None:
    path, west, north = tmp_path / "country.tif", 50_000, 7_780_000
    with rasterio.open(
        path, "w", driver="GTiff", width=30_000, height=30_000, count=1, dtype="float32", crs="EPSG:3067",
        transform=Affine(50, 0, west, 0, -50, north), tiled=True, compress="deflate", SPARSE_OK=True,
    ) as target:  # fmt: skip
        column, row = int((385_000 - west) / 50), int((north - 6_673_000) / 50)
        target.write(
            np.full((100, 100), 2.0, dtype=np.float32), 1, window=((row, row + 100), (column, column + 100))
        )
    report, area = do_import(tmp_path, shared_data("helsinki.osm.pbf"), population_file=path)
    found = area.households.population
    assert found is not None
    assert report.counts["population"]["cells"] < 1000
    cells = len(np.unique(found[found > 0])) if len(found) else 0
    assert cells > 0
    assert found.sum() == pytest.approx(report.counts["population"]["persons_placed"], rel=1e-12)
    assert found.sum() % 2 == pytest.approx(0, abs=1e-6)  # two persons a cell, none of them lost


class TestRefused:
    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"population_column": "n"}, "give it with --population FILE"),
            ({"population_file": Path("absent.tif")}, "absent.tif: no such file"),
            ({"population_groups": (("pop_7", Path("x.tif")),)}, "is no age group; give one of pop_0_3, "),
        ],
    )
    def test_before_anything_is_read(self, tmp_path: Path, options: dict[str, Any], message: str) -> None:
        with pytest.raises(BadInputError, match=message):
            do_import(tmp_path, tmp_path / "unread.osm", **options)

    @pytest.mark.parametrize(
        ("cells", "column", "message"),
        [
            ([(WEST, 5)], "n", r"has no column population \(found: n\); name the one with the people"),
            ([(WEST, -5)], "population", "feature 1, column population: -5 is negative"),
            ([(WEST, 1e300)], "population", "is more than 1e"),
            ([(FAR, 5)], "population", "has no people in any cell with a household"),
            ([(WEST, 0)], "population", "has no people in any cell with a household"),
        ],
    )
    def test_a_grid(self, tmp_path: Path, cells: Sequence[Any], column: str, message: str) -> None:
        grid = grid_file(tmp_path / GRID_ENDING, *cells, column=column)
        with pytest.raises(BadInputError, match=message):
            do_town(tmp_path, population_file=grid)

    def test_a_column_that_is_asked_for(self, tmp_path: Path) -> None:
        grid = grid_file(tmp_path / GRID_ENDING, (WEST, 5), column="Einwohner")
        _, area, _ = do_town(tmp_path, population_file=grid, population_column="einwohner")
        assert persons(area)["way/20"] == 5

    def test_people_told_twice(self, tmp_path: Path) -> None:
        table = csv_file(tmp_path / "homes.csv", "id,lon,lat,population", [("a", (-50.0, 5.0), "1")])
        grid = grid_file(tmp_path / GRID_ENDING, (WEST, 5))
        with pytest.raises(BadInputError, match="the households file has a column population too"):
            do_town(tmp_path, households_file=table, population_file=grid)

    @pytest.mark.parametrize(
        ("crs", "west", "value", "message"),
        [
            (None, 384_500, 1.0, "has no coordinate system"),
            ("EPSG:3067", 50_000, 1.0, "does not reach the area"),
            ("EPSG:3067", 384_500, 3.4e38, "state its value for no data"),
        ],
    )
    def test_a_raster(self, tmp_path: Path, crs: str | None, west: float, value: float, message: str) -> None:
        values = np.full((30, 30), value, dtype=np.float32)
        raster = write_raster(tmp_path / "people.tif", values, west=west, north=6_673_500, crs=crs)
        with pytest.raises(BadInputError, match=message):
            do_import(tmp_path, shared_data("helsinki.osm.pbf"), population_file=raster)

    def test_something_else_by_that_name(self, tmp_path: Path) -> None:
        (tmp_path / "people.tif").write_bytes(b"II*\0 no raster")
        with pytest.raises(BadInputError, match="not readable as a GeoTIFF"):
            do_town(tmp_path, population_file=tmp_path / "people.tif")

    def test_rasters_need_a_library(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "people.tif").write_bytes(b"x")
        for name in ("rasterio", "rasterio.errors"):
            monkeypatch.setitem(sys.modules, name, None)
        with pytest.raises(
            BadInputError, match=r"--population: .* needs rasterio: pip install 'reach15\[dem\]'"
        ):
            do_import(tmp_path, tmp_path / "unread.osm", population_file=tmp_path / "people.tif")


def test_a_hexagonal_grid_as_households(tmp_path: Path) -> None:
    cells = shared_data("porto-alegre-hexgrid.csv")
    _, area = do_import(tmp_path, shared_data("porto-alegre.osm.pbf"), households_file=cells)
    with cells.open(encoding="utf-8") as stream:
        told = {row["id"]: float(row["population"]) for row in csv.DictReader(stream)}
    assert persons(area) == told
    assert area.households.known_weights == ("points", "households", "population")
