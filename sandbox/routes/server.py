"""The server itself: ping, health, version, status, environment, files."""

import time

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import errors, lifecycle
from sandbox.errors import answer
from sandbox.http import read_json, world_of


async def _ping(_request: Request) -> Response:
    return answer({"message": "pong"})


async def _health(_request: Request) -> Response:
    space = {
        "mediaFiles.space": {
            "status": "up",
            "path": "/app/.media",
            "diskPath": "/",
            "free": 132979355648,
            "threshold": 104857600,
        }
    }
    return answer({"status": "ok", "info": space, "error": {}, "details": space})


async def _version(request: Request) -> Response:
    return answer(world_of(request).version_body)


async def _status(request: Request) -> Response:
    world = world_of(request)
    worker = "" if world.config.is_legacy else world.config.worker_id
    return answer(
        {
            "startTimestamp": world.started_ms,
            "uptime": int(time.time() * 1000) - world.started_ms,
            "worker": {"id": worker},
        }
    )


async def _environment(request: Request) -> Response:
    """As WAHA does, the API key in clear: whoever shows this page leaks it."""
    world = world_of(request)
    return answer(
        {
            "WAHA_API_KEY": world.config.api_key,
            "WAHA_WORKER_ID": world.config.worker_id,
            "WHATSAPP_DEFAULT_ENGINE": world.engine,
            "WHATSAPP_FILES_LIFETIME": f"{world.config.files_lifetime_s:g}",
        }
    )


async def _stop(request: Request) -> Response:
    """WAHA ends and its supervisor starts it again; here only what that loses is lost."""
    await read_json(request)
    await lifecycle.restart_server(world_of(request))
    return answer({"stopping": True}, 201)


async def _file(request: Request) -> Response:
    key = f"{request.path_params['session']}/{request.path_params['name']}"
    found = world_of(request).media.get(key)
    if found is None:
        raise errors.named(404, "Not Found")
    return Response(found.data, media_type=found.mimetype)


ROUTES = [
    Route("/ping", _ping, methods=["GET"]),
    Route("/health", _health, methods=["GET"]),
    Route("/api/version", _version, methods=["GET"]),
    Route("/api/server/version", _version, methods=["GET"]),
    Route("/api/server/status", _status, methods=["GET"]),
    Route("/api/server/environment", _environment, methods=["GET"]),
    Route("/api/server/stop", _stop, methods=["POST"]),
    Route("/api/files/{session}/{name}", _file, methods=["GET"]),
]
