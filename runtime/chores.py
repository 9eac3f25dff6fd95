"""What a worker does once a minute beside its work; who finds it being done goes away."""

import threading
from functools import cache

import structlog

from runtime import compose
from runtime.backfill import Backfill
from services.chats import takeover
from services.integrations.waha.client import WahaClient
from services.kit.config import Settings

log = structlog.get_logger("runtime.chores")
_busy = threading.Lock()


def look_after_chats() -> None:
    """Give chats back to the bot whose human's time is over, then pull what webhooks missed."""
    if not _busy.acquire(blocking=False):
        return
    try:
        app, backfill = _parts()
        with app.database.write() as connection:
            ended = takeover.sweep(connection, app.clock.now())
        if ended:
            log.info("chats_given_back", chats=len(ended))
        backfill.run()
    finally:
        _busy.release()


@cache
def _parts() -> tuple[compose.App, Backfill]:
    """Opened at the first use: other workers of this kind may never need them."""
    app = compose.build(Settings())
    bell = compose.doorbell(app.settings)
    return app, Backfill(app.database, app.clock, app.sealer, bell, WahaClient)
