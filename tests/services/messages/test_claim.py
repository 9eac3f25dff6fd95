"""The claim of a lane: what leaves now, what waits, and what never leaves."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from services.campaigns.models import Campaign
from services.devices.models import Device
from services.messages.claim import claim
from services.messages.ledger import HUMAN, TEST
from tests.services.messages.lab import NOON, Lab

pytestmark = pytest.mark.sql


def test_one_message_of_each_lane_leaves_at_a_time(any_lab: Lab) -> None:
    first, second = any_lab.device(), any_lab.device()
    messages = {device: [any_lab.message(device) for _ in range(2)] for device in (first, second)}

    claimed = any_lab.claim()
    again = any_lab.claim()

    assert {sent.device_id: sent.id for sent in claimed.sends} == {
        first: messages[first][0],
        second: messages[second][0],
    }
    assert again.sends == []


def test_what_leaves_is_written_down_before_it_is_sent(any_lab: Lab) -> None:
    device = any_lab.device()
    message = any_lab.message(device, gap_min_s=30.0, gap_max_s=30.0)

    sent = any_lab.send()

    row, lane = any_lab.row(message), any_lab.lane(device)
    assert (row.status, row.attempt, row.attempt_token) == ("SENDING", 1, sent.token)
    assert row.wa_msg_id == sent.wa_msg_id == "3EB00000000000000000"
    assert row.wa_id_ours
    assert row.device_slot == device
    assert row.sending_at == NOON
    assert row.reconcile_after == NOON + timedelta(seconds=35)
    assert lane.next_broadcast_at == NOON + timedelta(seconds=30)
    assert lane.next_any_at == NOON + timedelta(seconds=1)
    assert (lane.sent_today, lane.sent_this_hour) == (1, 1)


def test_a_broadcast_waits_for_its_gap_and_a_reply_only_a_moment(any_lab: Lab) -> None:
    device = any_lab.device()
    for _ in range(2):
        any_lab.message(device, gap_min_s=30.0, gap_max_s=30.0)
    reply = any_lab.reply(device)
    any_lab.set(Device, device, is_active_for_broadcast=True)

    assert any_lab.sent().id == reply
    assert any_lab.claim().sends == []  # a moment after the reply nothing leaves
    any_lab.wait(1)
    any_lab.sent()
    second_reply = any_lab.reply(device)
    any_lab.wait(1)
    assert any_lab.sent().id == second_reply
    any_lab.wait(28.9)
    assert any_lab.claim().sends == []
    any_lab.wait(0.1)
    assert len(any_lab.claim().sends) == 1


@pytest.mark.parametrize(
    ("first", "second"),
    [(HUMAN, 20), (20, TEST), (TEST, 40)],
)
def test_the_more_urgent_message_goes_first(any_lab: Lab, first: int, second: int) -> None:
    device = any_lab.device()
    any_lab.message(device, priority=second)
    urgent = any_lab.message(device, priority=first)

    assert any_lab.send().id == urgent


@pytest.mark.parametrize(
    ("device", "until"),
    [
        ({"pacing": {"per_day": 3}, "sent_today": 3}, datetime(2026, 3, 2, 17, tzinfo=UTC)),
        ({"pacing": {"per_hour": 3}, "sent_this_hour": 3}, datetime(2026, 3, 2, 6, tzinfo=UTC)),
        (
            {"pacing": {"windows": {"hours": {"mon": ["13:00-17:00"]}}}},
            datetime(2026, 3, 2, 6, tzinfo=UTC),
        ),
        (
            {"pacing": {"windows": {"quiet": "11:00-14:00"}}},
            datetime(2026, 3, 2, 7, tzinfo=UTC),
        ),
        ({"next_broadcast_at": NOON + timedelta(seconds=40)}, NOON + timedelta(seconds=40)),
    ],
    ids=["daily cap", "hourly cap", "working hours", "quiet hours", "gap"],
)
def test_caps_and_hours_hold_broadcasts_until_they_open_and_replies_never(
    any_lab: Lab, device: dict[str, object], until: datetime
) -> None:
    device_id = any_lab.device(**device)
    any_lab.message(device_id)

    assert any_lab.claim().sends == []
    assert any_lab.lane(device_id).due_at == until
    reply = any_lab.reply(device_id)
    assert any_lab.sent().id == reply
    any_lab.now = until - timedelta(seconds=1)
    assert any_lab.claim().sends == []
    any_lab.now = until
    assert len(any_lab.claim().sends) == 1


@pytest.mark.parametrize(
    "device",
    [
        {"status": "DISCONNECTED"},
        {"status": "STARTING"},
        {"status": "FAILED"},
        {"deleted_at": NOON},
        {"health": "PAUSED"},
        {"health": "COOLING", "health_until": NOON + timedelta(minutes=5)},
        {"cooldown_until": NOON + timedelta(minutes=5)},
    ],
    ids=lambda values: "-".join(map(str, values.values()))[:20],
)
def test_a_device_that_may_not_send_sends_nothing_at_all(
    any_lab: Lab, device: dict[str, object]
) -> None:
    device_id = any_lab.device(**device)
    any_lab.message(device_id)
    any_lab.reply(device_id)

    assert any_lab.claim().sends == []
    assert any_lab.lane(device_id).due_at > NOON


def test_a_rest_ends_by_itself(any_lab: Lab) -> None:
    device = any_lab.device(health="COOLING", health_until=NOON + timedelta(minutes=5))
    any_lab.message(device)
    any_lab.claim()

    any_lab.wait(301)

    assert len(any_lab.claim().sends) == 1


def test_a_device_switched_off_for_broadcasts_still_answers(any_lab: Lab) -> None:
    device = any_lab.device(is_active_for_broadcast=False)
    any_lab.message(device)
    reply = any_lab.reply(device)

    assert any_lab.sent().id == reply
    any_lab.wait(60)
    assert any_lab.claim().sends == []


@pytest.mark.parametrize(
    "device",
    [
        {"pacing": {"cold_per_day": 2}, "cold_today": 2},
        {"health": "COLD_FROZEN", "health_until": NOON + timedelta(hours=1)},
        {"health": "COLD_FROZEN", "health_until": None},
    ],
    ids=["budget", "frozen until", "frozen"],
)
def test_new_chats_wait_and_people_who_know_the_number_are_written_to(
    any_lab: Lab, device: dict[str, object]
) -> None:
    device_id = any_lab.device(**device)
    any_lab.message(device_id, is_cold=True)
    warm = any_lab.message(device_id, is_cold=False)

    assert any_lab.sent().id == warm
    any_lab.wait(60)
    assert any_lab.claim().sends == []


@pytest.mark.parametrize(
    ("device", "opens_at"),
    [
        (
            {"health": "COLD_FROZEN", "health_until": NOON + timedelta(hours=1)},
            NOON + timedelta(hours=1),
        ),
        (
            {"pacing": {"cold_per_day": 2}, "cold_today": 2},
            datetime(2026, 3, 2, 17, tzinfo=UTC),
        ),
    ],
    ids=["frozen", "budget"],
)
def test_new_chats_go_on_by_themselves_when_they_may(
    any_lab: Lab, device: dict[str, object], opens_at: datetime
) -> None:
    device_id = any_lab.device(**device)
    cold = any_lab.message(device_id, is_cold=True)
    any_lab.claim()

    assert any_lab.lane(device_id).due_at == opens_at
    any_lab.now = opens_at
    assert any_lab.send().id == cold
    assert any_lab.lane(device_id).cold_today == 1


def test_a_message_of_which_nobody_knows_holds_its_device(any_lab: Lab) -> None:
    device = any_lab.device()
    any_lab.message(device, status="AMBIGUOUS", slot_held=True)
    any_lab.message(device)
    any_lab.reply(device)

    assert any_lab.claim().sends == []


def test_a_paused_campaign_stands_still_until_it_is_resumed(any_lab: Lab) -> None:
    device, campaign = any_lab.device(), any_lab.campaign("PAUSED")
    log, message = any_lab.recipient(campaign, device)
    other = any_lab.message(device)

    assert any_lab.sent().id == other
    any_lab.wait(60)
    assert any_lab.claim().sends == []
    any_lab.set(Campaign, campaign, status="PROCESSING")
    with any_lab.database.write() as connection:
        from services.messages.ledger import ring

        ring(connection, {device}, any_lab.now)
    assert any_lab.send().id == message
    assert any_lab.log(log).status == "SENDING"


@pytest.mark.parametrize("status", ["PREPARING", "PAUSED", "HELD", "CANCELLED", "COMPLETED"])
def test_only_a_campaign_that_runs_sends(any_lab: Lab, status: str) -> None:
    device = any_lab.device()
    any_lab.recipient(any_lab.campaign(status), device)

    assert any_lab.claim().sends == []


@pytest.mark.parametrize(
    ("reason", "origin", "leaves"),
    [
        ("UNSUBSCRIBE", "BROADCAST", False),
        ("UNSUBSCRIBE", "REPLY", True),
        ("UNSUBSCRIBE", "HUMAN", True),
        ("MANUAL", "BROADCAST", False),
        ("MANUAL", "REPLY", False),
        ("SPAM_REPORT", "BROADCAST", False),
        ("SPAM_REPORT", "REPLY", False),
    ],
)
def test_the_blacklist_is_read_once_more_right_before_a_message_leaves(
    any_lab: Lab, reason: str, origin: str, leaves: bool
) -> None:
    device = any_lab.device()
    message = any_lab.message(device, origin=origin, chat_key="6281234567890")
    any_lab.block("6281234567890", reason)

    found = any_lab.claim()

    assert [sent.id for sent in found.sends] == ([message] if leaves else [])
    if not leaves:
        row = any_lab.row(message)
        assert (row.status, row.reason) == ("SKIPPED", "blacklisted")
        assert [skip.id for skip in found.skipped] == [message]
        assert any_lab.lane(device).due_at == any_lab.now


def test_a_skipped_recipient_gets_its_word(any_lab: Lab) -> None:
    device, campaign = any_lab.device(), any_lab.campaign()
    log, message = any_lab.recipient(campaign, device)
    any_lab.block(any_lab.row(message).chat_key, "UNSUBSCRIBE")

    any_lab.claim()

    assert (any_lab.log(log).status, any_lab.log(log).reason) == ("SKIPPED", "blacklisted")


@pytest.mark.parametrize(
    ("origin", "age_s", "leaves"),
    [
        ("REPLY", 599, True),
        ("REPLY", 601, False),
        ("BROADCAST", 9_999, True),
        ("HUMAN", 601, False),
    ],
)
def test_an_answer_that_comes_too_late_is_not_sent(
    any_lab: Lab, origin: str, age_s: float, leaves: bool
) -> None:
    device = any_lab.device()
    message = any_lab.message(device, origin=origin)
    any_lab.wait(age_s)

    found = any_lab.claim()

    assert bool(found.sends) == leaves
    assert any_lab.row(message).reason == (None if leaves else "stale")


RECIPE = {"source": "{Halo|Hai} [nama]", "values": {"nama": "Ayu"}, "seed": "a\x1fb"}


@pytest.mark.parametrize(
    ("age_s", "changes", "made_again"),
    [
        (59, {}, False),
        (61, {}, True),
        (61, {"recipe": None}, False),
        (61, {"attempt": 1}, True),  # certainly never went out: may still be made again
        (61, {"attempt": 1, "ambiguous_at": NOON}, False),
    ],
    ids=["fresh", "old", "without recipe", "never went out", "may have gone out"],
)
def test_an_old_text_is_made_again_unless_it_may_have_gone_out(
    any_lab: Lab, age_s: float, changes: dict[str, object], made_again: bool
) -> None:
    device = any_lab.device()
    values = {"recipe": RECIPE, "body": "as it was", **changes}
    message = any_lab.message(device, **values)
    asked: list[object] = []
    any_lab.render = lambda recipe, now: str(asked.append((recipe, now)) or "made again")
    any_lab.wait(age_s)

    sent = any_lab.send()

    expected = "made again" if made_again else "as it was"
    assert sent.body == any_lab.row(message).body == expected
    assert asked == ([(RECIPE, any_lab.now)] if made_again else [])


def test_without_an_id_a_message_waits_for_one(any_lab: Lab) -> None:
    device = any_lab.device()
    message = any_lab.message(device)
    any_lab.ids.clear()

    found = any_lab.claim()

    assert found.sends == []
    assert found.short_of_ids == {(1, f"toko-{device}")}
    assert any_lab.row(message).status == "PENDING"
    any_lab.ids.append("3EB0AA")
    any_lab.wait(0.2)
    assert any_lab.send().wa_msg_id == "3EB0AA"


def test_an_engine_that_names_messages_itself_gets_no_id(any_lab: Lab) -> None:
    any_lab.needs_id = False
    message = any_lab.message(any_lab.device())

    assert any_lab.send().wa_msg_id is None
    assert not any_lab.row(message).wa_id_ours


def test_a_sign_needs_no_id_and_counts_for_nothing(any_lab: Lab) -> None:
    device = any_lab.device()
    any_lab.message(device, kind="typing", is_cold=True)
    any_lab.ids.clear()

    any_lab.sent()

    lane = any_lab.lane(device)
    assert (lane.sent_today, lane.sent_this_hour, lane.cold_today) == (0, 0, 0)


def test_a_message_that_waits_is_looked_at_when_its_time_comes(any_lab: Lab) -> None:
    device = any_lab.device()
    later = NOON + timedelta(seconds=90)
    any_lab.message(device, not_before=later)

    assert any_lab.claim().sends == []
    assert any_lab.lane(device).due_at == later


def test_a_reply_that_waits_is_not_forgotten_behind_a_closed_broadcast(any_lab: Lab) -> None:
    device = any_lab.device(pacing={"per_day": 1}, sent_today=1)
    any_lab.message(device)
    later = NOON + timedelta(seconds=5)
    reply = any_lab.reply(device, not_before=later)

    any_lab.claim()

    assert any_lab.lane(device).due_at == later
    any_lab.now = later
    assert any_lab.send().id == reply


def test_a_lane_with_nothing_to_send_is_left_alone(any_lab: Lab) -> None:
    device = any_lab.device(due_at=NOON)

    any_lab.claim()

    assert any_lab.lane(device).due_at is None


def test_a_skipped_reply_does_not_hide_the_next_one(any_lab: Lab) -> None:
    device = any_lab.device(next_broadcast_at=NOON + timedelta(hours=2), gap_s=7200.0)
    any_lab.set(Device, device, pacing={"rest_after": [1, 1], "rest_s": [7200, 7200]})
    any_lab.reply(device, chat_key="6281234567890")
    any_lab.block("6281234567890", "MANUAL")
    second = any_lab.reply(device)

    assert any_lab.claim().sends == []
    assert any_lab.lane(device).due_at == NOON
    assert any_lab.send().id == second


def test_two_threads_never_take_the_same_lane(any_lab: Lab) -> None:
    devices = [any_lab.device() for _ in range(8)]
    for device in devices:
        for _ in range(3):
            any_lab.message(device)
    together = threading.Barrier(2)
    taken: list[int] = []
    failures: list[Exception] = []

    def work() -> None:
        try:
            together.wait()
            for _ in range(6):
                with any_lab.database.write() as connection:
                    found = claim(connection, NOON, any_lab.rules, 3)
                taken.extend(sent.device_id for sent in found.sends)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert sorted(taken) == devices


@pytest.mark.parametrize("pacing", [{"per_day": 0}, {"windows": {"hours": 5}}, {"rest_after": [0]}])
def test_a_device_with_a_setting_that_cannot_be_stops_no_other(
    any_lab: Lab, pacing: dict[str, object]
) -> None:
    broken, sound = any_lab.device(pacing=pacing), any_lab.device()
    any_lab.message(broken)
    message = any_lab.message(sound)

    found = any_lab.claim()

    assert [sent.id for sent in found.sends] == [message]
    assert any_lab.lane(broken).due_at > NOON
