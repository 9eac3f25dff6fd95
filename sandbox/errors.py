"""WAHA's error answers, byte for byte as recorded (contract, section 9)."""

import json
from datetime import UTC, datetime
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

JSON_TYPE = "application/json; charset=utf-8"


class WahaError(Exception):
    """An answer that is not a success: a status, a JSON body and perhaps headers."""

    def __init__(
        self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(f"{status}: {body}")
        self.status = status
        self.body = body
        self.headers = headers


class EngineError(Exception):
    """The engine failed: WAHA wraps it into a 500 with the exception and the request."""

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.exception: dict[str, Any] = {"message": message, **details}


def answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), status, headers, JSON_TYPE)


def empty_answer(status: int = 200) -> Response:
    """No body and no Content-Type, as `me` of an unpaired session and DELETE answer."""
    return Response(b"", status)


_REASONS = {
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    422: "Unprocessable Entity",
    429: "Too Many Requests",
    501: "Not Implemented",
    507: "Insufficient Storage",
}


def named(
    status: int, message: str | list[str], headers: dict[str, str] | None = None
) -> WahaError:
    """The common form `{message, error, statusCode}`."""
    body = {"message": message, "error": _REASONS[status], "statusCode": status}
    return WahaError(status, body, headers)


def unauthorized() -> WahaError:
    return WahaError(401, {"message": "Unauthorized", "statusCode": 401})


def session_not_found() -> WahaError:
    return named(404, "Session not found")


def session_not_started(name: str) -> WahaError:
    return named(
        404,
        f"We didn't find a session with name '{name}'.\n"
        f"Please start it first by using POST /api/sessions/{name}/start request",
    )


def session_exists(name: str) -> WahaError:
    return named(422, f"Session '{name}' already exists. Use PUT to update it.")


def session_name_required() -> WahaError:
    return WahaError(422, {"error": "Session name is required"})


def session_unknown(name: str) -> WahaError:
    return WahaError(422, {"error": f'Session "{name}" does not exist', "session": name})


def wrong_status(name: str, status: str, expected: list[str]) -> WahaError:
    return WahaError(
        422,
        {
            "error": "Session status is not as expected. Try again later or restart the session",
            "session": name,
            "status": status,
            "expected": expected,
        },
    )


def not_implemented(engine: str) -> WahaError:
    return named(
        501,
        f"The method is not implemented by '{engine}' engine. "
        "Check the docs and try another engine: https://waha.devlike.pro/",
    )


def grpc_error(details: str, code: int = 2) -> EngineError:
    """A failure inside GOWS as its gRPC client reports it."""
    return EngineError(f"{code} UNKNOWN: {details}", code=code, details=details, name="Error")


def engine_failure_body(
    error: EngineError, request: Request, body: Any, version: dict[str, Any]
) -> dict[str, Any]:
    """The 500 of WAHA's exception filter. It repeats the request, text included."""
    path = request.scope.get("raw_path") or request.url.path.encode()
    asked: dict[str, Any] = {"path": path.decode("latin-1"), "method": request.method}
    if body is not None:
        asked["body"] = body
    asked["query"] = dict(request.query_params)
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    return {
        "statusCode": 500,
        "timestamp": now,
        "exception": {**error.exception, "stack": "(removed)"},
        "request": asked,
        "version": version,
    }


def bad_json(raw: bytes) -> WahaError:
    """400 with the words of the JavaScript engine that WAHA runs on."""
    text = raw.decode("utf-8", "replace")
    try:
        json.loads(text)
    except json.JSONDecodeError as problem:
        if problem.pos >= len(text):
            return named(400, "Unexpected end of JSON input")
        if "property name" in problem.msg:
            place = problem.pos
            return named(400, f"Expected property name or '}}' in JSON at position {place}")
        return named(400, f"Unexpected token {text[problem.pos]} in JSON at position {problem.pos}")
    return named(400, "Unexpected token in JSON at position 0")
