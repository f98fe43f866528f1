"""Siting as a job: what is asked comes as JSON, and the report is what `reach15 site --json` answers."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from app.domain.standard import Standard
from app.ingest.candidate_files import read_candidates_file
from app.ingest.tables import read_area_file
from app.schemas.siting import siting_to_dict
from app.schemas.weight import Weight
from app.services.area_engine import AreaEngine
from app.services.assessment import FASTEST_MPS, SLOWEST_MPS, Walker, choose_walker
from app.services.candidates import Candidates, grid_candidates
from app.services.job_context import JobContext, JobKind, JobResult, JobStoppedError
from app.services.mip import Control
from app.services.siting import site
from app.services.siting_question import (
    DEFAULT_TIME_LIMIT_S,
    LONGEST_TIME_LIMIT_S,
    MOST_SITES,
    SitingQuestion,
)
from app.services.standards import StandardService, get_service

SITING_KIND = "siting"
EXISTING = "existing"
CANDIDATES_FILE, EXCLUDE_FILE = "sent/candidates.geojson", "sent/exclude.geojson"
DEFAULT_GRID_M = 100.0

EXAMPLE: dict[str, Any] = {
    "standard": "cn-mofcom-5-8-15",
    "services": ["pharmacy"],
    "sites": 3,
    "grid_m": 100,
    "time_limit_s": 60,
}


class SitingBody(BaseModel):
    """Where sites of some services should be: `sites` or `target`, among `candidates` or the cells of a grid."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": EXAMPLE})

    standard: str = Field(description="Id of a standard, shipped or your own.")
    services: list[str] = Field(min_length=1, description="What a site offers.")
    sites: int | None = Field(
        None, ge=1, le=MOST_SITES, description="Cover the most weight with at most so many sites."
    )
    target: float | None = Field(
        None, gt=0, le=1, allow_inf_nan=False, description="Cover this share with the fewest sites."
    )
    candidates: dict[str, Any] | None = Field(
        None,
        description="GeoJSON FeatureCollection of places, with `id`, `cost`, `capacity` and `services` as in files.",
    )
    grid_m: float | None = Field(
        None, allow_inf_nan=False, description="Or the middles of cells of so many metres; 100."
    )
    budget: float | None = Field(None, ge=0, allow_inf_nan=False, description="Most that all sites may cost.")
    lock: list[str] = Field([], description="Candidates that are part of every answer, and `existing`.")
    ignore_existing: bool = Field(default=False, description="As if no facility of the services existed.")
    fair: bool = Field(default=False, description="Raise the zone with the smallest share first.")
    exclude: dict[str, Any] | None = Field(None, description="GeoJSON polygons in which no site may be.")
    weight: Weight = Field("households", description="What is counted.")
    profile: str | None = Field(None, description="Who walks: a shipped profile.")
    speed_mps: float | None = Field(None, ge=SLOWEST_MPS, le=FASTEST_MPS, allow_inf_nan=False)
    time_limit_s: float = Field(
        DEFAULT_TIME_LIMIT_S,
        gt=0,
        le=LONGEST_TIME_LIMIT_S,
        allow_inf_nan=False,
        description="Seconds after which the best answer so far is given.",
    )

    def faults(self) -> list[tuple[str, str]]:
        """Members that contradict one another, each with what to do."""
        checks = (
            ((self.sites is None) != (self.target is None), "sites", "give one of sites and target"),
            (
                self.candidates is None or self.grid_m is None,
                "grid_m",
                "is given beside candidates; give one of them",
            ),
            (
                not (self.ignore_existing and EXISTING in self.lock),
                "lock",
                "locks existing facilities, and ignore_existing ignores them",
            ),
        )
        return [(name, problem) for is_good, name, problem in checks if not is_good]

    def asked(self, files: Path, standards: StandardService) -> tuple[Standard, Walker, SitingQuestion]:
        """What is meant, with the files in a folder."""
        standard = standards.get(self.standard)
        walker = choose_walker(standard, self.profile, self.speed_mps)
        excluded = None if self.exclude is None else read_area_file(files / EXCLUDE_FILE, "exclusion zone")
        question = SitingQuestion(
            services=tuple(get_service(standard, one) for one in self.services),
            weight=self.weight,
            sites=self.sites,
            target=self.target,
            budget=self.budget,
            ignore_existing=self.ignore_existing,
            fair=self.fair,
            exclude=excluded,
            locked=tuple(one for one in self.lock if one != EXISTING),
            time_limit_s=self.time_limit_s,
        )
        return standard, walker, question

    def places(self, engine: AreaEngine, files: Path) -> Candidates:
        """Where a site may be."""
        if self.candidates is None:
            return grid_candidates(engine.area, DEFAULT_GRID_M if self.grid_m is None else self.grid_m)
        rows = read_candidates_file(files / CANDIDATES_FILE)
        return Candidates(rows.places, rows.cost, rows.capacity)


def _run(context: JobContext) -> JobResult:
    body = SitingBody.model_validate(context.job.input)
    standard, walker, question = body.asked(context.inputs, context.standards)
    context.progress("area", 0.0)
    engine = AreaEngine(context.areas.load(context.job.area_id or ""))

    def tell(stage: str, percent: float, details: dict[str, Any]) -> None:
        # The solver calls this from compiled code, and a cancelled search still has an answer to give: the solver
        # asks by itself whether to stop.
        with suppress(JobStoppedError):
            context.progress(stage, percent, details)

    def is_unwanted() -> bool:
        return context.is_cancelled() or context.state.stopped.is_set()

    control = Control.within(question.time_limit_s, tell, is_unwanted)
    found = site(engine, standard, walker, body.places(engine, context.inputs), question, control)
    if context.state.stopped.is_set():
        raise JobStoppedError
    return JobResult(siting_to_dict(found, standard, walker), complete=found.stopped != "cancelled")


SITING = JobKind(SITING_KIND, _run)
