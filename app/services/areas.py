"""Keeps the areas in use loaded, each at its current version."""

import threading
from collections import OrderedDict

from app.domain.area import AreaSummary, AreaVersion, ImportReport
from app.domain.errors import StoreError
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
        self._loading: dict[str, threading.Lock] = {}
        self._engines: OrderedDict[str, tuple[str, AreaEngine]] = OrderedDict()
        self._sound: dict[str, str] = {}

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
            engine = self._find(area_id, version)
            loading = self._loading.setdefault(area_id, threading.Lock())
        if engine is not None:
            return engine
        with loading:  # one thread loads; others wait who ask for this area, not those who ask for another
            version = self._store.current_version(area_id)
            with self._lock:
                engine = self._find(area_id, version)
            if engine is None:
                version, engine = self._load(area_id, version)
                self._keep_engine(area_id, version, engine)
        return engine

    def list_areas(self) -> tuple[AreaSummary, ...]:
        """Summaries of all areas, by id."""
        return self._store.list_areas()

    def describe(self, area_id: str) -> tuple[AreaSummary, ImportReport]:
        """Summary and import report of one and the same version, the current one."""
        return self._store.describe(area_id)

    def list_versions(self, area_id: str) -> tuple[AreaVersion, ...]:
        """Versions that are kept, newest first."""
        return self._store.list_versions(area_id)

    def roll_back(self, area_id: str, reference: str | None, *, actor: str) -> AreaVersion:
        """Make a kept version current again, by default the one before the current one."""
        return self._store.acting_for(actor).roll_back(area_id, reference)

    def delete(self, area_id: str, *, actor: str) -> None:
        """Forget an area; `AreaNotFoundError` if there is none."""
        self._store.acting_for(actor).delete(area_id)
        with self._lock:
            self._engines.pop(area_id, None)

    def check_ready(self) -> tuple[str, ...]:
        """Ids of the areas that can be asked. Raises what keeps them from it.

        A version that was loaded once is sound, so that probing often costs nothing.
        """
        self._store.check()
        ids = tuple(summary.id for summary in self._store.list_areas())
        for area_id in ids:
            if self._sound.get(area_id) != self._store.current_version(area_id):
                self.engine(area_id)
        return ids

    def _find(self, area_id: str, version: str) -> AreaEngine | None:
        known = self._engines.get(area_id)
        if known is None or known[0] != version:
            return None
        self._engines.move_to_end(area_id)
        return known[1]

    def _load(self, area_id: str, version: str) -> tuple[str, AreaEngine]:
        """A version, loaded, and which one it is: the current one if it was dropped while it was being read."""
        try:
            area = self._store.load(area_id, version)
        except StoreError:
            newer = self._store.current_version(area_id)
            if newer == version:
                raise
            version, area = newer, self._store.load(area_id, newer)
        return version, AreaEngine(area, kernels=self._kernels)

    def _keep_engine(self, area_id: str, version: str, engine: AreaEngine) -> None:
        with self._lock:
            self._engines[area_id] = (version, engine)
            self._engines.move_to_end(area_id)
            self._sound[area_id] = version
            while len(self._engines) > self._keep:
                self._engines.popitem(last=False)
