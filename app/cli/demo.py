"""`reach15 demo`: real data in, an answer out, and a service to ask, with nothing to prepare."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.options import JsonOption
from app.cli.output import write_bytes, write_json, write_tables
from app.domain.errors import AreaNotFoundError, BadInputError

if TYPE_CHECKING:
    from app.services.assessment import Assessment
    from app.services.ports import AreaStore

AREA = "helsinki"
TITLE = "Helsinki city centre"
STANDARD = "cn-mofcom-5-8-15"
FOLDER = Path("demo-output")
UNCOVERED = FOLDER / "uncovered.geojson"
DATA_VARIABLE = "REACH15_DATA_DIR"

URLS = (
    f"/v1/areas/{AREA}/coverage?standard={STANDARD}",
    f"/v1/areas/{AREA}/households?standard={STANDARD}&state=uncovered&limit=10",
    f"/v1/areas/{AREA}/facilities?service=supermarket&limit=10",
    "/v1/standards",
    "/docs",
)
"""What to try, in the order of a story: how many, who, what there is, what was asked, everything else."""


def demo(
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Stop before serving.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Import central Helsinki, assess it, and serve it.

    Prints the coverage table and writes the households left out to demo-output/uncovered.geojson.

    The area is kept in demo-output/data unless REACH15_DATA_DIR names another place.
    """
    from app.cli.serve import DEFAULT_HOST, DEFAULT_PORT, address_of, check_port_is_free, run_server

    if not no_serve:
        check_port_is_free(DEFAULT_HOST, DEFAULT_PORT)  # before the work, not after it
    assessment = _import_and_assess()
    _write_uncovered(assessment)
    urls = [address_of(DEFAULT_HOST, DEFAULT_PORT) + path for path in URLS]
    if as_json:
        from app.schemas.coverage import coverage_to_dict

        coverage = coverage_to_dict(assessment, weight="households")
        write_json({"coverage": coverage, "uncovered_file": str(UNCOVERED), "urls": urls})
    else:
        write_tables(_parts(assessment, [] if no_serve else urls))
    if not no_serve:
        run_server(DEFAULT_HOST, DEFAULT_PORT)


def _import_and_assess() -> "Assessment":
    """The demonstration area, imported anew, and its households' verdicts."""
    from app.cli.importing import run_import
    from app.cli.wiring import find_standard, load_settings, open_areas, open_store
    from app.ingest.demo_extract import find_demo_extract
    from app.services.assessment import assess, choose_walker
    from app.services.import_area import ImportRequest

    # In the environment and not only in our settings, because the served application reads it there.
    if not os.environ.get(DATA_VARIABLE):
        os.environ[DATA_VARIABLE] = str((FOLDER / "data").absolute())
    settings = load_settings()
    store = open_store(settings)
    _refuse_to_replace_another(store)
    run_import(ImportRequest(AREA, title=TITLE, osm_file=find_demo_extract()), store, settings)
    standard = find_standard(STANDARD)
    return assess(open_areas(settings).engine(AREA), standard, choose_walker(standard, None, None))


def _refuse_to_replace_another(store: "AreaStore") -> None:
    """A user's own area of the same name must not vanish because someone tried the demonstration."""
    try:
        summary = store.describe(AREA)[0]
    except AreaNotFoundError:
        return
    if summary.title != TITLE:
        raise BadInputError(
            f"area '{AREA}'",
            f"is not the demonstration's and would be replaced; unset {DATA_VARIABLE} and try again",
        )


def _write_uncovered(assessment: "Assessment") -> None:
    """Households that some service does not cover, as a file for any map."""
    from app.cli.features import household_collection
    from app.schemas.households import UNCOVERED as NOT_COVERED
    from app.schemas.households import matching_households

    try:
        FOLDER.mkdir(exist_ok=True)
    except OSError as error:
        raise BadInputError(
            str(FOLDER), f"cannot be made ({error.strerror}); go to a directory that you can write to"
        ) from error
    positions = matching_households(assessment, services=assessment.services, state=NOT_COVERED)
    write_bytes(household_collection(assessment, positions=positions), UNCOVERED)


def _parts(assessment: "Assessment", urls: list[str]) -> list[Any]:
    from rich.text import Text

    from app.cli.coverage_table import coverage_parts
    from app.schemas.coverage import coverage_to_dict

    parts: list[Any] = list(coverage_parts(coverage_to_dict(assessment, weight="households")))
    parts += ["", f"Households that some service does not cover: {UNCOVERED}"]
    if urls:
        parts += ["", "Serving until Ctrl-C. Try:"]
        parts += [Text(f"  {url}", no_wrap=True, overflow="ignore") for url in urls]
    return parts
