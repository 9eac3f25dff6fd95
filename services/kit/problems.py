"""Every error leaves the API as problem+json (RFC 9457) with a stable code and a way out."""

from collections.abc import Sequence
from math import ceil
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from prometheus_client import Counter
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from starlette.exceptions import HTTPException

from services.kit.errors import FieldProblem, ProductError

MEDIA_TYPE = "application/problem+json"
log = structlog.get_logger("services.kit.problems")
UNHANDLED = Counter("alir_unhandled_errors_total", "Requests that ended in an error of ours.")

_TITLES = {
    400: "Bad request",
    401: "Sign in first",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    413: "Too large",
    415: "Wrong content type",
    422: "Invalid",
    428: "Precondition required",
    429: "Too many requests",
    500: "Something went wrong",
    503: "Unavailable",
}
_CODES = {401: "unauthorized", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}


def problem(
    request: Request,
    status: int,
    code: str,
    detail: str,
    *,
    hint: str = "",
    problems: Sequence[FieldProblem] = (),
    retry_after_s: float | None = None,
) -> JSONResponse:
    """One answer in the one shape."""
    headers = {} if retry_after_s is None else {"Retry-After": str(max(1, ceil(retry_after_s)))}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    request_id = getattr(request.state, "request_id", "")
    body = document(status, code, detail, request_id, hint=hint, problems=problems)
    return JSONResponse(body, status, headers, MEDIA_TYPE)


def document(
    status: int,
    code: str,
    detail: str,
    request_id: str,
    *,
    hint: str = "",
    problems: Sequence[FieldProblem] = (),
) -> dict[str, Any]:
    """The body of an error."""
    return {
        "type": f"urn:alir:problem:{code}",
        "title": _TITLES.get(status, "Error"),
        "status": status,
        "code": code,
        "detail": detail,
        "hint": hint,
        "problems": [
            {"field": found.field, "message": found.message, "hint": found.hint}
            for found in problems
        ],
        "request_id": request_id,
    }


def product_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ProductError)
    return problem(
        request,
        error.status,
        error.code,
        error.message,
        hint=error.hint,
        problems=error.problems,
        retry_after_s=error.retry_after_s,
    )


def _validation_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    found = [
        FieldProblem(".".join(str(part) for part in one["loc"][1:]), str(one["msg"]))
        for one in error.errors()[:100]
    ]
    return problem(
        request,
        422,
        "invalid",
        "Some of what was sent can't be used.",
        hint="See `problems` for each of them.",
        problems=found,
    )


def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code = _CODES.get(error.status_code, "error")
    detail = "There is nothing here." if error.status_code == 404 else str(error.detail)
    if error.status_code == 413:
        detail = "What was sent is too large."
    return problem(request, error.status_code, code, detail)


def _integrity_error(request: Request, error: Exception) -> JSONResponse:
    log.warning("conflict", kind=type(error).__name__)
    return problem(
        request,
        409,
        "conflict",
        "This clashes with something that was saved at the same moment.",
        hint="Reload and try again.",
    )


def _database_error(request: Request, error: Exception) -> JSONResponse:
    log.error("database_away", kind=type(error).__name__)
    return problem(
        request,
        503,
        "database_unavailable",
        "The database does not answer.",
        hint="Try again in a moment. If it stays, run `alir doctor`.",
        retry_after_s=5,
    )


def unhandled(request: Request, error: Exception) -> JSONResponse:
    """An error nobody foresaw: counted, logged in full, and told without its insides."""
    UNHANDLED.inc()
    log.error("unhandled", kind=type(error).__name__, path=request.url.path, exc_info=error)
    return problem(
        request,
        500,
        "internal",
        "Something went wrong on our side.",
        hint="Try again. If it happens again, send us the request id.",
    )


def install(app: FastAPI) -> None:
    """Let these answer for the app."""
    app.add_exception_handler(ProductError, product_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(IntegrityError, _integrity_error)
    app.add_exception_handler(OperationalError, _database_error)
    app.add_exception_handler(NoConnectionFree, _database_error)
    app.add_exception_handler(Exception, unhandled)
