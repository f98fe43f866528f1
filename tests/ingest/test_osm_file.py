"""What the reader makes of small written files, PBF and XML; places in metres."""

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import shapely

from app.geo.network import WalkNetwork
from app.geo.network_builder import build_walk_network
from app.ingest.osm_file import Areas, OsmExtract, read_osm_file
from tests.support.osm_writing import Element, Place, Sketch, degrees

FORMATS = ("pbf", "osm", "osm.gz", "osm.bz2", "osm.xml")
ODD_TAGS = {
    "blank in key": "two  blanks",
    "comma,and=equals": "a=b,c=d",
    "percent": "100%",
    "looks escaped": "v%20%,%25%20%25%",
    "lines": "1\n2\t3\r4",
    "emoji": "😀 家庭👩‍👩‍👧",
    "中文": "南京市玄武区",
    "quotes": "\"<&>'",
    "marks": "Nn1,n2 x24 y60 @",
    "empty": "",
    "separators": "\u0085\u2028\u00a0",
}


@pytest.fixture(params=["pbf", "osm"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / f"city.{request.param}"


def network_of(extract: OsmExtract) -> WalkNetwork:
    return build_walk_network(extract.ways, wall_ids=extract.wall_ids, gate_ids=extract.gate_ids)


def edges_of(extract: OsmExtract) -> list[tuple[int, list[int], float]]:
    """Way, node ids and length to the decimetre of every edge."""
    network = network_of(extract)
    vertices = np.split(network.vertex_osm_id, network.vertex_start[1:-1])
    return [
        (int(way), ids.tolist(), round(float(length), 1))
        for way, ids, length in zip(network.edge_way_id, vertices, network.edge_length_m, strict=True)
    ]


def row_of_nodes(*places: Place) -> Sketch:
    """Nodes 1, 2, 3, ... at these places."""
    city = Sketch()
    for number, place in enumerate(places, 1):
        city.node(number, place)
    return city


def shape_of(areas: Areas, area_id: str) -> shapely.Geometry:
    return areas.geometries()[areas.id.index(area_id)]


def rectangle(x_m: float, y_m: float, width_m: float, height_m: float) -> shapely.Polygon:
    corners = [(x_m, y_m), (x_m + width_m, y_m), (x_m + width_m, y_m + height_m), (x_m, y_m + height_m)]
    return shapely.Polygon([degrees(*corner) for corner in corners])


def assert_same(found: OsmExtract, expected: OsmExtract) -> None:
    for part in ("ways", "nodes", "buildings", "places", "point_places", "residential_land", "doors"):
        np.testing.assert_equal(vars(getattr(found, part)), vars(getattr(expected, part)), err_msg=part)
    assert found.header_box == expected.header_box
    assert found.counts == expected.counts


class TestWays:
    def test_pieces_of_two_nodes_and_more_between_missing_nodes_stay(self, target: Path) -> None:
        city = row_of_nodes((0, 0), (10, 0), (20, 0), (30, 0), (40, 0), (50, 0))
        # 91 to 94 are missing: the pieces are 1-2, 3 alone, and 4-5-6.
        city.way(7, [91, 1, 2, 92, 3, 93, 94, 4, 5, 6], highway="path")
        city.way(8, [92, 3, 93], highway="path")
        extract = read_osm_file(city.write(target))
        assert edges_of(extract) == [(7, [1, 2], 10.0), (7, [4, 5, 6], 20.0)]
        assert extract.counts["missing_nodes"] == 4
        assert extract.counts["ways_cut_by_missing_nodes"] == 2
        assert extract.counts["ways_without_two_nodes"] == 1
        assert extract.counts["ways_walkable"] == 1

    def test_a_node_without_a_place_on_earth_is_as_good_as_missing(self, target: Path) -> None:
        city = row_of_nodes((0, 0), (10, 0), (20, 0))
        city.elements.append(Element("node", 4, (24.94, 95.0), {"amenity": "school"}))
        city.way(7, [1, 2, 4, 3], highway="path")
        extract = read_osm_file(city.write(target))
        assert edges_of(extract) == [(7, [1, 2], 10.0)]
        assert extract.point_places.id == []
        assert extract.counts["tagged_nodes_without_a_place"] == 1

    def test_a_node_named_twice_in_a_row_counts_once(self, target: Path) -> None:
        city = row_of_nodes((0, 0), (10, 0), (20, 0))
        city.way(7, [1, 1, 2, 2, 2, 3, 3], highway="path")
        city.way(8, [2, 2], highway="path")
        assert edges_of(read_osm_file(city.write(target))) == [(7, [1, 2, 3], 20.0)]

    def test_of_an_object_that_stands_twice_the_last_one_counts(self, target: Path) -> None:
        city = row_of_nodes((0, 0), (10, 0), (20, 0))
        city.way(7, [1, 2], highway="path", name="old")
        city.block(8, 100, 100, 10, 10, building="house")
        city.node(2, (0, 30))
        city.way(7, [2, 1], highway="path", name="new")
        city.block(8, 200, 100, 10, 20, building="yes")
        extract = read_osm_file(city.write(target))
        assert edges_of(extract) == [(7, [2, 1], 30.0)]
        assert network_of(extract).edge_name.tolist() == ["new"]
        assert dict(extract.buildings.tags[0]) == {"building": "yes"}
        assert shape_of(extract.buildings, "way/8").equals(rectangle(200, 100, 10, 20))

    def test_two_nodes_at_one_place_are_two_nodes(self, target: Path) -> None:
        city = row_of_nodes((0, 0), (10, 0), (10, 0), (20, 0))
        city.way(7, [1, 2], highway="path")
        city.way(8, [3, 4], highway="path")
        extract = read_osm_file(city.write(target))
        assert edges_of(extract) == [(7, [1, 2], 10.0), (8, [3, 4], 10.0)]
        assert len(network_of(extract).part_length_m) == 2

    def test_an_edge_between_two_nodes_at_one_place_has_no_length(self, target: Path) -> None:
        city = row_of_nodes((0, 0), (10, 0), (10, 0), (20, 0))
        city.way(7, [1, 2], highway="path")
        city.way(8, [2, 3], highway="steps")
        city.way(9, [3, 4], highway="path")
        extract = read_osm_file(city.write(target))
        assert edges_of(extract) == [(7, [1, 2], 10.0), (8, [2, 3], 0.0), (9, [3, 4], 10.0)]
        assert len(network_of(extract).part_length_m) == 1

    def test_a_closed_way_is_a_loop(self, target: Path) -> None:
        city = row_of_nodes((0, 0), (10, 0), (10, 10), (0, 10))
        city.way(7, [1, 2, 3, 4, 1], highway="path")
        extract = read_osm_file(city.write(target))
        assert edges_of(extract) == [(7, [1, 2, 3, 4, 1], 40.0)]
        network = network_of(extract)
        assert network.edge_u.tolist() == network.edge_v.tolist() == [0]

    def test_a_way_that_crosses_itself_is_cut_there(self, target: Path) -> None:
        # From 1 to 2, round a triangle of 30, 40 and 50 m, and on to 5.
        city = row_of_nodes((0, 0), (10, 0), (40, 0), (40, 40), (10, -10))
        city.way(7, [1, 2, 3, 4, 2, 5], highway="path")
        edges = edges_of(read_osm_file(city.write(target)))
        assert [ids for _, ids, _ in edges] == [[1, 2], [2, 3, 4, 2], [2, 5]]
        assert [length for _, _, length in edges] == [10.0, 120.0, 10.0]

    def test_a_square_is_walked_along_its_outline(self, target: Path) -> None:
        city = row_of_nodes((0, 0), (10, 0), (10, 10), (0, 10), (-10, 0))
        city.way(7, [1, 2, 3, 4, 1], highway="pedestrian", area="yes")
        city.way(8, [5, 1], highway="path")
        assert edges_of(read_osm_file(city.write(target))) == [(7, [1, 2, 3, 4, 1], 40.0), (8, [5, 1], 10.0)]

    def test_a_square_that_is_a_relation_is_walked_where_its_ways_say_so(self, target: Path) -> None:
        city = row_of_nodes((0, 0), (10, 0), (10, 10), (0, 10))
        city.way(7, [1, 2, 3], highway="footway")
        city.way(8, [3, 4, 1])
        city.relation(9, [("w", 7, "outer"), ("w", 8, "outer")], type="multipolygon", highway="pedestrian")
        assert edges_of(read_osm_file(city.write(target))) == [(7, [1, 2, 3], 20.0)]

    def test_only_what_has_a_highway_tag_is_walked(self, target: Path) -> None:
        city = row_of_nodes((0, 0), (10, 0), (20, 0), (30, 0))
        city.way(6, [1, 2])
        city.way(7, [1, 2], route="ferry", foot="yes")
        city.way(8, [1, 2], man_made="pier", foot="designated")
        city.way(9, [3, 4], highway="motorway")
        city.way(10, [2, 3], highway="service")
        extract = read_osm_file(city.write(target))
        assert edges_of(extract) == [(10, [2, 3], 10.0)]
        assert extract.counts["ways_not_for_walking"] == 1

    def test_a_file_without_a_walkable_way_gives_none(self, target: Path) -> None:
        city = row_of_nodes((0, 0), (10, 0))
        city.way(7, [1, 2], highway="motorway")
        city.block(8, 0, 10, 10, 10, building="yes")
        extract = read_osm_file(city.write(target))
        assert len(extract.ways.way_id) == 0
        assert extract.buildings.id == ["way/8"]

    def test_a_file_without_any_element_gives_nothing(self, target: Path) -> None:
        extract = read_osm_file(Sketch().write(target))
        assert (len(extract.ways.way_id), len(extract.nodes.osm_id), extract.buildings.id) == (0, 0, [])


class TestAreas:
    def test_a_relation_keeps_its_holes_and_parts(self, target: Path) -> None:
        city = Sketch()
        city.street(1, [(0, -10), (100, -10)])
        city.block(2, 0, 0, 100, 100)
        city.block(3, 20, 20, 10, 10)
        city.block(4, 60, 60, 20, 20)
        city.block(5, 200, 0, 50, 50, building="garage")
        members = [("w", 4, "inner"), ("w", 2, "outer"), ("w", 5, "outer"), ("w", 3, "inner")]
        city.relation(6, members, type="multipolygon", building="apartments")
        extract = read_osm_file(city.write(target))
        assert extract.buildings.id == ["relation/6", "way/5"]
        expected = rectangle(0, 0, 100, 100) - rectangle(20, 20, 10, 10) - rectangle(60, 60, 20, 20)
        assert shape_of(extract.buildings, "relation/6").equals(expected | rectangle(200, 0, 50, 50))

    def test_buildings_that_do_not_close_are_counted_and_left_out(self, target: Path) -> None:
        city = Sketch()
        city.street(1, [(0, -10), (100, -10)])
        city.line(2, [(0, 0), (10, 0), (10, 10)])
        city.relation(3, [("w", 2, "outer"), ("w", 99, "outer")], type="multipolygon", building="yes")
        city.relation(4, [("w", 2, "outer")], type="multipolygon", building="yes")
        city.way(5, [1000, 1001, 99999, 1000], building="yes")
        city.way(6, [1000, 1001], building="no")
        city.relation(7, [("w", 2, "part")], type="building", building="yes")
        extract = read_osm_file(city.write(target))
        assert extract.buildings.id == []
        assert extract.counts["buildings_without_a_closed_outline"] == 3

    def test_elements_without_tags_are_only_places(self, target: Path) -> None:
        city = Sketch()
        city.street(1, [(0, 0), (100, 0)])
        city.block(2, 0, 10, 10, 10)
        city.relation(3, [("w", 2, "outer")])
        city.relation(4, [])
        city.way(5, [])
        extract = read_osm_file(city.write(target))
        assert (extract.buildings.id, extract.places.id, extract.point_places.id) == ([], [], [])
        assert len(extract.nodes.osm_id) == 6

    def test_tags_survive_whatever_they_hold(self, target: Path) -> None:
        city = Sketch()
        city.street(1, [(0, 0), (100, 0)], name="中山路, 1=2 100%20%")
        city.node(2, (50, 50), {"amenity": "school", **ODD_TAGS})
        city.block(3, 0, 10, 10, 10, building="yes", **ODD_TAGS)
        extract = read_osm_file(city.write(target))
        assert dict(extract.point_places.tags[0]) == {"amenity": "school"} | ODD_TAGS
        assert dict(extract.buildings.tags[0]) == {"building": "yes"} | ODD_TAGS
        assert extract.ways.name.tolist() == ["中山路, 1=2 100%20%"]


def busy_city() -> Sketch:
    city = Sketch()
    city.street(20, [(0, 0), (50, 0), (100, 0)])
    city.street(10, [(100, 0), (100, 100)], highway="residential", name="北京路")
    city.block(40, 10, 10, 20, 20, building="house")
    city.block(30, 50, 10, 20, 20, building="yes", amenity="school")
    city.block(35, 55, 15, 5, 5)
    city.block(50, 0, 0, 90, 90, landuse="residential")
    city.relation(60, [("w", 40, "outer")], type="multipolygon", building="yes", shop="yes")
    city.relation(55, [("w", 30, "outer"), ("w", 35, "inner")], type="multipolygon", building="apartments")
    city.tag((50, 10), entrance="main")
    city.tag((100, 0), barrier="gate", access="private")
    city.tag((300, 300), amenity="pharmacy")
    return city


class TestOrderAndFormat:
    @pytest.mark.parametrize("ending", FORMATS)
    def test_every_format_and_any_order_give_the_same(self, tmp_path: Path, ending: str) -> None:
        expected = read_osm_file(busy_city().write(tmp_path / "sorted.osm.pbf", sorting="Type_then_ID"))
        assert edges_of(expected) == [(10, [1002, 1003], 100.0), (20, [1000, 1001, 1002], 100.0)]
        orders = {
            "as Overpass writes `out body; >; out`": lambda element: element.kind == "node",
            "nodes first, ids falling": lambda element: (
                element.kind[0] != "n",
                element.kind[0] != "w",
                -element.id,
            ),
        }
        for order in orders.values():
            city = busy_city()
            city.elements.sort(key=order)
            assert_same(read_osm_file(city.write(tmp_path / f"city.{ending}", as_drawn=True)), expected)
        city = busy_city()
        random.Random(15).shuffle(city.elements)
        assert_same(read_osm_file(city.write(tmp_path / f"city.{ending}", as_drawn=True)), expected)

    @pytest.mark.parametrize(
        ("box", "expected"),
        [
            ((24.9, 60.1, 25.0, 60.2), (24.9, 60.1, 25.0, 60.2)),
            (None, None),
            ((24.9, 60.1, 24.9, 60.2), None),
            ((24.9, 60.1, 24.9, 60.1), None),
        ],
    )
    def test_header_box(
        self, target: Path, box: Sequence[float] | None, expected: tuple[float, ...] | None
    ) -> None:
        assert read_osm_file(busy_city().write(target, box=box)).header_box == expected

    @pytest.mark.parametrize("first_id", [2**31 - 2, 2**31 + 5, 2**32 - 2, 2**40, 2**53 + 1])
    def test_large_ids(self, target: Path, first_id: int) -> None:
        city = Sketch()
        for number, place in enumerate([(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)]):
            city.node(first_id + number, place)
        ring = [first_id + number for number in (0, 1, 2, 3, 0)]
        city.way(first_id, ring, building="house")
        city.way(first_id + 1, ring[:3], highway="path")
        city.relation(first_id, [("w", first_id, "outer")], type="multipolygon", amenity="school")
        extract = read_osm_file(city.write(target))
        assert edges_of(extract) == [(first_id + 1, ring[:3], 20.0)]
        assert extract.buildings.id == [f"way/{first_id}"]
        assert extract.places.id == [f"relation/{first_id}"]
