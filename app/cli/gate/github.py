"""The gate's report as GitHub workflow commands: one annotation for each rule that needs a look."""

from collections.abc import Iterator
from typing import Any

from app.cli.gate.words import ProposalPlace, headline
from app.cli.text import one_line

_COMMANDS = {"failed": "error", "not_evaluated": "error", "warned": "warning", "waived": "notice"}


def github_report(report: dict[str, Any], proposal: ProposalPlace) -> str:
    """Workflow commands, then the headline as plain text."""
    return "".join(f"{line}\n" for line in _lines(report, proposal))


def _lines(report: dict[str, Any], proposal: ProposalPlace) -> Iterator[str]:
    for rule in report["rules"]:
        if rule["status"] in _COMMANDS:
            title = f"reach15: {rule['id']}"
            yield _command(_COMMANDS[rule["status"]], title, rule["message"], proposal)
    for call in report["callouts"]:
        yield _command("notice", "reach15: an average rises, somebody is left out", call["message"], proposal)
    for warning in report["warnings"]:
        yield _command("notice", "reach15: worth knowing", warning, proposal)
    yield headline(report)


def _command(kind: str, title: str, message: str, proposal: ProposalPlace) -> str:
    place = f"file={_property(proposal.shown)},line={proposal.line}"
    return f"::{kind} {place},title={_property(one_line(title))}::{_data(one_line(message))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
