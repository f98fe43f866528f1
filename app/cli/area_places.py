"""`reach15 area places`: what an area was imported with, straight from the database."""

from typing import Annotated

import typer

from app.cli.options import AreaArgument, CrsOption, OutputOption, PlaceKindName, parse_box
from app.cli.output import check_output, write_bytes


def write_places(
    name: AreaArgument,
    kind: Annotated[PlaceKindName, typer.Argument(metavar="KIND", help="households, facilities or zones.")],
    *,
    bbox: Annotated[
        str | None,
        typer.Option(metavar="W,S,E,N", help="Only what touches this box, sides included; degrees (WGS 84)."),
    ] = None,
    number: Annotated[
        int | None,
        typer.Option(
            "--version", metavar="N", help="Of the version of this number; by default the current one."
        ),
    ] = None,
    crs: CrsOption = None,
    output: OutputOption = None,
) -> None:
    """Write what an area was imported with, as GeoJSON and without judging it.

    The database's own index finds it, so a small part of a large city is there at once.
    """
    from app.cli.features import place_collection
    from app.cli.wiring import find_crs, load_settings, open_store
    from app.domain.errors import VersionNotFoundError
    from app.domain.place import check_box
    from app.schemas.versions import places_head

    box = None if bbox is None else check_box(parse_box(bbox))
    check_output(output)
    coordinates = find_crs(crs)
    store = open_store(load_settings())
    versions = store.list_versions(name)
    chosen = [item for item in versions if (item.current if number is None else item.number == number)]
    if not chosen:
        raise VersionNotFoundError(name, str(number), tuple(item.number for item in versions))
    found = store.places(name, chosen[0].key, kind.value, box)
    write_bytes(place_collection(places_head(name, chosen[0]), found, coordinates), output)
