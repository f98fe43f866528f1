"""`reach15 heat`: each cell's gain is what siting finds for it, and GDAL reads the raster."""

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely

from app.services import siting_heat
from tests.cli.conftest import Cli

ASKED = ("heat", "helsinki", "--standard", "cn-mofcom-5-8-15", "--service", "pharmacy", "--ignore-existing")


def test_the_warmest_cell_is_where_one_site_goes(demo_cli: Cli, tmp_path: Path) -> None:
    answer = demo_cli(*ASKED, "--cell-m", "200", "--json").json()
    gained = {item["id"]: item["properties"]["gained"] for item in answer["features"]}
    assert len(gained) > 10
    site = demo_cli("site", *ASKED[1:], "--sites", "1", "--grid", "200", "--json").json()
    assert site["objective"] == max(gained.values()) > 0
    assert gained[site["sites"][0]["id"]] == site["objective"]
    assert all(shapely.geometry.shape(item["geometry"]).is_valid for item in answer["features"])

    path = tmp_path / "heat.tif"
    assert demo_cli(*ASKED, "--cell-m", "200", "--format", "geotiff", "-o", path).code == 0
    with rasterio.open(path) as raster:
        values = raster.read(1)
        assert (raster.crs.to_epsg(), raster.res, raster.nodata) == (32635, (200.0, 200.0), -1.0)
        row, column = np.unravel_index(values.argmax(), values.shape)
        _, _, _, east, north = site["sites"][0]["id"].split("/")
        assert raster.xy(row, column) == (200.0 * (int(east) + 0.5), 200.0 * (int(north) + 0.5))
    assert sorted(values[values >= 0].tolist()) == pytest.approx(sorted(gained.values()))


def test_too_many_cells_and_contradictions_are_told_in_one_line(
    demo_cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(siting_heat, "MOST_HEAT_CELLS", 10)
    assert "take larger cells" in demo_cli(*ASKED, "--cell-m", "100").failed(3)
    assert "must measure" in demo_cli(*ASKED, "--cell-m", "nan").failed(3)
    assert "--format" in demo_cli(*ASKED, "--json", "--format", "geotiff").failed(3)
    assert json.dumps("moon")[1:-1] in demo_cli(*ASKED[:5], "moon").failed(3)
