"""What all formats of the gate's report say: headline, counts, and who makes a rule fail."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson

MOST_NAMED = 10
"""Households named for one rule; JSON has them all."""

_VERDICTS = {
    "passed": "The gate passes",
    "failed": "The gate fails",
    "not_evaluated": "The gate could not be evaluated",
}


@dataclass(frozen=True)
class ProposalFile:
    """The proposal as the reports point at it: `lines` are those on which its features begin, from 1."""

    path: Path
    lines: tuple[int, ...]

    @property
    def line(self) -> int:
        return self.lines[0] if self.lines else 1

    @property
    def shown(self) -> str:
        """Relative to where the command runs, if it lies below."""
        relative = os.path.relpath(self.path)
        return self.path.as_posix() if relative.startswith("..") else Path(relative).as_posix()

    @property
    def uri(self) -> str:
        """A reference as RFC 3986 has it."""
        if Path(self.shown).is_absolute() or self.shown.startswith(".."):
            return self.path.resolve().as_uri()
        return quote(self.shown)


@dataclass(frozen=True)
class ScenarioPlace:
    """A scenario as the reports point at it: it has no file and no lines, but a name in the area."""

    shown: str
    uri: str
    line: int = 1


def scenario_place(area: str, name: str) -> ScenarioPlace:
    """Where reports point to when a scenario is checked."""
    return ScenarioPlace(
        f"scenario {name} of area {area}", f"urn:reach15:area:{quote(area)}:scenario:{quote(name)}"
    )


ProposalPlace = ProposalFile | ScenarioPlace


def feature_lines(text: str) -> tuple[int, ...]:
    """Lines on which the features of a GeoJSON text begin; none where they cannot be told apart."""
    start = text.find('"features"')
    start = text.find("[", start) + 1 if start >= 0 else 0
    lines: list[int] = []
    line, seen = 1, 0
    for at in _element_starts(text, start) if start else ():
        line += text.count("\n", seen, at)
        seen = at
        lines.append(line)
    try:
        found = len(orjson.loads(text)["features"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return ()
    return tuple(lines) if found == len(lines) else ()


def _element_starts(text: str, start: int) -> Iterator[int]:
    """Where each object of a JSON list begins, given the place behind its bracket."""
    depth, in_string, skip = 0, False, False
    for at in range(start, len(text)):
        character = text[at]
        if in_string:
            in_string, skip = (True, False) if skip else (character != '"', character == "\\")
        elif character == '"':
            in_string = True
        elif character in "{[":
            if depth == 0:
                yield at
            depth += 1
        elif character in "}]":
            if depth == 0:
                return
            depth -= 1


def headline(report: dict[str, Any]) -> str:
    """The verdict and its counts on one line."""
    return f"{_VERDICTS[report['verdict']]}: {counts_line(report)}"


def counts_line(report: dict[str, Any]) -> str:
    """Every rule once."""
    counts = report["counts"]
    parts = [
        f"{counts[status]} {status.replace('_', ' ')}"
        for status in counts
        if status != "rules" and counts[status]
    ]
    return f"{counts['rules']} {'rule' if counts['rules'] == 1 else 'rules'}: {', '.join(parts)}"


def about_line(report: dict[str, Any]) -> str:
    """What was asked of which data."""
    area, standard = report["area"], report["standard"]
    return (
        f"area {area['id']} version {area['version']}; standard {standard['id']} version {standard['version']}; "
        f"profile {report['profile']} at {report['speed_mps']:.3g} m/s; evaluated on {report['evaluated_on']} UTC"
    )


def households_of(report: dict[str, Any], rule: dict[str, Any]) -> Iterator[str]:
    """Who makes a rule fail, with the walk before and after where it changed; the last says how many more."""
    changes = {
        (item["properties"]["household"], item["properties"]["service"]): item["properties"]
        for item in report["changes"]["features"]
    }
    for item in rule["households"][:MOST_NAMED]:
        words = item["household"] if item["service"] is None else f"{item['household']}, {item['service']}"
        change = changes.get((item["household"], item["service"]))
        if change is not None:
            words += f": {side_words(change['before'])} -> {side_words(change['after'])}"
        excuse = " (waived)" if item["waived"] else " (in the baseline)" if item["in_baseline"] else ""
        yield words + excuse
    if len(rule["households"]) > MOST_NAMED:
        yield f"and {len(rule['households']) - MOST_NAMED} more"


def side_words(side: dict[str, Any]) -> str:
    """A household's state for a service, and its walk where there is one."""
    if side["time_s"] is not None:
        return f"{side['state']} {side['time_s'] / 60:.1f} min"
    distance = side.get("distance_m")
    return str(side["state"]) if distance is None else f"{side['state']} {distance:.0f} m"


def service_rows(
    report: dict[str, Any], weight: str = "households"
) -> list[tuple[str, str, str, str, str, str]]:
    """Service, share before, share after, difference in percentage points, gained, lost."""
    rows = []
    sides = [report["before"], report["after"]]
    for before, after, between in zip(
        *(side["services"] for side in (*sides, report["difference"])), strict=True
    ):
        shares = [side["share_covered"][weight] for side in (before, after)]
        rows.append(
            (
                between["id"],
                percent(shares[0]),
                percent(shares[1]),
                points(between["share_covered"][weight]),
                f"{between['gained'][weight]:,.10g}",
                f"{between['lost'][weight]:,.10g}",
            )
        )
    return rows


def zone_rows(
    report: dict[str, Any], weight: str = "households"
) -> list[tuple[str, str, str, str, str, str]]:
    """The same for each zone and service that changed there; the first cell names both."""
    rows = []
    for before, after, between in zip(
        *(report[side].get("zones", ()) for side in ("before", "after", "difference")), strict=True
    ):
        found = service_rows({"before": before, "after": after, "difference": between}, weight)
        rows += [(f"{between['id']}: {row[0]}", *row[1:]) for row in found if (row[4], row[5]) != ("0", "0")]
    return rows


def percent(share: float | None) -> str:
    """A share as it is read; a dash where there is nobody to have one."""
    return "-" if share is None else f"{100 * share:.2f} %"


def points(share: float | None) -> str:
    """A difference of shares, in percentage points."""
    return "-" if share is None else f"{100 * share:+.2f}"


def changes_line(report: dict[str, Any]) -> str:
    """How many households and services changed, by kind."""
    counts = report["difference"]["changes"]
    return ", ".join(f"{count} {kind}" for kind, count in counts.items())
