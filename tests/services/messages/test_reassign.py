"""Messages that wait on a device that can't send them find another, and never two ways out."""

from services.devices.models import Device
from services.integrations.waha.outcomes import NotSent, Unknown
from services.messages import acks, limits
from services.messages.reassign import reassign
from services.messages.settle import Verdict
from tests.services.messages.lab import Lab

LOST = Unknown("reset", "The connection broke.")


def moved(lab: Lab) -> int:
    with lab.database.write() as connection:
        return reassign(connection, lab.now)


def test_a_receipt_after_a_believed_absence_stops_the_resend(lab: Lab) -> None:
    device = lab.device()
    message = lab.message(device)
    lab.record(lab.send(), LOST)
    for wait_s in (121, 6, 31, 121, 121):
        lab.wait(wait_s)
        lab.judge(*[Verdict(doubt, "not_found", {"by": "id"}) for doubt in lab.doubts()])
    assert lab.row(message).status == "PENDING"

    with lab.database.write() as connection:
        finals, _ = acks.apply(connection, {(device, lab.row(message).wa_msg_id): 2}, lab.now)

    assert [final.status for final in finals] == ["SENT"]
    assert lab.row(message).status == "SENT"
    assert lab.claim().sends == []


def test_a_receipt_during_a_refused_resend_counts_as_sent(lab: Lab) -> None:
    device = lab.device()
    message = lab.message(device)
    sent = lab.send()
    with lab.database.write() as connection:
        acks.apply(connection, {(device, sent.wa_msg_id): 1}, lab.now)

    lab.record(sent, NotSent("not_ready", "The session is not ready."))

    assert lab.row(message).status == "SENT"


def test_a_message_for_a_person_the_new_device_does_not_know_counts_as_a_new_chat(
    lab: Lab,
) -> None:
    gone, other = lab.device(status="DISCONNECTED"), lab.device(pacing={"cold_per_day": 0})
    campaign = lab.campaign()
    _, message = lab.recipient(campaign, gone, is_cold=False)

    assert moved(lab) == 1

    assert (lab.row(message).device_id, lab.row(message).is_cold) == (other, True)
    assert lab.claim().sends == []


def test_what_certainly_did_not_leave_moves_and_gives_its_id_up(lab: Lab) -> None:
    gone, other = lab.device(), lab.device()
    _, message = lab.recipient(lab.campaign(), gone)
    lab.record(lab.send(), NotSent("not_ready", "The session is not ready."))
    lab.set(Device, gone, status="DISCONNECTED")

    assert moved(lab) == 1

    row = lab.row(message)
    assert (row.status, row.device_id, row.wa_msg_id) == ("PENDING", other, None)


def test_what_was_in_doubt_stays_with_its_device(lab: Lab) -> None:
    gone = lab.device()
    lab.device()
    _, message = lab.recipient(lab.campaign(), gone)
    lab.record(lab.send(), LOST)
    for wait_s in (121, 6, 31, 121):
        lab.wait(wait_s)
        lab.judge(*[Verdict(doubt, "not_found", {"by": "id"}) for doubt in lab.doubts()])
    lab.set(Device, gone, status="DISCONNECTED")

    assert moved(lab) == 0
    assert lab.row(message).device_id == gone


def test_a_device_of_the_pool_that_was_never_used_takes_over(lab: Lab) -> None:
    gone, fresh = lab.device(), lab.device()
    _, message = lab.recipient(lab.campaign(), gone)
    lab.set(Device, gone, health="PAUSED")

    assert moved(lab) == 1
    assert lab.row(message).device_id == fresh


def test_a_message_refused_for_its_own_sake_ends_as_failed(lab: Lab) -> None:
    device = lab.device()
    message = lab.message(device)
    for _ in range(limits.MAX_REFUSALS):
        lab.wait(3600)
        lab.record(lab.send(), NotSent("refused", "Not this one.", scope="message"))

    assert (lab.row(message).status, lab.row(message).reason) == ("FAILED", "refused")
