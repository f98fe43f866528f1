"""What a selector takes for a service, on the tags that the shipped standards meet."""

import pytest

from app.domain.standard import Selector, StandardNotFoundError, is_public
from app.ingest.standard_files import load_shipped_standards

SERVICES = {
    service.id: service for standard in load_shipped_standards().values() for service in standard.services
}


def tags_of(text: str) -> dict[str, str]:
    return dict(item.split("=", 1) for item in text.split(", "))


@pytest.mark.parametrize(
    ("selector", "tags", "matches"),
    [
        (Selector("shop", frozenset({"bakery"})), "shop=bakery", True),
        (Selector("shop", frozenset({"bakery"})), "shop=bakery;cafe", True),
        (Selector("shop", frozenset({"cafe"})), "shop=bakery; cafe", True),
        (Selector("shop", frozenset({"bakery"})), "shop=bakery_supplies", False),
        (Selector("shop", frozenset({"bakery"})), "amenity=bakery", False),
        (Selector("shop", frozenset()), "shop=kiosk", True),
        (Selector("shop", frozenset()), "shop=no", False),
        (Selector("shop", frozenset()), "disused:shop=kiosk", False),
        (Selector("shop", frozenset(), where={"bus": frozenset({"no"})}), "shop=yes, bus=no", True),
        (Selector("shop", frozenset(), where={"bus": frozenset({"yes"})}), "shop=yes", False),
        (Selector("shop", frozenset(), without={"bus": frozenset({"no"})}), "shop=yes, bus=no", False),
        (Selector("shop", frozenset(), without={"bus": frozenset({"no"})}), "shop=yes, bus=yes", True),
        (Selector("shop", frozenset(), name_regex="菜|生鲜"), "shop=yes, name=永辉生鲜超市", True),
        (Selector("shop", frozenset(), name_regex="菜|生鲜"), "shop=yes, name:zh=科巷菜市场", True),
        (Selector("shop", frozenset(), name_regex="菜|生鲜"), "shop=yes, name=苏果", False),
        (Selector("shop", frozenset(), name_regex="菜|生鲜"), "shop=yes, description=菜", False),
        (Selector("shop", frozenset(), name_regex="菜|生鲜"), "shop=yes", False),
    ],
)
def test_a_selector_reads_tags(selector: Selector, tags: str, matches: bool) -> None:
    assert selector.matches(tags_of(tags)) is matches


@pytest.mark.parametrize(
    ("tags", "public"),
    [
        ("shop=yes", True),
        ("shop=yes, access=yes", True),
        ("shop=yes, access=customers", True),
        ("shop=yes, access=private", False),
        ("shop=yes, access=no", False),
        ("shop=yes, access=private;customers", False),
        ("shop=yes, access=customers;private", True),
        ("shop=yes, disused=yes", False),
        ("shop=yes, disused=no", True),
        ("shop=yes, abandoned=yes", False),
        ("shop=yes, construction=yes", False),
    ],
)
def test_what_is_closed_serves_nobody(tags: str, public: bool) -> None:
    assert is_public(tags_of(tags)) is public
    assert Selector("shop", frozenset()).matches(tags_of(tags)) is public


@pytest.mark.parametrize(
    ("tags", "service_ids"),
    [
        ("shop=convenience, name=苏果好的", "convenience"),
        ("shop=supermarket, name=沃尔玛", "supermarket fresh_food vegetables food_market"),
        ("shop=greengrocer", "fresh_food vegetables"),
        ("shop=seafood", "fresh_food"),
        ("amenity=marketplace, name=科巷菜市场", "market vegetables food_market"),
        ("amenity=fast_food", "breakfast"),
        ("shop=bakery", "breakfast"),
        ("amenity=restaurant, cuisine=chinese;baozi", "breakfast"),
        ("amenity=restaurant, name=老王早点", "breakfast"),
        ("amenity=restaurant, cuisine=italian", ""),
        ("amenity=cafe, name=漫咖啡", ""),
        ("amenity=pharmacy", "pharmacy"),
        ("healthcare=pharmacy", "pharmacy"),
        ("shop=chemist", ""),
        ("shop=dry_cleaning", "laundry"),
        ("shop=beauty", "hair_beauty"),
        ("craft=photographer", "photo_print"),
        ("craft=locksmith", "repair"),
        ("shop=bicycle", ""),
        ("shop=bicycle, service:bicycle:repair=yes", "repair"),
        ("shop=car_repair", ""),
        ("craft=cleaning, name=好帮手家政", ""),  # housekeeping comes from the user alone
        ("amenity=parcel_locker, brand=丰巢", "parcel"),
        ("amenity=vending_machine, vending=parcel_pickup;parcel_mail_in", "parcel"),
        ("amenity=vending_machine, vending=drinks", ""),
        ("amenity=recycling, recycling_type=container", "recycling"),
        ("leisure=fitness_centre", "fitness"),
        ("leisure=sports_centre, sport=fitness", "fitness sports_large sports_medium sports_small"),
        ("leisure=sports_centre, sport=swimming", "sports_large sports_medium sports_small"),
        ("leisure=fitness_station", "fitness_outdoor"),
        # Elders
        ("amenity=social_facility, social_facility=nursing_home", "elder_care"),
        ("amenity=nursing_home", "elder_care"),
        ("amenity=social_facility, social_facility=group_home, social_facility:for=juvenile", ""),
        (
            "amenity=social_facility, social_facility=group_home, social_facility:for=disabled;senior",
            "elder_care",
        ),
        ("amenity=social_facility, social_facility=day_care", ""),
        (
            "amenity=social_facility, social_facility=day_care, social_facility:for=senior",
            "elder_care elder_daycare",
        ),
        ("amenity=social_facility, name=梅园日间照料中心", "elder_care elder_daycare"),
        # Schools
        ("amenity=kindergarten", "kindergarten"),
        ("education=kindergarten", "kindergarten"),
        ("amenity=school, name=石鼓路小学", "primary_school"),
        ("amenity=school, name=Changjiang Road Primary School", "primary_school"),
        ("amenity=school, isced:level=1;2", "primary_school junior_secondary"),
        ("education=school, grades=1-9", "primary_school junior_secondary"),
        ("amenity=school, name=南京市第九初级中学", "junior_secondary"),
        ("amenity=school, name=南京五中", "junior_secondary"),
        ("amenity=school, name=南京市第三高级中学", ""),
        ("amenity=school, name=南京市第三高级中学文昌初中", "junior_secondary"),
        ("amenity=school, name=第十中学附属小学", "primary_school"),
        ("amenity=school", ""),
        # Health: a station does not replace a centre
        ("amenity=clinic, name=新街口社区卫生服务中心", "health_centre"),
        ("healthcare=centre, name=朝天宫社区医院", "health_centre"),
        ("amenity=clinic, name=新街口社区卫生服务站", ""),
        ("amenity=clinic, name=新街口社区卫生服务中心丰富路卫生服务站", ""),
        ("amenity=clinic, name=口腔诊所", ""),
        # Community: the tiers are told apart by name
        ("amenity=community_centre", "community_service"),
        ("amenity=community_centre, community_centre:for=senior", ""),
        ("amenity=community_centre, name=五老村街道党群服务中心", "community_service service_centre"),
        ("office=government, name=五老村街道便民服务中心", "community_service service_centre"),
        (
            "amenity=community_centre, name=五老村街道三条巷社区党群服务中心",
            "community_service service_station",
        ),
        ("office=government, name=三条巷社区居委会", "community_service service_station"),
        ("office=government, name=三条巷社区综合服务站", "community_service service_station"),
        ("amenity=townhall, name=秦淮区政府", ""),
        ("amenity=community_centre, community_centre=cultural_centre", "culture_centre"),
        ("amenity=theatre, name=南京文化艺术中心", "culture_centre"),
        ("amenity=arts_centre, name=江苏美术馆", ""),
        ("amenity=community_centre, name=朝天宫综合文化站", "community_service culture_station"),
        ("shop=department_store", "mall"),
        # Transit and open space
        ("highway=bus_stop", "bus_stop low_capacity_transit"),
        ("public_transport=platform, bus=yes", "bus_stop low_capacity_transit"),
        ("public_transport=platform, tram=yes", "low_capacity_transit"),
        ("railway=tram_stop", "low_capacity_transit"),
        ("railway=subway_entrance", "high_capacity_transit"),
        ("public_transport=station, subway=yes", "high_capacity_transit"),
        ("railway=station, usage=tourism", ""),
        ("amenity=ferry_terminal", "high_capacity_transit"),
        ("leisure=park", "open_space"),
        ("leisure=garden", ""),
        ("leisure=garden, access=yes", "open_space"),
        ("leisure=garden, name=莫愁花园", "open_space"),
        ("leisure=garden, name=莫愁花园, garden:type=residential", ""),
        ("leisure=playground, access=residents", ""),
        ("leisure=park, access=private", ""),
        ("place=square", "open_space"),
    ],
)
def test_what_a_place_offers(tags: str, service_ids: str) -> None:
    offered = {service_id for service_id, service in SERVICES.items() if service.is_offered_by(tags_of(tags))}
    assert offered == set(service_ids.split())


def test_a_service_is_found_by_its_id() -> None:
    standard = load_shipped_standards()["cn-beijing-8"]
    service = standard.find_service("repair")
    assert service is not None
    assert service.id == "repair"
    assert standard.find_service("teleporter") is None


def test_an_unknown_standard_is_named_with_those_that_exist() -> None:
    error = StandardNotFoundError("x", ("a", "b"), "; or a path")
    assert str(error) == "standard 'x' does not exist (standards: a, b); or a path"
