"""Links that change which of the other streets are public: whom they could win beside those who walk over them.

A connected part of the streets whose longest piece stays public no more may become passable where it was not (walking
model, rule 7). Whoever wins by that has a walk to the service on the part's own streets with nothing restricted, and
whoever wins by walking over the link has one with it. So bounds on streets where nothing is restricted hold for both.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from app.geo.search import build_search_graph
from app.geo.units import IntArray, ragged_rows
from app.services.area_engine import WalkingView
from app.services.link_bounds import ServiceBounds


def freed(view: WalkingView) -> WalkingView:
    """The same streets with nothing restricted; what nobody passes stays closed."""
    network = replace(
        view.network,
        edge_restricted=np.zeros_like(view.network.edge_restricted),
        node_gate=np.zeros_like(view.network.node_gate),
    )
    return replace(view, network=network, graph=build_search_graph(network))


def winners_by_parts(
    bounds: Sequence[ServiceBounds], edge_part: IntArray, parts: IntArray
) -> list[tuple[IntArray, IntArray]]:
    """Who could win where parts lose their longest public piece.

    Parameters
    ----------
    bounds : sequence of ServiceBounds
        On freed streets.
    edge_part : int array, shape (m,)
        Connected part of each edge of their streets.
    parts : int array, shape (n, 2)
        Parts that lose theirs by each change; -1 for none.

    Returns
    -------
    list of (int array, int array)
        Changes, each in one item, and the positions of the households that every one of them could win.
    """
    view = bounds[0].view
    links = view.household_links
    household, part = ragged_rows(view.household_start)[links.point], edge_part[links.edge]
    near = np.unique(np.concatenate([one.within_limit() for one in bounds]))
    is_near = np.isin(household, near)
    household, part = household[is_near], part[is_near]
    sets, number = np.unique(parts, axis=0, return_inverse=True)
    return [
        (np.flatnonzero(number.ravel() == position), np.unique(household[np.isin(part, which)]))
        for position, which in enumerate(sets)
    ]
