"""Some of an area's records kept, others added: households, facilities and their links, in the order of ids."""

from dataclasses import dataclass, fields, replace

import numpy as np

from app.domain.access import AccessPoints
from app.domain.facility import Facilities
from app.domain.household import Households
from app.geo.links import AccessLinks
from app.geo.units import FloatArray, IntArray, expand_ranges, running_starts


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
        every = self.facilities
        chosen = positions.tolist()
        kept = replace(
            every,
            **{
                item.name: getattr(every, item.name)[positions]
                for item in fields(every)
                if isinstance(getattr(every, item.name), np.ndarray)
            },
            tags=tuple(every.tags[place] for place in chosen),
            services=tuple(every.services[place] for place in chosen),
            access=every.access.of(positions),
        )
        return LinkedFacilities(kept, links_of(self.links, every.access, positions))


def merge_households(first: LinkedHouseholds, second: LinkedHouseholds) -> LinkedHouseholds:
    """Both, sorted by id; both must know the same weights."""
    one, two = first.households, second.households
    order = np.argsort(np.concatenate([one.id, two.id]), kind="stable")
    access = _join_access(one.access, two.access)
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
    links = links_of(_join_links(first.links, second.links), access, order)
    border_m = np.concatenate([first.border_m, second.border_m])[order]
    return LinkedHouseholds(joined.take(order), links, border_m)


def merge_facilities(first: LinkedFacilities, second: LinkedFacilities) -> LinkedFacilities:
    """Both, sorted by id."""
    one, two = first.facilities, second.facilities
    order = np.argsort(np.concatenate([one.id, two.id]), kind="stable")
    joined = Facilities(
        id=np.concatenate([one.id, two.id]),
        name=np.concatenate([one.name, two.name]),
        source=np.concatenate([one.source, two.source]),
        tags=(*one.tags, *two.tags),
        services=(*one.services, *two.services),
        lon_deg=np.concatenate([one.lon_deg, two.lon_deg]),
        lat_deg=np.concatenate([one.lat_deg, two.lat_deg]),
        area_m2=np.concatenate([one.area_m2, two.area_m2]),
        outline=np.concatenate([one.outline, two.outline]),
        access=_join_access(one.access, two.access),
    )
    return LinkedFacilities(joined, _join_links(first.links, second.links)).take(order)


def links_of(links: AccessLinks, access: AccessPoints, places: IntArray) -> AccessLinks:
    """Links of some places' access points, in their order."""
    points = expand_ranges(access.start[places], np.diff(access.start)[places])
    counts = np.diff(links.start)[points]
    rows = expand_ranges(links.start[points], counts)
    return AccessLinks(
        start=running_starts(counts),
        edge=links.edge[rows],
        offset_m=links.offset_m[rows],
        link_m=links.link_m[rows],
        lon_deg=links.lon_deg[rows],
        lat_deg=links.lat_deg[rows],
        nearest_m=links.nearest_m[points],
    )


def _join_access(one: AccessPoints, two: AccessPoints) -> AccessPoints:
    return AccessPoints(
        np.concatenate([one.start, one.start[-1] + two.start[1:]]),
        np.concatenate([one.lon_deg, two.lon_deg]),
        np.concatenate([one.lat_deg, two.lat_deg]),
        np.concatenate([one.kind, two.kind]),
    )


def _join_links(one: AccessLinks, two: AccessLinks) -> AccessLinks:
    return AccessLinks(
        start=np.concatenate([one.start, one.start[-1] + two.start[1:]]),
        edge=np.concatenate([one.edge, two.edge]),
        offset_m=np.concatenate([one.offset_m, two.offset_m]),
        link_m=np.concatenate([one.link_m, two.link_m]),
        lon_deg=np.concatenate([one.lon_deg, two.lon_deg]),
        lat_deg=np.concatenate([one.lat_deg, two.lat_deg]),
        nearest_m=np.concatenate([one.nearest_m, two.nearest_m]),
    )
