"""`reach15 compare`: several proposals side by side."""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.options import (
    AreaArgument,
    CrsOfProposalOption,
    Division,
    InputRefusedError,
    JsonOption,
    LenientOption,
    OutCrsOption,
    OutputOption,
    ProfileOption,
    SpeedOption,
    StandardOption,
    Weight,
    refused_input,
)
from app.domain.errors import BadInputError


class CompareFormat(StrEnum):
    """How `compare` answers."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


def compare_proposals(
    area: AreaArgument,
    proposals: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PROPOSAL.geojson]...", help="Proposals, GeoJSON FeatureCollections."),
    ] = None,
    *,
    standard: StandardOption,
    scenario: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A scenario of the area; may be given several times."),
    ] = None,
    server: Annotated[
        str | None, typer.Option(metavar="URL", help="Ask this server instead of the data here.")
    ] = None,
    weight: Annotated[Weight, typer.Option(help="What ranks the proposals.")] = Weight.HOUSEHOLDS,
    by: Annotated[Division, typer.Option(help="zone: also the sums of every zone.")] = Division.AREA,
    households: Annotated[
        bool, typer.Option("--households", help="Also every household that gains or loses a service.")
    ] = False,
    profile: ProfileOption = None,
    speed_mps: SpeedOption = None,
    lenient: LenientOption = False,
    crs: CrsOfProposalOption = None,
    out_crs: OutCrsOption = None,
    format_: Annotated[
        CompareFormat | None, typer.Option("--format", help="How to answer; text unless told otherwise.")
    ] = None,
    out: OutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare proposals and scenarios with the area as it is, and rank them.

    Ends with 0 once they are compared, 2 if area, scenario or server cannot be asked, 3 if the command or a proposal is
    wrong.
    """
    from app.cli.gate.asking import ask_server_for
    from app.cli.output import check_output
    from app.cli.wiring import find_crs
    from app.schemas.crs import in_crs

    wanted = _wanted(format_, as_json=as_json)
    names = list(scenario or ())
    if not proposals and not names:
        raise typer.BadParameter(
            "name at least one proposal's file or --scenario NAME", param_hint="'PROPOSAL.geojson'"
        )
    with refused_input():
        check_output(out)
        coordinates = find_crs(out_crs, "--out-crs")
        body = {
            "proposals": _documents(proposals or [], names, lenient=lenient, crs=crs),
            "scenarios": names,
        }
    parameters: dict[str, Any] = {
        "standard": standard,
        "profile": profile,
        "speed_mps": speed_mps,
        "weight": weight.value,
        "by": by.value,
        "households": households,
        "lenient": lenient,
        "crs": crs,
    }
    if server is not None:
        answer = ask_server_for("compare", area, server, parameters, body, {"before", "proposals"})
    else:
        answer = _compare_here(area, parameters, body)
    for row in answer["proposals"]:
        if "changes" in row:
            row["changes"] = in_crs(row["changes"], coordinates)
    _write(answer, wanted, out)


def _wanted(format_: CompareFormat | None, *, as_json: bool) -> CompareFormat:
    if as_json and format_ not in (None, CompareFormat.JSON):
        raise typer.BadParameter(f"contradicts --format {format_}", param_hint="'--json'")
    return CompareFormat.JSON if as_json else format_ or CompareFormat.TEXT


def _documents(
    paths: Sequence[Path], scenarios: Sequence[str], *, lenient: bool, crs: str | None
) -> dict[str, Any]:
    """The proposals by name: that of their file, or its path where two have the same."""
    from app.cli.check import read_proposal_document
    from app.ingest.table_rows import shown_path

    twice = [name for name, count in Counter(scenarios).items() if count > 1]
    if twice:
        raise BadInputError(f"--scenario {twice[0]}", "is given more than once; give it once")
    common = Counter([*(path.stem for path in paths), *scenarios])
    documents: dict[str, Any] = {}
    for path in paths:
        name = path.stem if common[path.stem] == 1 else shown_path(path)
        if name in documents or name in scenarios:
            raise BadInputError(shown_path(path), "is given more than once; give it once")
        documents[name] = read_proposal_document(path, lenient=lenient, crs=crs)[1]
    return documents


def _compare_here(area: str, parameters: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    from app.cli.wiring import find_profile, find_standard, load_settings, open_areas, open_scenarios
    from app.schemas.side_by_side import side_by_side_to_dict
    from app.schemas.zones import get_zones
    from app.services.asked_proposals import AskedProposal
    from app.services.assessment import choose_walker
    from app.services.kernel_loader import KernelLoader
    from app.services.proposals import load_kernels
    from app.services.side_by_side import compare_side_by_side, proposal_source
    from app.services.weights import why_not_counted

    with refused_input():
        standard = find_standard(parameters["standard"])
        walker = choose_walker(standard, find_profile(parameters["profile"]), parameters["speed_mps"])
    settings = load_settings()
    scenarios = open_scenarios(settings) if body["scenarios"] else None
    kept = {} if scenarios is None else {name: scenarios.get(area, name) for name in body["scenarios"]}
    engine = open_areas(settings, KernelLoader()).engine(area)
    load_kernels(engine, standard, proposals=len(body["proposals"]) + len(kept))
    problem = why_not_counted(engine.area, parameters["weight"])
    if problem is not None:
        raise InputRefusedError(f"--weight {parameters['weight']}: {problem}")
    by_zone = parameters["by"] == "zone"
    with refused_input():
        if by_zone:
            get_zones(engine.area)
        compared = compare_side_by_side(
            engine,
            standard,
            walker,
            {
                name: AskedProposal(
                    document, proposal_source(name), lenient=parameters["lenient"], crs=parameters["crs"]
                )
                for name, document in body["proposals"].items()
            },
            {name: AskedProposal.of(scenario) for name, scenario in kept.items()},
        )
    return side_by_side_to_dict(
        compared, weight=parameters["weight"], by_zone=by_zone, households=parameters["households"]
    )


def _write(answer: dict[str, Any], wanted: CompareFormat, out: Path | None) -> None:
    from app.cli.output import write_bytes, write_json

    if wanted is CompareFormat.JSON:
        write_json(answer, out)
        return
    from app.cli.compare_text import markdown_comparison, text_comparison

    text = text_comparison(answer) if wanted is CompareFormat.TEXT else markdown_comparison(answer)
    write_bytes([text.encode()], out)
