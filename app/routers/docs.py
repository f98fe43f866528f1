"""`/docs`: the API document in a browser, with files of our own server only, so that sites without internet have it."""

from importlib.util import find_spec

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

router = APIRouter(include_in_schema=False)

PACKAGE = "fastapi_offline"
"""Its wheel carries Swagger UI; none of its code is used."""

_PLAIN = """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>reach15</title></head>
<body><h1>reach15</h1><p>The API document: <a href="openapi.json">openapi.json</a>. To browse it here, install
<code>fastapi-offline</code> beside reach15.</p></body></html>
"""


@router.get("/docs")
async def show_documentation(request: Request) -> HTMLResponse:
    """Addresses are relative: they hold behind a proxy that serves us below a path too."""
    if find_spec(PACKAGE) is None:
        return HTMLResponse(_PLAIN)
    return get_swagger_ui_html(
        openapi_url="openapi.json",
        title=f"{request.app.title} - documentation",
        swagger_js_url="docs/files/swagger-ui-bundle.js",
        swagger_css_url="docs/files/swagger-ui.css",
        swagger_favicon_url="docs/files/favicon.png",
        oauth2_redirect_url=None,
    )


def add_documentation(app: FastAPI) -> None:
    """Serve the page and its files."""
    app.include_router(router)
    if find_spec(PACKAGE) is not None:
        app.mount("/docs/files", StaticFiles(packages=[(PACKAGE, "static")]))
