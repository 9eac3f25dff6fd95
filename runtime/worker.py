"""The hot worker's process: Celery for the doorbells, the resident loop for the work.

Start: `celery -A runtime.worker worker --pool threads --concurrency 2 -Q webhook,broadcast,control`
"""

import os
import warnings
from typing import Any

from celery.platforms import SecurityWarning
from celery.signals import worker_init, worker_shutting_down

from runtime import compose, media_witness, resident
from runtime.celery_app import celery_app
from runtime.live import feed
from runtime.pump import Pump
from services.kit import logs
from services.kit.config import Settings

# Celery warns a root user about pickled messages; ours are JSON and hold nothing.
warnings.filterwarnings("ignore", category=SecurityWarning)

EXIT_LOOP_DIED = 70
_settings = Settings()
logs.configure(_settings.log_level, _settings.log_format, f"worker-{_settings.worker_index}")
app = celery_app(_settings)


@worker_init.connect
def _start(**_: Any) -> None:
    """Not when the worker is ready: that waits for the broker, and sending needs none."""
    try:
        parts = compose.build(_settings)
        resident.settle_in(Pump(parts, on_death=_end))
        feed.start(parts.database, _settings.redis)
        media_witness.start(_settings, "worker")
    except Exception as error:
        # Celery passes over what a signal raises: a worker without its loop would idle for ever.
        raise SystemExit(f"The worker can't start: {error}") from error


def _end() -> None:
    """Leave at once, as a killed worker would: the supervisor starts a new one."""
    os._exit(EXIT_LOOP_DIED)


@worker_shutting_down.connect
def _shutting_down(**_: Any) -> None:
    resident.leave()
