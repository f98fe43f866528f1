"""`reach15 facilities`: what serves, and where."""

from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.options import AreaArgument, CrsOption, JsonOption, OutputOption, PlacesFormat
from app.cli.output import check_output, write_bytes

if TYPE_CHECKING:
    from app.domain.standard import Standard
    from app.services.area_engine import AreaEngine


def list_facilities(
    name: AreaArgument,
    service: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Only facilities of this service; all services without it."),
    ] = None,
    standard: Annotated[
        str | None,
        typer.Option(metavar="ID|PATH", help="Services of this standard; of all shipped ones without it."),
    ] = None,
    answer: Annotated[
        PlacesFormat | None, typer.Option("--format", help="How to answer; geojson unless told otherwise.")
    ] = None,
    crs: CrsOption = None,
    output: OutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the facilities of an area with the services they offer. --json is --format geojson."""
    if as_json and answer is PlacesFormat.CSV:
        raise typer.BadParameter("says json, and --format says csv; give one of them", param_hint="'--json'")

    from app.cli.wiring import find_crs, load_settings, open_areas

    check_output(output)
    coordinates = find_crs(crs)
    standards = _standards(standard)
    engine = open_areas(load_settings()).engine(name)
    services = _services(engine, service, standards, supplied_ids=standard is None)
    if answer is PlacesFormat.CSV:
        from app.cli.csv_rows import facility_csv

        write_bytes(facility_csv(engine.area, services, coordinates), output)
    else:
        from app.cli.features import facility_collection

        write_bytes(facility_collection(engine.area, services, standards, coordinates), output)


def _standards(reference: str | None) -> "list[Standard]":
    from app.cli.wiring import find_standard
    from app.services.standards import list_standards

    return list(list_standards()) if reference is None else [find_standard(reference)]


def _services(
    engine: "AreaEngine", service: str | None, standards: "list[Standard]", *, supplied_ids: bool
) -> dict[int, list[str]]:
    """Service ids by facility; of a chosen service, every facility that offers it with all that it offers."""
    from app.services.facilities import distinct_services, services_by_facility
    from app.services.standards import ServiceNotFoundError

    asked = distinct_services(standards)
    found = services_by_facility(engine, asked.values(), supplied_ids=supplied_ids)
    if service is None:
        return found
    known = set(asked)
    if supplied_ids:  # then the service ids of users' files count too
        known.update(*engine.area.facilities.services)
    if service not in known:
        where = f"area '{engine.area.id}'" if supplied_ids else f"standard '{standards[0].id}'"
        raise ServiceNotFoundError(service, where, tuple(sorted(known)))
    return {position: ids for position, ids in found.items() if service in ids}
