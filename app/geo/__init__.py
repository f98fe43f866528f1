"""The engine: walk networks, access links, walks to the nearest facility, verdicts.

Plain functions over arrays. No HTTP, no database, no files, no clock, no settings.
"""

from app.geo.extent import border_distances_m
from app.geo.links import AccessLinks, EdgeLocator
from app.geo.nearest_times import nearest_costs, nearest_facility_times
from app.geo.network import WalkNetwork
from app.geo.network_builder import WayLines, build_walk_network, without_edges
from app.geo.projection import LocalProjection
from app.geo.search import SearchGraph, build_search_graph, nearest_facilities
from app.geo.verdict import STATES, Verdicts, judge, judge_overall
from app.geo.walks import NearestWalks, walks_to_nearest

__all__ = [
    "STATES",
    "AccessLinks",
    "EdgeLocator",
    "LocalProjection",
    "NearestWalks",
    "SearchGraph",
    "Verdicts",
    "WalkNetwork",
    "WayLines",
    "border_distances_m",
    "build_search_graph",
    "build_walk_network",
    "judge",
    "judge_overall",
    "nearest_costs",
    "nearest_facilities",
    "nearest_facility_times",
    "walks_to_nearest",
    "without_edges",
]
