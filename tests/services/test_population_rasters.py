"""Rasters of people as they are published: WorldPop's degrees, GHS-POP's plane of the world, scaled numbers, bands."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from pyproj import Transformer
from rasterio.transform import Affine

from app.domain.area import Area
from app.domain.errors import BadInputError
from tests.support.shared_data import shared_data
from tests.support.small_town import do_import

HELSINKI = (24.9443, 60.1716)
SIZE = 60


def counts(dtype: str) -> NDArray[Any]:
    return np.random.default_rng(3).gamma(1.0, 20.0, (SIZE, SIZE)).astype(dtype)


def write(path: Path, values: NDArray[Any], crs: str, cell: float, **options: Any) -> tuple[Path, Affine]:
    """Cells around central Helsinki; with `whole`, inside an otherwise empty file of so many rows and columns."""
    x, y = Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(*HELSINKI)
    whole: int = options.pop("whole", 0)
    bands = options.pop("bands", [values])
    more = (whole - SIZE) // 2 if whole else 0
    corner = Affine(cell, 0, round(x / cell) * cell - (SIZE / 2 + more) * cell, 0, -cell, 0)
    corner = Affine(cell, 0, corner.c, 0, -cell, round(y / cell) * cell + (SIZE / 2 + more) * cell)
    scales, offsets = options.pop("scales", None), options.pop("offsets", None)
    names = options.pop("names", None)
    side = whole or SIZE
    with rasterio.open(
        path, "w", driver="GTiff", width=side, height=side, count=len(bands), dtype=values.dtype, crs=crs,
        transform=corner, **options,
    ) as target:  # fmt: skip
        for number, band in enumerate(bands, start=1):
            target.write(band, number, window=((more, more + SIZE), (more, more + SIZE)))
        if scales is not None:
            target.scales, target.offsets = scales, offsets
        for number, name in enumerate(names or (), start=1):
            target.set_band_description(number, name)
    return path, Affine(cell, 0, corner.c + more * cell, 0, -cell, corner.f - more * cell)


def check(area: Area, report: Any, persons: NDArray[Any], crs: str, corner: Affine) -> None:
    """Every cell's households have its people, to one part in 1e9, and the rest is told."""
    homes, found = area.households, area.households.population
    assert found is not None
    x, y = Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(homes.lon_deg, homes.lat_deg)
    column = np.floor((x - corner.c) / corner.a).astype(int)
    row = np.floor((y - corner.f) / corner.e).astype(int)
    inside = (row >= 0) & (row < SIZE) & (column >= 0) & (column < SIZE)
    cell = row[inside] * SIZE + column[inside]
    expected = np.where(persons > 0, persons, 0.0).ravel()
    empty = np.bincount(cell, minlength=SIZE * SIZE) == 0
    np.testing.assert_allclose(
        np.bincount(cell, found[inside], SIZE * SIZE), np.where(empty, 0.0, expected), rtol=1e-9
    )
    told = report.counts["population"]
    assert found.sum() > 100
    assert told["persons_placed"] == pytest.approx(found.sum(), abs=1e-4)
    parts = ("persons_placed", "persons_unplaced", "persons_beyond_extent")
    assert sum(told[part] for part in parts) == pytest.approx(told["persons_read"], abs=1e-3)
    assert told["cells_unplaced"] > 0
    assert any("without any household" in warning for warning in report.warnings)


def test_worldpop(tmp_path: Path) -> None:
    people = counts("float32")
    people[5:9] = -99999.0
    path, corner = write(
        tmp_path / "fin_ppp_2020.tif", people, "EPSG:4326", 1 / 1200, nodata=-99999.0, compress="lzw"
    )
    report, area = do_import(tmp_path, shared_data("helsinki.osm.pbf"), population_file=path)
    check(area, report, people.astype(float), "EPSG:4326", corner)
    assert not any("negative" in warning for warning in report.warnings)


def test_ghs_pop_of_the_whole_world(tmp_path: Path) -> None:
    people = counts("float64")
    people[:, 20:24] = -200.0
    path, corner = write(
        tmp_path / "GHS_POP_E2020_GLOBE_54009_100.tif",
        people,
        "ESRI:54009",
        100.0,
        whole=40_000,
        nodata=-200.0,
        tiled=True,
        compress="deflate",
        SPARSE_OK=True,
    )
    report, area = do_import(tmp_path, shared_data("helsinki.osm.pbf"), population_file=path)
    check(area, report, people, "ESRI:54009", corner)
    assert report.counts["population"]["cells"] < SIZE * SIZE  # of 1.6 billion


def test_numbers_with_a_scale(tmp_path: Path) -> None:
    people = counts("int16")
    people[7] = -1
    path, corner = write(
        tmp_path / "scaled.tif", people, "EPSG:3067", 100.0, nodata=-1, scales=[0.25], offsets=[0.5]
    )
    report, area = do_import(tmp_path, shared_data("helsinki.osm.pbf"), population_file=path)
    persons = np.where(people == -1, 0.0, people * 0.25 + 0.5)
    check(area, report, persons, "EPSG:3067", corner)


def test_of_several_bands_the_one_that_is_named(tmp_path: Path) -> None:
    women, men, aged = counts("float32"), counts("float32") + 3, counts("float32") / 4
    named: dict[str, Any] = {"bands": [women, men, aged], "names": ["women", "men", "pop_60plus"]}
    path, corner = write(tmp_path / "bands.tif", women, "EPSG:3067", 100.0, **named)
    osm = shared_data("helsinki.osm.pbf")
    message = r"has 3 bands \(1 women, 2 men, 3 pop_60plus\) and none is called population; name the one"
    with pytest.raises(BadInputError, match=message):
        do_import(tmp_path, osm, population_file=path)
    with pytest.raises(BadInputError, match=r"has no band 4 \(found: 1 women, 2 men, 3 pop_60plus\)"):
        do_import(tmp_path, osm, population_file=path, population_column="4")
    for asked in ("2", "MEN"):
        groups = (("pop_60plus", path),)
        report, area = do_import(
            tmp_path, osm, population_file=path, population_column=asked, population_groups=groups
        )
        check(area, report, men.astype(float), "EPSG:3067", corner)
        old = area.households.weights("pop_60plus")
        assert old is not None
        assert old.sum() == pytest.approx(report.counts["population"]["pop_60plus_persons_placed"], abs=1e-4)
