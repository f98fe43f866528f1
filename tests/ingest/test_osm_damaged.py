"""Files that are not whole, not sound or not OpenStreetMap's: one line that says so, never half a city."""

import bz2
import gzip
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import osmium
import pytest

from app.domain.errors import BadInputError
from app.ingest.osm_file import read_osm_file
from tests.support.osm_writing import Sketch

HTML = b"<!DOCTYPE html>\n<html><body>Please log in</body></html>"
NOT_READABLE = (
    r"^{}: not readable as an OpenStreetMap file \(.+\); it may be truncated or damaged: fetch it again$"
)


def assert_refused(path: Path, problem: str = ".") -> None:
    with pytest.raises(BadInputError, match=problem) as caught:
        read_osm_file(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert len(message.removeprefix(str(path))) < 250


def scattered_city(nodes: int = 17_000) -> Sketch:
    """Enough for three blocks of nodes (8000 in each) and one of ways."""
    numbers = random.Random(15)
    city = Sketch()
    for osm_id in range(1, nodes + 1):
        city.node(osm_id, (numbers.uniform(0, 1000), numbers.uniform(0, 1000)))
    for osm_id in range(1, 200):
        city.way(osm_id, numbers.sample(range(1, nodes), 4), highway="footway")
    return city


def block_ends(pbf: bytes) -> Iterator[int]:
    """Ends of the blocks: each has 4 bytes of length, a header that ends with its content's size, the content."""
    at = 0
    while at < len(pbf):
        header_end = at + 4 + int.from_bytes(pbf[at : at + 4])
        size, shift, byte = 0, 0, pbf.index(b"\x18", at + 4 + 9) + 1  # behind the type, field 3: the size
        while byte < header_end:
            size |= (pbf[byte] & 0x7F) << shift
            shift, byte = shift + 7, byte + 1
        at = header_end + size
        yield at


class TestTruncated:
    @pytest.mark.parametrize("sorting", ["", "Type_then_ID"])
    def test_pbf(self, tmp_path: Path, sorting: str) -> None:
        whole = scattered_city().write(tmp_path / "whole.pbf", sorting=sorting).read_bytes()
        ends = list(block_ends(whole))
        assert len(ends) == 5
        assert ends[-1] == len(whole)
        near_ends = {end + step for end in ends for step in (-500, -1, 1, 2, 3, 4, 5, 20)}
        # A cut exactly between two blocks cannot be told from a whole file: the format counts nothing.
        cuts = near_ends.union(range(1, len(whole), len(whole) // 10)).difference(ends)
        for length in sorted(cut for cut in cuts if 0 < cut < len(whole)):
            path = tmp_path / "cut.pbf"
            path.write_bytes(whole[:length])
            assert_refused(path, NOT_READABLE.format(path))

    @pytest.mark.parametrize("ending", ["osm", "osm.gz", "osm.bz2"])
    def test_xml(self, tmp_path: Path, ending: str) -> None:
        city = Sketch()
        city.street(1, [(0, 0), (10, 0)])
        whole = city.write(tmp_path / f"whole.{ending}").read_bytes().rstrip()
        for length in range(1, len(whole), 7):
            path = tmp_path / f"cut.{ending}"
            path.write_bytes(whole[:length])
            assert_refused(path, NOT_READABLE.format(path))

    @pytest.mark.parametrize(
        ("ending", "pack"), [("osm", bytes), ("osm.gz", gzip.compress), ("osm.bz2", bz2.compress)]
    )
    def test_an_answer_that_overpass_broke_off(
        self, tmp_path: Path, ending: str, pack: Callable[[bytes], bytes]
    ) -> None:
        whole = scattered_city(500).write(tmp_path / "whole.osm").read_bytes()
        remark = b"<remark> runtime error: Query timed out after 181 seconds. </remark>\n</osm>"
        path = tmp_path / f"city.{ending}"
        path.write_bytes(pack(whole.replace(b"</osm>", remark)))
        assert_refused(path, "Overpass broke off: runtime error: Query timed out after 181 seconds")
        path.write_bytes(pack(whole))
        assert len(read_osm_file(path).ways.way_id) == 199


class TestChanges:
    """Files in which an object may stand that is no longer there."""

    @pytest.mark.parametrize("name", ["changes.osm", "changes.osm.gz"])
    def test_changes_are_no_map(self, tmp_path: Path, name: str) -> None:
        city = Sketch()
        city.street(1, [(0, 0), (10, 0)])
        whole = city.write(tmp_path / "whole.osm").read_bytes()
        changes = re.sub(rb"<osm[^>]*>(.*)</osm>", rb'<osmChange version="0.6"><delete>\1</delete></osmChange>',
                         whole, flags=re.DOTALL)  # fmt: skip
        assert b"<osmChange" in changes
        path = tmp_path / name
        path.write_bytes(gzip.compress(changes) if name.endswith(".gz") else changes)
        assert_refused(path, "holds changes or a history .* `osmium apply-changes`")

    def test_a_history_is_no_map(self, tmp_path: Path) -> None:
        history = tmp_path / "history.osh.pbf"
        with osmium.SimpleWriter(str(history)) as writer:
            for version in (1, 2):
                writer.add(osmium.osm.mutable.Node(id=1, version=version, location=(118.8, 32.0)))
        path = history.rename(tmp_path / "history.osm.pbf")
        assert_refused(path, "holds changes or a history")

    def test_deleted_objects_are_not_there(self, tmp_path: Path) -> None:
        city = Sketch()
        city.street(1, [(0, 0), (10, 0)])
        city.street(2, [(10, 0), (20, 0)])
        city.block(20, 0, 10, 20, 20, building="house")
        city.node(7, (50, -10), shop="bakery")
        whole = city.write(tmp_path / "city.osm").read_text(encoding="utf-8")
        path = tmp_path / "deleted.osm"
        path.write_text(
            re.sub(r'<(way id="(?:2|20)"|node id="7")', r'<\1 visible="false"', whole), encoding="utf-8"
        )
        found = read_osm_file(path)
        assert set(found.ways.way_id.tolist()) == {1}
        assert (found.buildings.id, found.point_places.id) == ([], [])
        assert found.counts["missing_nodes"] == 0
        before = read_osm_file(tmp_path / "city.osm")
        assert set(before.ways.way_id.tolist()) == {1, 2}
        assert (before.buildings.id, before.point_places.id) == (["way/20"], ["node/7"])


class TestCorrupt:
    def test_changed_bytes_are_noticed_or_change_nothing(self, tmp_path: Path) -> None:
        whole = scattered_city().write(tmp_path / "whole.pbf").read_bytes()
        expected = read_osm_file(tmp_path / "whole.pbf").ways.ref_lon_deg.tolist()
        path = tmp_path / "changed.pbf"
        numbers = random.Random(7)
        refusals = []
        for _ in range(25):
            content = bytearray(whole)
            content[numbers.randrange(len(content))] ^= numbers.randrange(1, 256)
            path.write_bytes(content)
            try:
                found = read_osm_file(path)
            except BadInputError as error:
                refusals.append(str(error))
            else:
                assert found.ways.ref_lon_deg.tolist() == expected
        assert len(refusals) > 20
        assert not any("\n" in refusal for refusal in refusals)

    def test_an_object_twice_where_the_header_promises_order(self, tmp_path: Path) -> None:
        city = Sketch()
        for _ in range(2):
            city.street(1, [(0, 0), (10, 0)])
        assert_refused(city.write(tmp_path / "city.pbf", sorting="Type_then_ID"), "Way ID twice in input")


class TestForeign:
    @pytest.mark.parametrize(
        ("name", "content", "problem"),
        [
            ("page.pbf", HTML, "this is an HTML page, not an OpenStreetMap extract"),
            ("page.osm", b"\n \n" + HTML.lower(), "this is an HTML page"),
            ("page.osm.pbf", b"<html lang='de'>", "this is an HTML page"),
            ("marked.osm", b"\xef\xbb\xbf" + HTML, "."),
            ("empty.pbf", b"", "the file is empty"),
            ("empty.osm", b"", "the file is empty"),
            ("blank.osm", b" \n", "no element found"),
            ("zeros.pbf", b"\0" * 1000, "PBF error"),
            ("error.pbf", b'{"error": "not found"}', "PBF error"),
            ("gpx.osm", b"<gpx/>", "Unknown top-level element: gpx"),
            ("old.osm", b"<osm version='0.5'/>", "version 0.5"),
            ("text.osm", b"osm", "XML parsing error"),
            ("id.osm", b"<osm version='0.6'><node id='x' lon='1' lat='1'/></osm>", "illegal id"),
            ("city.osc", b"<osmChange version='0.6'/>", "the name must end in one of"),
            ("city.zip", b"PK\x03\x04", "the name must end in one of"),
            ("city", b"<osm version='0.6'/>", "the name must end in one of"),
        ],
    )
    def test_content(self, tmp_path: Path, name: str, content: bytes, problem: str) -> None:
        path = tmp_path / name
        path.write_bytes(content)
        assert_refused(path, problem)

    def test_a_pbf_named_as_xml_and_the_other_way_round(self, tmp_path: Path) -> None:
        city = Sketch()
        city.street(1, [(0, 0), (10, 0)])
        assert_refused(city.write(tmp_path / "a.osm").rename(tmp_path / "a.pbf"), "PBF error")
        assert_refused(city.write(tmp_path / "b.pbf").rename(tmp_path / "b.osm"), "XML parsing error")

    def test_no_file(self, tmp_path: Path) -> None:
        assert_refused(tmp_path / "absent.osm.pbf", "no such file")
        (tmp_path / "folder.osm.pbf").mkdir()
        assert_refused(tmp_path / "folder.osm.pbf", "not a file")

    @pytest.mark.parametrize("ending", ["pbf", "osm"])
    @pytest.mark.parametrize("new", ["node", "way", "building"])
    def test_objects_that_were_never_uploaded(self, tmp_path: Path, ending: str, new: str) -> None:
        city = Sketch()
        city.node(-5 if new == "node" else 5, (0, 0))
        city.node(6, (10, 0))
        city.way(-7 if new == "way" else 7, [-5 if new == "node" else 5, 6], highway="path")
        city.block(-8 if new == "building" else 8, 0, 10, 10, 10, building="yes")
        number = {"node": -5, "way": -7, "building": -8}[new]
        for as_drawn in (True, False):
            path = city.write(tmp_path / f"josm.{ending}", as_drawn=as_drawn)
            assert_refused(path, f"negative ids such as {number}; upload them, or give them positive ids$")
