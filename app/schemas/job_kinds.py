"""All kinds of jobs there are, by name: what a worker knows how to do."""

from collections.abc import Mapping

from app.schemas.siting_job import SITING
from app.services.import_job import AREA_IMPORT, AREA_UPDATE
from app.services.job_context import JobKind

JOB_KINDS: Mapping[str, JobKind] = {kind.name: kind for kind in (AREA_IMPORT, AREA_UPDATE, SITING)}
