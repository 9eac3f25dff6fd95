"""The slow worker's process: Celery for the doorbells, threads of its own for the work.

Start: `celery -A runtime.worker_slow worker --pool threads -Q media,bulk,maintenance`
"""

from typing import Any

from celery.signals import worker_init, worker_shutting_down

from runtime import compose, media_witness, resident
from runtime.celery_app import celery_app
from runtime.deliveries import Deliveries
from runtime.live import feed
from runtime.slow import Slow
from services.kit import logs
from services.kit.config import Settings

SOFT_LIMIT_S = 600
HARD_LIMIT_S = 660

_settings = Settings()
logs.configure(_settings.log_level, _settings.log_format, f"slow-{_settings.worker_index}")
app = celery_app(_settings)
app.conf.task_soft_time_limit = SOFT_LIMIT_S
app.conf.task_time_limit = HARD_LIMIT_S


@worker_init.connect
def _start(**_: Any) -> None:
    """Not when the worker is ready: that waits for the broker, and the work needs none."""
    try:
        parts = compose.build(_settings)
        resident.settle_in(Slow(parts))
        feed.start(parts.database, _settings.redis)
        Deliveries(parts).start()
        media_witness.start(_settings, "slow")
    except Exception as error:
        # Celery passes over what a signal raises: a worker without its loop would idle for ever.
        raise SystemExit(f"The slow worker can't start: {error}") from error


@worker_shutting_down.connect
def _shutting_down(**_: Any) -> None:
    resident.leave()
