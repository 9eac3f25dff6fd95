"""The program's HTTP: POST /scan, GET /health, /docs."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from ocr import docs_page
from ocr.answers import HealthOut, ProblemOut, ScanOut
from ocr.intake import document_of
from ocr.problems import Problem, Refused
from ocr.reader import Reader, child_environment
from ocr.scratch import scratch_folder
from ocr.settings import Settings

log = logging.getLogger("ocr")
PROBLEM_TYPE = "application/problem+json"
PROBLEMS = {
    400: "The body can't be read",
    403: "Outside the media folder, or a link",
    404: "No such file in the media folder",
    408: "The request was not complete in time",
    413: "Too many bytes, pixels, pages or lines, or too much memory",
    415: "Neither picture nor PDF",
    422: "Empty, damaged, locked or far too narrow",
    503: "Busy, starting, or without models; Retry-After says when to come again",
    504: "Took too long and was stopped; with Retry-After: the machine was busy, come again",
}
_BODY = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {"file": {"type": "string", "format": "binary"}},
            }
        },
        "application/json": {
            "schema": {
                "type": "object",
                "description": "One of the two.",
                "properties": {
                    "path": {
                        "type": "string",
                        "description": "A file in the media folder, relative to it.",
                    },
                    "base64": {"type": "string", "description": "The file, or a data: URL."},
                },
            },
            "example": {"path": "1/2026/receipt.jpg"},
        },
    },
}


def create_app(settings: Settings) -> FastAPI:
    """The application; its reader runs as long as it does."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with scratch_folder() as folder:
            app.state.documents = folder / "documents"
            app.state.documents.mkdir()
            (folder / "cache").mkdir()
            environment = child_environment(settings, str(folder / "cache"))
            async with Reader(settings, environment) as reader:
                app.state.reader = reader
                yield

    app = FastAPI(
        title="ocr",
        version="1.0",
        description="Image or PDF in, text out. Problems: {status, code, message, hint}.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        routes=docs_page.routes,
    )
    app.openapi_version = "3.0.3"  # the packaged viewer reads no 3.1
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(HTTPException, _http_problem)
    app.add_exception_handler(Exception, _our_fault)

    @app.post(
        "/scan",
        response_model=ScanOut,
        responses={
            status: {"description": text, "model": ProblemOut} for status, text in PROBLEMS.items()
        },
        openapi_extra={"requestBody": _BODY},
    )
    async def scan(request: Request) -> dict[str, Any]:
        """Read a PNG, JPEG, WebP, GIF, BMP, TIFF or PDF: sent, or named in the media folder."""
        state = request.app.state
        reader: Reader = state.reader
        with reader.place():
            async with document_of(
                request, settings.media_root, state.documents, reader.turn
            ) as document:
                return await reader.read(document, request.is_disconnected)

    @app.get("/health", response_model=HealthOut, responses={503: {"model": HealthOut}})
    async def health(request: Request) -> JSONResponse:
        """200 while scans are or will soon be answered, 503 when somebody has to do something."""
        reader: Reader = request.app.state.reader
        state = reader.state
        body = {
            "service": "ocr",
            "status": state.name,
            "detail": state.detail,
            "engine": settings.engine,
            "model": settings.model,
            "reader_pid": state.pid or 0,
            "running_and_waiting": reader.asked,
            "queue_max": settings.queue_max,
        }
        return JSONResponse(body, 200 if state.name in ("ready", "starting") else 503)

    return app


def _answer(problem: Problem, retry_after_s: int | None = None) -> JSONResponse:
    headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
    return JSONResponse(problem.document(), problem.status, headers, PROBLEM_TYPE)


async def _refused(_request: Request, refused: Exception) -> JSONResponse:
    assert isinstance(refused, Refused)
    return _answer(refused.problem, refused.retry_after_s)


async def _http_problem(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code = {404: "no_such_address", 405: "wrong_method"}.get(error.status_code, "bad_request")
    hint = "POST /scan reads a file; /docs describes it."
    return _answer(Problem(error.status_code, code, f"{error.detail}.", hint))


async def _our_fault(_request: Request, error: Exception) -> JSONResponse:
    log.error("unexpected", exc_info=error)
    hint = "See the program's log."
    return _answer(Problem(500, "unexpected", f"{type(error).__name__} in the service.", hint))
