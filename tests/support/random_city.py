"""Random cities for Hypothesis: small, tangled, with everything the walking model knows in them."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from hypothesis import strategies as st
from pyproj import Proj

from tests.support.drawn import engine_walks
from tests.support.oracle import Answer, LonLat, OracleNetwork, OracleWay

ORIGIN = (24.94, 60.17)
PLANE = Proj(proj="tmerc", lon_0=ORIGIN[0], lat_0=ORIGIN[1], k=1, ellps="WGS84")
CELL_M = 70.0
MAX_LINK_M = 60.0

Points = Mapping[str, Sequence[LonLat]]


@dataclass(frozen=True)
class City:
    """Streets, and who lives and serves where."""

    ways: tuple[OracleWay, ...]
    walls: frozenset[int]
    gates: frozenset[int]
    homes: Points
    shops: Points

    def engine(self, *, k: int = 1, max_link_m: float = MAX_LINK_M) -> dict[str, Answer]:
        return engine_walks(
            self.ways, self.homes, self.shops, k=k, max_link_m=max_link_m, walls=self.walls, gates=self.gates
        )

    def oracle(self, *, k: int = 1, max_link_m: float = MAX_LINK_M) -> dict[str, Answer]:
        network = OracleNetwork(self.ways, walls=self.walls, gates=self.gates, max_link_m=max_link_m)
        return network.walks(self.homes, self.shops, k=k)

    def two_way(self) -> "City":
        return replace(self, ways=tuple(replace(way, forward=True, backward=True) for way in self.ways))

    def all_public(self) -> "City":
        return replace(
            self, ways=tuple(replace(way, restricted=False) for way in self.ways), gates=frozenset()
        )


def place_of(column: int, row: int, seed: int) -> LonLat:
    """A place in a cell of the grid, moved off it so that no two distances are equal by accident."""
    shift = random.Random(seed)
    x_m, y_m = CELL_M * (column + shift.uniform(-0.4, 0.4)), CELL_M * (row + shift.uniform(-0.4, 0.4))
    lon, lat = PLANE(x_m, y_m, inverse=True)
    return (float(lon), float(lat))


_CELLS = st.tuples(st.integers(0, 7), st.integers(0, 7))


@st.composite
def _nodes(draw: st.DrawFn) -> dict[int, LonLat]:
    cells = draw(st.lists(_CELLS, min_size=4, max_size=16, unique=True))
    nodes = {number: place_of(*cell, seed=number) for number, cell in enumerate(cells, start=1)}
    # Some nodes share a place: the edge between them has no length.
    for number, original in enumerate(draw(st.lists(st.sampled_from(sorted(nodes)), max_size=3)), start=101):
        nodes[number] = nodes[original]
    return nodes


_KINDS = st.sampled_from([(True, True, False)] * 4 + [(True, False, False), (True, True, True)] * 2)


@st.composite
def _tangles(draw: st.DrawFn) -> tuple[dict[int, LonLat], list[OracleWay]]:
    """Ways that branch, cross without a node, double back and repeat nodes."""
    nodes = draw(_nodes())
    ids = st.sampled_from(sorted(nodes))
    ways = []
    for number in range(draw(st.integers(2, 9))):
        refs = draw(st.lists(ids, min_size=2, max_size=6))
        if len(set(refs)) == 1:
            refs = [*refs, next(node for node in nodes if node != refs[0])]
        ways.append(OracleWay(number + 1, tuple((ref, *nodes[ref]) for ref in refs), *draw(_KINDS)))
    return nodes, ways


@st.composite
def _grids(draw: st.DrawFn) -> tuple[dict[int, LonLat], list[OracleWay]]:
    """Streets and avenues that all meet: here restricted lanes and gates are short cuts that nobody may take."""
    size = draw(st.integers(3, 5))
    nodes = {
        1 + size * row + column: place_of(column, row, seed=size * row + column)
        for row in range(size)
        for column in range(size)
    }
    lines = [[1 + size * row + column for column in range(size)] for row in range(size)]
    lines += [list(line) for line in zip(*lines, strict=True)]
    ways: list[OracleWay] = []
    for line in lines:
        cut = draw(st.integers(1, size - 1))  # each line is two ways, each of its own kind
        for refs in (line[: cut + 1], line[cut:]):
            if len(refs) > 1:
                ways.append(
                    OracleWay(len(ways) + 1, tuple((ref, *nodes[ref]) for ref in refs), *draw(_KINDS))
                )
    return nodes, ways


@st.composite
def cities(draw: st.DrawFn) -> City:
    """A tangle or a grid, with one-ways, restricted ways, gates and walls; homes and shops near it or at nodes."""
    nodes, ways = draw(st.one_of(_tangles(), _grids()))
    ids = st.sampled_from(sorted(nodes))
    places = st.one_of(st.builds(place_of, *([st.integers(-1, 8)] * 2), st.integers(1000, 1020)), ids)

    def points(letter: str, most: int) -> Points:
        groups = draw(st.lists(st.lists(places, min_size=1, max_size=2), min_size=1, max_size=most))
        return {
            f"{letter}{i}": [nodes[p] if isinstance(p, int) else p for p in group]
            for i, group in enumerate(groups)
        }

    walls, gates = draw(st.frozensets(ids, max_size=2)), draw(st.frozensets(ids, max_size=4))
    return City(tuple(ways), walls, gates, points("h", 4), points("f", 4))
