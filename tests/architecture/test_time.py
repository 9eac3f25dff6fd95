"""Nothing waits inside a task, and no message of the queue is put off for more than 5 s."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from kombu.messaging import Producer

from runtime import celery_app as doorbells
from services.kit.config import Settings
from services.kit.doorbell import RINGS

ROOT = Path(__file__).resolve().parent.parent.parent
MAX_ETA_S = 5.0
PACKAGES = ("domain", "services", "nodes", "flows", "runtime")

MAY_WAIT = {
    "runtime/pump.py": "the resident loop, which is no task: it waits for the next due row",
    "runtime/live/server.py": "the API's own loop: says every few seconds that somebody listens",
    "runtime/runs/results.py": "a request that asked to wait for its run, with a budget",
    "runtime/runs/routes.py": "a request that waits a moment for a worker to let a run go",
}
"""Async waits only; the programs that look after others stand apart."""
SUPERVISORS = ("runtime/cli/", "runtime/demo/", "runtime/processes/")
PUTTING_OFF = {"eta", "countdown"}
SENDING = {"apply_async", "send_task", "signature", "s", "si", "retry", "delay"}


def calls() -> Iterator[tuple[str, ast.Call]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call):
                    yield name, node


def test_nothing_sleeps_but_the_resident_loop() -> None:
    sleepers = [
        f"{name}:{call.lineno}"
        for name, call in calls()
        if ast.unparse(call.func).split(".")[-1] == "sleep"
        and name not in MAY_WAIT
        and not name.startswith(SUPERVISORS)
    ]

    assert sleepers == []


def test_the_resident_loop_never_blocks_its_thread() -> None:
    blocking = [
        f"{name}:{call.lineno}" for name, call in calls() if ast.unparse(call.func) == "time.sleep"
    ]

    assert [one for one in blocking if not one.startswith(SUPERVISORS)] == []


def test_no_call_puts_a_task_off() -> None:
    late = [
        f"{name}:{call.lineno}"
        for name, call in calls()
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in SENDING
        and PUTTING_OFF & {keyword.arg for keyword in call.keywords if keyword.arg}
    ]

    assert late == []


class Published(list[dict[str, Any]]):
    """Headers and bodies of everything that reached the broker."""

    def late(self) -> list[dict[str, Any]]:
        return [one for one in self if one["headers"].get("eta")]


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> Published:
    """Every message that kombu hands to a broker in this test, whoever sent it."""
    kept = Published()

    def keep(self: Producer, body: Any, *_: Any, **options: Any) -> None:
        kept.append({"body": body, **options})

    monkeypatch.setattr(Producer, "publish", keep)
    return kept


@pytest.fixture
def app(tmp_path: Path) -> Celery:
    app = doorbells.celery_app(Settings(_env_file=None, var=tmp_path))
    app.conf.broker_url = "memory://"
    return app


@pytest.mark.parametrize("task", RINGS)
def test_a_ring_reaches_its_queue_at_once_and_carries_no_data(
    task: str, app: Celery, published: Published
) -> None:
    doorbells.publish(task, RINGS[task])

    (message,) = published
    assert message["headers"]["task"] == task
    assert message["routing_key"] == RINGS[task]
    assert message["headers"]["eta"] is None
    arguments, named, _ = message["body"]
    assert not arguments
    assert not named


def test_the_recorder_sees_a_task_that_is_put_off(app: Celery, published: Published) -> None:
    app.send_task("runtime.advance", countdown=MAX_ETA_S + 1)

    assert len(published.late()) == 1


def test_a_ring_of_a_dead_worker_is_rung_again_and_none_is_hoarded(app: Celery) -> None:
    assert app.conf.task_acks_late is True
    assert app.conf.task_reject_on_worker_lost is False
    assert app.conf.worker_prefetch_multiplier == 1
    assert app.conf.broker_transport_options["visibility_timeout"] == 900
