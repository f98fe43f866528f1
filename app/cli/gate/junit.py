"""The gate's report as JUnit XML, as both common schemas (Apache Ant's and Jenkins') want it."""

import xml.etree.ElementTree as ET
from typing import Any

from app.cli.gate.words import about_line, headline, households_of
from app.cli.text import one_line


def junit_report(report: dict[str, Any]) -> bytes:
    """One test case a rule: failed ones fail, waived ones are skipped, what could not be evaluated is an error.

    A rule that only warns passes; its warning stands in ``system-out``.
    """
    counts = report["counts"]
    root = ET.Element("testsuites")
    suite = ET.SubElement(
        root,
        "testsuite",
        {
            "name": "reach15 check",
            "package": "reach15",
            "id": "0",
            "hostname": "localhost",
            "timestamp": f"{report['evaluated_on']}T00:00:00",
            "tests": str(counts["rules"]),
            "failures": str(counts["failed"]),
            "errors": str(counts["not_evaluated"]),
            "skipped": str(counts["waived"]),
            "time": "0.000",
        },
    )
    properties = ET.SubElement(suite, "properties")
    for name in ("area", "standard"):
        ET.SubElement(properties, "property", {"name": name, "value": _legal(report[name]["id"])})
        ET.SubElement(
            properties, "property", {"name": f"{name}_version", "value": _legal(report[name]["version"])}
        )
    ET.SubElement(properties, "property", {"name": "profile", "value": _legal(report["profile"])})
    for rule in report["rules"]:
        _add_case(suite, report, rule)
    ET.SubElement(suite, "system-out").text = _output(report)
    ET.SubElement(suite, "system-err").text = ""
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _add_case(suite: ET.Element, report: dict[str, Any], rule: dict[str, Any]) -> None:
    name = " ".join(_legal(rule["id"]).split())
    case = ET.SubElement(
        suite, "testcase", {"name": name, "classname": f"reach15.{rule['kind']}", "time": "0.000"}
    )
    message = _legal(rule["message"])
    if rule["status"] == "failed":
        failure = ET.SubElement(case, "failure", {"message": message, "type": rule["kind"]})
        failure.text = "\n".join([message, *(_legal(line) for line in households_of(report, rule))])
    elif rule["status"] == "not_evaluated":
        ET.SubElement(case, "error", {"message": message, "type": "not_evaluated"}).text = message
    elif rule["status"] == "waived":
        ET.SubElement(case, "skipped", {"message": message})


def _output(report: dict[str, Any]) -> str:
    lines = [headline(report), about_line(report)]
    lines += [
        f"warning: {rule['id']}: {rule['message']}" for rule in report["rules"] if rule["status"] == "warned"
    ]
    lines += [f"! {call['message']}" for call in report["callouts"]]
    lines += [f"warning: {warning}" for warning in report["warnings"]]
    return "\n".join(_legal(line) for line in lines)


def _legal(text: str) -> str:
    """Text without what XML 1.0 cannot hold, on one line."""
    return "".join(character if character not in "\ufffe\uffff" else "\ufffd" for character in one_line(text))
