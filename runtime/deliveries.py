"""Delivers outgoing webhooks in threads of the slow worker; no send and no reply waits for them."""

import threading
import traceback

import structlog

from runtime.compose import App
from services.kit.outbound_http import Door
from services.outgoing import repository
from services.outgoing.deliver import deliver_one

log = structlog.get_logger("runtime.deliveries")

THREADS = 3
"""Addresses that are slow hold up one another, not the rest: one attempt each at a time."""
LOOK_AGAIN_S = 0.5
DATABASE_AWAY_S = 1.0


class Deliveries:
    """Works off what is due until it is stopped."""

    def __init__(self, app: App, threads: int = THREADS) -> None:
        self._app = app
        self._door = Door(app.settings.http_allowed)
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, name=f"deliveries-{number}", daemon=True)
            for number in range(1, threads + 1)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Begin nothing more; an attempt under way is tried again when its lease runs out."""
        self._stopping.set()

    def _work(self) -> None:
        app = self._app
        while not self._stopping.is_set():
            try:
                with app.database.read() as connection:
                    due_at = repository.next_due_at(connection)
                is_due = due_at is not None and due_at <= app.clock.now()
                if is_due and deliver_one(app.database, app.clock, app.sealer, self._door):
                    continue
            except Exception as error:
                # What was claimed comes back when its lease ends.
                log.error(
                    "delivery_failed", error=type(error).__name__, trace=traceback.format_exc()
                )
                self._stopping.wait(DATABASE_AWAY_S)
                continue
            self._stopping.wait(LOOK_AGAIN_S)
