"""How much longer a walk uphill takes, and downhill, from heights along the streets.

Heights come from outside (`app.ingest.elevation`); this says where they are needed and what follows from them.
"""

from dataclasses import dataclass

import numpy as np

from app.geo.network import WalkNetwork
from app.geo.units import BoolArray, FloatArray, IntArray, ragged_rows, running_starts

_TOBLER_STEEPNESS = 3.5
_TOBLER_EASIEST = 0.05
"""Tobler (1993), Three presentations on geographical analysis and modeling, NCGIA report 93-1:
``v = 6 exp(-3.5 |S + 0.05|)`` km/h, S being rise over run; fastest at 5 % downhill."""

LEAST_FACTOR = float(np.exp(-_TOBLER_STEEPNESS * _TOBLER_EASIEST))
"""The time factor at the easiest slope: nobody gains more than 16 %."""

STEEPEST = 0.40
"""Slopes beyond this are taken as this: the steepest street there is rises 35 % (Baldwin Street, Dunedin), so that
more comes from the terrain model (a roof, a cliff, a bridge) and not from the street."""


def tobler_factor(slope: FloatArray) -> FloatArray:
    """Walking time relative to the flat, by Tobler's function divided by its own flat value.

    Examples
    --------
    >>> tobler_factor(np.asarray([0.0, 0.10, -0.10, -0.05])).round(4).tolist()
    [1.0, 1.4191, 1.0, 0.8395]
    """
    steep = np.clip(slope, -STEEPEST, STEEPEST)
    factor: FloatArray = np.exp(_TOBLER_STEEPNESS * (np.abs(steep + _TOBLER_EASIEST) - _TOBLER_EASIEST))
    return factor


@dataclass(frozen=True)
class EdgeSamples:
    """Places along every edge at which a height is needed, ends included: ``start`` of shape (m + 1,)."""

    start: IntArray
    lon_deg: FloatArray
    lat_deg: FloatArray


def sample_edges(network: WalkNetwork, piece_m: float) -> EdgeSamples:
    """Places that cut each edge into equal pieces of about `piece_m`, two at least.

    Pieces much shorter than a terrain model's cell would make cliffs out of its rounding.
    """
    length_m = network.edge_length_m
    pieces = np.maximum(np.rint(length_m / piece_m), 1.0).astype(np.int64)
    start = running_starts(pieces + 1)
    edge = ragged_rows(start)
    share = (np.arange(start[-1]) - start[edge]) / pieces[edge]
    # One number line for all edges, with a metre between them so that none runs into the next.
    base_m = running_starts(np.ones(network.edge_count, dtype=np.int64)).astype(np.float64)
    base_m[1:] += np.cumsum(length_m)
    at_m = base_m[edge] + share * length_m[edge]
    known_m = base_m[network.vertex_edge] + network.vertex_offset_m
    return EdgeSamples(
        start,
        np.interp(at_m, known_m, network.vertex_lon_deg),
        np.interp(at_m, known_m, network.vertex_lat_deg),
    )


@dataclass(frozen=True)
class SlopeFactors:
    """Time factors of every edge from u to v and back; ``known_m`` is the length over which heights are known."""

    forward: FloatArray
    backward: FloatArray
    known_m: FloatArray


def slope_factors(
    network: WalkNetwork, samples: EdgeSamples, height_m: FloatArray, *, spans: BoolArray
) -> SlopeFactors:
    """Mean time factor of each edge over its pieces.

    Parameters
    ----------
    network : WalkNetwork
    samples : EdgeSamples
        Of this network.
    height_m : float array, shape (samples,)
        NaN where nobody knows; a piece with an unknown end counts as flat.
    spans : bool array, shape (m,)
        Bridges and tunnels: they run straight from end to end, whatever the terrain does below or above.
    """
    height_m = _straightened(samples.start, height_m, spans)
    pieces = np.diff(samples.start) - 1
    piece_m = network.edge_length_m / pieces
    is_last = np.zeros(len(height_m), dtype=bool)
    is_last[samples.start[1:] - 1] = True
    first = np.flatnonzero(~is_last)
    edge = ragged_rows(samples.start)[first]
    rise_m = height_m[first + 1] - height_m[first]
    known = np.isfinite(rise_m) & (piece_m[edge] > 0)
    slope = np.divide(rise_m, piece_m[edge], out=np.zeros(len(first)), where=known)

    def mean(values: FloatArray) -> FloatArray:
        return np.asarray(np.bincount(edge, weights=values, minlength=network.edge_count) / pieces)

    return SlopeFactors(
        forward=mean(tobler_factor(slope)),
        backward=mean(tobler_factor(-slope)),
        known_m=mean(known.astype(np.float64)) * network.edge_length_m,
    )


def _straightened(start: IntArray, height_m: FloatArray, spans: BoolArray) -> FloatArray:
    edge = ragged_rows(start)
    share = (np.arange(start[-1]) - start[edge]) / (np.diff(start) - 1)[edge]
    first_m, last_m = height_m[start[:-1]][edge], height_m[start[1:] - 1][edge]
    return np.where(spans[edge], first_m + share * (last_m - first_m), height_m)
