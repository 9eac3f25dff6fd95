"""What flows send without being asked: paced like broadcasts, and stopped by an opt-out."""

from datetime import timedelta

import pytest
from sqlalchemy import insert

from runtime.starts import start_run
from services.campaigns.models import Campaign, CampaignLog
from services.contacts.models import ContactTag, ContactTagLink
from services.messages.ledger import DRIP, REPLY
from tests.runtime.inbound.floor import Floor

BUDI = "6281200000001"
WEEKLY = """
flow: alir/1
kind: schedule
id: mingguan
name: Mingguan
triggers:
  jam: {type: manual, next: penerima}
nodes:
  penerima:
    type: select-contacts
    with: {tags_any: [Pelanggan]}
    next: {ok: tiap}
  tiap:
    type: for-each
    with: {items: {$: steps.penerima.cursor}, window: 100}
    next: {each: perangkat}
  perangkat:
    type: pick-device
    within: tiap
    with: {phone: {$: item.contact.phone}}
    next: {ok: kirim}
  kirim:
    type: send-waha
    within: tiap
    with:
      device: {$: steps.perangkat.device}
      to: {$: item.contact.phone}
      text: Menu minggu ini
      delay_min: 15s
      delay_max: 20s
"""
SERIES = """
flow: alir/1
kind: inbound
id: seri
name: Seri
triggers:
  masuk: {type: message, debounce: {quiet: 0s}, next: satu}
nodes:
  satu:
    type: send-waha
    with: {device: {$: trigger.device}, to: {$: trigger.chat_id}, text: Hari ini}
    next: {ok: tunggu}
  tunggu:
    type: wait
    with: {duration: 2d}
    next: {ok: dua}
  dua:
    type: send-waha
    with: {device: {$: trigger.device}, to: {$: trigger.chat_id}, text: Lusa}
"""


def customers(floor: Floor, *phones: str) -> list[int]:
    ids = [floor.lab.person(phone) for phone in phones]
    now = floor.lab.now
    with floor.database.write() as connection:
        connection.execute(
            insert(ContactTag),
            {"id": 1, "tenant_id": 1, "name": "Pelanggan", "created_at": now},
        )
        connection.execute(
            insert(ContactTagLink), [{"contact_id": one, "tag_id": 1} for one in ids]
        )
    return ids


def begin(floor: Floor, flow: int, kind: str, name: str) -> None:
    with floor.database.write() as connection:
        assert start_run(
            connection,
            tenant_id=1,
            flow_id=flow,
            version_id=flow,
            trigger_name=name,
            trigger_values={},
            kind=kind,
            now=floor.lab.now,
        )


@pytest.mark.sql
def test_an_audience_of_a_schedule_is_a_campaign_with_its_recipients(any_floor: Floor) -> None:
    customers(any_floor, BUDI, "6281200000002", "6281200000003")
    flow = any_floor.flow(WEEKLY, slug="mingguan")

    begin(any_floor, flow, "schedule", "jam")
    any_floor.settle()
    assert len(any_floor.texts) == 1  # one at a time, with its pause
    any_floor.wait(60)

    (campaign,) = any_floor.rows(Campaign)
    (parent,) = [run for run in any_floor.runs() if run.parent_id is None]
    assert any_floor.texts == ["Menu minggu ini"] * 3
    assert (campaign.status, campaign.sent_count, campaign.target_count) == ("COMPLETED", 3, 3)
    assert (campaign.name, campaign.run_id) == ("mingguan 2026-03-02 12:00", parent.id)
    assert parent.status == "SUCCEEDED"
    assert {log.status for log in any_floor.rows(CampaignLog)} == {"SENT"}
    gaps = [
        later.sending_at - before.sending_at
        for before, later in zip(any_floor.sent, any_floor.sent[1:], strict=False)
    ]
    assert min(gaps) >= timedelta(seconds=15)


def test_an_answer_leaves_at_once_and_what_follows_days_later_keeps_the_pauses(
    floor: Floor,
) -> None:
    floor.flow(SERIES, slug="seri")
    floor.say("daftar")
    floor.settle()
    floor.lab.wait(172_801)
    floor.settle()

    first, second = floor.outbound()
    assert (first.origin, first.priority) == ("REPLY", REPLY)
    assert (second.origin, second.priority) == ("BROADCAST", DRIP)
    assert (second.gap_min_s, second.gap_max_s) == (5.0, 20.0)
    assert floor.texts == ["Hari ini", "Lusa"]


@pytest.mark.sql
def test_an_opt_out_ends_a_series_that_waits(any_floor: Floor) -> None:
    any_floor.flow(SERIES, slug="seri")
    any_floor.say("daftar")
    any_floor.settle()
    any_floor.say("BERHENTI")
    any_floor.settle()
    any_floor.lab.wait(172_801)
    any_floor.settle()

    (run,) = any_floor.runs()
    assert "Lusa" not in any_floor.texts
    assert run.status == "CANCELLED"
