"""Arrays on disk, one to a file, as NumPy keeps them."""

from pathlib import Path
from typing import Any

import numpy as np


def save_array(path: Path, values: np.ndarray[Any, Any]) -> None:
    """As `np.save`, which tells of a write that fails how many items it lacked, but not that the disk is full."""
    values = np.ascontiguousarray(values)
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(values))
        file.write(values.data)


def load_array(path: Path) -> np.ndarray[Any, Any]:
    """An array, mapped and not copied."""
    return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
