"""Stored areas whose files are damaged, missing or foreign: an error that names the file."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.domain.errors import StoreError
from app.store.directory import DirectoryAreaStore
from tests.support.small_town import version_folder

BESIDE: dict[str, Callable[[DirectoryAreaStore, str], Any]] = {
    "summary.json": DirectoryAreaStore.get_summary,
    "report.json": DirectoryAreaStore.load_report,
}


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
                    DirectoryAreaStore(data).load("town")
            path.write_bytes(whole)
        assert DirectoryAreaStore(data).load("town").id == "town"

    def test_a_file_that_is_missing_or_cut_off(self, data: Path) -> None:
        for name in ("network.edge_u.npy", "households.parquet", "facility_links.start.npy"):
            path = version_folder(data) / name
            whole = path.read_bytes()
            path.write_bytes(whole[:-1])
            with pytest.raises(StoreError, match=f"{name}: the file is damaged"):
                DirectoryAreaStore(data).load("town")
            path.unlink()
            with pytest.raises(StoreError, match=f"{name}: the file is missing"):
                DirectoryAreaStore(data).load("town")
            path.write_bytes(whole)

    def test_a_foreign_manifest(self, data: Path) -> None:
        path = version_folder(data) / "manifest.json"
        for content in (b"", b"{", b"\xff\xfe"):
            path.write_bytes(content)
            with pytest.raises(StoreError, match=r"manifest\.json: not readable"):
                DirectoryAreaStore(data).load("town")
        for content in (b"[]", b"{}", b'{"format": "reach15-area/999"}', b'{"format": "other"}'):
            path.write_bytes(content)
            with pytest.raises(
                StoreError, match=r"manifest\.json: not of the format reach15-area/\d+; import the"
            ):
                DirectoryAreaStore(data).load("town")

    def test_a_manifest_without_its_parts(self, data: Path) -> None:
        path = version_folder(data) / "manifest.json"
        manifest = json.loads(path.read_text(encoding="utf-8"))
        for key in ("id", "sha256", "projection", "extent", "study_area", "max_link_m"):
            rest = {name: value for name, value in manifest.items() if name != key}
            path.write_text(json.dumps(rest), encoding="utf-8")
            with pytest.raises(
                StoreError, match=r"manifest\.json: was changed or damaged .*; import the area again"
            ):
                DirectoryAreaStore(data).load("town")

    def test_what_stands_beside(self, data: Path) -> None:
        for name, read in BESIDE.items():
            path = version_folder(data) / name
            for content in (b"", b"{", b"\xff"):
                path.write_bytes(content)
                with pytest.raises(StoreError, match=name):
                    read(DirectoryAreaStore(data), "town")
            path.unlink()
            with pytest.raises(StoreError, match=f"{name}: No such file or directory"):
                read(DirectoryAreaStore(data), "town")

    def test_what_stands_beside_in_another_shape(self, data: Path) -> None:
        for name, read in BESIDE.items():
            for content in (b"[]", b"{}", b'{"area_id": "town"}'):
                (version_folder(data) / name).write_bytes(content)
                with pytest.raises(StoreError, match=name):
                    read(DirectoryAreaStore(data), "town")

    def test_a_pointer_to_nowhere(self, data: Path) -> None:
        store = DirectoryAreaStore(data)
        for pointer in ("", "\n", "gone-1\n", "\0"):
            (data / "areas" / "town" / "current").write_text(pointer, encoding="utf-8")
            for read in (store.load, store.get_summary, store.current_version):
                with pytest.raises(StoreError, match=r"current.*import the area again"):
                    read("town")

    def test_a_changed_digit_in_the_manifest(self, data: Path) -> None:
        path = version_folder(data) / "manifest.json"
        text = path.read_text(encoding="utf-8")
        assert '"max_link_m": 150.0' in text
        path.write_text(text.replace('"max_link_m": 150.0', '"max_link_m": 950.0'), encoding="utf-8")
        with pytest.raises(StoreError, match=r"manifest\.json"):
            DirectoryAreaStore(data).load("town")
