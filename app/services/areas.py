"""Keeps the areas in use loaded, each at its current version."""

import threading
from collections import OrderedDict

from app.domain.area import AreaSummary, ImportReport
from app.services.area_engine import AreaEngine
from app.services.kernel_loader import KernelLoader
from app.services.ports import AreaStore


class AreaService:
    """Hands out engines of current area versions. A new version is noticed at the next request."""

    def __init__(self, store: AreaStore, *, keep: int, kernels: KernelLoader | None = None) -> None:
        self._store = store
        self._kernels = kernels
        self._keep = keep
        self._lock = threading.Lock()
        self._engines: OrderedDict[str, tuple[str, AreaEngine]] = OrderedDict()

    def engine(self, area_id: str) -> AreaEngine:
        """Engine of the area's current version.

        Raises
        ------
        AreaNotFoundError
            If there is no such area.
        StoreError
            If its files are damaged.
        """
        version = self._store.current_version(area_id)
        with self._lock:
            known = self._engines.get(area_id)
            if known is None or known[0] != version:
                known = (version, AreaEngine(self._store.load(area_id), kernels=self._kernels))
                self._engines[area_id] = known
            self._engines.move_to_end(area_id)
            while len(self._engines) > self._keep:
                self._engines.popitem(last=False)
            return known[1]

    def list_areas(self) -> tuple[AreaSummary, ...]:
        """Summaries of all areas, by id."""
        return self._store.list_areas()

    def get_summary(self, area_id: str) -> AreaSummary:
        """One area's summary; `AreaNotFoundError` if there is none."""
        return self._store.get_summary(area_id)

    def load_report(self, area_id: str) -> ImportReport:
        """Report of the import that made the current version."""
        return self._store.load_report(area_id)

    def check_ready(self) -> tuple[str, ...]:
        """Ids of the areas that can be asked. Raises what keeps them from it."""
        self._store.check()
        ids = tuple(summary.id for summary in self._store.list_areas())
        for area_id in ids:
            self.engine(area_id)
        return ids
