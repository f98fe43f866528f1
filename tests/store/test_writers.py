"""Several processes that write one area at once: one after the other, and the last one stands."""

import multiprocessing
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.errors import AreaNotFoundError
from app.store.directory import DirectoryAreaStore

WRITERS, ROUNDS = 3, 6


def save_again(folder: str, title: str) -> None:
    store = DirectoryAreaStore(Path(folder))
    area, report = store.load("helsinki"), store.load_report("helsinki")
    for _ in range(ROUNDS):
        DirectoryAreaStore(Path(folder)).save(replace(area, id="shared", title=title), report)


def test_writers_take_turns_and_the_area_stays_whole(demo_data_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "areas").mkdir()
    (tmp_path / "areas" / "helsinki").symlink_to(demo_data_dir / "areas" / "helsinki")
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=save_again, args=(str(tmp_path), f"title {n}")) for n in range(WRITERS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0] * WRITERS
    store = DirectoryAreaStore(tmp_path)
    assert store.load("shared").title in {f"title {n}" for n in range(WRITERS)}
    assert [folder.name for folder in (tmp_path / "areas" / "shared" / "versions").iterdir()] == [
        store.current_version("shared")
    ]


def test_an_area_that_points_nowhere_can_be_deleted(tmp_path: Path) -> None:
    home = tmp_path / "areas" / "broken"
    home.mkdir(parents=True)
    (home / "current").write_text("gone\n", encoding="utf-8")
    store = DirectoryAreaStore(tmp_path)
    store.delete("broken")
    assert not home.exists()
    with pytest.raises(AreaNotFoundError):
        store.load("broken")
