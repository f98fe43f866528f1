"""The search graph of streets walked the other way round."""

import numpy as np
from scipy.sparse import csr_array

from app.geo.search import SearchGraph


def reversed_graph(graph: SearchGraph) -> SearchGraph:
    """The graph of the same streets walked the other way round: reach *from* a place is reach *to* it on this one."""
    ones = csr_array((graph.arc_cost, graph.arc_to, graph.arc_start), shape=(graph.size, graph.size))
    turned = (
        ones.tocsc()
    )  # columns of the one are rows of the other; free arcs stay, since nothing is added up
    return SearchGraph(
        graph.size,
        arc_start=turned.indptr.astype(np.int32),
        arc_to=turned.indices.astype(np.int32),
        arc_cost=turned.data,
        cost_forward=graph.cost_backward,
        cost_backward=graph.cost_forward,
        start_u=graph.end_u,
        start_v=graph.end_v,
        end_u=graph.start_u,
        end_v=graph.start_v,
        link_cost_per_m=graph.link_cost_per_m,
    )
