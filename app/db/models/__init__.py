"""The tables, one module for each thing that is kept together. docs/database.md describes them for users."""

from app.db.models.areas import AreaModel, AreaVersionModel, CurrentVersionModel, ImportReportModel
from app.db.models.audit import AuditModel
from app.db.models.jobs import JobModel
from app.db.models.places import FacilityModel, HouseholdModel, ZoneModel
from app.db.models.scenarios import ScenarioModel
from app.db.models.snapshots import SnapshotModel
from app.db.models.standards import StandardModel

__all__ = [
    "AreaModel",
    "AreaVersionModel",
    "AuditModel",
    "CurrentVersionModel",
    "FacilityModel",
    "HouseholdModel",
    "ImportReportModel",
    "JobModel",
    "ScenarioModel",
    "SnapshotModel",
    "StandardModel",
    "ZoneModel",
]
