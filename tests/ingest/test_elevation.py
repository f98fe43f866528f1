"""Heights out of small terrain models made here, and slope at import."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyproj import Transformer

from app.domain.errors import BadInputError
from app.ingest.elevation import check_terrain_model, read_terrain_model

rasterio = pytest.importorskip("rasterio")

# One cell is a thousandth of a degree; the upper left corner lies at 10 E, 50 N.
DEGREES = (0.001, 0.0, 10.0, 0.0, -0.001, 50.0)
BOX = (10.0, 49.996, 10.004, 50.0)


def write(
    path: Path, heights: np.ndarray, *, crs: str | None = "EPSG:4326", transform: Any = DEGREES, **more: Any
) -> Path:
    profile = {
        "driver": "GTiff",
        "height": heights.shape[0],
        "width": heights.shape[1],
        "count": 1,
        "dtype": heights.dtype,
        "crs": crs,
        "transform": rasterio.Affine(*transform),
    }
    units = more.pop("units", None)
    with rasterio.open(path, "w", **(profile | more)) as target:
        target.write(heights, 1)
        if units:
            target.units = (units,)
    return path


@pytest.fixture
def plane(tmp_path: Path) -> Path:
    """Rises a metre a cell to the east and ten to the south."""
    row, column = np.mgrid[0:4, 0:4]
    return write(tmp_path / "plane.tif", (column + 10 * row).astype(np.float32))


def heights(
    path: Path, *places: tuple[float, float], box: tuple[float, float, float, float] = BOX
) -> list[float]:
    lon_deg, lat_deg = np.asarray(places).T
    return read_terrain_model(path, box).heights_m(lon_deg, lat_deg).tolist()


def test_heights_are_those_of_cell_middles_and_between_them_in_proportion(plane: Path) -> None:
    # (10.0005, 49.9995) is the middle of the first cell; a quarter cell east and half a cell south of it: 0.25 + 5.
    found = heights(plane, (10.0005, 49.9995), (10.00075, 49.9990), (10.0035, 49.9965))
    assert found == pytest.approx([0.0, 5.25, 33.0], abs=1e-4)


def test_the_outermost_half_cell_repeats_and_outside_nothing_is_known(plane: Path) -> None:
    found = heights(plane, (10.0001, 49.9999), (9.9999, 49.9995), (10.0041, 49.9995), (10.0005, 50.0001))
    assert found[0] == pytest.approx(0.0, abs=1e-6)
    assert np.isnan(found[1:]).all()


def test_only_the_part_around_the_streets_is_read(plane: Path) -> None:
    terrain = read_terrain_model(plane, (10.0031, 49.9961, 10.0039, 49.9969))
    assert terrain.height_m.shape == (2, 2)
    assert terrain.heights_m(np.asarray([10.0035]), np.asarray([49.9965])).tolist() == pytest.approx([33.0])
    # A thousandth of a degree at 50 N: 71.7 m and 111.2 m.
    assert terrain.cell_m == pytest.approx((71.7 + 111.2) / 2, abs=0.2)


def test_cells_without_height_are_unknown_and_so_is_what_lies_between(tmp_path: Path) -> None:
    values = np.full((4, 4), 7, dtype=np.int16)
    values[1, 1] = -999
    path = write(tmp_path / "hole.tif", values, nodata=-999)
    found = heights(path, (10.0001, 49.9999), (10.0015, 49.9985), (10.0012, 49.9988), (10.0035, 49.9965))
    assert found[0] == found[3] == 7.0
    assert np.isnan(found[1:3]).all()


def test_any_coordinate_system_serves(tmp_path: Path) -> None:
    # UTM zone 32 is metres about 9 E; 10 E, 50 N lies at (571667, 5539109) or so.
    x, y = Transformer.from_crs(4326, 32632, always_xy=True).transform(10.0, 50.0)
    row, column = np.mgrid[0:50, 0:50]
    path = write(
        tmp_path / "utm.tif",
        (column + 0 * row).astype(np.float32),
        crs="EPSG:32632",
        transform=(10.0, 0.0, x - 5, 0.0, -10.0, y + 5),
    )
    lon_deg, lat_deg = Transformer.from_crs(32632, 4326, always_xy=True).transform(x + 123, y - 45)
    terrain = read_terrain_model(path, (10.0, 49.9965, 10.005, 50.0))
    assert terrain.cell_m == pytest.approx(10, abs=0.02)
    assert terrain.heights_m(np.asarray([lon_deg]), np.asarray([lat_deg]))[0] == pytest.approx(12.3, abs=1e-3)


def test_heights_in_feet_become_metres(tmp_path: Path) -> None:
    path = write(tmp_path / "feet.tif", np.full((4, 4), 100, dtype=np.int16), units="ft")
    assert heights(path, (10.002, 49.998)) == pytest.approx([30.48])


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda folder: folder / "none.tif", "no such file"),
        (lambda folder: _text(folder / "text.tif"), "not readable as a GeoTIFF"),
        (
            lambda folder: write(folder / "x.tif", np.zeros((2, 2), np.uint8), crs=None),
            "no coordinate system",
        ),
        (
            lambda folder: write(
                folder / "x.tif", np.zeros((2, 2), np.uint8), transform=(1, 0, 80, 0, -1, 9)
            ),
            "does not reach the area's streets",
        ),
    ],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path: Path, make: Any, says: str) -> None:
    path = make(tmp_path)
    with pytest.raises(BadInputError, match=says) as caught:
        check_and_read(path)
    assert caught.value.where == str(path)


def check_and_read(path: Path) -> None:
    check_terrain_model(path)
    read_terrain_model(path, BOX)


def _text(path: Path) -> Path:
    path.write_text("no picture", encoding="utf-8")
    return path


def test_without_rasterio_the_fix_is_named(plane: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rasterio", None)
    with pytest.raises(BadInputError, match=r"pip install 'reach15\[dem\]'"):
        check_terrain_model(plane)
