"""W5: do sends and replies keep their pace while 100 images wait to be read?

The same load alone and with images in the media queue, in turns in one run; a slow worker and the
reader run in both, the real one where `make setup-ocr` was made, else a slow stand-in.

What people see is the pace, and it is held to a bar: a broadcast of one message a second and device
(many times as fast as a campaign begins with), and 10 customers a second who get an answer.
Messages a second stay, no lane is more than 200 ms late, and no answer takes 200 ms longer. A
broadcast at full speed is told without a bar: it takes every processor there is, and on two of them
whatever else runs is felt.
Prints JSON; exit code 1 when a bar is missed.
"""

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from bench import broadcast, ocr_replies, shop
from bench.measure import child, machine, spread
from bench.ocr_images import let_wait, read_so_far, reader, slow_worker
from runtime import compose
from runtime.migrate import migrate
from runtime.processes.supervisor import OCR_PYTHON
from services.campaigns.models import Campaign
from services.kit.config import Settings
from services.messages.models import OutboundMessage
from tests.support import valkey

IMAGES = 100
PACED_IMAGES = 400
"""At a pace the reader has processors to itself: so many that some wait until the end."""
RATIO_BAR = 0.98
"""What is left of the messages a second at a pace, at least."""
LATE_BAR_MS = 200.0
"""How late a lane may be, and how much longer an answer may take: in the median and for 99 of 100
(design, section 15)."""
PACE_S = 1.0
messages = OutboundMessage.__table__


@dataclass(frozen=True, slots=True)
class Figures:
    """One broadcast. `late_ms`: of each message after the first of its device."""

    messages_per_s: float
    """From the start to the end."""
    sending_per_s: float
    """From the first send to the last: at a pace, starting and ending are most of the rest."""
    late_ms: Sequence[float]
    images_read: int


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--contacts", type=int, default=1500, help="at full speed")
    options.add_argument("--paced", type=int, default=200, help="at one a second and device")
    options.add_argument("--replies", type=int, default=200, help="at 10 a second")
    options.add_argument("--runs", type=int, default=3, help="pairs of each")
    given = options.parse_args()
    found = report(given.contacts, given.paced, given.replies, given.runs)
    print(json.dumps(found))
    if not found["kept"]:
        sys.stderr.write(f"MISSED while images waited: {', '.join(found['missed'])}\n")
    return int(not found["kept"])


def report(contacts: int, paced: int, replies: int, pairs: int) -> dict[str, Any]:
    """Pairs of runs of each load, the second of each pair with images."""
    full = [(run(contacts, 0.0, 0), run(contacts, 0.0, IMAGES)) for _ in range(pairs)]
    slow = [(run(paced, PACE_S, 0), run(paced, PACE_S, PACED_IMAGES)) for _ in range(pairs)]
    asked = [
        (ocr_replies.run(replies, 0), ocr_replies.run(replies, PACED_IMAGES)) for _ in range(pairs)
    ]
    found: dict[str, Any] = {
        "what": "broadcasts and replies while images wait, beside the same ones alone",
        "reader": "the ocr program" if OCR_PYTHON.exists() else "a stand-in",
        "paced_ratio": spread([two.sending_per_s / one.sending_per_s for one, two in slow], 3),
        "paced_late_ms": _late([late for one, _ in slow for late in one.late_ms]),
        "paced_late_ms_with_images": _late([late for _, one in slow for late in one.late_ms]),
        "replies_ratio": spread([two.replies_per_s / one.replies_per_s for one, two in asked], 3),
        "replies_took_ms": _late([took for one, _ in asked for took in one.took_ms]),
        "replies_took_ms_with_images": _late([took for _, one in asked for took in one.took_ms]),
        "full_speed_messages_per_s": spread([one.messages_per_s for one, _ in full]),
        "full_speed_messages_per_s_with_images": spread([one.messages_per_s for _, one in full]),
        "full_speed_ratio": spread(
            [two.messages_per_s / one.messages_per_s for one, two in full], 3
        ),
        "images_read_meanwhile": {
            "paced": [one.images_read for _, one in slow],
            "replies": [one.images_read for _, one in asked],
            "full_speed": [one.images_read for _, one in full],
        },
        "bar": {"ratio": RATIO_BAR, "later_ms": LATE_BAR_MS},
    }
    missed = _missed(found)
    return {**found, "missed": missed, "kept": not missed, **machine()}


def _missed(found: Mapping[str, Any]) -> list[str]:
    missed = [
        name for name in ("paced_ratio", "replies_ratio") if found[name]["median"] < RATIO_BAR
    ]
    for part in ("p50", "p99"):
        if found["paced_late_ms_with_images"][part] > LATE_BAR_MS:
            missed.append(f"paced_late_ms {part}")
        if (
            found["replies_took_ms_with_images"][part] - found["replies_took_ms"][part]
            > LATE_BAR_MS
        ):
            missed.append(f"replies_took_ms {part}")
    return missed


def _late(values: Sequence[float]) -> dict[str, Any]:
    return {
        "p50": round(statistics.median(values), 1),
        "p99": round(statistics.quantiles(values, n=100, method="inclusive")[-1], 1),
        "highest": round(max(values), 1),
        "messages": len(values),
    }


def run(contacts: int, pace_s: float, images: int) -> Figures:
    """One broadcast on fresh rows with fresh processes; raises when anything was lost."""
    folder = Path(tempfile.mkdtemp(prefix="alir-bench-"))
    names = [f"dev{number}" for number in range(broadcast.DEVICES)]
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        env = {
            "ALIR_VAR": str(folder),
            "ALIR_REDIS_URL": stack.enter_context(valkey.running()),
            "ALIR_DATABASE_URL": "",
            "ALIR_MIN_ANY_GAP_S": "0",
            "ALIR_OCR_URL": stack.enter_context(reader(folder)),
        }
        url = stack.enter_context(broadcast._engine("mock", folder, names))
        os.environ.update(env)
        app = compose.build(Settings())
        stack.callback(app.database.close)
        migrate(app.database)
        shop.fill(app, url, broadcast.API_KEY, contacts, names)
        _pace(app, pace_s)
        workers = [
            *(broadcast._worker(number) for number in range(broadcast.WORKERS)),
            slow_worker(),
        ]
        pids = [
            stack.enter_context(child(command, folder / f"worker{number}.log", env)).pid
            for number, command in enumerate(workers)
        ]
        broadcast._wait_ready(pids)
        let_wait(app, images)
        read_before = read_so_far(app)
        began = time.monotonic()
        shop.begin(app)
        broadcast._wait_done(app, pids)
        took_s = time.monotonic() - began
        read_after = read_so_far(app)
        if images and read_after == images:
            raise RuntimeError("all images were read before the broadcast ended: give it more")
        broadcast._prove(app, broadcast.Case("mock", "sqlite", contacts), url)
        first, last = broadcast._sent_between(app)
        sending_per_s = contacts / max(last - first, 1e-6)
        return Figures(
            contacts / took_s, sending_per_s, _late_ms(app, pace_s), read_after - read_before
        )


def _pace(app: compose.App, pace_s: float) -> None:
    with app.database.write() as connection:
        params = connection.execute(select(Campaign.params)).scalar_one()
        paced = {**params, "delay_min": pace_s, "delay_max": pace_s}
        connection.execute(
            update(Campaign).values(params=paced, delay_min=pace_s, delay_max=pace_s)
        )


def _late_ms(app: compose.App, pace_s: float) -> list[float]:
    """How much longer than asked each device rested before each message but its first."""
    with app.database.read() as connection:
        rows = connection.execute(
            select(messages.c.device_id, messages.c.sending_at, messages.c.sent_at).order_by(
                messages.c.device_id, messages.c.sending_at
            )
        ).all()
    return [
        ((after.sending_at - before.sent_at).total_seconds() - pace_s) * 1000
        for before, after in pairwise(rows)
        if before.device_id == after.device_id
    ]


if __name__ == "__main__":
    sys.exit(main())
