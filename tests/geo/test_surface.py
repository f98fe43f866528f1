"""The grid over a town: its links, its costs, and the tiles that are kept."""

import numpy as np
import pytest

from app.geo import kernels
from app.geo.reach import StreetPlaces, find_reach
from app.geo.reversed import reversed_graph
from app.geo.surface import GRID_M, POINTS_PER_TILE, TILE_M, TILE_SIDE, Surface
from app.geo.walks import walks_to_nearest
from tests.support.drawn import draw
from tests.support.reached_town import LINE, town


@pytest.mark.parametrize("seed", range(4))
def test_grid_points_have_the_links_that_any_other_place_has(seed: int) -> None:
    # Random streets, among them islands, parallel ones and one without length.
    random = np.random.default_rng(seed)
    names = [f"n{number}" for number in range(24)]
    points = {name: ("o", *random.uniform(-300, 300, 2)) for name in names}
    pairs = random.choice(names, size=(26, 2))
    lines = [f"{one}-{other}" for one, other in pairs if one != other]
    city = town(draw("o", "\n".join(["n0-n1", *lines]), points=points), max_link_m=60.0)
    for key in ((-1, -1), (0, 0), (-1, 0)):
        (tile,) = city.surface.tiles([key])
        steps = GRID_M * np.arange(TILE_SIDE)
        y_m, x_m = np.meshgrid(key[1] * TILE_M + steps, key[0] * TILE_M + steps, indexing="ij")
        expected = city.locator.link(*city.network.projection.to_degrees(x_m.ravel(), y_m.ravel()))
        point = np.concatenate([np.arange(POINTS_PER_TILE), tile.extra_point])
        linked = tile.edge < city.network.edge_count
        ours = np.lexsort((tile.offset_m[linked], tile.edge[linked], point[linked]))
        theirs = np.lexsort((expected.offset_m, expected.edge, expected.point))
        assert (point[linked][ours] == expected.point[theirs]).all()
        assert (tile.edge[linked][ours] == expected.edge[theirs]).all()
        assert tile.offset_m[linked][ours] == pytest.approx(expected.offset_m[theirs], abs=1e-3)
        assert tile.link_m[linked][ours] == pytest.approx(expected.link_m[theirs], abs=1e-3)


def test_tiles_are_kept_and_the_oldest_goes() -> None:
    surface = Surface(LINE.network, keep=2)
    first, second = surface.tiles([(0, 0), (1, 0)])
    assert surface.tiles([(0, 0)])[0] is first
    surface.tiles([(5, 5)])
    assert surface.tiles([(0, 0)])[0] is first
    again = surface.tiles([(1, 0)])[0]
    assert again is not second
    assert (again.edge == second.edge).all()


def test_costs_of_places_are_those_of_households() -> None:
    city = draw(
        """
        a b . c d
        . . . . .
        e f . g h
        """,
        """
        a-b-c-d-h oneway
        a-e-f restricted
        f-g-h
        b-f oneway
        """,
        points={"o": ("c", 0, -20), "p": ("g", 30, 10)},
    )
    place = town(city)
    random = np.random.default_rng(3)
    x_m, y_m = random.uniform(-350, 350, 400), random.uniform(-250, 250, 400)
    homes = place.locator.link(*place.network.projection.to_degrees(x_m, y_m))
    goals = place.links(city.place["o"], city.place["p"])
    for nearest in (1, 2):
        for search in (None, kernels):
            for graph in (place.graph, reversed_graph(place.graph)):
                expected = walks_to_nearest(
                    place.network, graph, homes, np.arange(401), goals, np.arange(3), nearest=nearest
                ).cost
                reach = find_reach(
                    place.network, graph, goals, np.arange(3), limit=5000.0, nearest=nearest, kernels=search
                )
                cost = np.full(400, np.inf)
                np.minimum.at(
                    cost, homes.point, reach.costs(StreetPlaces(homes.edge, homes.offset_m, homes.link_m))
                )
                assert np.isfinite(expected).any()
                assert cost == pytest.approx(expected, abs=1e-6)
