"""`reach15 isochrone`: what lies within walking reach, as GeoJSON."""

from enum import StrEnum
from typing import Annotated

import typer

from app.cli.options import AreaArgument, CrsOption, JsonOption, OutputOption, ProfileOption, SpeedOption
from app.cli.output import check_output, write_bytes
from app.domain.errors import BadInputError


class _Direction(StrEnum):
    TOWARDS = "towards"
    FROM = "from"


class _Shape(StrEnum):
    POLYGON = "polygon"
    STREETS = "streets"


def draw_isochrone(
    name: AreaArgument,
    *,
    lon: Annotated[
        float | None, typer.Option(metavar="X", min=-180, max=180, help="Longitude of a place.")
    ] = None,
    lat: Annotated[
        float | None, typer.Option(metavar="Y", min=-90, max=90, help="Latitude of a place.")
    ] = None,
    facility: Annotated[
        str | None, typer.Option(metavar="ID", help="A facility instead of a place, such as node/123.")
    ] = None,
    service: Annotated[
        str | None,
        typer.Option(metavar="ID", help="All facilities of a service of --standard instead of a place."),
    ] = None,
    minutes: Annotated[str | None, typer.Option(metavar="M,...", help="Limits, such as 5,10,15.")] = None,
    meters: Annotated[str | None, typer.Option(metavar="M,...", help="Limits in metres of walk.")] = None,
    standard: Annotated[
        str | None,
        typer.Option(
            metavar="ID|PATH", help="Id of a standard, shipped or added, or path of your own YAML file."
        ),
    ] = None,
    profile: ProfileOption = None,
    speed_mps: SpeedOption = None,
    direction: Annotated[
        _Direction, typer.Option(help="Who can reach it, or what can be reached from it.")
    ] = (_Direction.TOWARDS),
    shape: Annotated[
        _Shape, typer.Option(help="Polygons, or the reached streets, cut exactly at the limit.")
    ] = _Shape.POLYGON,
    verify: Annotated[
        bool, typer.Option("--verify", help="Also count the households on the wrong side of each polygon.")
    ] = False,
    crs: CrsOption = None,
    output: OutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draw what lies within walking reach of a place, a facility or a whole service, as GeoJSON."""
    del as_json  # GeoJSON is JSON, and there is no other format

    from app.cli.wiring import find_crs, find_profile, find_standard, load_settings, open_areas
    from app.schemas.crs import in_crs
    from app.schemas.isochrones import isochrone_collection, isochrone_features
    from app.services.isochrone_limits import choose_limits
    from app.services.isochrone_origins import choose_free_walker, choose_origins
    from app.services.isochrones import draw
    from app.services.standards import get_service

    check_output(output)
    coordinates = find_crs(crs)
    chosen = None if standard is None else find_standard(standard)
    if service is not None and chosen is None:
        raise BadInputError("--service", "needs --standard, which says what it is; give both")
    wanted = None if service is None or chosen is None else get_service(chosen, service)
    walker = choose_free_walker(chosen, find_profile(profile), speed_mps)
    engine = open_areas(load_settings()).engine(name)
    origins = choose_origins(engine, walker, lon_deg=lon, lat_deg=lat, facility_id=facility, service=wanted)
    limits = choose_limits(minutes, meters, wanted, walker.speed_mps)
    pictures = draw(
        engine, walker, origins, limits, direction=direction.value, shape=shape.value, verify=verify
    )
    features = isochrone_features(pictures, origins)
    collection = isochrone_collection(
        engine, walker, chosen, features, direction=direction.value, shape=shape.value
    )
    import orjson

    write_bytes([orjson.dumps(in_crs(collection, coordinates)), b"\n"], output)
