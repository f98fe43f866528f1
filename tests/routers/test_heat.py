"""The heat map over HTTP."""

import pytest
from fastapi.testclient import TestClient
from rasterio.io import MemoryFile

from tests.support.http import check_problem

URL = "/v1/areas/helsinki/siting/heat?standard=cn-mofcom-5-8-15&service=pharmacy&cell_m=200"


def test_raster_and_squares_tell_the_same(client: TestClient) -> None:
    squares = client.get(f"{URL}&ignore_existing=true").json()["features"]
    answer = client.get(f"{URL}&ignore_existing=true&format=geotiff")
    assert answer.headers["content-type"].startswith("image/tiff")
    with MemoryFile(answer.content) as memory, memory.open() as raster:
        values = raster.read(1)
    gained = [item["properties"]["gained"] for item in squares]
    assert max(gained) > 0
    assert sorted(values[values >= 0].tolist()) == pytest.approx(sorted(gained))


def test_what_cannot_be_drawn_is_a_problem(client: TestClient) -> None:
    check_problem(client.get(URL.replace("200", "9")), 422, "bad-input")
    check_problem(client.get(URL.replace("pharmacy", "moon")), 404, "service-not-found")
    check_problem(client.get(f"{URL}&weight=population"), 422, "bad-input")
