"""Celery as a doorbell: the settings that keep a lost or doubled ring harmless."""

from pathlib import Path

import pytest

from runtime import tasks
from runtime.celery_app import celery_app
from services.kit.config import Settings
from services.kit.doorbell import RINGS


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("task_acks_late", True),
        ("task_reject_on_worker_lost", False),
        ("worker_prefetch_multiplier", 1),
        ("task_soft_time_limit", 60),
        ("task_time_limit", 90),
        ("task_ignore_result", True),
        ("result_backend", None),
        ("task_publish_retry", False),
        ("accept_content", ["json"]),
    ],
)
def test_a_worker_takes_one_ring_at_a_time_and_gives_it_back_when_it_dies(
    name: str, value: object
) -> None:
    app = celery_app(Settings(_env_file=None))

    assert getattr(app.conf, name) == value


def test_a_ring_nobody_answered_comes_back_after_a_quarter_of_an_hour() -> None:
    options = celery_app(Settings(_env_file=None)).conf.broker_transport_options

    assert options["visibility_timeout"] == 900
    assert options["unacked_restore_interval"] == 5
    assert options["unacked_restore_throttle"] == 1
    assert options["socket_timeout"] == 5
    assert options["health_check_interval"] > 0


def test_every_ring_has_its_task_and_its_queue() -> None:
    app = celery_app(Settings(_env_file=None))

    for name, queue in RINGS.items():
        assert app.conf.task_routes[name] == {"queue": queue}
        assert getattr(tasks, name.removeprefix("runtime.")).name == name


def test_no_ring_is_ever_given_a_time() -> None:
    """A ring with an ETA above the scan's interval would be lost with the broker."""
    for folder in ("runtime", "services"):
        for path in Path(__file__).parents[2].joinpath(folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            for word in ("countdown=", "eta=", ".retry("):
                assert word not in text, f"{path.name} has {word}"
