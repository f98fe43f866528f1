"""Several processes that write one area at once: one after the other, and the last one stands."""

import multiprocessing
from dataclasses import replace
from pathlib import Path

from tests.support.stores import area_store

WRITERS, ROUNDS = 3, 6


def save_again(folder: str, demo: str, title: str) -> None:
    store = area_store(Path(demo))
    area, report = store.load("helsinki"), store.describe("helsinki")[1]
    for _ in range(ROUNDS):
        area_store(Path(folder)).save(replace(area, id="shared", title=title), report)


def test_writers_take_turns_and_the_area_stays_whole(demo_data_dir: Path, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [
        context.Process(target=save_again, args=(str(tmp_path), str(demo_data_dir), f"title {number}"))
        for number in range(WRITERS)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0] * WRITERS
    store = area_store(tmp_path)
    assert store.load("shared").title in {f"title {n}" for n in range(WRITERS)}
    versions = store.list_versions("shared")
    assert [version.number for version in versions] == [WRITERS * ROUNDS - step for step in range(3)]
    assert [version.current for version in versions] == [True, False, False]
    folders = {folder.name for folder in (tmp_path / "areas" / "shared" / "versions").iterdir()}
    assert folders == {version.key for version in versions}
