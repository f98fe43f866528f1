"""The HTTP service. Run it with ``reach15 serve`` or ``uvicorn app.main:create_app --factory``."""

import multiprocessing
import os
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from multiprocessing.connection import wait
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from app import __version__
from app.content_codings import AcceptedCodings
from app.db.repositories.audit import SqlAuditLog
from app.db.repositories.snapshots import SqlSnapshots
from app.dependencies import (
    build_area_service,
    build_job_service,
    build_scenario_service,
    refuse_unknown_parameters,
)
from app.domain.area import ATTRIBUTION
from app.entity_tags import add_entity_tags
from app.problems import PROBLEMS, add_problem_handlers, explain_failure
from app.routers import (
    areas,
    audit,
    compare,
    coverage,
    explain,
    facilities,
    gate,
    health,
    households,
    isochrones,
    jobs,
    missing_links,
    scenarios,
    siting,
    snapshots,
    standards,
    updates,
    uploads,
    versions,
    zones,
)
from app.routers.answers import problem_documents
from app.routers.docs import add_documentation
from app.routers.examples import add_examples
from app.services.job_worker import fail_lost_jobs
from app.services.kernel_loader import KernelLoader
from app.services.standards import list_standards
from app.settings import Settings
from app.wiring import open_database, open_standards

_DESCRIPTION = f"""\
Which households cannot walk to which required service, why, and by how much.

Every answer follows from OpenStreetMap data and a walking model; its provenance names both. Lists of features come
in pages: follow the `next` link. Errors are problems by RFC 9457. Data: {ATTRIBUTION} (ODbL).
"""

_GZIP_FROM_BYTES = 2_000
_GZIP_LEVEL = 4
"""Coordinates and times hardly shrink further; higher levels only cost time."""


class HeadAsGet:
    """Answers HEAD like GET: the server sends the headers, and leaves the body out by itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}
        await self._app(scope, receive, send)


class DocumentedApp(FastAPI):
    """A FastAPI whose OpenAPI document has example answers."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            add_examples(super().openapi())
        return super().openapi()


def create_process_app() -> FastAPI:
    """The application in one of the processes of `reach15 serve`, which must not outlive it, whatever ends it."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    return create_app()


def _end_with(sentinel: int) -> None:
    """End at once when the server is gone without a word: it was killed, and another one may want its port."""
    wait([sentinel])
    os._exit(1)


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application, one for each worker process.

    Parameters
    ----------
    settings : Settings, optional
        By default those of the environment, read here and not at import.
    """
    settings = settings or Settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        list_standards()  # read now: a damaged one keeps the service from starting, not from answering
        # Built before another thread imports and compiles: both change Python's warning filters for a moment, and
        # those are one for all threads.
        app.openapi()
        kernels = KernelLoader()
        kernels.start()
        with closing(open_database(settings)) as database:
            database.check()  # on tables that it does not know, the service does not start
            app.state.area_service = areas_at_hand = build_area_service(settings, database, kernels)
            app.state.standard_service = standards = open_standards(database)
            app.state.scenario_service = build_scenario_service(settings, database, areas_at_hand, standards)
            app.state.job_service = at_work = build_job_service(settings, database)
            # What a killed service was doing is known before the first answer, whether or not a worker is started.
            fail_lost_jobs(
                at_work.store, at_work.folders, explain_failure, lost_after_s=settings.job_lost_after_s
            )
            app.state.audit_log = SqlAuditLog(database)
            app.state.snapshot_store = SqlSnapshots(database)
            yield

    app = DocumentedApp(
        title="reach15",
        summary="Walking access to everyday services, household by household",
        description=_DESCRIPTION,
        version=__version__,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        lifespan=lifespan,
        docs_url=None,  # FastAPI's own pages fetch their scripts from elsewhere
        redoc_url=None,
        # One address for each thing: with a slash at its end it is another one, and a 404 that says so.
        redirect_slashes=False,
    )
    app.state.settings = settings
    app.include_router(health.router)
    add_documentation(app)
    # Explanations before households, whose ids may hold slashes.
    for module in (
        areas,
        versions,
        uploads,
        updates,
        jobs,
        standards,
        audit,
        coverage,
        snapshots,
        explain,
        households,
        facilities,
        isochrones,
        siting,
        zones,
        gate,
        compare,
        scenarios,
        missing_links,
    ):
        app.include_router(
            module.router,
            dependencies=[Depends(refuse_unknown_parameters)],
            responses=problem_documents(PROBLEMS[RequestValidationError]),
        )
    add_problem_handlers(app)
    app.add_middleware(GZipMiddleware, minimum_size=_GZIP_FROM_BYTES, compresslevel=_GZIP_LEVEL)
    add_entity_tags(app)
    app.add_middleware(AcceptedCodings)
    app.add_middleware(HeadAsGet)
    # Decision: any page may read us. The data is public, and there are no accounts or cookies to misuse; whoever must
    # keep an area to himself does so in front of the service. Changes refuse pages of other sites by themselves
    # (`refuse_changes`), because a browser sends them a form without asking.
    app.add_middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["GET", "HEAD", "POST"],  # a posted question changes nothing either
        allow_headers=["Content-Type", "If-None-Match"],
        expose_headers=["ETag", "Link", "Retry-After"],
    )
    return app
