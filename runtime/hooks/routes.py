"""/hooks/<token>: public, so that other programs can start a flow; a hot route."""

import asyncio
import traceback
from dataclasses import dataclass
from typing import Any

import structlog
from prometheus_client import Counter
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from flows.engine.halts import Ended
from flows.inputs import PROBLEMS_TOLD, faults
from runtime.hooks import payload, signature
from runtime.hooks.desk import Desk, Hook, PlanError
from runtime.runs.results import Waiters
from runtime.runs.routes import waiters
from runtime.starts import RING
from services.kit import problems
from services.kit.errors import (
    Conflict,
    Invalid,
    NotFound,
    ProductError,
    TooLarge,
    Unauthorized,
    Unavailable,
)
from services.kit.rate_limit import Limit
from services.kit.secrets import SealBroken

CALLS_PER_MINUTE = 1_200
"""Of one hook."""
STRANGERS_PER_MINUTE = 60
"""Calls of unknown addresses from one address: nobody tries tokens out."""
ANSWER_WITHIN_S = 25.0
"""How long a request waits for a flow that answers from a run."""
KEY_CHARS_MOST = 100
NO_BODY = frozenset({204, 205, 304})

log = structlog.get_logger("runtime.hooks")
CALLS = Counter("alir_hooks_total", "Calls of hooks, by answer.", ["status"])


@dataclass(slots=True)
class Counterparts:
    """What the route keeps between requests."""

    desk: Desk
    waiters: Waiters
    calls: Limit
    strangers: Limit
    answer_within_s: float = ANSWER_WITHIN_S


async def receive(request: Request) -> Response:
    """Start the flow behind a token: 202 with the run, or the flow's own answer.

    401 signature, 404 no such hook, 409 the same signed delivery again, 413, 400 and 422 bodies
    that can't be used, 429 too often.
    """
    try:
        answer = await _receive(request)
    except ProductError as error:
        answer = problems.product_error(request, error)
    except ClientDisconnect:
        answer = Response(status_code=400)
    except (SQLAlchemyError, SealBroken, PlanError) as error:
        log.error("hook_unavailable", kind=type(error).__name__)
        told = Unavailable("The flow can't be started now.", retry_after_s=5)
        answer = problems.product_error(request, told)
    except Exception:
        # Told here: the general handler would write the address, and so the token, into the log.
        log.error("hook_crashed", trace=traceback.format_exc())
        answer = problems.problem(request, 500, "internal", "Something went wrong on our side.")
    CALLS.labels(str(answer.status_code)).inc()
    return answer


async def _receive(request: Request) -> Response:
    state = request.app.state
    parts = counterparts(state)
    hook = await asyncio.to_thread(parts.desk.find, request.path_params["token"])
    if hook is None:
        parts.strangers.hit(request.client.host if request.client else "")
        raise NotFound("There is nothing here.")
    parts.calls.hit(str(hook.trigger_id))
    raw = await _body(request)
    only_key = _believed(request, hook, raw)
    body = payload.read(raw, request.headers.get("content-type", ""))
    wrong = faults(hook.payload, body, "body") if hook.payload else []
    if wrong:
        raise Invalid(
            "The body does not fit what the flow asks for.",
            code="payload_invalid",
            hint="See `problems` for each of them.",
            problems=wrong[:PROBLEMS_TOLD],
        )
    event = {
        "body": body,
        "headers": payload.headers_of(request.headers),
        "query": payload.query_of(request.url.query),
    }
    if hook.is_inline:
        if only_key is not None and not await asyncio.to_thread(
            parts.desk.first_time, hook, only_key
        ):
            raise _replayed()
        found = await asyncio.to_thread(parts.desk.answer, hook, event)
        if found is not None:
            return (
                _ended(found)
                if isinstance(found, Ended)
                else _told(found.status, dict(found.headers), found.body)
            )
        only_key = None  # noted down already
    return await _run(request, parts, hook, event, only_key)


async def _run(
    request: Request, parts: Counterparts, hook: Hook, event: dict[str, Any], only_key: str | None
) -> Response:
    key = request.headers.get("idempotency-key")
    if key is not None and not (0 < len(key) <= KEY_CHARS_MOST and key.isascii()):
        raise Invalid("The Idempotency-Key must be 1 to 100 plain characters.")
    started = await asyncio.to_thread(
        lambda: parts.desk.start(
            hook, event, only_key=only_key, key=None if key is None else signature.digest(key)
        )
    )
    if started is None:
        raise _replayed()
    if not started.was_there:
        await asyncio.to_thread(request.app.state.doorbell.ring, RING)
    if not hook.answers:
        status = 200 if started.was_there else 202
        return JSONResponse({"run_id": started.run_id, "status": started.status}, status)
    result = await parts.waiters.until_over(
        hook.tenant_id, started.run_id, parts.answer_within_s, for_reply=True
    )
    if result is not None and result.reply is not None:
        reply = result.reply
        return _told(int(reply["status"]), dict(reply["headers"]), reply["body"])
    if result is None or not result.has_ended:
        return JSONResponse({"run_id": started.run_id, "status": "RUNNING"}, 202)
    if result.status != "SUCCEEDED":
        return _failed(result.reason)
    return JSONResponse({"run_id": started.run_id, "status": result.status}, 200)


def _believed(request: Request, hook: Hook, raw: bytes) -> str | None:
    """What names a signed delivery; None when the hook asks for no signature.

    Raises: Unauthorized.
    """
    if hook.key is None:
        return None
    timestamp = request.headers.get(signature.TIMESTAMP)
    why_not = signature.why_not(
        hook.key,
        timestamp,
        request.headers.get(signature.SIGNATURE),
        raw,
        request.app.state.clock.now(),
    )
    if why_not is not None:
        raise Unauthorized(why_not, code="bad_signature")
    return signature.fingerprint(timestamp or "", raw)


async def _body(request: Request) -> bytes:
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > payload.BODY_BYTES_MOST:
            raise TooLarge(f"A hook takes {payload.BODY_BYTES_MOST} bytes at most.")
        chunks.append(chunk)
    return b"".join(chunks)


def _told(status: int, headers: dict[str, str], body: str | bytes) -> Response:
    """The flow's own answer."""
    return Response(b"" if status in NO_BODY else body, status, headers)


def _ended(ended: Ended) -> Response:
    """A flow that ended without an answer of its own."""
    if ended.status == "failed":
        return _failed(ended.reason)
    return JSONResponse({"run_id": None, "status": ended.status.upper()}, 200)


def _failed(reason: str | None) -> Response:
    return JSONResponse({"status": "FAILED", "reason": reason}, 500)


def _replayed() -> Conflict:
    return Conflict(
        "This signed delivery was taken before.",
        code="replayed",
        hint="Sign a new delivery with a new timestamp.",
    )


def counterparts(state: Any) -> Counterparts:
    """Those of this process."""
    found: Counterparts | None = getattr(state, "hook_parts", None)
    if found is None:
        found = state.hook_parts = Counterparts(
            Desk(state.database, state.sealer, state.clock, state.settings),
            waiters(state),
            Limit(CALLS_PER_MINUTE, name="hooks"),
            Limit(STRANGERS_PER_MINUTE, name="hook-strangers"),
        )
    return found


hot_routes = [Route("/hooks/{token}", receive, methods=["POST"])]
