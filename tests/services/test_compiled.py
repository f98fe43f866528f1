"""Questions asked once, on the command line, use compiled kernels where these lie on the disk already."""

from pathlib import Path

import pytest

from app.geo import kernels_repair
from app.services import compiled_mark, kernel_loader
from app.services.area_engine import AreaEngine
from app.services.assessment import choose_walker
from app.services.kernel_loader import WORTH_COMPILING, KernelLoader
from app.services.proposals import compare
from app.services.standards import get_standard
from tests.support.http import STANDARD
from tests.support.proposing import feature, proposal


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for notes of this user."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def test_a_loader_that_compiled_leaves_a_note_for_the_next_question(cache: Path) -> None:
    first = KernelLoader()
    first.wait_where_it_pays(WORTH_COMPILING - 1)
    assert (
        first.find() is None
    )  # nobody knows whether anything is compiled, and this is too little to find out
    first.wait_where_it_pays(WORTH_COMPILING)
    assert first.find() is not None
    assert compiled_mark.is_there()
    second = KernelLoader()
    second.wait_where_it_pays(1)
    assert second.find() is not None
    (note,) = cache.rglob("*.json")
    assert [path.name for path in note.parent.iterdir()] == [note.name]


@pytest.mark.parametrize("spoil", ["damaged", "foreign", "moved", "elsewhere"])
def test_a_note_that_is_no_longer_true_counts_for_nothing(
    cache: Path, monkeypatch: pytest.MonkeyPatch, spoil: str
) -> None:
    assert KernelLoader().wait() is not None
    (note,) = cache.rglob("*.json")
    if spoil == "damaged":
        note.write_bytes(b"{")
    elif spoil == "foreign":
        note.write_bytes(b"[]")
    elif spoil == "moved":
        compiled_mark.leave(str(cache))
    else:
        monkeypatch.setattr(compiled_mark, "_processor", lambda: "another one")
    assert not compiled_mark.is_there()


def test_where_no_note_can_be_kept_everything_else_works(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (cache / "file").write_bytes(b"")
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache / "file"))
    assert KernelLoader().wait() is not None
    assert not compiled_mark.is_there()


def test_loading_compiles_all_that_a_comparison_needs(demo_engine: AreaEngine) -> None:
    loader = KernelLoader()
    loader.wait()
    compiled = [(one, tuple(one.signatures)) for one in (kernels_repair.repair, kernels_repair.put_back)]
    standard = get_standard(STANDARD)
    engine = AreaEngine(demo_engine.area, kernels=loader)
    found = compare(
        engine,
        standard,
        choose_walker(standard, None, None),
        proposal(
            feature("close", facility="node/349041876"),
            feature("close", way=int(demo_engine.area.network.edge_way_id[0])),
        ),
    )
    assert found.as_a_whole is None
    assert [
        (one, tuple(one.signatures)) for one in (kernels_repair.repair, kernels_repair.put_back)
    ] == compiled


def test_a_compiler_that_fails_leaves_no_note(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no compiler")

    monkeypatch.setattr(kernel_loader, "_repair_something", fail)
    loader = KernelLoader()
    assert loader.wait() is None
    assert not compiled_mark.is_there()
