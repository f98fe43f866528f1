"""Answers on their way out: bytes made once by orjson, GeoJSON collections, and what made them."""

from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import Request
from starlette.responses import JSONResponse

from app.ingest.coordinates import Coordinates
from app.problems import MEDIA_TYPE, ProblemType
from app.routers.paging import Page
from app.schemas.crs import in_crs

GEOJSON = "application/geo+json"


class JsonAnswer(JSONResponse):
    """JSON by orjson. The content is plain data already, so nothing validates or copies it on the way.

    A float that is not finite would become null; schemas see to it that there is none.
    """

    def render(self, content: Any) -> bytes:
        return orjson.dumps(content)


class GeoJsonAnswer(JsonAnswer):
    """The same, as GeoJSON (RFC 7946)."""

    media_type = GEOJSON


def feature_collection(
    request: Request,
    features: list[dict[str, Any]],
    page: Page,
    made_by: Mapping[str, Any],
    crs: Coordinates | None = None,
) -> GeoJsonAnswer:
    """A page of features, with a link to the next one in the body and in the ``Link`` header."""
    links, headers = _next_link(request, page.next_cursor, GEOJSON)
    content = {
        "type": "FeatureCollection",
        **made_by,
        "numberMatched": page.matched,
        "numberReturned": len(features),
        "links": links,
        "features": features,
    }
    return GeoJsonAnswer(in_crs(content, crs), headers=headers)


def listed_page(
    request: Request, content: Mapping[str, Any], matched: int, next_cursor: str | None
) -> JsonAnswer:
    """A page of a list, with a link to the next one in the body and in the ``Link`` header.

    Parameters
    ----------
    content : mapping
        Its last member is the list.
    matched : int
        How many there are on all pages together.
    """
    links, headers = _next_link(request, next_cursor, JsonAnswer.media_type)
    returned = len(list(content.values())[-1])
    counts = {"numberMatched": matched, "numberReturned": returned, "links": links}
    return JsonAnswer({**content, **counts}, headers=headers)


def _next_link(
    request: Request, cursor: str | None, media_type: str
) -> tuple[list[dict[str, str]], dict[str, str]]:
    """The next page as a link in the body and as a header; neither on the last page."""
    if cursor is None:
        return [], {}
    address = str(request.url.include_query_params(cursor=cursor))
    link = {"rel": "next", "href": address, "type": media_type}
    return [link], {"Link": f'<{address}>; rel="next"; type="{media_type}"'}


def problem_documents(*kinds: ProblemType) -> dict[int | str, dict[str, Any]]:
    """Documents the problems that an endpoint may answer with; those of one status share an entry."""
    documents: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        document = documents.setdefault(
            kind.status,
            {
                "description": "",
                "content": {MEDIA_TYPE: {"schema": _PROBLEM_SCHEMA, "examples": {}}},
            },
        )
        document["description"] = "; or ".join(filter(None, (document["description"], kind.title)))
        document["content"][MEDIA_TYPE]["examples"][kind.name] = {
            "value": {"type": kind.uri, "title": kind.title, "status": kind.status}
        }
    return documents


_PROBLEM_SCHEMA = {
    "title": "Problem",
    "description": "RFC 9457. Each type says more in members of its own; docs/problems.md explains them.",
    "type": "object",
    "required": ["type", "title", "status", "instance"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string", "format": "uri-reference"},
        "errors": {
            "type": "array",
            "description": "What is wrong with each parameter (invalid-parameter only).",
            "items": {
                "type": "object",
                "required": ["parameter", "in", "message"],
                "properties": {
                    "parameter": {"type": "string"},
                    "in": {"type": "string"},
                    "message": {"type": "string"},
                },
            },
        },
    },
}
