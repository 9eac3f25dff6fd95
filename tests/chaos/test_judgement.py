"""The verdict: it must see each kind of broken promise, or the crash test proves nothing."""

from dataclasses import replace
from typing import Any

import pytest

from runtime.demo.verdict import Verdict
from tests.chaos.judgement import UNKNOWN_MOST, Findings, complaints

KEPT = Findings(
    campaign_status="COMPLETED",
    recipients=600,
    verdict=Verdict(
        by_state={"READ": 599, "UNKNOWN": 1},
        per_device={"CS 1": 600},
        gaps_s={"CS 1": 0.06},
        distinct_texts=600,
        duplicates=0,
        lost=0,
        unlisted=0,
    ),
    asked_again=0,
    open_messages=0,
    open_runs=0,
    shortest_gap_s=6.0,
    most_in_flight=1,
    unknown_reasons={"too_many_tries": 1},
    settled_by={"ack": 100},
    resent=30,
)


def test_a_run_that_kept_every_promise_gives_no_complaint() -> None:
    assert complaints(KEPT, 600, 5.0) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"campaign_status": "PROCESSING"}, "the campaign is PROCESSING"),
        ({"recipients": 599}, "599 recipients instead of 600"),
        ({"asked_again": 1}, "1 asked again after delivery"),
        ({"open_messages": 2}, "2 messages without a last word"),
        ({"open_runs": 2}, "2 runs without an end"),
        ({"shortest_gap_s": 4.99}, "a gap of 4.99 s"),
        ({"most_in_flight": 2}, "2 at once on one device"),
    ],
)
def test_a_broken_promise_is_named(change: dict[str, Any], words: str) -> None:
    assert complaints(replace(KEPT, **change), 600, 5.0) == [words]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"duplicates": 1}, "1 delivered twice"),
        ({"lost": 1}, "1 lost"),
        ({"unlisted": 1}, "1 delivered, but not called so"),
        ({"by_state": {"READ": 599, "FAILED": 1}}, "1 neither reached nor in doubt"),
        (
            {"by_state": {"SENT": 599 - UNKNOWN_MOST, "UNKNOWN": UNKNOWN_MOST + 1}},
            f"{UNKNOWN_MOST + 1} UNKNOWN, at most {UNKNOWN_MOST} can be bad luck",
        ),
    ],
)
def test_what_the_ledger_says_against_the_database_is_named(
    change: dict[str, Any], words: str
) -> None:
    changed = replace(KEPT, verdict=replace(KEPT.verdict, **change))

    assert complaints(changed, 600, 5.0) == [words]
