"""Archives and workbooks that mean harm: refused before anything is unpacked, and nothing is written."""

import io
import stat
import struct
import tempfile
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import openpyxl
import pytest
from shapely import Point

from app.ingest import table_source, table_xlsx, table_zip
from app.ingest.tables import read_households_file
from tests.support.table_formats import shapefile, zip_of
from tests.support.user_files import csv_file, refusal

Edit = Callable[[zipfile.ZipFile], None]


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    columns = {"id": ["a", "b"], "households": [1, 2]}
    return shapefile(tmp_path_factory.mktemp("shp") / "parts", [Point(24, 60)] * 2, columns)


@pytest.fixture(autouse=True)
def _nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever is unpacked goes into a folder of its own, which is gone afterwards."""
    scratch = tmp_path / "deep" / "scratch"
    scratch.mkdir(parents=True)
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    outside = set(tmp_path.iterdir()) | set((tmp_path / "deep").iterdir())
    yield
    assert list(scratch.iterdir()) == []
    new = (set(tmp_path.iterdir()) | set((tmp_path / "deep").iterdir())) - outside
    assert {path.suffix for path in new} <= {".zip", ".xlsx"}


def packed(parts: dict[str, bytes], edit: Edit) -> bytes:
    content = io.BytesIO(zip_of(parts))
    with zipfile.ZipFile(content, "a", zipfile.ZIP_DEFLATED) as archive:
        edit(archive)
    return content.getvalue()


def link(archive: zipfile.ZipFile) -> None:
    info = zipfile.ZipInfo("rows.cpg.txt")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(info, "/etc/passwd")


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (
            lambda a: a.writestr("../../evil.shp", b"x"),
            "has a path in it that leads out of it (../../evil.shp)",
        ),
        (lambda a: a.writestr("a/../../evil.shp", b"x"), "leads out of it"),
        (lambda a: a.writestr("/tmp/evil.shp", b"x"), "leads out of it (/tmp/evil.shp)"),  # noqa: S108
        (lambda a: a.writestr("..\\evil.shp", b"x"), "leads out of it"),
        (lambda a: a.writestr("C:\\evil.shp", b"x"), "leads out of it"),
        (link, "has a link in it (rows.cpg.txt)"),
        (lambda a: a.writestr("inner.ZIP", b"PK"), "has an archive in it (inner.ZIP)"),
        (lambda a: a.writestr("zeros.txt", b"\0" * (60 * 2**20)), "would unpack to 60 MB"),
        (lambda a: [a.writestr(f"{i}.txt", b"") for i in range(table_zip.MAX_MEMBERS)], "files in it"),
    ],
    ids=["up", "up within", "absolute", "backslash", "drive", "link", "nested", "bomb", "members"],
)
def test_harmful_archives(tmp_path: Path, parts: dict[str, bytes], edit: Edit, problem: str) -> None:
    path = csv_file(tmp_path, packed(parts, edit), "a.zip")
    assert problem in refusal(lambda: read_households_file(path))
    assert not (tmp_path / "evil.shp").exists()
    assert not (tmp_path / "deep" / "evil.shp").exists()


def test_a_bomb_is_refused_without_unpacking_it(tmp_path: Path, parts: dict[str, bytes]) -> None:
    path = csv_file(tmp_path, packed(parts, lambda a: a.writestr("z.dbf", b"\0" * (60 * 2**20))), "a.zip")
    tracemalloc.start()
    refusal(lambda: read_households_file(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * 2**20


def test_more_than_the_limit_is_refused_whatever_its_ratio(
    tmp_path: Path, parts: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_zip, "MAX_UNPACKED_BYTES", 100)
    assert "split it" in refusal(lambda: read_households_file(csv_file(tmp_path, zip_of(parts), "a.zip")))
    assert table_source.MAX_UNPACKED_BYTES == 2**30


def test_a_size_that_is_a_lie(tmp_path: Path, parts: dict[str, bytes]) -> None:
    """The directory says that the table is small; what comes out is not believed beyond that."""
    content = bytearray(zip_of({**parts, ".dbf": parts[".dbf"] + b" " * 100_000}))
    true_size = struct.pack("<I", len(parts[".dbf"]) + 100_000)
    while (at := content.find(true_size)) >= 0:
        content[at : at + 4] = struct.pack("<I", len(parts[".dbf"]))
    message = refusal(lambda: read_households_file(csv_file(tmp_path, bytes(content), "a.zip")))
    assert message.endswith("a.zip: is damaged or not a zipped Shapefile; pack it again")


def test_an_encrypted_archive(tmp_path: Path, parts: dict[str, bytes]) -> None:
    content = bytearray(zip_of(parts))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(mark)
        while at >= 0:
            content[at + place] |= 1
            at = content.find(mark, at + 1)
    assert "is encrypted" in refusal(
        lambda: read_households_file(csv_file(tmp_path, bytes(content), "a.zip"))
    )


# --- workbooks -------------------------------------------------------------------------------------------------


def workbook(tmp_path: Path, edit: Callable[[str, bytes], bytes]) -> Path:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in (["id", "lon", "lat"], ["a", 24, 60]):
        book.active.append(row)
    saved = io.BytesIO()
    book.save(saved)
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(saved) as before, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            after.writestr(name, edit(name, before.read(name)))
    return path


LAUGHS = b"".join(b'<!ENTITY l%d "%s">' % (i, b"&l%d;" % (i - 1) * 10) for i in range(1, 10))
LAUGHTER = b'<!DOCTYPE x [<!ENTITY l0 "lol">' + LAUGHS + b"]>"
FILE_ENTITY = b'<!DOCTYPE x [<!ENTITY l9 SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("declared", [LAUGHTER, FILE_ENTITY], ids=["billion laughs", "file of the machine"])
@pytest.mark.parametrize(
    "member", ["xl/worksheets/sheet1.xml", "xl/styles.xml", "xl/workbook.xml", "[Content_Types].xml"]
)
def test_entities_in_a_workbook(tmp_path: Path, member: str, declared: bytes) -> None:
    def edit(name: str, content: bytes) -> bytes:
        if name != member:
            return content
        head = content.find(b"?>") + 2 if content.startswith(b"<?xml") else 0
        return content[:head] + declared + content[head:].replace(b"<t>a<", b"<t>&l9;<")

    assert "is damaged or not an Excel workbook" in refusal(
        lambda: read_households_file(workbook(tmp_path, edit))
    )


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (b'r="2"', b'r="999999999"', "has rows or columns beyond those that Excel has"),
        (b'<dimension ref="A1:C2"', b'<dimension ref="A1:XFD1048576"', None),
        (b"</sheetData>", b"</sheetDat>", "is damaged or not an Excel workbook"),
    ],
)
def test_sheets_that_lie(
    tmp_path: Path, old: bytes, new: bytes, problem: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_xlsx, "MAX_SHEET_ROWS", 1000)  # a million empty rows take a second
    path = workbook(
        tmp_path, lambda name, content: content.replace(old, new) if "sheet1" in name else content
    )
    if problem is None:
        assert read_households_file(path).data.count == 1
    else:
        assert problem in refusal(lambda: read_households_file(path))


def test_a_bomb_in_a_workbook(tmp_path: Path) -> None:
    path = workbook(tmp_path, lambda name, content: content + b" " * (60 * 2**20 * ("sheet1" in name)))
    assert "would unpack to" in refusal(lambda: read_households_file(path))
