"""Gets the gate's report: from an area here, from an extract, or from a server. All three give the same."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

from app.cli.options import InputRefusedError, refused_input
from app.domain.errors import AreaNotFoundError, BadInputError, Reach15Error

if TYPE_CHECKING:
    from app.domain.area import Area, ImportReport
    from app.services.area_engine import AreaEngine
    from app.services.asked_proposals import AskedProposal
    from app.services.ports import AreaStore

_EXTRACT_SUFFIXES = (".pbf", ".osm", ".osm.gz", ".osm.bz2", ".osm.xml", ".osc")
_CONNECT_S, _ANSWER_S = 10.0, 900.0


@dataclass(frozen=True)
class Question:
    """What a check asks, with its files as parsed JSON: of a proposal, or of a scenario of the area."""

    area: str
    proposal: Any
    standard: str
    scenario: str | None = None
    profile: str | None = None
    speed_mps: float | None = None
    lenient: bool = False
    crs: str | None = None
    policy: Any = None
    baseline: Any = None


@dataclass(frozen=True)
class ExtractFiles:
    """An extract to check against instead of a stored area, and what goes with it."""

    osm: Path
    households: Path | None = None
    facilities: Path | None = None
    zones: Path | None = None
    extent: Path | None = None


class ServerError(Reach15Error):
    """A server could not be asked, or did not answer as it should."""


def is_extract(area: str) -> bool:
    """Whether an area's name is the path of an OpenStreetMap file: no area may have such a name."""
    return "/" in area or area.lower().endswith(_EXTRACT_SUFFIXES)


def ask_here(question: Question, extract: ExtractFiles | None, policy: Any) -> dict[str, Any]:
    """The report from an area of this data directory, or from an extract.

    Raises
    ------
    InputRefusedError
        If anything that the user gave cannot be used.
    AreaNotFoundError, StoreError, BadInputError
        If the area cannot be asked, or a file of the extract is missing.
    """
    from app.cli.wiring import find_profile, find_standard
    from app.ingest.baseline_files import read_baseline_value
    from app.schemas.gate import gate_report
    from app.services.assessment import choose_walker
    from app.services.gate_check import check_proposal
    from app.services.proposals import load_kernels

    with refused_input():
        standard = find_standard(question.standard)
        walker = choose_walker(standard, find_profile(question.profile), question.speed_mps)
        baseline = None if question.baseline is None else read_baseline_value(question.baseline)
    asked = _asked(question)
    engine = _engine(question.area, extract)
    load_kernels(engine, standard)
    with refused_input():
        check = check_proposal(
            engine,
            standard,
            walker,
            asked,
            now=datetime.now(UTC),
            policy=policy,
            baseline=baseline,
        )
    return gate_report(check)


def _asked(question: Question) -> "AskedProposal":
    from app.cli.wiring import load_settings, open_scenarios
    from app.services.asked_proposals import AskedProposal

    if question.scenario is not None:
        return AskedProposal.of(open_scenarios(load_settings()).get(question.area, question.scenario))
    return AskedProposal(question.proposal, lenient=question.lenient, crs=question.crs)


def _engine(area: str, extract: ExtractFiles | None) -> "AreaEngine":
    from app.cli.wiring import load_settings, open_areas
    from app.services.kernel_loader import KernelLoader

    kernels = KernelLoader()
    if extract is None:
        return open_areas(load_settings(), kernels).engine(area)
    from app.services.area_engine import AreaEngine

    return AreaEngine(_import_extract(area, extract), kernels=kernels)


class _Keeper:
    """Stands for a store: keeps the one area that is imported, in memory alone."""

    area: "Area"

    def save(self, area: "Area", _: "ImportReport") -> None:
        self.area = area


def _import_extract(area: str, extract: ExtractFiles) -> "Area":
    from app.cli.text import warn
    from app.cli.wiring import load_settings, shipped_services
    from app.services.import_area import ImportRequest, import_area

    request = ImportRequest(
        area,
        osm_file=extract.osm,
        households_file=extract.households,
        facilities_file=extract.facilities,
        zones_file=extract.zones,
        extent_file=extract.extent,
    )
    for path in (extract.osm, extract.households, extract.facilities, extract.zones, extract.extent):
        if path is not None and not path.exists():
            # Nothing is malformed: the data is missing, and the question cannot be answered.
            raise BadInputError(str(path), "no such file; check the path, or fetch it again")
    settings = load_settings()
    keeper = _Keeper()
    with refused_input():
        report = import_area(
            request, cast("AreaStore", keeper), settings, known_services=shipped_services().keys()
        )
    for warning in report.warnings:
        warn(warning)
    return keeper.area


def ask_server(question: Question, server: str) -> dict[str, Any]:
    """The report from a server; raises as `ask_server_for`."""
    parameters = {
        "standard": question.standard,
        "profile": question.profile,
        "speed_mps": question.speed_mps,
        "lenient": question.lenient,
        "crs": question.crs,
    }
    parts = {
        "proposal": question.proposal,
        "scenario": question.scenario,
        "policy": question.policy,
        "baseline": question.baseline,
    }
    body = {name: value for name, value in parts.items() if value is not None}
    members = {"exit_code", "rules", "changes"}
    return ask_server_for("check", question.area, server, parameters, body, members)


def ask_server_for(
    what: str,
    area: str,
    server: str,
    parameters: Mapping[str, Any],
    body: Mapping[str, Any],
    members: Collection[str],
) -> dict[str, Any]:
    """What a server answers about proposals for an area.

    Parameters
    ----------
    what : str
        Which of the addresses below ``proposals`` is asked.
    parameters : mapping
        Of the address; None and False are left out.
    members : collection of str
        What an answer must have to be one.

    Raises
    ------
    InputRefusedError
        If the server refuses what the user gave.
    ServerError
        If it is gone, does not have the area, or does not answer as it should.
    """
    import orjson
    import requests

    base = server.strip().rstrip("/")
    if not base.startswith(("http://", "https://")):
        raise InputRefusedError(f"--server {server}: is not a web address; write http://HOST:PORT")
    try:
        answer = requests.post(
            f"{base}/v1/areas/{quote(area, safe='')}/proposals/{what}",
            params={
                name: _parameter(value) for name, value in parameters.items() if value not in (None, False)
            },
            data=orjson.dumps(body),
            headers={"Content-Type": "application/json"},
            timeout=(_CONNECT_S, _ANSWER_S),
            allow_redirects=False,
        )
    except requests.RequestException as error:
        raise ServerError(
            f"{base}: cannot be asked ({type(error).__name__}); is the server running?"
        ) from error
    return _answer_of(answer.status_code, answer.content, base, area, members)


_REFUSED = (400, 404, 413, 415, 422)


def _parameter(value: Any) -> str:
    return "true" if value is True else repr(value) if isinstance(value, float) else str(value)


def _answer_of(status: int, content: bytes, base: str, area: str, members: Collection[str]) -> dict[str, Any]:
    import orjson

    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError:
        value = None
    if status == 200 and isinstance(value, dict) and value.keys() >= set(members):
        return value
    kind = str(value.get("type", "")) if isinstance(value, dict) else ""
    detail = str(value.get("detail") or value.get("title")) if isinstance(value, dict) else f"HTTP {status}"
    if kind.endswith(":area-not-found"):
        raise AreaNotFoundError(area, (f"those of {base}/v1/areas",))
    if kind.endswith(":scenario-not-found"):
        raise ServerError(f"{base}: {detail}")
    if kind.startswith("urn:reach15:problem:") and status in _REFUSED and not kind.endswith(":no-such-path"):
        raise InputRefusedError(f"{base}: {detail}")
    raise ServerError(f"{base}: did not answer as it should: {detail}")
