import json
import random
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import osmium
import osmnx
import pytest
from osmium.osm import Node, Relation, Way

from app.domain.errors import BadInputError, DownloadError, StoreError
from app.domain.place import Box
from app.domain.standard import SELECTOR_KEYS
from app.ingest.demo_extract import find_demo_extract
from app.ingest.geocoding import geocode_place
from app.ingest.osm_file import read_osm_file
from app.ingest.overpass import download_extract, overpass_query
from tests.support.overpass_stand_in import (
    SILENCE,
    Answer,
    Extract,
    QueryError,
    StandIn,
    assert_one_line,
    closed_port_url,
    run_query,
)
from tests.support.processes import PATIENCE_S

SMALL_BOX = (24.9400000, 60.1680000, 24.9450000, 60.1710000)

READ_PARTS = ("ways", "buildings", "places", "point_places", "residential_land", "doors", "obstacles")
WATER = {
    "natural": {"water", "coastline"},
    "waterway": {"riverbank", "dock", "river", "canal", "stream", "tidal_channel", "drain", "ditch"},
    "landuse": {"reservoir", "basin"},
}

NODE = {"type": "node", "id": 1, "lat": 60.1699, "lon": 24.9384}


@pytest.fixture(scope="session")
def demo() -> Extract:
    return Extract.read(find_demo_extract())


def download(stand_in: StandIn, target: Path, box: Box = SMALL_BOX, **options: Any) -> None:
    given: dict[str, Any] = {
        "overpass_url": stand_in.overpass_url,
        "timeout_s": PATIENCE_S,
        "sleep": must_not_sleep,
    } | options
    download_extract(box, target, **given)


def must_not_sleep(seconds: float) -> None:
    pytest.fail(f"would wait {seconds} s")


def read_pbf(path: Path) -> list[tuple[Any, ...]]:
    """All elements in file order: type, id, tags, and place in whole 1e-7 degrees, references or members."""
    rows: list[tuple[Any, ...]] = []
    for entity in osmium.FileProcessor(path):
        if isinstance(entity, Node):
            content: Any = (entity.location.x, entity.location.y)
        elif isinstance(entity, Way):
            content = [node.ref for node in entity.nodes]
        else:
            assert isinstance(entity, Relation)
            content = [(member.type, member.ref, member.role) for member in entity.members]
        rows.append((entity.type_str(), entity.id, dict(entity.tags), content))
    return rows


def is_wanted(kind: str, tags: dict[str, str]) -> bool:
    """The rule of what is asked for, told a second time."""
    if kind == "r" and tags.get("type") not in ("multipolygon", "boundary"):
        return False
    if kind == "w" and "highway" in tags:
        return True
    if kind in "wr" and "building" in tags:
        return True
    if kind in "wr" and any(values & items_of(tags.get(key, "")) for key, values in WATER.items()):
        return True
    if "residential" in items_of(tags.get("landuse", "")):
        return True
    if kind == "n" and ("barrier" in tags or "entrance" in tags):
        return True
    return any(
        key in tags and (not values or values & items_of(tags[key])) for key, values in SELECTOR_KEYS.items()
    )


def items_of(value: str) -> set[str]:
    return {item.strip() for item in value.split(";")}


def with_members(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The wanted rows, what they are made of, in the order of the file."""
    content = {(kind, osm_id): content for kind, osm_id, _, content in rows}
    wanted = {(kind, osm_id) for kind, osm_id, tags, _ in rows if is_wanted(kind, tags)}
    for key in [key for key in wanted if key[0] == "r"]:
        wanted |= {(kind, ref) for kind, ref, _ in content[key] if kind != "r"}
    for key in [key for key in wanted if key[0] == "w" and key in content]:
        wanted |= {("n", ref) for ref in content[key]}
    return [row for row in rows if row[:2] in wanted]


class TestDownload:
    def test_the_file_holds_the_matching_elements_of_the_extract_and_nothing_else(
        self, stand_in: StandIn, demo: Extract, tmp_path: Path
    ) -> None:
        target = tmp_path / "helsinki.osm.pbf"
        download(stand_in, target, demo.box)
        expected = with_members(read_pbf(find_demo_extract()))
        assert read_pbf(target) == expected
        assert {kind for kind, *_ in expected} == {"n", "w", "r"}
        assert any(kind == "n" and not tags for kind, _, tags, _ in expected)
        assert len(expected) > 15_000

    def test_the_reader_finds_the_same_in_it_as_in_the_extract(
        self, stand_in: StandIn, demo: Extract, tmp_path: Path
    ) -> None:
        target = tmp_path / "helsinki.osm.pbf"
        download(stand_in, target, demo.box)
        expected, found = read_osm_file(find_demo_extract()), read_osm_file(target)
        assert len(expected.ways.way_id) > 1000
        assert found.header_box == expected.header_box
        for part in READ_PARTS:
            np.testing.assert_equal(vars(getattr(found, part)), vars(getattr(expected, part)), err_msg=part)
        np.testing.assert_array_equal(found.wall_ids, expected.wall_ids)
        np.testing.assert_array_equal(found.gate_ids, expected.gate_ids)

    def test_ways_that_leave_a_small_box_come_whole(
        self, stand_in: StandIn, demo: Extract, tmp_path: Path
    ) -> None:
        target = tmp_path / "small.osm.pbf"
        download(stand_in, target)
        rows = read_pbf(target)
        places = {osm_id: place for kind, osm_id, _, place in rows if kind == "n"}
        assert 0 < len(rows) < 8_000
        west, south, east, north = (round(value * 10**7) for value in SMALL_BOX)
        outside = [not (west <= x <= east and south <= y <= north) for x, y in places.values()]
        assert any(outside)
        for kind, _, _, refs in rows:
            if kind == "w":
                assert all(ref in places or ("node", ref) not in demo.elements for ref in refs)

    def test_barriers_and_entrances_on_ways_keep_their_tags(self, stand_in: StandIn, tmp_path: Path) -> None:
        target = tmp_path / "small.osm.pbf"
        download(stand_in, target, stand_in.extract.box)
        tags = [tags for kind, _, tags, _ in read_pbf(target) if kind == "n"]
        assert any("barrier" in node for node in tags)
        assert any("entrance" in node for node in tags)

    def test_the_header_carries_the_box(self, stand_in: StandIn, tmp_path: Path) -> None:
        target = tmp_path / "small.osm.pbf"
        download(stand_in, target)
        with osmium.io.Reader(target) as reader:
            box = reader.header().box()
        corners = (box.bottom_left.x, box.bottom_left.y, box.top_right.x, box.top_right.y)
        assert corners == tuple(round(value * 10**7) for value in SMALL_BOX)

    def test_order_and_repetition_of_the_answer_change_no_byte(
        self, stand_in: StandIn, demo: Extract, tmp_path: Path
    ) -> None:
        elements = run_query(demo, overpass_query(SMALL_BOX, 20))
        shuffled = elements + elements[:500]
        random.Random(15).shuffle(shuffled)
        stand_in.prepared += [Answer.of_elements(elements), Answer.of_elements(shuffled)]
        download(stand_in, tmp_path / "a.osm.pbf")
        download(stand_in, tmp_path / "b.osm.pbf")
        assert (tmp_path / "a.osm.pbf").read_bytes() == (tmp_path / "b.osm.pbf").read_bytes()

    def test_large_ids_odd_tags_and_empty_elements_survive(self, stand_in: StandIn, tmp_path: Path) -> None:
        stand_in.prepared.append(
            Answer.of_elements(
                [
                    {"type": "relation", "id": 7, "tags": {"type": "multipolygon"}},
                    {"type": "way", "id": 2**33, "nodes": [2**40, 2**40]},
                    {"type": "way", "id": 3},
                    {
                        "type": "node",
                        "id": 2**40,
                        "lat": -0.0000001,
                        "lon": 180,
                        "tags": {"name": "七宝\n" * 50},
                    },
                ]
            )
        )
        download(stand_in, tmp_path / "odd.osm.pbf")
        assert read_pbf(tmp_path / "odd.osm.pbf") == [
            ("n", 2**40, {"name": "七宝\n" * 50}, (1_800_000_000, -1)),
            ("w", 3, {}, []),
            ("w", 2**33, {}, [2**40, 2**40]),
            ("r", 7, {"type": "multipolygon"}, []),
        ]

    def test_an_old_file_is_replaced(self, stand_in: StandIn, tmp_path: Path) -> None:
        target = tmp_path / "place.osm.pbf"
        target.write_bytes(b"old")
        stand_in.prepared.append(Answer.of_elements([NODE]))
        download(stand_in, target)
        assert [row[1] for row in read_pbf(target)] == [1]
        assert list(tmp_path.iterdir()) == [target]

    def test_the_address_may_name_the_interpreter(self, stand_in: StandIn, tmp_path: Path) -> None:
        for url in (f"{stand_in.overpass_url}/", f"{stand_in.overpass_url}/interpreter"):
            download(stand_in, tmp_path / "small.osm.pbf", overpass_url=url)
        assert [path for path, _, _ in stand_in.requests] == ["/api/interpreter"] * 2

    def test_no_directory_to_write_to(self, stand_in: StandIn, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match="No such file or directory"):
            download(stand_in, tmp_path / "absent" / "x.osm.pbf")


class TestManners:
    def test_who_asks_is_named_and_nothing_global_stays_changed(
        self, stand_in: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        settings = {name: value for name, value in vars(osmnx.settings).items() if not name.startswith("__")}
        resolver = socket.getaddrinfo
        geocode_place("Helsinki", nominatim_url=stand_in.nominatim_url, timeout_s=PATIENCE_S)
        with pytest.raises(BadInputError):
            geocode_place("Nowhere", nominatim_url=stand_in.nominatim_url, timeout_s=PATIENCE_S)
        download(stand_in, tmp_path / "small.osm.pbf")
        assert [path for path, _, _ in stand_in.requests] == ["/search", "/search", "/api/interpreter"]
        assert all(headers["User-Agent"].startswith("reach15 (OSMnx") for _, headers, _ in stand_in.requests)
        assert {name: getattr(osmnx.settings, name) for name in settings} == settings
        assert socket.getaddrinfo is resolver
        assert [path.name for path in tmp_path.iterdir()] == ["small.osm.pbf"]

    def test_osmnx_is_loaded_only_when_needed(self) -> None:
        code = "import sys, app.ingest.overpass, app.ingest.geocoding; sys.exit('osmnx' in sys.modules)"
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


class TestBusyServer:
    @pytest.mark.parametrize(
        ("status", "headers", "wait_s"),
        [(429, {"Retry_After": "7"}, 7.0), (504, {}, 15.0), (503, {"Retry_After": "soon"}, 15.0)],
    )
    def test_is_asked_once_more(
        self, stand_in: StandIn, tmp_path: Path, status: int, headers: dict[str, str], wait_s: float
    ) -> None:
        waits: list[float] = []
        stand_in.prepared += [Answer.web_page(status, **headers), Answer.of_elements([NODE])]
        download(stand_in, tmp_path / "x.osm.pbf", sleep=waits.append)
        assert waits == [wait_s]
        assert (tmp_path / "x.osm.pbf").is_file()

    def test_may_name_a_moment(self, stand_in: StandIn, tmp_path: Path) -> None:
        waits: list[float] = []
        past = "Wed, 21 Oct 2015 07:28:00 GMT"
        stand_in.prepared += [Answer.web_page(429, Retry_After=past), Answer.of_elements([NODE])]
        download(stand_in, tmp_path / "x.osm.pbf", sleep=waits.append)
        assert waits == [0.0]

    @pytest.mark.parametrize("attempts", [1, 2, 3])
    def test_is_not_asked_for_ever(self, stand_in: StandIn, tmp_path: Path, attempts: int) -> None:
        waits: list[float] = []
        stand_in.prepared += [Answer.web_page(429)] * 5
        with pytest.raises(DownloadError, match="HTTP 429"):
            download(stand_in, tmp_path / "x.osm.pbf", sleep=waits.append, attempts=attempts)
        assert len(stand_in.requests) == attempts
        assert len(waits) == attempts - 1

    def test_that_asks_for_too_long_a_wait_is_reported_at_once(
        self, stand_in: StandIn, tmp_path: Path
    ) -> None:
        stand_in.prepared.append(Answer.web_page(429, Retry_After="3600"))
        with pytest.raises(DownloadError, match="HTTP 429"):
            download(stand_in, tmp_path / "x.osm.pbf")


WHOLE = json.dumps({"elements": [NODE] * 3}).encode()

TIMED_OUT = 'runtime error: Query timed out in "query" at line 3 after 26 seconds.'

FAILURES = {
    "busy": (
        Answer.web_page(504, "runtime error: the server is probably too busy &amp; tired"),
        "busy & tired",
    ),
    "broken": (Answer.web_page(500), "HTTP 500 Internal Server Error"),
    "refused": (Answer.web_page(400, "line 1: parse error"), r"HTTP 400 Bad Request \(line 1: parse error\)"),
    "moved": (
        Answer(301, headers={"Location": "https://new.example/api"}),
        "moved to https://new.example/api",
    ),
    "web page": (Answer.web_page(), "sent a web page instead of data"),
    "cut off": (Answer(body=WHOLE[:60]), "not whole JSON"),
    "empty": (Answer(), "not whole JSON"),
    "broken off": (Answer(body=WHOLE, declared_length=10_000), "broke off before the answer was whole"),
    "out of time": (
        Answer.of_elements([NODE], remark=TIMED_OUT),
        "stopped with 'runtime error: Query timed out",
    ),
    "out of memory": (
        Answer.of_elements(
            [], remark='runtime error: Query run out of memory in "recurse" at line 1 using 512 MB'
        ),
        "run out of memory",
    ),
    "nothing there": (Answer.of_elements([]), "has nothing in this box"),
    "another service": (Answer.of_json([]), "is this an Overpass server"),
    "no type": (Answer.of_elements([{"id": 1}]), "element 0 of the answer is no node, way or relation"),
    "odd type": (Answer.of_elements([NODE, {"type": "area", "id": 1}]), "element 1 of the answer is no node"),
    "no place": (Answer.of_elements([{"type": "node", "id": 4}]), "node 4 of the answer is malformed"),
    "odd place": (Answer.of_elements([NODE | {"lat": 91}]), "no place on earth"),
    "odd tag": (Answer.of_elements([NODE | {"tags": {"a": 1}}]), "not a text"),
    "endless tag": (Answer.of_elements([NODE | {"tags": {"a": "x" * 70_000}}]), "malformed"),
    "odd tags": (Answer.of_elements([NODE | {"tags": ["a"]}]), "malformed"),
    "odd id": (Answer.of_elements([NODE | {"id": 2**63}]), "element 0 of the answer is no node"),
    "odd reference": (
        Answer.of_elements([{"type": "way", "id": 6, "nodes": ["1"]}]),
        "way 6 of the answer is",
    ),
    "odd member": (
        Answer.of_elements(
            [{"type": "relation", "id": 5, "members": [{"type": "area", "ref": 1, "role": ""}]}]
        ),
        "relation 5 of the answer is malformed",
    ),
}


class TestFailure:
    @pytest.mark.parametrize(("answer", "message"), FAILURES.values(), ids=FAILURES.keys())
    def test_leaves_one_clear_line_and_no_file(
        self, stand_in: StandIn, tmp_path: Path, answer: Answer, message: str
    ) -> None:
        target = tmp_path / "x.osm.pbf"
        stand_in.prepared.append(answer)
        with pytest.raises(DownloadError, match=message) as caught:
            download(stand_in, target, attempts=1)
        assert_one_line(caught.value, stand_in.overpass_url)
        assert list(tmp_path.iterdir()) == []

    def test_leaves_an_older_file_alone(self, stand_in: StandIn, tmp_path: Path) -> None:
        target = tmp_path / "x.osm.pbf"
        target.write_bytes(b"old")
        stand_in.prepared.append(Answer.of_elements([NODE, {"type": "way", "id": 2, "nodes": ["?"]}]))
        with pytest.raises(DownloadError, match="way 2"):
            download(stand_in, target)
        assert target.read_bytes() == b"old"
        assert list(tmp_path.iterdir()) == [target]

    def test_nobody_listens(self, tmp_path: Path) -> None:
        url = closed_port_url()
        with pytest.raises(DownloadError, match=r"cannot be reached \(Connection refused\)") as caught:
            download_extract(SMALL_BOX, tmp_path / "x.osm.pbf", overpass_url=url, timeout_s=PATIENCE_S)
        assert_one_line(caught.value, url)

    def test_nobody_answers(self, stand_in: StandIn, tmp_path: Path) -> None:
        stand_in.prepared.append(SILENCE)
        with pytest.raises(DownloadError, match=r"no answer within 0\.2 s") as caught:
            download(stand_in, tmp_path / "x.osm.pbf", timeout_s=0.2)
        assert_one_line(caught.value, stand_in.overpass_url)

    @pytest.mark.parametrize(
        "url", ["overpass.example/api", "ftp://overpass.example", "http://", "http://[", "http://h:p"]
    )
    def test_not_a_web_address(self, tmp_path: Path, url: str) -> None:
        with pytest.raises(DownloadError, match="is not a web address"):
            download_extract(SMALL_BOX, tmp_path / "x.osm.pbf", overpass_url=url, timeout_s=PATIENCE_S)

    def test_a_password_in_the_address_is_not_repeated(self, tmp_path: Path) -> None:
        url = closed_port_url().replace("http://", "http://user:secret@")
        with pytest.raises(DownloadError, match="cannot be reached") as caught:
            download_extract(SMALL_BOX, tmp_path / "x.osm.pbf", overpass_url=url, timeout_s=PATIENCE_S)
        assert "secret" not in str(caught.value)

    @pytest.mark.parametrize(
        "box",
        [
            (24.95, 60.16, 24.94, 60.17),
            (24.94, 60.17, 24.95, 60.17),
            (60.16, 24.94, 60.17, 91.0),
            (float("nan"), 60.16, 24.95, 60.17),
            (-180.0, -10.0, 180.0, 10.0),
        ],
    )
    def test_not_a_box_of_one_area(self, tmp_path: Path, box: Box) -> None:
        with pytest.raises(BadInputError, match=r"^box .*(is not west,south,east,north|km wide)"):
            download_extract(
                box, tmp_path / "x.osm.pbf", overpass_url=closed_port_url(), timeout_s=PATIENCE_S
            )


class TestQuery:
    def test_every_key_a_selector_may_start_from_is_asked_for(self) -> None:
        query = overpass_query(SMALL_BOX, 180.0)
        for key in SELECTOR_KEYS:
            for kind in ("node", "way", "relation"):
                assert f'{kind}["{key}"' in query

    def test_head(self) -> None:
        head = overpass_query((-0.5, 1 / 3, 25, 60.2), 12.5).split("\n")[0]
        assert head == "[out:json][timeout:13][bbox:0.3333333,-0.5000000,60.2000000,25.0000000];"

    @pytest.mark.parametrize(
        ("value", "matches"),
        [
            ("residential", True),
            ("forest; retail", True),
            ("retail;x", True),
            ("semiretail", False),
            ("a retail", False),
        ],
    )
    def test_a_value_may_be_one_of_a_list(self, value: str, matches: bool) -> None:
        pattern = re.search(r'way\["landuse"~"([^"]+)"\]', overpass_query(SMALL_BOX, 180))
        assert pattern is not None
        assert bool(re.search(pattern[1], value)) is matches

    def test_the_stand_in_refuses_what_it_does_not_understand(self, demo: Extract) -> None:
        query = overpass_query(SMALL_BOX, 180)
        assert run_query(demo, query)
        for wrong in (query.replace("(._;>;);\n", ""), query.replace("way[", "way(id:5)[", 1), "out;"):
            with pytest.raises(QueryError):
                run_query(demo, wrong)
