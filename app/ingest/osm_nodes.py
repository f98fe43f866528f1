"""Places of all nodes of an OpenStreetMap file."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import osmium
from numpy.typing import NDArray
from osmium.osm import WAY, Way

from app.domain.place import Box
from app.geo.units import BoolArray, FloatArray, IntArray
from app.ingest.boxes import box_of

E7 = 1e7
"""OSM keeps coordinates as whole ten-millionths of a degree; dividing by this gives the same double everywhere."""

_FARTHEST_E7 = (1_800_000_000, 900_000_000)
"""No place on earth lies beyond; osmium marks one that is not known by numbers far beyond."""


@dataclass(frozen=True)
class NodeTable:
    """Every node of a file that has a place on earth, sorted by id.

    ``osm_id``, and lon and lat in ten-millionths of a degree, ``xy_e7``.
    """

    osm_id: IntArray
    xy_e7: NDArray[np.int32]

    @classmethod
    def from_index(cls, path: Path) -> "NodeTable":
        """Read the array that osmium's ``sparse_file_array`` index keeps on disk; of one id the last entry counts."""
        entries = np.fromfile(path, dtype=[("osm_id", "<i8"), ("xy", "<i4", 2)])
        lon_e7, lat_e7 = np.abs(entries["xy"]).T
        is_known = (lon_e7 <= _FARTHEST_E7[0]) & (lat_e7 <= _FARTHEST_E7[1])
        if not is_known.all():
            entries = entries[is_known]
        osm_id = np.ascontiguousarray(entries["osm_id"])
        if (osm_id[1:] > osm_id[:-1]).all():  # as it is of a file in order
            return cls(osm_id, np.ascontiguousarray(entries["xy"]))
        order = np.argsort(osm_id, kind="stable")
        osm_id = osm_id[order]
        is_last = np.ones(len(osm_id), dtype=bool)
        is_last[:-1] = osm_id[1:] != osm_id[:-1]
        return cls(osm_id[is_last], entries["xy"][order[is_last]])

    def find(self, osm_id: IntArray) -> IntArray:
        """Position of each id; -1 where the file has no such node."""
        if len(self.osm_id) == 0:
            return np.full(len(osm_id), -1, dtype=np.int64)
        at = np.minimum(np.searchsorted(self.osm_id, osm_id), len(self.osm_id) - 1)
        return np.where(self.osm_id[at] == osm_id, at, -1)

    def lon_lat_deg(self) -> FloatArray:
        """Lon and lat of every node, shape (nodes, 2)."""
        return self.xy_e7 / E7


def known_pieces(row_of_ref: IntArray, known: BoolArray) -> tuple[IntArray, IntArray]:
    """Ways cut where a node is missing, pieces of two nodes and more.

    Parameters
    ----------
    row_of_ref : int array, ascending
        Which way each node reference belongs to.
    known : bool array
        Whether the file has the node.

    Returns
    -------
    kept : int array
        Positions of the references that belong to a piece.
    first : int array
        Where in ``kept`` each piece begins.
    """
    starts_piece = np.ones(len(known), dtype=bool)
    starts_piece[1:] = (row_of_ref[1:] != row_of_ref[:-1]) | ~known[:-1]
    piece = np.cumsum(starts_piece) - 1
    known_in_piece = np.bincount(piece[known], minlength=len(known))
    kept = np.flatnonzero(known & (known_in_piece[piece] > 1))
    is_first = np.ones(len(kept), dtype=bool)
    is_first[1:] = piece[kept[1:]] != piece[kept[:-1]]
    return kept, np.flatnonzero(is_first)


def free_nodes_box(path: Path, nodes: NodeTable) -> Box | None:
    """Box of the nodes that no way refers to: the shape of the request that cut an extract without a header box.

    None if there are no such nodes or their box has no area.
    """
    ways = cast("Iterator[Way]", iter(osmium.FileProcessor(str(path), WAY)))
    refs = [node.ref for way in ways for node in way.nodes]
    free = np.isin(nodes.osm_id, np.asarray(refs, dtype=np.int64), invert=True)
    return box_of(nodes.lon_lat_deg()[free])
