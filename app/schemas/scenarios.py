"""Scenarios on the wire."""

from typing import Any

from app.domain.scenario import ScenarioSummary
from app.schemas.moments import utc_text
from app.services.scenarios import SavedScenario


def scenario_to_dict(summary: ScenarioSummary) -> dict[str, Any]:
    """A scenario without its document."""
    return {
        "name": summary.name,
        "changes": summary.changes,
        "lenient": summary.lenient,
        "crs": summary.crs,
        "digest": summary.digest,
        "created_at": utc_text(summary.created_at),
        "created_by": summary.created_by,
        "changed_at": utc_text(summary.changed_at),
        "changed_by": summary.changed_by,
    }


def saved_scenario_to_dict(saved: SavedScenario) -> dict[str, Any]:
    """What is told of a scenario that was just stored."""
    return {"area": saved.summary.area_id, **scenario_to_dict(saved.summary), "warnings": list(saved.notes)}
