"""Every error leaves the API as problem+json (RFC 9457) with a stable code and a way out."""

from collections.abc import Mapping, Sequence
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

from services.kit import addresses
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
NOTHING = "There is nothing here."
TOO_LARGE = "What was sent is too large."
SEND_LESS = (
    "Make it smaller, or send it in parts. Files have 20 MB at most, pictures and film 16 MB."
)
SEND_AN_OBJECT = "Send a JSON object."
_PREFIX = "Value error, "
_NO_OBJECT = frozenset({"missing", "model_attributes_type", "model_type", "dict_type"})
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
    wrong = error.errors()[:100]
    if wrong and all(one["loc"][:1] == ("path",) for one in wrong):
        return problem(
            request,
            404,
            "not_found",
            NOTHING,
            hint=addresses.hint(_paths(request), request.url.path, request.method),
        )
    found = [_field_problem(one) for one in wrong]
    return problem(
        request,
        422,
        "invalid",
        "Some of what was sent can't be used.",
        hint="See `problems` for each of them.",
        problems=found,
    )


def _field_problem(one: Mapping[str, Any]) -> FieldProblem:
    """An error of the form check in our words."""
    place, kind, message = one["loc"], one["type"], str(one["msg"])
    if kind == "json_invalid":
        where = f" (at character {place[1]})" if len(place) > 1 else ""
        return FieldProblem("body", f"This is no JSON{where}.", SEND_AN_OBJECT)
    if place == ("body",):
        if kind in _NO_OBJECT:
            hint = "It starts with { and is sent with Content-Type: application/json."
            return FieldProblem("body", SEND_AN_OBJECT, hint)
        return FieldProblem("body", message.removeprefix(_PREFIX))
    within = (one.get("ctx") or {}).get("within")
    field = ".".join(str(part) for part in (*place[1:], *([within] if within else ())))
    return FieldProblem(field, message.removeprefix(_PREFIX))


def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    status, hint = error.status_code, ""
    methods: tuple[str, ...] = ()
    detail = str(error.detail)
    if status == 405:
        methods = addresses.methods(_paths(request), request.url.path)
        status = status if methods else 404
    if status == 404:
        detail, hint = NOTHING, addresses.hint(_paths(request), request.url.path, request.method)
    elif status == 405:
        allowed = ", ".join(methods)
        detail = f"{request.method} can't be used here."
        near = addresses.hint(_paths(request), request.url.path, request.method)
        hint = f"Use {allowed}. {near}".strip()
    elif status == 413:
        detail, hint = TOO_LARGE, SEND_LESS
    answer = problem(request, status, _CODES.get(status, "error"), detail, hint=hint)
    if methods:
        answer.headers["Allow"] = ", ".join(methods)
    return answer


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


def _paths(request: Request) -> addresses.Paths:
    found: addresses.Paths = request.app.openapi()["paths"]
    return found
