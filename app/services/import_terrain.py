"""Slope on the streets from a terrain model, as a step of an import."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from app.geo.network import WalkNetwork
from app.geo.slope import sample_edges, slope_factors
from app.geo.units import IntArray
from app.ingest.elevation import read_terrain_model

_SHORTEST_PIECE_M = 10.0
"""Streets are cut into pieces no shorter than this: finer terrain models show kerbs and parked cars."""


@dataclass(frozen=True)
class TerrainPart:
    """The network with slope, what was counted, and what the user must hear of."""

    network: WalkNetwork
    counts: dict[str, float]
    warnings: tuple[str, ...]


def add_slope(network: WalkNetwork, span_ids: IntArray, dem_file: Path) -> TerrainPart:
    """Time factors of slope for every edge; `span_ids` are the ways that are bridges or tunnels.

    Raises
    ------
    BadInputError
        If the terrain model cannot be used.
    """
    lon_deg, lat_deg = network.vertex_lon_deg, network.vertex_lat_deg
    bounds_deg = (float(lon_deg.min()), float(lat_deg.min()), float(lon_deg.max()), float(lat_deg.max()))
    terrain = read_terrain_model(dem_file, bounds_deg)
    samples = sample_edges(network, max(terrain.cell_m, _SHORTEST_PIECE_M))
    height_m = terrain.heights_m(samples.lon_deg, samples.lat_deg)
    factors = slope_factors(network, samples, height_m, spans=np.isin(network.edge_way_id, span_ids))
    unknown_m = float((network.edge_length_m - factors.known_m).sum())
    counts = {
        "cell_m": round(terrain.cell_m, 1),
        "sloped_length_m": round(float(factors.known_m.sum()), 1),
        "unknown_length_m": round(unknown_m, 1),
    }
    warnings: tuple[str, ...] = ()
    if counts["unknown_length_m"] > 0:
        share = unknown_m / network.length_m
        told = f"{dem_file.name} has no heights along {unknown_m / 1000:,.1f} km of streets ({share:.1%})"
        warnings = (f"{told}; they count as flat",)
    sloped = replace(network, edge_slope_forward=factors.forward, edge_slope_backward=factors.backward)
    return TerrainPart(sloped, counts, warnings)
