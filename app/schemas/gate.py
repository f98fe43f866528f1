"""The report of the gate: one plain value that every format is made from."""

from datetime import UTC
from typing import Any

from app.domain.policy import GAIN_KINDS, SHARE_KINDS, Rule, Waiver
from app.schemas.changes import changes_collection, count_changes
from app.schemas.difference import SideTables, callouts
from app.schemas.numbers import SHARE_DECIMALS, WEIGHT_DECIMALS
from app.schemas.provenance import provenance
from app.services.gate import STATUSES, RuleResult
from app.services.gate_check import GateCheck


def gate_report(check: GateCheck) -> dict[str, Any]:
    """Verdict, rules, and what changes."""
    before, after = check.comparison.before, check.comparison.after
    result, policy = check.result, check.policy
    tables = SideTables(before)
    between = tables.between(after)
    changes = changes_collection(before, after)
    area, standard = before.area, after.standard
    return {
        "verdict": result.verdict,
        "exit_code": result.exit_code,
        "counts": {
            "rules": len(result.rules),
            **{status: sum(item.status == status for item in result.rules) for status in STATUSES},
        },
        "evaluated_on": check.now.astimezone(UTC).date().isoformat(),
        "area": {"id": area.id, "title": area.title, "version": area.version},
        "standard": {"id": standard.id, "version": standard.version},
        "profile": after.walker.profile.id,
        "speed_mps": after.walker.speed_mps,
        "policy": {
            "title": policy.title,
            "limits": {
                "max_undetermined": policy.max_undetermined,
                "max_not_snapped": policy.max_not_snapped,
            },
        },
        "rules": [_rule_to_dict(item) for item in result.rules],
        "warnings": [*check.comparison.notes, *result.warnings],
        "callouts": callouts(tables.before, between),
        "before": tables.before,
        "after": tables.after(after),
        "difference": between | {"changes": count_changes(changes)},
        "changes": changes,
        "provenance": provenance(before),
    }


def _rule_to_dict(item: RuleResult) -> dict[str, Any]:
    rule = item.rule
    decimals = SHARE_DECIMALS if rule.kind in SHARE_KINDS else WEIGHT_DECIMALS
    return {
        "id": rule.id,
        "kind": rule.kind,
        "severity": rule.severity,
        "value": rule.value,
        "service": rule.service,
        "zone": rule.zone,
        "weight": rule.weight,
        "note": rule.note,
        "status": item.status,
        "measured": None if item.measured is None else round(item.measured, decimals),
        "message": _message(item),
        "households": [
            {"household": household, "service": service, "in_baseline": known, "waived": waived}
            for household, service, known, waived in zip(
                item.households, item.services, item.in_baseline, item.waived, strict=True
            )
        ],
        "waivers": [_waiver_to_dict(waiver) for waiver in item.waivers],
        "expired_waivers": [_waiver_to_dict(waiver) for waiver in item.expired],
    }


def _waiver_to_dict(waiver: Waiver) -> dict[str, Any]:
    about = {"household": waiver.household} if waiver.household is not None else {"zone": waiver.zone}
    return {
        "rule": waiver.rule,
        **about,
        "owner": waiver.owner,
        "reason": waiver.reason,
        "expires": waiver.expires.isoformat(),
    }


def _message(item: RuleResult) -> str:
    """What was asked, what was found, and why it ended as it did, in one sentence or two."""
    if item.status == "not_evaluated":
        return f"{asked(item.rule)}; could not be evaluated: {item.reason}"
    parts = [f"{asked(item.rule)}; found {_found(item)}"]
    if item.held_by_baseline:
        in_gains = "whoever gained in the baseline gains still"
        parts.append(
            in_gains if item.rule.kind in GAIN_KINDS else "everybody who fails it did so in the baseline"
        )
    if item.status == "waived":
        parts += [
            f"waived by {waiver.owner} until {waiver.expires}: {waiver.reason}" for waiver in item.waivers
        ]
    parts += [
        f"the waiver of {waiver.owner} expired on {waiver.expires}"
        for waiver in item.expired
        if item.status != "passed"
    ]
    return "; ".join(parts)


def asked(rule: Rule) -> str:
    """What a rule asks, in words."""
    service = "all required services" if rule.service is None else f"'{rule.service}'"
    where = "" if rule.zone is None else f" in zone '{rule.zone}'"
    value = f"{rule.value:.10g}"
    lost = "any service" if rule.service is None else f"'{rule.service}'"
    return {
        "min_share": f"at least {_percent(rule.value)} of {rule.weight} covered by {service}{where}",
        "min_zone_share": f"at least {_percent(rule.value)} of {rule.weight} covered by {service} in every zone",
        "max_lost": f"at most {value} {rule.weight} may lose {lost}{where}",
        "min_gained": f"at least {value} {rule.weight} gain {lost}{where}",
        "min_gained_per_cost": f"at least {value} {rule.weight} gain {lost}{where} for each unit of cost",
        "max_minutes": f"nobody newly farther than {value} minutes from {lost}{where}",
    }[rule.kind]


def _found(item: RuleResult) -> str:
    measured = item.measured or 0.0
    if item.rule.kind in SHARE_KINDS:
        return _percent(measured) + (f" in {item.where}" if item.where else "")
    return f"{measured:.10g}" + (f" {item.rule.weight}" if item.rule.kind == "max_minutes" else "")


def _percent(share: float) -> str:
    """A share as a percentage, with enough digits never to show 95 % for what is less."""
    text = f"{100 * share:.4f}".rstrip("0").rstrip(".")
    return f"{text} %"
