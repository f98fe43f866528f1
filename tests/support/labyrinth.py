"""A town full of dead ends, locked gates and private lanes, with pieces that hang on nothing; by a seed."""

import random

from tests.support.osm_writing import Sketch

SIDE, BLOCK_M = 9, 60.0
_SHOPS = ("supermarket", "bakery", "convenience")


def labyrinth(seed: int) -> Sketch:
    """A grid of which more than a third of the streets is missing; some are private, some have a locked gate."""
    city, shift = Sketch(), random.Random(seed)
    place = {
        (i, j): (BLOCK_M * i + shift.uniform(-12, 12), BLOCK_M * j + shift.uniform(-12, 12))
        for i in range(SIDE)
        for j in range(SIDE)
    }
    number = 0
    for (i, j), here in place.items():
        for there in ((i + 1, j), (i, j + 1)):
            if there not in place or shift.random() < 0.38:
                continue
            number += 1
            middle = ((here[0] + place[there][0]) / 2 + 5.5, (here[1] + place[there][1]) / 2 - 4.5)
            tags = {"access": "private"} if shift.random() < 0.1 else {}
            city.street(number, [here, middle, place[there]], **tags)
            kind = shift.random()
            if kind < 0.05:
                city.tag(middle, barrier="gate", locked="yes")
            elif kind < 0.1:
                city.tag(middle, barrier="gate", access="private")
    for row in range(150):
        x_m, y_m = (shift.uniform(-60, BLOCK_M * SIDE) for _ in range(2))
        city.block(500 + row, x_m, y_m, 8, 8, building="house")
    for row in range(6):
        x_m, y_m = (shift.uniform(0, BLOCK_M * (SIDE - 1)) for _ in range(2))
        city.node(900 + row, (x_m, y_m), shop=_SHOPS[row % 3])
    city.block(950, 150, 150, 60, 60, shop="supermarket")
    return city
