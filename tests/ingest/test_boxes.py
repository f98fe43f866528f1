"""Boxes with a margin round them."""

import pytest
import shapely

from app.domain.errors import BadInputError
from app.geo.projection import WGS84_GEOD
from app.ingest.boxes import buffered_box

SMALL_BOX = (24.9400000, 60.1680000, 24.9450000, 60.1710000)


class TestBufferedBox:
    @pytest.mark.parametrize("south", [0.0, -0.3, 31.2, 60.0, 78.2, -84.9, 89.9])
    @pytest.mark.parametrize("margin_m", [0.0, 1.0, 1500.0, 40_000.0])
    def test_holds_everything_within_the_margin_and_little_more(self, south: float, margin_m: float) -> None:
        west, east, north = 24.0, 24.3, min(south + 0.2, 90.0)
        box = buffered_box((west, south, east, north), margin_m)
        azimuths = [azimuth / 10 for azimuth in range(3600)]
        corners = [(lon, lat) for lon in (west, east) for lat in (south, north)]
        lons: list[float] = []
        lats: list[float] = []
        for lon, lat in corners:
            count = len(azimuths)
            reached = WGS84_GEOD.fwd([lon] * count, [lat] * count, azimuths, [margin_m] * count)
            lons += list(reached[0])
            lats += list(reached[1])
        drift_deg = 1e-12  # by which going nowhere moves a point
        assert box[0] <= min(lons) + drift_deg
        assert box[1] <= min(lats) + drift_deg
        assert box[2] >= max(lons) - drift_deg
        assert box[3] >= max(lats) - drift_deg
        if north + margin_m / 110_000 < 90:
            # Two ten-millionths for rounding, and the hundred-thousandth by which the direction is uncertain.
            slack = 2e-7 + 2e-5 * (max(lons) - east)
            assert (min(lons) - box[0], box[2] - max(lons)) == pytest.approx((0, 0), abs=slack)
            assert (min(lats) - box[1], box[3] - max(lats)) == pytest.approx((0, 0), abs=2e-7)

    def test_reaches_round_the_pole(self) -> None:
        assert buffered_box((24.0, 89.99, 25.0, 89.999), 1000)[2:] == (180.0, 90.0)
        west, south, _, _ = buffered_box((24.0, -89.999, 25.0, -89.99), 1000)
        assert (west, south) == (-180.0, -90.0)

    def test_ends_at_the_meridian_where_maps_end(self) -> None:
        west, _, east, _ = buffered_box((-179.999, -18.0, 179.999, -17.0), 1000)
        assert (west, east) == (-180.0, 180.0)

    def test_of_a_polygon_is_that_of_its_box(self) -> None:
        triangle = shapely.Polygon([(24, 60), (25, 60.5), (24.5, 61)])
        assert buffered_box(triangle, 800) == buffered_box((24, 60, 25, 61), 800)

    @pytest.mark.parametrize("margin_m", [-1.0, float("nan"), float("inf")])
    def test_margin_must_be_a_length(self, margin_m: float) -> None:
        with pytest.raises(BadInputError, match="margin"):
            buffered_box(SMALL_BOX, margin_m)

    def test_area_must_have_a_box(self) -> None:
        with pytest.raises(BadInputError, match="not a box"):
            buffered_box(shapely.Polygon(), 10)
