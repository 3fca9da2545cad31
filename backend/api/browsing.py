"""The API's documentation as pages to look at: Swagger UI at /docs, Redoc at /redoc.

FastAPI's own pages load their scripts from a CDN: they would tell it who looks, trust it with the tokens that people
type into them, and stay empty without the internet. Here everything comes from this server; `fastapi-offline` ships the
files.
"""

from importlib import resources
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from fastapi.responses import FileResponse, HTMLResponse

from backend.errors import NotFoundError

_ASSETS = "/docs/assets"
_FILES = ("swagger-ui-bundle.js", "swagger-ui.css", "redoc.standalone.js", "favicon.png")
# Redoc shows a picture from its maker's server, which this refuses; the script in the page itself starts Swagger UI.
_POLICY = (
    "default-src 'none'; connect-src 'self'; font-src 'self' data:; img-src 'self' data:; "
    "script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; worker-src blob:; base-uri 'none'"
)
_NO_FOREIGN_PICTURE = "<style>img[src^='https:'] { display: none }</style></head>"


def add_pages(app: FastAPI) -> None:
    """Add /docs, /redoc, and the files that they need."""
    folder = Path(str(resources.files("fastapi_offline"))) / "static"

    async def docs(request: Request) -> Response:
        root = request.scope.get("root_path", "")
        page = get_swagger_ui_html(
            openapi_url=f"{root}{app.openapi_url}",
            title=f"{app.title}: the API",
            swagger_js_url=f"{root}{_ASSETS}/swagger-ui-bundle.js",
            swagger_css_url=f"{root}{_ASSETS}/swagger-ui.css",
            swagger_favicon_url=f"{root}{_ASSETS}/favicon.png",
            swagger_ui_parameters={"validatorUrl": None},  # would send the document to swagger.io
        )
        return _guarded(page)

    async def redoc(request: Request) -> Response:
        root = request.scope.get("root_path", "")
        page = get_redoc_html(
            openapi_url=f"{root}{app.openapi_url}",
            title=f"{app.title}: the API",
            redoc_js_url=f"{root}{_ASSETS}/redoc.standalone.js",
            redoc_favicon_url=f"{root}{_ASSETS}/favicon.png",
            with_google_fonts=False,
        )
        return _guarded(page)

    async def asset(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in _FILES:
            raise NotFoundError("There is no such file. The API's addresses are listed at /docs.")
        return FileResponse(folder / name, headers={"Cache-Control": "public, max-age=86400"})

    for path, page in (("/docs", docs), ("/redoc", redoc), (f"{_ASSETS}/{{name}}", asset)):
        app.router.add_route(path, page, methods=["GET"], include_in_schema=False)


def _guarded(page: HTMLResponse) -> Response:
    html = bytes(page.body).decode().replace("</head>", _NO_FOREIGN_PICTURE, 1)
    return HTMLResponse(html, headers={"Content-Security-Policy": _POLICY})
