"""Imports and updates as jobs: the request as plain data with the files beside it, and how far it is in percent."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from app.domain.errors import AreaChangedError
from app.services.import_request import ImportRequest
from app.services.job_context import JobContext, JobKind, JobResult
from app.services.rejected_files import RejectedFiles, files_of_import, files_of_update
from app.services.update_request import DataRequest

IMPORT_KIND = "area-import"
UPDATE_KIND = "area-update"
MOST_TRIES = 10
"""How often an update is worked out anew because somebody else changed the area meanwhile."""

_BEGINS_AT_PERCENT = {
    "study_area": 0.0,
    "download": 1.0,
    "read": 5.0,
    "network": 40.0,
    "slope": 60.0,
    "extent": 65.0,
    "zones": 68.0,
    "households_and_facilities": 70.0,
    "hash": 90.0,
    "store": 92.0,
}
"""Where each stage begins: its share of the time that cities from Helsinki to Nanjing took."""

_UPDATE_BEGINS_AT_PERCENT = {
    "load": 0.0,
    "households": 10.0,
    "facilities": 10.0,
    "zones": 10.0,
    "hash": 80.0,
    "store": 85.0,
}


def import_input(request: ImportRequest, folder: Path) -> dict[str, Any]:
    """A request as JSON; files are named by their paths below `folder`."""
    return _as_json(vars(request), folder)


def import_request(content: Mapping[str, Any], folder: Path) -> ImportRequest:
    """The request that `import_input` wrote."""
    known = {item.name for item in fields(ImportRequest)}
    values = _from_json({key: value for key, value in content.items() if key in known}, folder)
    if "box" in values:
        values["box"] = tuple(values["box"])
    return ImportRequest(**values)


def update_input(request: DataRequest, folder: Path) -> dict[str, Any]:
    """A request as JSON; its file is named by the path below `folder`."""
    return _as_json(vars(request), folder)


def _as_json(request: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    given = {key: value for key, value in request.items() if value is not None and value != ()}
    groups = given.pop("population_groups", ())
    result = {
        key: value.relative_to(folder).as_posix() if isinstance(value, Path) else value
        for key, value in given.items()
    }
    if groups:
        result["population_groups"] = {name: path.relative_to(folder).as_posix() for name, path in groups}
    return result


def _from_json(content: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    values = {
        key: folder / value if key == "file" or key.endswith("_file") else value
        for key, value in content.items()
    }
    if "population_groups" in values:
        groups = values["population_groups"].items()
        values["population_groups"] = tuple((name, folder / path) for name, path in groups)
    return values


def stage_progress(context: JobContext, begins_at_percent: Mapping[str, float]) -> Callable[[str, int], None]:
    """What an import calls with its stages, as progress of the job."""

    def tell(stage: str, count: int) -> None:
        percent = begins_at_percent.get(stage, context.state.percent)
        context.progress(stage, percent, {"count": count} if count else None)

    return tell


def _run_import(context: JobContext) -> JobResult:
    from app.services.import_area import import_area  # noqa: PLC0415 - libraries of OSM that only an import needs

    request = import_request(context.job.input, context.inputs)
    rejected = RejectedFiles(context.outputs, files_of_import(request))
    with rejected.refusals_kept():
        report = import_area(
            request,
            context.areas,
            context.settings,
            known_services=context.standards.service_ids(),
            progress=stage_progress(context, _BEGINS_AT_PERCENT),
            before_store=rejected.keep,
        )
    return JobResult(asdict(report))


def _run_update(context: JobContext) -> JobResult:
    for _ in range(MOST_TRIES - 1):
        with suppress(AreaChangedError):
            return _update(context)
    return _update(context)


def _update(context: JobContext) -> JobResult:
    from app.services.update_area import update_area  # noqa: PLC0415 - as for an import

    request = DataRequest(**_from_json(context.job.input, context.inputs))
    rejected = RejectedFiles(context.outputs, files_of_update(request))
    with rejected.refusals_kept():
        report = update_area(
            request,
            context.areas,
            known_services=context.standards.service_ids(),
            progress=stage_progress(context, _UPDATE_BEGINS_AT_PERCENT),
            before_store=rejected.keep,
        )
    return JobResult(asdict(report))


AREA_IMPORT = JobKind(IMPORT_KIND, _run_import)
AREA_UPDATE = JobKind(UPDATE_KIND, _run_update)
