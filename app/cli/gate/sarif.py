"""The gate's report as SARIF 2.1.0: one result for each rule that did not simply pass."""

from typing import Any

from app.cli.gate.words import ProposalPlace, households_of
from app.cli.text import one_line

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

_LEVELS = {"error": "error", "warn": "warning"}


def sarif_report(report: dict[str, Any], proposal: ProposalPlace) -> dict[str, Any]:
    """Failed rules are results of their severity, waived ones carry a suppression, the others are ``open``.

    A rule that could not be evaluated has kind ``open`` and therefore level ``none``, as the format asks; the run's
    invocation then counts as not successful.
    """
    results = [
        _result(report, rule, number, proposal)
        for number, rule in enumerate(report["rules"])
        if rule["status"] != "passed"
    ]
    notifications = [
        {"level": "note", "message": {"text": one_line(text)}}
        for text in (*(call["message"] for call in report["callouts"]), *report["warnings"])
    ]
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "reach15",
                        "version": report["provenance"]["software_version"],
                        "rules": [_descriptor(rule) for rule in report["rules"]],
                    }
                },
                "invocations": [
                    {
                        "executionSuccessful": report["counts"]["not_evaluated"] == 0,
                        "exitCode": report["exit_code"],
                        "toolExecutionNotifications": notifications,
                    }
                ],
                "artifacts": [{"location": {"uri": proposal.uri}, "roles": ["analysisTarget"]}],
                "results": results,
                "properties": {
                    "verdict": report["verdict"],
                    "counts": report["counts"],
                    "evaluatedOn": report["evaluated_on"],
                },
            }
        ],
    }


def _descriptor(rule: dict[str, Any]) -> dict[str, Any]:
    descriptor: dict[str, Any] = {
        "id": one_line(rule["id"]),
        "name": rule["kind"],
        "shortDescription": {"text": one_line(rule["note"] or rule["kind"])},
        "defaultConfiguration": {"level": _LEVELS[rule["severity"]]},
    }
    return descriptor


def _result(
    report: dict[str, Any], rule: dict[str, Any], number: int, proposal: ProposalPlace
) -> dict[str, Any]:
    is_open = rule["status"] == "not_evaluated"
    who = [one_line(line) for line in households_of(report, rule)]
    result: dict[str, Any] = {
        "ruleId": one_line(rule["id"]),
        "ruleIndex": number,
        "kind": "open" if is_open else "fail",
        "level": "none" if is_open else _LEVELS[rule["severity"]],
        "message": {"text": "\n".join([one_line(rule["message"]), *who])},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": proposal.uri, "index": 0},
                    "region": {"startLine": proposal.line},
                }
            }
        ],
        "properties": {"status": rule["status"]},
    }
    if rule["status"] == "waived":
        result["suppressions"] = [
            {
                "kind": "external",
                "status": "accepted",
                "justification": one_line(
                    f"{waiver['reason']} (owner {waiver['owner']}, expires {waiver['expires']})"
                ),
            }
            for waiver in rule["waivers"]
        ]
    return result
