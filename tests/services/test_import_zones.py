"""Zones from files and from OpenStreetMap: every household in one of them or outside."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from app.domain.area import Area
from app.domain.errors import BadInputError
from app.domain.zone import OUTSIDE
from app.ingest.osm_zones import read_osm_zones
from app.ingest.zone_files import read_zones_file
from tests.support.osm_writing import Place, Sketch, degrees
from tests.support.shared_data import shared_data
from tests.support.small_town import do_import, town


def rectangle(south_west: Place, north_east: Place) -> dict[str, Any]:
    return shapely.geometry.mapping(shapely.box(*degrees(*south_west), *degrees(*north_east)))


def zones_file(path: Path, *zones: tuple[dict[str, Any], Any], crs: str | None = None) -> Path:
    """GeoJSON of properties and geometries."""
    features = [
        {"type": "Feature", "properties": properties, "geometry": geometry} for properties, geometry in zones
    ]
    member = {} if crs is None else {"crs": {"type": "name", "properties": {"name": crs}}}
    content = {"type": "FeatureCollection", **member, "features": features}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def zone_of(area: Area) -> dict[str, str | None]:
    assert area.zones is not None
    names = [None if zone == OUTSIDE else str(area.zones.id[zone]) for zone in area.household_zone.tolist()]
    return dict(zip(area.households.id.tolist(), names, strict=True))


WEST, EAST = rectangle((-300, -300), (0, 300)), rectangle((0, -300), (150, 300))


def test_every_household_is_in_one_zone_or_outside(tmp_path: Path) -> None:
    whole = rectangle((-300, -300), (155, 100))
    empty = rectangle((800, 800), (900, 900))
    zones = [
        ({"id": "w", "name": "西区"}, WEST),
        ({"id": "e"}, EAST),
        ({"id": "x"}, whole),
        ({"id": "y"}, empty),
    ]
    for order in (zones, zones[::-1]):
        report, area = do_import(
            tmp_path / "data", town().write(tmp_path / "town.osm"),
            zones_file=zones_file(tmp_path / "zones.geojson", *order),
        )  # fmt: skip
        assert zone_of(area) == {"way/20": "w", "way/21": "e", "way/22": "e", "way/23": None}
        assert area.zones is not None
        assert area.zones.id.tolist() == ["e", "w", "x", "y"]
        assert area.zones.name.tolist() == ["", "西区", "", ""]
        assert report.counts["zones"] == {
            "kept": 4, "without_households": 2, "households_inside": 3, "households_outside": 1,
            "households_in_several": 3,
        }  # fmt: skip
        assert any("3 households lie in more than one" in warning for warning in report.warnings)


def test_the_content_names_the_version(tmp_path: Path) -> None:
    osm = town().write(tmp_path / "town.osm")
    hashes = {do_import(tmp_path / "data", osm)[1].data_hash}
    for name in ("a", "b"):
        file = zones_file(tmp_path / "zones.geojson", ({"id": name}, WEST))
        hashes.add(do_import(tmp_path / "data", osm, zones_file=file)[1].data_hash)
    assert len(hashes) == 3


class TestFiles:
    def test_the_real_zones_of_las_palmas(self) -> None:
        zones, *_ = read_zones_file(shared_data("las-palmas-zones.geojson"))
        assert zones.count == 29
        assert (
            dict(zip(zones.id.tolist(), zones.name.tolist(), strict=True))["35001438"]
            == "IES RAMÓN MENÉNDEZ PIDAL"
        )
        west, south, east, north = shapely.total_bounds(zones.geometry)
        assert (west, south, east, north) == pytest.approx((-15.53, 28.02, -15.39, 28.19), abs=0.05)
        assert shapely.is_valid(zones.geometry).all()

    def test_a_bow_tie_is_repaired_and_reported(self, tmp_path: Path) -> None:
        bow = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}
        zones, warnings, _ = read_zones_file(
            zones_file(tmp_path / "z.geojson", ({"id": 7, "名称": " 鼓楼 "}, bow))
        )
        assert (zones.id.tolist(), zones.name.tolist()) == (["7"], ["鼓楼"])
        assert shapely.is_valid(zones.geometry).all()
        assert shapely.area(zones.geometry)[0] == pytest.approx(0.5)
        assert any("repaired" in warning for warning in warnings)

    @pytest.mark.parametrize(
        ("zones", "message"),
        [
            (
                [({"id": "a"}, WEST), ({"id": "a"}, EAST)],
                "feature 2, column id: 'a' is already the id of feature 1",
            ),
            (
                [({"id": "outside"}, WEST)],
                "feature 1, column id: 'outside' stands for all places that lie in no",
            ),
            (
                [({"id": "a"}, {"type": "Point", "coordinates": [1, 2]})],
                "is a point; draw the zone as a polygon",
            ),
            (
                [({"id": "a"}, {"type": "LineString", "coordinates": [[1, 2], [3, 4]]})],
                "use a single point or a",
            ),
            ([({"id": "a"}, None)], "has no geometry"),
        ],
    )
    def test_what_is_no_zone(self, tmp_path: Path, zones: list[Any], message: str) -> None:
        with pytest.raises(BadInputError, match=message):
            read_zones_file(zones_file(tmp_path / "z.geojson", *zones))

    def test_elsewhere(self, tmp_path: Path) -> None:
        osm = town().write(tmp_path / "town.osm")
        far = zones_file(tmp_path / "far.geojson", ({"id": "a"}, rectangle((5e4, 5e4), (6e4, 6e4))))
        with pytest.raises(BadInputError, match=r"feature 1: lies 7\d\.\d km outside the extent"):
            do_import(tmp_path, osm, zones_file=far)
        near = zones_file(tmp_path / "near.geojson", ({"id": "a"}, rectangle((2e3, 2e3), (3e3, 3e3))))
        report, area = do_import(tmp_path, osm, zones_file=near)
        assert set(area.household_zone.tolist()) == {-1}
        assert any("no household lies in any zone" in warning for warning in report.warnings)


def boundaries() -> Sketch:
    """Two districts of level 9 that share a border, one that is cut off, and closed ways."""
    city = Sketch()
    city.line(50, [(0, -100), (0, 100)], boundary="administrative")
    city.line(51, [(0, 100), (-100, 100), (-100, -100), (0, -100)], boundary="administrative")
    city.line(52, [(0, 100), (100, 100), (100, -100), (0, -100)], boundary="administrative")
    level = {"type": "boundary", "boundary": "administrative", "admin_level": "9"}
    city.relation(60, [("w", 50, "outer"), ("w", 51, "outer")], level, name="西区")
    city.relation(61, [("w", 50, "outer"), ("w", 52, "outer")], level, name="East")
    city.relation(62, [("w", 50, "outer"), ("w", 999, "outer")], level, name="Cut off")
    city.relation(63, [("w", 55, "outer")], {**level, "admin_level": "10"}, name="Village")
    own = {"boundary": "administrative", "admin_level": "10"}
    city.block(55, 10, 10, 20, 20, **own, name="outline of the village")
    city.block(56, 40, 40, 20, 20, **own, name="Hamlet")
    city.block(57, 70, 70, 20, 20, **own)
    return city


class TestBoundaries:
    def test_of_a_level(self, tmp_path: Path) -> None:
        for name in ("b.osm.pbf", "b.osm"):
            zones, (warning,) = read_osm_zones(boundaries().write(tmp_path / name), 9)
            assert zones.id.tolist() == ["relation/60", "relation/61"]
            assert zones.name.tolist() == ["西区", "East"]
            assert warning.endswith("1 boundaries of level 9 are cut off, left out: Cut off")
            lon_deg, lat_deg = np.array([degrees(-50, 0), degrees(50, 0), degrees(0, 0), degrees(500, 0)]).T
            assert zones.locate(lon_deg, lat_deg).tolist() == [0, 1, 0, OUTSIDE]

    def test_a_closed_way_counts_if_it_is_nobodys_part_and_has_a_name(self, tmp_path: Path) -> None:
        zones, warnings = read_osm_zones(boundaries().write(tmp_path / "b.osm"), 10)
        assert (zones.id.tolist(), warnings) == (["relation/63", "way/56"], ())

    def test_levels_that_are_not_there(self, tmp_path: Path) -> None:
        path = boundaries().write(tmp_path / "b.osm")
        with pytest.raises(
            BadInputError, match=r"--zones-level 8: b.osm has no boundary of this .* 9 \(2\), 10"
        ):
            read_osm_zones(path, 8)
        with pytest.raises(BadInputError, match=r"cut off at its border: Punavuori, .*--zones FILE"):
            read_osm_zones(shared_data("helsinki.osm.pbf"), 10)

    def test_over_the_antimeridian(self, tmp_path: Path) -> None:
        corners = [(179.9, -17.0), (-179.9, -17.0), (-179.9, -16.9), (179.9, -16.9)]
        nodes = "".join(
            f'<node id="{number}" version="1" lon="{lon}" lat="{lat}"/>'
            for number, (lon, lat) in enumerate(corners, start=1)
        )
        refs = "".join(f'<nd ref="{number}"/>' for number in (1, 2, 3, 4, 1))
        tags = {"boundary": "administrative", "admin_level": "8", "name": "Taveuni"}
        told = "".join(f'<tag k="{key}" v="{value}"/>' for key, value in tags.items())
        path = tmp_path / "fiji.osm"
        path.write_text(f'<osm version="0.6">{nodes}<way id="9" version="1">{refs}{told}</way></osm>')
        with pytest.raises(BadInputError, match=r"cross the antimeridian .*\(Taveuni\).*--zones FILE"):
            read_osm_zones(path, 8)

    def test_of_a_real_country(self) -> None:
        zones, (warning,) = read_osm_zones(shared_data("liechtenstein.osm.pbf"), 8)
        assert zones.count == 11
        assert "Vaduz" in zones.name.tolist()
        assert "Buchs (SG)" in warning

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"zones_level": 12}, "--zones-level 12: OpenStreetMap's levels go from 1 to 11"),
            ({"zones_level": 9, "zones_file": Path("z.geojson")}, "each names the zones"),
        ],
    )
    def test_requests_that_contradict_themselves(
        self, tmp_path: Path, options: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(BadInputError, match=message):
            do_import(tmp_path, tmp_path / "unread.osm", **options)
