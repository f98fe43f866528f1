"""Loads the compiled search kernels without anybody waiting for them in vain."""

import functools
import importlib
import logging
import threading
from types import ModuleType

import numpy as np

from app.geo.graph_patch import GraphPatch
from app.geo.node_labels import NodeLabels, Workspace
from app.geo.reversed import reversed_graph
from app.geo.search import SearchGraph, Seeds, nearest_facilities
from app.services import compiled_mark

_LOG = logging.getLogger(__name__)

WORTH_COMPILING = 10_000_000
"""Nodes times services times assessments from which compiling (11 s) takes less time than it saves, or does so the next
time already: SciPy takes two thirds of a microsecond for each."""


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

    def wait_where_it_pays(self, work: int) -> None:
        """Load the kernels for a single question, if they lie compiled on the disk or the question is a large one.

        Parameters
        ----------
        work : int
            Nodes times services times assessments.
        """
        if work >= WORTH_COMPILING or compiled_mark.is_there():
            self.wait()

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
            self._kernels = kernels  # enough for every question but comparisons, which would compile the rest
            _repair_something(kernels)
            compiled_mark.leave(kernels.nearest_one.stats.cache_path)
        except Exception:  # noqa: BLE001  # SciPy gives the same answers, so a broken compiler must not stop the service
            self._kernels = None
            _LOG.warning("the compiled search is not available; SciPy searches instead", exc_info=True)


def _repair_something(kernels: ModuleType) -> None:
    graph, seeds = _TINY_GRAPH, _TINY_SEEDS
    workspace = Workspace.of(graph, reversed_graph(graph))
    labels = NodeLabels.search(graph, seeds, 1, workspace.room, kernels)
    patch = GraphPatch(graph.size)
    with workspace.patched(patch), workspace.repaired(labels, patch, seeds, seeds, np.zeros(1, np.int64)):
        pass


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
