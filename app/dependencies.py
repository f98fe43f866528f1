"""What requests ask for and what answers need, as annotated aliases; the only FastAPI wiring."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Header, Path, Query, Request

from app.db.ready import ReadyDatabase
from app.domain.area import Area
from app.domain.errors import BadInputError, OtherSiteError, ReadOnlyError
from app.domain.scenario import Precondition
from app.domain.standard import Standard, StandardNotFoundError
from app.entity_tags import digests_in, note_area
from app.ingest.coordinates import Coordinates, find_coordinates
from app.problems import invalid_parameter
from app.schemas.weight import Weight
from app.services.area_engine import AreaEngine
from app.services.areas import AreaService
from app.services.assessment import FASTEST_MPS, SLOWEST_MPS, WIDEST_BAND, Walker, choose_walker
from app.services.jobs import JobService
from app.services.kernel_loader import KernelLoader
from app.services.ports import AuditLog, SnapshotStore
from app.services.profiles import list_profile_ids
from app.services.scenarios import ScenarioService
from app.services.standards import StandardService
from app.services.weights import why_not_counted
from app.settings import Settings
from app.wiring import open_jobs, open_scenario_store, open_store

HTTP_ACTOR = "http"
"""Who asks over HTTP where nobody can say more: there are no accounts."""

_LONGEST_NAME = 200

DEMO_AREA = "helsinki"
DEMO_STANDARD = "cn-mofcom-5-8-15"
"""Examples of the OpenAPI document work against the area that `reach15 demo` imports."""


def build_area_service(
    settings: Settings, database: ReadyDatabase, kernels: KernelLoader | None = None
) -> AreaService:
    """The areas of a data directory.

    Parameters
    ----------
    kernels : KernelLoader, optional
        Compiled searches, worth their loading where many questions follow. SciPy gives the same answers.
    """
    store = open_store(settings, database, actor=HTTP_ACTOR)
    return AreaService(store, keep=settings.loaded_areas, kernels=kernels)


def build_scenario_service(
    settings: Settings, database: ReadyDatabase, areas: AreaService, standards: StandardService
) -> ScenarioService:
    """The scenarios of a database."""
    store = open_scenario_store(settings, database, actor=HTTP_ACTOR)
    return ScenarioService(areas, store, standards)


def build_job_service(settings: Settings, database: ReadyDatabase) -> JobService:
    """The jobs of a database, with their folders in the data directory."""
    return open_jobs(settings, database, actor=HTTP_ACTOR)


async def refuse_changes(request: Request) -> None:
    """Refuse a change where the service is read-only, and one that a page of another site asks for.

    A browser sends a form to any address without asking first: without this, any page that a planner opens could
    fill or delete the areas of the service on his machine. Programs send neither of these headers.
    """
    settings: Settings = request.app.state.settings
    if settings.read_only:
        raise ReadOnlyError
    origin = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site", "none")
    host = request.headers.get("host", "")
    if site not in ("none", "same-origin") or (origin is not None and urlsplit(origin).netloc != host):
        raise OtherSiteError


async def refuse_unknown_parameters(request: Request) -> None:
    """Refuse query parameters that the endpoint does not have, and repeated ones.

    A misspelt ``sevice=`` would otherwise be ignored and silently give another answer. Known is what the OpenAPI
    document lists, so that it can never say less than the service takes.
    """
    document = request.app.openapi()
    operation = document["paths"][request.scope["route"].path_format][request.method.lower()]
    known = [item["name"] for item in operation.get("parameters", []) if item["in"] == "query"]
    fix = f"this address takes {', '.join(known)}" if known else "this address takes no parameters"
    faults = []
    for name in request.query_params:
        if name not in known:
            faults.append((name, f"is unknown; {fix}"))
        elif len(request.query_params.getlist(name)) > 1:
            faults.append((name, "is given more than once; give it once"))
    if faults:
        raise invalid_parameter(*faults)


# --- what is asked for -----------------------------------------------------------------------------------------

AreaId = Annotated[
    str,
    Path(
        description="Id of an imported area; `/v1/areas` lists them.",
        openapi_examples={"demo": {"summary": "Central Helsinki, the demo area", "value": DEMO_AREA}},
    ),
]
StandardId = Annotated[
    str,
    Query(
        description="Id of a standard, shipped or your own; `/v1/standards` lists them.",
        openapi_examples={
            "circle": {"summary": "China's 15-minute convenience circles", "value": DEMO_STANDARD}
        },
    ),
]
ProfileId = Annotated[
    str | None,
    Query(
        description="Who walks: decides the speed and whether steps are used. By default the standard's profile. "
        f"One of {', '.join(list_profile_ids())}.",
        examples=["elderly"],
    ),
]
SpeedMps = Annotated[
    float | None,
    Query(
        description="Walking speed in metres per second; overrules profile and standard.",
        ge=SLOWEST_MPS,
        le=FASTEST_MPS,
        allow_inf_nan=False,
        examples=[1.2],
    ),
]

Crs = Annotated[
    str | None,
    Query(
        description="Coordinate system of the answer's geometries; WGS 84 by default. `gcj02` (Amap, Tencent), `bd09` "
        "(Baidu), `cgcs2000`, or an EPSG code; the answer's `crs` member names it. Numbers called `lon` and `lat` and "
        "the parameters of the question stay WGS 84.",
        examples=["gcj02", "EPSG:4547"],
    ),
]

Band = Annotated[
    float | None,
    Query(
        description="Also say which verdicts would be others for a walker slower, or faster, by this share: `holds` "
        "in each verdict, and `fragile` households in the coverage.",
        gt=0,
        le=WIDEST_BAND,
        allow_inf_nan=False,
        examples=[0.1],
    ),
]


def check_weight(area: Area, weight: Weight) -> None:
    """Refuse a weight that the area does not know; the problem names those that it knows."""
    problem = why_not_counted(area, weight)
    if problem is not None:
        raise invalid_parameter(("weight", problem))


# --- what answers need -----------------------------------------------------------------------------------------


async def _area_service(request: Request) -> AreaService:
    service: AreaService = request.app.state.area_service
    return service


AreaServiceDep = Annotated[AreaService, Depends(_area_service)]


async def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


SettingsDep = Annotated[Settings, Depends(_settings)]


async def _actor(request: Request, settings: SettingsDep) -> str:
    """Who asks for a change, for the audit log."""
    named = request.headers.get(settings.actor_header, "") if settings.actor_header else ""
    # Headers are read as Latin-1 and written as UTF-8.
    shown = named.encode("latin-1").decode(errors="replace").strip()[:_LONGEST_NAME]
    name = "".join(letter if letter.isprintable() else "?" for letter in shown)
    return name or settings.actor or (request.client.host if request.client else HTTP_ACTOR)


ActorDep = Annotated[str, Depends(_actor)]


async def _job_service(request: Request, actor: ActorDep) -> JobService:
    service: JobService = request.app.state.job_service
    return service.acting_for(actor)


JobServiceDep = Annotated[JobService, Depends(_job_service)]


async def _scenario_service(request: Request, actor: ActorDep) -> ScenarioService:
    service: ScenarioService = request.app.state.scenario_service
    return service.acting_for(actor)


ScenarioServiceDep = Annotated[ScenarioService, Depends(_scenario_service)]


async def _precondition(
    if_match: Annotated[
        str | None,
        Header(description="Change it only if it still has this `ETag`; `*`: only if it is there."),
    ] = None,
    if_none_match: Annotated[
        str | None, Header(description="`*`: store it only if there is nothing of this name yet.")
    ] = None,
) -> Precondition:
    return Precondition(digests_in(if_match, weak=False), digests_in(if_none_match, weak=True))


PreconditionDep = Annotated[Precondition, Depends(_precondition)]


async def _standard_service(request: Request) -> StandardService:
    service: StandardService = request.app.state.standard_service
    return service


StandardServiceDep = Annotated[StandardService, Depends(_standard_service)]


async def _audit_log(request: Request) -> AuditLog:
    log: AuditLog = request.app.state.audit_log
    return log


AuditLogDep = Annotated[AuditLog, Depends(_audit_log)]


async def _snapshot_store(request: Request) -> SnapshotStore:
    store: SnapshotStore = request.app.state.snapshot_store
    return store


SnapshotStoreDep = Annotated[SnapshotStore, Depends(_snapshot_store)]


def _asked_standard(request: Request, standards: StandardServiceDep) -> Standard | None:
    """The standard that the address names, found once: the answer's tag and its content must be of the same one."""
    standard_id = request.query_params.get("standard")
    return None if standard_id is None else standards.get(standard_id)


AskedStandardDep = Annotated[Standard | None, Depends(_asked_standard)]


def _engine(request: Request, area: AreaId, areas: AreaServiceDep, standard: AskedStandardDep) -> AreaEngine:
    engine = areas.engine(area)
    note_area(request, engine.area, "" if standard is None else standard.digest)
    return engine


EngineDep = Annotated[AreaEngine, Depends(_engine)]


async def _standard(standard: StandardId, asked: AskedStandardDep) -> Standard:
    if asked is None:
        raise StandardNotFoundError(standard)
    return asked


StandardDep = Annotated[Standard, Depends(_standard)]


async def _walker(standard: StandardDep, profile: ProfileId = None, speed_mps: SpeedMps = None) -> Walker:
    return choose_walker(standard, profile, speed_mps)


WalkerDep = Annotated[Walker, Depends(_walker)]


def _coordinates(crs: Crs = None) -> Coordinates | None:
    if crs is None:
        return None
    try:
        return find_coordinates(crs, "crs")
    except BadInputError as error:
        raise invalid_parameter(("crs", error.problem)) from error


CrsDep = Annotated[Coordinates | None, Depends(_coordinates)]
