"""All kinds of jobs there are, by name."""

from collections.abc import Mapping

from app.services.import_job import AREA_IMPORT, AREA_UPDATE
from app.services.job_context import JobKind

JOB_KINDS: Mapping[str, JobKind] = {kind.name: kind for kind in (AREA_IMPORT, AREA_UPDATE)}
