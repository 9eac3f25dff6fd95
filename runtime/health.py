"""/api/health and /metrics: whether the process lives, can work, and what it has done."""

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from runtime.migrate import current, head
from services.kit.http import App, Router, public

router = Router(tags=["health"])


@router.get("/health/live", dependencies=[public()])
def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/health/ready", dependencies=[public()])
def ready(app: App) -> JSONResponse:
    """The database answers and is at this code's version; 503 otherwise, saying what is wrong."""
    try:
        with app.database.read() as connection:
            connection.execute(text("SELECT 1"))
            revision = current(connection)
    except SQLAlchemyError:
        return JSONResponse({"status": "unavailable", "database": "does not answer"}, 503)
    if revision != head():
        wrong = "is at another version: run `alir migrate`"
        return JSONResponse({"status": "unavailable", "database": wrong}, 503)
    return JSONResponse({"status": "ok", "database": "ok"})


def metrics(_request: Request) -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
