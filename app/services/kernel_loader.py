"""Loads the compiled search kernels without anybody waiting for them."""

import functools
import importlib
import logging
import threading
from types import ModuleType

import numpy as np

from app.geo.search import SearchGraph, Seeds, nearest_facilities

_LOG = logging.getLogger(__name__)


class KernelLoader:
    """Imports and compiles the kernels in a thread of its own; until that is done, SciPy searches.

    Compiled code is cached on disk, so that only the first start after an installation compiles.
    """

    def __init__(self) -> None:
        self._kernels: ModuleType | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin in the background."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._load, name="kernel-loader", daemon=True)
            self._thread.start()

    def wait(self) -> ModuleType | None:
        """Wait until the kernels are there (or could not be loaded)."""
        self.start()
        if self._thread is not None:
            self._thread.join()
        return self._kernels

    def find(self) -> ModuleType | None:
        """The kernels if they are ready, else None."""
        return self._kernels

    def _load(self) -> None:
        try:
            kernels = importlib.import_module("app.geo.kernels")
            for nearest in (1, 2):
                nearest_facilities(
                    _TINY_GRAPH, _TINY_SEEDS, facility_count=1, nearest=nearest, kernels=kernels
                )
        except Exception:  # noqa: BLE001  # SciPy gives the same answers, so a broken compiler must not stop the service
            _LOG.warning("the compiled search is not available; SciPy searches instead", exc_info=True)
            return
        self._kernels = kernels


def _tiny_graph() -> SearchGraph:
    """Two nodes and one arc: enough to compile with the very types of a real search."""
    ends = np.zeros(1, dtype=np.int64)
    return SearchGraph(
        size=2,
        arc_start=np.asarray([0, 1, 1], dtype=np.int32),
        arc_to=np.asarray([1], dtype=np.int32),
        arc_cost=np.ones(1),
        cost_forward=np.ones(1),
        cost_backward=np.ones(1),
        start_u=ends,
        start_v=ends + 1,
        end_u=ends,
        end_v=ends + 1,
    )


_TINY_GRAPH = _tiny_graph()
_TINY_SEEDS = Seeds(np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64), np.zeros(1))


@functools.cache
def load_catchment_kernels() -> ModuleType | None:
    """The compiled search of many catchments, loaded now: with many places it pays even to compile it first.

    None where the compiler is not available; SciPy then finds the same.
    """
    try:
        return importlib.import_module("app.geo.catchment_kernels")
    except ImportError:
        _LOG.warning("the compiled search is not available; SciPy searches instead", exc_info=True)
        return None
