"""Stored areas whose files are damaged, missing or foreign: an error that names the file."""

import json
import shutil
from pathlib import Path

import pytest

from app.domain.errors import StoreError
from tests.support.small_town import do_import, version_folder
from tests.support.stores import area_store


class TestDamage:
    def test_one_changed_byte_in_any_array_or_table(self, data: Path) -> None:
        paths = sorted(path for path in version_folder(data).iterdir() if path.suffix in (".npy", ".parquet"))
        assert len(paths) > 30
        for path in paths:
            whole = path.read_bytes()
            for position in {0, len(whole) // 2, len(whole) - 1}:
                damaged = bytearray(whole)
                damaged[position] ^= 0x40
                path.write_bytes(damaged)
                with pytest.raises(
                    StoreError, match=f"{path.name}: the file is damaged .*; import the area again$"
                ):
                    area_store(data).load("town")
            path.write_bytes(whole)
        assert area_store(data).load("town").id == "town"

    def test_a_file_that_is_missing_or_cut_off(self, data: Path) -> None:
        for name in ("network.edge_u.npy", "households.parquet", "facility_links.start.npy"):
            path = version_folder(data) / name
            whole = path.read_bytes()
            path.write_bytes(whole[:-1])
            with pytest.raises(StoreError, match=f"{name}: the file is damaged"):
                area_store(data).load("town")
            path.unlink()
            with pytest.raises(StoreError, match=f"{name}: the file is missing"):
                area_store(data).load("town")
            path.write_bytes(whole)

    def test_a_foreign_manifest(self, data: Path) -> None:
        path = version_folder(data) / "manifest.json"
        for content in (b"", b"{", b"\xff\xfe"):
            path.write_bytes(content)
            with pytest.raises(StoreError, match=r"manifest\.json: not readable"):
                area_store(data).load("town")
        for content in (b"[]", b"{}", b'{"format": "reach15-area/999"}', b'{"format": "other"}'):
            path.write_bytes(content)
            with pytest.raises(
                StoreError, match=r"manifest\.json: not of the format reach15-area/\d+; import the"
            ):
                area_store(data).load("town")

    def test_a_manifest_without_its_parts(self, data: Path) -> None:
        path = version_folder(data) / "manifest.json"
        manifest = json.loads(path.read_text(encoding="utf-8"))
        for key in ("id", "sha256", "projection", "extent", "study_area", "max_link_m"):
            rest = {name: value for name, value in manifest.items() if name != key}
            path.write_text(json.dumps(rest), encoding="utf-8")
            with pytest.raises(
                StoreError, match=r"manifest\.json: was changed or damaged .*; import the area again"
            ):
                area_store(data).load("town")

    def test_a_damaged_area_hides_no_other(self, data: Path, tmp_path: Path) -> None:
        do_import(data, tmp_path / "town.osm.pbf", area_id="other")
        shutil.rmtree(version_folder(data))
        store = area_store(data)
        with pytest.raises(StoreError, match=r"the version's folder is missing; import the area again$"):
            store.load("town")
        assert [summary.id for summary in store.list_areas()] == ["other", "town"]
        assert store.describe("town")[1].area_id == "town"
        store.delete("town")
        assert [summary.id for summary in store.list_areas()] == ["other"]

    def test_a_changed_digit_in_the_manifest(self, data: Path) -> None:
        path = version_folder(data) / "manifest.json"
        text = path.read_text(encoding="utf-8")
        assert '"max_link_m": 150.0' in text
        path.write_text(text.replace('"max_link_m": 150.0', '"max_link_m": 950.0'), encoding="utf-8")
        with pytest.raises(StoreError, match=r"manifest\.json"):
            area_store(data).load("town")
