"""`reach15 check`: whether a proposal may pass, for scripts that must say yes or no."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.options import (
    CrsOfProposalOption,
    JsonOption,
    LenientOption,
    OutCrsOption,
    ProfileOption,
    SpeedOption,
    StandardOption,
    refused_input,
)

if TYPE_CHECKING:
    from app.cli.gate.asking import ExtractFiles
    from app.cli.gate.words import ProposalPlace
    from app.domain.policy import Policy

_File = Path | None


def check_proposal(
    area: Annotated[
        str,
        typer.Argument(metavar="AREA", help="Name of an imported area, or path of an OpenStreetMap extract."),
    ],
    proposal: Annotated[
        _File,
        typer.Argument(metavar="[PROPOSAL.geojson]", help="The proposal, a GeoJSON FeatureCollection."),
    ] = None,
    *,
    standard: StandardOption,
    scenario: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Check this scenario of the area instead of a proposal's file."),
    ] = None,
    policy: Annotated[
        _File,
        typer.Option(
            metavar="FILE", help="Rules to keep (YAML or JSON); without it, no household may be lost."
        ),
    ] = None,
    server: Annotated[
        str | None, typer.Option(metavar="URL", help="Ask this server instead of the data here.")
    ] = None,
    profile: ProfileOption = None,
    speed_mps: SpeedOption = None,
    lenient: LenientOption = False,
    crs: CrsOfProposalOption = None,
    out_crs: OutCrsOption = None,
    baseline: Annotated[
        _File, typer.Option(metavar="FILE", help="Who failed before; rules then fail only through others.")
    ] = None,
    write_baseline: Annotated[
        _File, typer.Option(metavar="FILE", help="Write who fails now, for --baseline.")
    ] = None,
    format_: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            metavar="F[=FILE],...",
            help="text, json, junit, sarif, markdown, github; each to a file, or to standard output.",
        ),
    ] = None,
    osm: Annotated[
        _File,
        typer.Option(metavar="FILE", help="OpenStreetMap extract to check against instead of a stored area."),
    ] = None,
    households: Annotated[
        _File, typer.Option(metavar="FILE", help="Households of the extract, instead of its buildings.")
    ] = None,
    facilities: Annotated[
        _File, typer.Option(metavar="FILE", help="Facilities, in addition to those of the extract.")
    ] = None,
    zones: Annotated[_File, typer.Option(metavar="FILE", help="Zones of the extract, as polygons.")] = None,
    extent: Annotated[
        _File, typer.Option(metavar="FILE", help="Where the extract is complete, if its header does not say.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Hold a proposal against a policy.

    Ends with 0 if it passes, 1 if a rule of severity error fails, 2 if something could not be evaluated, 3 if the
    command, the proposal or the policy is wrong.
    """
    from app.cli.gate.asking import Question, ask_here, ask_server
    from app.cli.gate.outputs import parse_outputs, write_reports
    from app.cli.output import check_output, write_json
    from app.cli.wiring import find_crs
    from app.schemas.crs import in_crs

    beside = {"households": households, "facilities": facilities, "zones": zones, "extent": extent}
    extract = _extract(area, osm, beside, server)
    _check_what_is_asked(proposal, scenario, crs, extract)
    with refused_input():
        outputs = parse_outputs([*(format_ or ()), *(["json"] if as_json and format_ != ["json"] else ())])
        check_output(write_baseline)
        coordinates = find_crs(out_crs, "--out-crs")
        file, document = _read_proposal(proposal, area, scenario, lenient=lenient, crs=crs)
        rules, sent_policy = _read_policy(policy)
        question = Question(
            area="extract" if extract is not None and osm is None else area,
            proposal=document,
            scenario=scenario,
            standard=standard,
            profile=profile,
            speed_mps=speed_mps,
            lenient=lenient,
            crs=crs,
            policy=sent_policy,
            baseline=_read_baseline(baseline),
        )
    report = ask_here(question, extract, rules) if server is None else ask_server(question, server)
    if write_baseline is not None:
        from app.ingest.baseline_files import baseline_value

        write_json(baseline_value(report), write_baseline)
    write_reports(outputs, report | {"changes": in_crs(report["changes"], coordinates)}, file)
    raise typer.Exit(report["exit_code"])


def _extract(area: str, osm: _File, beside: dict[str, _File], server: str | None) -> "ExtractFiles | None":
    from app.cli.gate.asking import ExtractFiles, is_extract

    path = osm if osm is not None else Path(area) if is_extract(area) else None
    if path is None:
        for name, value in beside.items():
            if value is not None:
                raise typer.BadParameter(
                    "goes with an extract: give --osm FILE too", param_hint=f"'--{name}'"
                )
        return None
    if server is not None:
        raise typer.BadParameter("a server has its own areas; name one of them", param_hint="'--server'")
    return ExtractFiles(path, **beside)


def _check_what_is_asked(
    proposal: _File, scenario: str | None, crs: str | None, extract: "ExtractFiles | None"
) -> None:
    if (proposal is None) == (scenario is None):
        raise typer.BadParameter(
            "give a proposal's file or --scenario NAME, one of them", param_hint="'PROPOSAL.geojson'"
        )
    if scenario is None:
        return
    if extract is not None:
        raise typer.BadParameter("scenarios belong to imported areas", param_hint="'--scenario'")
    if crs is not None:
        raise typer.BadParameter("goes with a proposal's file; a scenario has its own", param_hint="'--crs'")


def read_proposal_document(path: Path, *, lenient: bool, crs: str | None) -> tuple[str, Any]:
    """Text and parsed JSON of a proposal's file. Read whole once here, so that faults name file and feature."""
    from app.ingest.proposal_files import parse_proposal, proposal_from
    from app.ingest.table_rows import read_bytes, shown_path

    name = shown_path(path)
    text, document = parse_proposal(read_bytes(path), name)
    proposal_from(document, name, lenient=lenient, crs=crs)
    return text, document


def _read_proposal(
    path: Path | None, area: str, scenario: str | None, *, lenient: bool, crs: str | None
) -> tuple["ProposalPlace", Any]:
    """Where reports point to, and the parsed file."""
    from app.cli.gate.words import ProposalFile, feature_lines, scenario_place

    if path is None:
        return scenario_place(area, scenario or ""), None
    text, document = read_proposal_document(path, lenient=lenient, crs=crs)
    return ProposalFile(path, feature_lines(text)), document


def _read_policy(path: Path | None) -> tuple["Policy | None", Any]:
    """The policy, and its values as they are sent to a server."""
    if path is None:
        return None, None
    from app.ingest.marked_yaml import read_marked_yaml, read_yaml_text
    from app.ingest.policy_files import load_policy_file

    return load_policy_file(path), read_marked_yaml(read_yaml_text(path, "policy"), str(path)).value


def _read_baseline(path: Path | None) -> Any:
    if path is None:
        return None
    from app.ingest.baseline_files import load_baseline_value, read_baseline_value

    value = load_baseline_value(path)
    read_baseline_value(value, str(path))
    return value
