"""Celery as a doorbell: names, queues and the settings that keep it from doing more."""

from functools import cache

from celery import Celery
from kombu.exceptions import OperationalError

from services.kit.config import Settings
from services.kit.doorbell import RINGS

VISIBILITY_TIMEOUT_S = 900
RESTORE_INTERVAL_S = 5
SOFT_LIMIT_S = 60
HARD_LIMIT_S = 90
MAX_ETA_S = 5.0
QUEUES_HOT = ("webhook", "broadcast", "control")
QUEUES_SLOW = ("media", "bulk", "maintenance")


@cache
def _app() -> Celery:
    return Celery("alir", set_as_current=True)


def celery_app(settings: Settings) -> Celery:
    """The configured application of this process."""
    app = _app()
    transport = {
        "visibility_timeout": VISIBILITY_TIMEOUT_S,
        "unacked_restore_interval": RESTORE_INTERVAL_S,
        "unacked_restore_throttle": 1,
        "socket_timeout": 5,
        "socket_connect_timeout": 3,
        "health_check_interval": 10,
        "global_keyprefix": "alir:q:",
    }
    url = settings.redis
    app.conf.update(
        broker_url=f"redis+socket://{url.removeprefix('unix://')}"
        if url.startswith("unix")
        else url,
        broker_transport_options=transport,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        result_backend=None,
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=False,
        worker_prefetch_multiplier=1,
        task_serializer="json",
        accept_content=["json"],
        task_default_queue="control",
        task_routes={name: {"queue": queue} for name, queue in RINGS.items()},
        task_soft_time_limit=SOFT_LIMIT_S,
        task_time_limit=HARD_LIMIT_S,
        task_publish_retry=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_send_task_events=False,
        worker_enable_remote_control=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        imports=("runtime.tasks",),
        enable_utc=True,
    )
    return app


def publish(task: str, queue: str) -> None:
    """Put a ring into its queue; a broker that is away loses nothing but a moment."""
    try:
        _app().send_task(task, queue=queue, expires=60)
    except OperationalError:
        return
