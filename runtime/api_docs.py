"""/api-docs: the API's description to read and try, from packaged files, without inline scripts."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from swagger_ui_bundle import swagger_ui_path

ASSETS = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "favicon-32x32.png": "image/png",
}
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Alir API</title>
<link rel="icon" href="/api-docs/favicon-32x32.png">
<link rel="stylesheet" href="/api-docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/api-docs/swagger-ui-bundle.js"></script>
<script src="/api-docs/start.js"></script>
</body>
</html>
"""
_START = """window.ui = SwaggerUIBundle({
  url: "/api-docs/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
});
"""


def page(_request: Request) -> Response:
    return HTMLResponse(_PAGE)


def start(_request: Request) -> Response:
    return Response(_START, media_type="text/javascript")


def asset(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in ASSETS:
        return Response(status_code=404)
    return FileResponse(swagger_ui_path / name, media_type=ASSETS[name])


def description(request: Request) -> Response:
    """The same description in OpenAPI 3.0: the packaged viewer does not read 3.1."""
    return JSONResponse(to_3_0(request.app.openapi()))


routes = [
    Route("/api-docs", page),
    Route("/api-docs/start.js", start),
    Route("/api-docs/openapi.json", description),
    Route("/api-docs/{name}", asset),
]


def to_3_0(document: Mapping[str, Any]) -> dict[str, Any]:
    """An OpenAPI 3.1 document in the words of 3.0."""
    changed: dict[str, Any] = _older(document)
    return {**changed, "openapi": "3.0.3"}


def _older(value: Any) -> Any:
    if isinstance(value, list):
        return [_older(one) for one in value]
    if not isinstance(value, Mapping):
        return value
    found = {key: _older(inner) for key, inner in value.items()}
    choices = found.get("anyOf")
    if isinstance(choices, list) and {"type": "null"} in choices:
        rest = [one for one in choices if one != {"type": "null"}]
        del found["anyOf"]
        if len(rest) == 1 and "$ref" not in rest[0]:
            found = {**rest[0], **found}
        else:
            found["anyOf"] = rest
        found["nullable"] = True
    if "const" in found and not isinstance(found["const"], Mapping):
        found["enum"] = [found.pop("const")]
    for bound, limit in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(found.get(bound), int | float) and not isinstance(found.get(bound), bool):
            found[limit] = found[bound]
            found[bound] = True
    if "contentMediaType" in found:
        del found["contentMediaType"]
        found["format"] = "binary"
    return found
