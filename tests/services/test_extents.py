"""Where an extract's data is complete: what tells, in which order, and when it is not to be believed."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import shapely

from app.domain.area import Extent
from app.geo.network_builder import build_walk_network
from app.ingest.osm_file import read_osm_file
from app.services.extents import find_extent, warn_of_wide_box
from tests.support.osm_writing import Place, Sketch, degrees

HEADER_BOX = (24.9, 60.1, 25.0, 60.2)
GIVEN = shapely.box(24.91, 60.11, 24.99, 60.19)


def look(
    city: Sketch,
    folder: Path,
    *,
    box: Sequence[float] | None = None,
    given: shapely.Polygon | None = None,
    downloaded: bool = False,
) -> tuple[Extent, str | None]:
    """The extent of a file, and the warning about its box."""
    path = city.write(folder / "city.osm.pbf", box=box)
    extract = read_osm_file(path)
    network = build_walk_network(extract.ways, wall_ids=extract.wall_ids, gate_ids=extract.gate_ids)
    extent = find_extent(extract, network, given, downloaded=downloaded)
    return extent, warn_of_wide_box(extract, network, extent)


def corners_box(south_west: Place, north_east: Place) -> tuple[float, ...]:
    return (*degrees(*south_west), *degrees(*north_east))


def two_streets() -> Sketch:
    """Streets from (0, 0) to (100, 50), and a building that reaches further."""
    city = Sketch()
    city.street(1, [(0, 0), (100, 0)])
    city.street(2, [(100, 0), (100, 50)])
    city.block(3, 100, 100, 50, 50, building="yes")
    return city


def with_free_nodes() -> Sketch:
    city = two_streets()
    city.tag((-40, 10), natural="tree")
    city.tag((20, 200), shop="bakery")
    return city


class TestBasis:
    def test_what_the_user_gives_comes_first(self, tmp_path: Path) -> None:
        extent, _ = look(with_free_nodes(), tmp_path, box=HEADER_BOX, given=GIVEN)
        assert (extent.basis, extent.polygon) == ("given", GIVEN)

    @pytest.mark.parametrize(("downloaded", "basis"), [(False, "header"), (True, "download")])
    def test_then_the_box_in_the_header(self, tmp_path: Path, downloaded: bool, basis: str) -> None:
        extent, _ = look(with_free_nodes(), tmp_path, box=HEADER_BOX, downloaded=downloaded)
        assert (extent.basis, extent.polygon.bounds) == (basis, HEADER_BOX)

    @pytest.mark.parametrize("box", [None, (24.9, 60.1, 24.9, 60.2)])
    def test_then_the_box_of_nodes_that_no_way_refers_to(
        self, tmp_path: Path, box: tuple[float, ...] | None
    ) -> None:
        extent, _ = look(with_free_nodes(), tmp_path, box=box)
        assert extent.basis == "free_nodes"
        west_south, east_north = degrees(-40, 10), degrees(20, 200)
        assert extent.polygon.bounds == (*west_south, *east_north)

    @pytest.mark.parametrize("lonely", [None, (500, 500)])
    def test_then_the_box_of_the_walkable_nodes(self, tmp_path: Path, lonely: Place | None) -> None:
        city = two_streets()
        if lonely is not None:
            city.tag(lonely, natural="tree")  # one free node has no box
        extent, _ = look(city, tmp_path)
        assert extent.basis == "walkable_nodes"
        assert extent.polygon.bounds == pytest.approx(corners_box((0, 0), (100, 50)), abs=2e-7)

    def test_streets_along_one_meridian_are_complete_nowhere(self, tmp_path: Path) -> None:
        city = Sketch()
        city.street(1, [(0, 0), (0, 100)])
        extent, _ = look(city, tmp_path)
        assert extent.basis == "walkable_nodes"
        assert 0 < extent.polygon.area < 1e-13


def rim_town(*also: Place) -> Sketch:
    """A box of 10 km: a street in its middle, and something every kilometre along its sides but the northern one."""
    city = Sketch()
    city.street(1, [(5000, 5000), (5600, 5000)])
    for step in range(11):
        at_m = 1000.0 * step
        for place in ((at_m, 0.0), (0.0, at_m), (10_000.0, at_m)):
            city.tag(place, natural="tree")
    for place in also:
        city.tag(place, natural="tree")
    return city


TOWN_BOX = corners_box((0, 0), (10_000, 10_000))


class TestWideBox:
    def test_is_warned_of(self, tmp_path: Path) -> None:
        # Of the northern side the 6 km between 2 and 8 km are far from any element: 15 % of the rim of 40 km.
        _, warning = look(rim_town(), tmp_path, box=TOWN_BOX)
        assert warning is not None
        assert "of the rim of the file's header box lies over 2 km from any element" in warning
        assert warning.endswith("give the true border with --extent FILE")

    def test_the_rim_is_measured_in_metres(self, tmp_path: Path) -> None:
        # One more at 7.2 km: far are only the 3.2 km from 2 to 5.2 km, 8 % of the rim.
        _, warning = look(rim_town((7200, 10_000)), tmp_path, box=TOWN_BOX)
        assert warning is None

    def test_a_tenth_is_allowed(self, tmp_path: Path) -> None:
        # One more at 5 km: what is left is 2 to 3 and 7 to 8 km, 5 %.
        _, warning = look(rim_town((5000, 10_000)), tmp_path, box=TOWN_BOX)
        assert warning is None

    @pytest.mark.parametrize(
        ("box", "given", "downloaded"),
        [(TOWN_BOX, GIVEN, False), (TOWN_BOX, None, True), (None, None, False)],
    )
    def test_only_a_files_own_header_is_doubted(
        self,
        tmp_path: Path,
        box: tuple[float, ...] | None,
        given: shapely.Polygon | None,
        downloaded: bool,
    ) -> None:
        _, warning = look(rim_town(), tmp_path, box=box, given=given, downloaded=downloaded)
        assert warning is None

    def test_of_a_whole_country_around_a_city(self, tmp_path: Path) -> None:
        _, warning = look(two_streets(), tmp_path, box=(19.0, 59.5, 31.5, 70.1))
        assert warning is not None
        assert warning.startswith("100% of the rim")
