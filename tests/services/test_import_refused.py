"""Imports that cannot be done: refused at once or given up, and nothing of them is left."""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import shapely

from app.db.base import Base
from app.domain.area import Area
from app.domain.errors import AreaNotFoundError, BadInputError, StoreError
from app.services.import_area import ImportRequest, import_area
from app.settings import Settings
from app.store import area_files, artifacts
from tests.support.osm_writing import Sketch
from tests.support.small_town import SERVICES, area_file, csv_file, do_import, town
from tests.support.stores import area_store

FILE = Path("never-read.osm")


class NoStore:
    """A store that must not be reached."""

    def __init__(self, _: Path) -> None:
        pass

    def save(self, *_: object) -> None:
        pytest.fail("would store something")


class TestRequests:
    @pytest.mark.parametrize(
        "area_id",
        ["", "Town", "a b", "a_b", "../x", "a/b", "town\n", "玄武", "a" * 64, ".", "-" * 64],
    )
    def test_a_name_that_is_no_slug(self, tmp_path: Path, area_id: str) -> None:
        with pytest.raises(BadInputError, match="use 1 to 63 of the characters a-z, 0-9 and -"):
            refuse(tmp_path, ImportRequest(area_id, osm_file=FILE))

    @pytest.mark.parametrize(
        ("options", "problem"),
        [
            ({}, "^--osm: give an extract with --osm FILE"),
            (
                {"place": "Helsinki", "box": (24, 60, 25, 61)},
                "^--place and --bbox: each names the study area",
            ),
            ({"osm_file": FILE, "box": (24, 60, 25, 61), "boundary_file": FILE}, "^--bbox and --boundary: "),
            (
                {"place": "x", "box": (24, 60, 25, 61), "boundary_file": FILE},
                "^--place and --bbox and --boundary",
            ),
            ({"osm_file": FILE, "facilities_only": True}, "^--facilities-only: .*give --facilities FILE$"),
            ({"box": (25, 60, 24, 61)}, r"^--bbox 25,60,24,61: west must be less than east"),
            ({"box": (24, 61, 25, 60)}, r"west must be less than east, and south less than north"),
            ({"box": (24, 60, 24, 61)}, "west must be less than east"),
            ({"box": (24, 60, 181, 61)}, "^--bbox .*: give degrees as west,south,east,north"),
            ({"box": (24, -91, 25, 61)}, "give degrees"),
            ({"box": (24, 60, float("nan"), 61)}, "give degrees"),
            ({"box": (24, 60, float("inf"), 61)}, "give degrees"),
            ({"osm_file": FILE, "box": (3_500_000, 60, 3_600_000, 61)}, "give degrees"),
        ],
    )
    def test_that_contradict_themselves(self, tmp_path: Path, options: dict[str, Any], problem: str) -> None:
        with pytest.raises(BadInputError, match=problem):
            refuse(tmp_path, ImportRequest("town", **options))

    @pytest.mark.parametrize("option", ["osm_file", "boundary_file", "extent_file"])
    def test_for_files_that_are_missing(self, tmp_path: Path, option: str) -> None:
        osm = town().write(tmp_path / "town.osm")
        with pytest.raises(BadInputError, match=r"absent\.osm.*"):
            refuse(tmp_path, ImportRequest("town", **({"osm_file": osm} | {option: Path("absent.osm")})))


def refuse(folder: Path, request: ImportRequest) -> None:
    import_area(request, NoStore(folder / "data"), Settings(), known_services=SERVICES)


def closed_town() -> Sketch:
    city = Sketch()
    city.street(1, [(0, 0), (100, 0)], highway="motorway")
    city.block(2, 0, 10, 10, 10, building="house")
    return city


def wide_town() -> Sketch:
    city = town()
    city.street(99, [(0.0, 0.0), (700_000.0, 0.0)])
    return city


def content_of(folder: Path) -> dict[str, object]:
    """All files and the rows of the database; the empty files by which writers take turns are no data."""
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert all(content == b"" for name, content in files.items() if name.startswith("locks/"))
    kept: dict[str, object] = {
        name: content for name, content in files.items() if not name.startswith(("locks/", "reach15.sqlite"))
    }
    if (folder / "reach15.sqlite").exists():
        with closing(sqlite3.connect(folder / "reach15.sqlite")) as connection:
            for table in Base.metadata.tables:
                kept |= {f"{table} {row[0]}": row for row in connection.execute(f"SELECT * FROM {table}")}
    return kept


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where temporary files go; nothing of them may be left."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


class TestGivenUp:
    def bad_imports(self, folder: Path) -> Iterator[tuple[dict[str, Any], str]]:
        osm = town().write(folder / "town.osm.pbf")
        cut = folder / "cut.osm.pbf"
        cut.write_bytes(osm.read_bytes()[:-20])
        homes = csv_file(folder / "homes.csv", "id,lon,lat,households", [("a", (0.0, 5.0), "many")])
        places = csv_file(folder / "places.csv", "id,lon,lat,services", [("node/7", (0.0, 5.0), "clinic")])
        yield {"osm_file": closed_town().write(folder / "closed.osm")}, r"closed\.osm: no walkable way"
        yield {"osm_file": Sketch().write(folder / "bare.osm.pbf")}, r"bare\.osm\.pbf: no walkable way"
        yield {"osm_file": wide_town().write(folder / "wide.osm")}, r"wide\.osm: .*at most 285 km"
        yield {"osm_file": cut}, r"cut\.osm\.pbf: not readable as an OpenStreetMap file"
        yield {"osm_file": osm, "households_file": homes}, r"homes\.csv, line 2, column households"
        yield {"osm_file": osm, "facilities_file": places}, "facility 'node/7'"
        yield {"osm_file": osm, "boundary_file": homes}, r"homes\.csv"
        part = area_file(folder / "part.geojson", (-100, -100), (100, 100))
        swapped = folder / "swapped.geojson"
        ring = shapely.transform(shapely.from_geojson(part.read_text()), lambda places: places[:, ::-1])
        swapped.write_text(shapely.to_geojson(ring), encoding="utf-8")
        far = area_file(folder / "far.geojson", (9e4, 0), (9.1e4, 100))
        for kind, data in (("boundary", "the extent"), ("extent", "the streets")):
            flipped = rf"swapped\.geojson: lies outside {data} .* look swapped: lon comes first"
            yield {"osm_file": osm, f"{kind}_file": swapped}, flipped
            yield (
                {"osm_file": osm, f"{kind}_file": far},
                rf"far\.geojson: lies outside {data} .* take the file",
            )

    def test_leaves_no_trace(self, tmp_path: Path) -> None:
        for options, problem in self.bad_imports(tmp_path):
            with pytest.raises(BadInputError, match=problem) as caught:
                do_import(tmp_path / "data", **options)
            assert "\n" not in str(caught.value)
            assert not (tmp_path / "data").exists()

    def test_leaves_the_old_version_as_it_was(self, tmp_path: Path) -> None:
        data = tmp_path / "data"
        report, _ = do_import(data, town().write(tmp_path / "old.osm"))
        before = content_of(data)
        for options, problem in self.bad_imports(tmp_path):
            with pytest.raises(BadInputError, match=problem):
                do_import(data, **options)
            assert content_of(data) == before
        assert area_store(data).load("town").data_hash == report.data_hash

    @pytest.mark.parametrize(("room", "stage"), [(area_files, "write_area"), (artifacts, "_sync")])
    @pytest.mark.parametrize("first", [True, False])
    def test_while_storing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: ModuleType, stage: str, first: bool
    ) -> None:
        data = tmp_path / "data"
        if not first:
            do_import(data, town().write(tmp_path / "old.osm"))
        before = content_of(data)

        def fail(*arguments: Any) -> None:
            if isinstance(arguments[0], Area) and len(arguments) == 2:
                (arguments[1] / "half.npy").write_bytes(b"half")
            raise OSError(28, "No space left on device", str(data))

        with monkeypatch.context() as patch:
            patch.setattr(room, stage, fail)
            with pytest.raises(StoreError, match=r"No space left on device; check the data directory$"):
                do_import(data, town().write(tmp_path / "new.osm"), title="New")
        assert content_of(data) == before
        assert list(data.rglob(".*")) == []
        store = area_store(data)
        assert [summary.id for summary in store.list_areas()] == ([] if first else ["town"])
        if first:
            with pytest.raises(AreaNotFoundError):
                store.load("town")
        _, area = do_import(data, town().write(tmp_path / "new.osm"), title="New")
        assert area.title == "New"
