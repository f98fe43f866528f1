"""Population grids that an area keeps, on disk: mapped when the area is loaded, read when people are spread anew."""

import json
from collections.abc import Collection
from pathlib import Path

from app.domain.population import KeptGrid, Sharers, Spreading
from app.store.array_files import load_array, save_array

_FACTS = "spreading.json"
_GRID_ARRAYS = ("persons", "wkb", "start")
_OUTSIDE_ARRAYS = ("lon_deg", "lat_deg", "size")


def write_spreading(spreading: Spreading, folder: Path) -> None:
    """Write its files into the folder of an area."""
    for name, grid in spreading.grids.items():
        for array in _GRID_ARRAYS:
            save_array(folder / f"grid.{name}.{array}.npy", getattr(grid, array))
    for array in _OUTSIDE_ARRAYS:
        save_array(folder / f"spreading.outside.{array}.npy", getattr(spreading.outside, array))
    save_array(folder / "spreading.size.npy", spreading.size)
    facts = {
        "size_per_dwelling": spreading.size_per_dwelling,
        "grids": {name: grid.source for name, grid in spreading.grids.items()},
    }
    (folder / _FACTS).write_text(json.dumps(facts, ensure_ascii=False), encoding="utf-8")


def read_spreading(folder: Path, files: Collection[str]) -> Spreading | None:
    """None where the area has no such files, be it that no grid told people or that it was imported before."""
    if _FACTS not in files:
        return None
    facts = json.loads((folder / _FACTS).read_text(encoding="utf-8"))
    return Spreading(
        grids={
            name: KeptGrid(
                source, *(load_array(folder / f"grid.{name}.{array}.npy") for array in _GRID_ARRAYS)
            )
            for name, source in facts["grids"].items()
        },
        size=load_array(folder / "spreading.size.npy"),
        size_per_dwelling=facts["size_per_dwelling"],
        outside=Sharers(
            *(load_array(folder / f"spreading.outside.{array}.npy") for array in _OUTSIDE_ARRAYS)
        ),
    )
