"""Some of an area's records kept, others added: households, facilities and their links, in the order of ids."""

from dataclasses import dataclass

import numpy as np

from app.domain.facility import Facilities
from app.domain.household import Households
from app.geo.links import AccessLinks
from app.geo.units import FloatArray, IntArray
from app.services.area_engine import links_of


@dataclass(frozen=True)
class LinkedHouseholds:
    """Households, the links of their access points, and how far each lies from the extent's border."""

    households: Households
    links: AccessLinks
    border_m: FloatArray


@dataclass(frozen=True)
class LinkedFacilities:
    """Facilities and the links of their access points."""

    facilities: Facilities
    links: AccessLinks

    def take(self, positions: IntArray) -> "LinkedFacilities":
        """Some of them, in the order of `positions`."""
        kept = self.facilities.take(positions)
        return LinkedFacilities(kept, links_of(self.links, self.facilities.access.start, positions)[0])

    def then(self, other: "LinkedFacilities") -> "LinkedFacilities":
        """These, and others behind them."""
        return LinkedFacilities(self.facilities.then(other.facilities), self.links.then(other.links))


def merge_households(first: LinkedHouseholds, second: LinkedHouseholds) -> LinkedHouseholds:
    """Both, sorted by id; both must know the same weights."""
    one, two = first.households, second.households
    order = np.argsort(np.concatenate([one.id, two.id]), kind="stable")
    access = one.access.then(two.access)
    joined = Households(
        id=np.concatenate([one.id, two.id]),
        lon_deg=np.concatenate([one.lon_deg, two.lon_deg]),
        lat_deg=np.concatenate([one.lat_deg, two.lat_deg]),
        households=np.concatenate([one.households, two.households]),
        population=None
        if one.population is None or two.population is None
        else np.concatenate([one.population, two.population]),
        estimated=np.concatenate([one.estimated, two.estimated]),
        access=access,
        groups={name: np.concatenate([one.groups[name], two.groups[name]]) for name in one.groups},
    )
    links = links_of(first.links.then(second.links), access.start, order)[0]
    border_m = np.concatenate([first.border_m, second.border_m])[order]
    return LinkedHouseholds(joined.take(order), links, border_m)


def merge_facilities(first: LinkedFacilities, second: LinkedFacilities) -> LinkedFacilities:
    """Both, sorted by id."""
    joined = first.then(second)
    return joined.take(np.argsort(joined.facilities.id, kind="stable"))
