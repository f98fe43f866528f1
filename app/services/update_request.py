"""What an update of an area's data is asked to do, and whether that makes sense."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from app.domain.errors import BadInputError
from app.ingest.table_columns import FIELDS, parse_columns
from app.ingest.table_source import OnError, ReadOptions
from app.services.grid_request import check_grids, has_grids

Kind = Literal["households", "facilities", "zones"]
Mode = Literal["replace", "append"]


@dataclass(frozen=True)
class DataRequest:
    """Which file to bring into which area, and how; every value but the file is plain text.

    `mode` ``replace`` puts the file's rows in the place of those there are, ``append`` adds them. Facilities out of
    OpenStreetMap stay in both. `columns` is written as ``id=编号,households=户数``. `dry_run` does everything but keep
    the result.
    """

    area_id: str
    kind: Kind
    file: Path
    mode: Mode = "replace"
    crs: str | None = None
    columns: str | None = None
    on_error: OnError = "fail"
    dry_run: bool = False
    population_file: Path | None = None
    population_column: str | None = None
    population_crs: str | None = None
    population_groups: tuple[tuple[str, Path], ...] = ()
    layer: str | None = None


def check_data_request(request: DataRequest) -> None:
    """Refuse a request that contradicts itself, before anything is read.

    Raises
    ------
    BadInputError
    """
    if has_grids(request) and (request.kind != "households" or request.mode != "replace"):
        raise BadInputError(
            "--population",
            "spreads the people of each cell over all of its households: give it where all households are replaced",
        )
    check_grids(request)


def read_options_of(request: DataRequest) -> ReadOptions:
    """How the file of a request is read."""
    columns = parse_columns(request.columns, FIELDS[request.kind], "columns") if request.columns else {}
    return ReadOptions(
        crs=request.crs,
        columns=columns,
        on_error=request.on_error,
        layer=request.layer,
    )
