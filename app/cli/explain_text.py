"""The explanation of a verdict for reading: a verdict line, the route, the costs, and what would change it."""

from collections.abc import Iterable
from typing import Any

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from app.cli.text import both_names, limit_words, made_by_line, one_line

_TERMS = {
    "household_link": "link from the household to the street",
    "streets": "streets",
    "steps": "more for steps",
    "crossings": "more for crossing roads",
    "signals": "more for waiting at signals",
    "slope": "more for slope, less than 0 downhill",
    "facility_link": "link from the street to the facility",
}


def explanation_parts(explanation: dict[str, Any]) -> Iterable[RenderableType]:
    """The answer `explanation_to_dict` gives, as text."""
    service, facility = explanation["service"], explanation["facility"]
    yield Text(f"Household {one_line(explanation['household'])}", "bold")
    yield Text(f"{both_names(service['name'])} ({one_line(service['id'])})", "bold")
    yield Text(_verdict(explanation), "bold")
    if facility is not None:
        yield Text(f"Facility: {_place(facility['name'], facility['id'])}{_as_what(facility, service)}")
    if explanation["route"] is not None:
        yield ""
        yield Text("Route", "bold")
        yield _route(explanation)
        yield ""
        yield Text("Costs", "bold")
        yield _costs(explanation["costs"])
    yield ""
    runner_up = explanation["runner_up"]
    if runner_up is not None:
        walk = _walk(runner_up["time_s"], runner_up["distance_m"])
        yield Text(f"Next: {_place(runner_up['name'], runner_up['facility'])}, {walk}")
    elif facility is not None:
        yield Text("Next: no other facility in reach")
    yield Text(f"{_opening(explanation)}: {explanation['would_change']['text']}")
    yield ""
    yield Text(made_by_line(explanation), "dim")
    yield Text(explanation["attribution"], "dim")


def _verdict(explanation: dict[str, Any]) -> str:
    verdict = explanation["verdict"]
    instead = [
        f"{words} {verdict[key]}"
        for key, words in (("any_of", "by its substitute"), ("waived_by", "waived by"))
        if key in verdict
    ]
    parts = [" ".join([verdict["state"].replace("_", " "), *instead])]
    if explanation["facility"] is not None:
        parts.append(_walk(verdict["time_s"], verdict.get("distance_m")))
    units = (("over_s", "s"), ("over_m", "m"))
    parts += [f"{verdict[key]:,.1f} {unit} over" for key, unit in units if key in verdict]
    limit = explanation["service"]["limit"]
    straight = " in a straight line" if limit.get("straight") else ""
    return f"{', '.join(parts)}; the limit is {limit_words(limit)}{straight}"


def _as_what(facility: dict[str, Any], service: dict[str, Any]) -> str:
    notes = []
    if facility["service"] != service["id"]:
        notes.append(f"serving as {one_line(facility['service'])}")
    if facility["rank"] > 1:
        notes.append(f"number {facility['rank']} by nearness, as many being needed")
    return f" ({', '.join(notes)})" if notes else ""


def _opening(explanation: dict[str, Any]) -> str:
    return "What it can bear" if explanation["verdict"]["state"] == "covered" else "What would change it"


def _route(explanation: dict[str, Any]) -> Padding:
    links, route = explanation["links"], explanation["route"]["properties"]
    steps = [
        (step["length_m"], one_line(step["name"]) if step["name"] else "(without a name)")
        for step in route["steps"]
    ]
    rows = [
        (links["household"]["link_m"], _TERMS["household_link"]),
        *steps,
        (links["facility"]["link_m"], _TERMS["facility_link"]),
    ]
    table = _columns(1)
    for length_m, name in rows:
        table.add_row(f"{length_m:,.1f} m", Text(name))
    return Padding(table, (0, 0, 0, 2))


def _costs(costs: list[dict[str, Any]]) -> Padding:
    """To the last decimal, so that they can be added up by hand."""
    table = _columns(2)
    for cost in costs:
        table.add_row(f"{cost['time_s']:,.6f} s", f"{cost['length_m']:,.6f} m", Text(_TERMS[cost["term"]]))
    total_s, total_m = (sum(round(cost[key] * 1e6) for cost in costs) / 1e6 for key in ("time_s", "length_m"))
    table.add_row(f"{total_s:,.6f} s", f"{total_m:,.6f} m", Text("in all", "bold"))
    return Padding(table, (0, 0, 0, 2))


def _columns(numbers: int) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for _ in range(numbers):
        table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    return table


def _walk(time_s: float | None, distance_m: float | None) -> str:
    if time_s is None:
        return f"{distance_m:,.1f} m in a straight line"
    on_foot = f"{time_s:,.1f} s on foot"
    return on_foot if distance_m is None else f"{distance_m:,.1f} m, {on_foot}"


def _place(name: str | None, place_id: str) -> str:
    return f"{one_line(name)} ({one_line(place_id)})" if name else one_line(place_id)
