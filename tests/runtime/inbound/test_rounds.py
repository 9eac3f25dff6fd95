"""Elements and branches inside of a repeat: every round has its own."""

import pytest

from tests.runtime.inbound.floor import Floor

ROUNDS = """
flow: alir/1
kind: inbound
id: putaran
name: Putaran
triggers:
  masuk: {type: message, debounce: {quiet: 0s}, next: ulang}
nodes:
  ulang:
    type: repeat
    with: {times: 2}
    next: {each: daftar}
  daftar:
    type: for-each
    within: ulang
    with: {items: [apel, jeruk], window: 5}
    next: {each: kirim, done: cabang}
  kirim:
    type: send-waha
    within: daftar
    with: {device: {$: trigger.device}, to: {$: trigger.chat_id}, text: {$: item.value}}
  cabang:
    type: set-variables
    within: ulang
    with: {values: {x: 1}}
    next: {ok: [kiri, kanan]}
  kiri:
    type: send-waha
    within: ulang
    with: {device: {$: trigger.device}, to: {$: trigger.chat_id}, text: kiri}
    next: {ok: temu}
  kanan:
    type: send-waha
    within: ulang
    with: {device: {$: trigger.device}, to: {$: trigger.chat_id}, text: kanan}
    next: {ok: temu}
  temu:
    type: join
    within: ulang
"""


@pytest.mark.sql
def test_every_round_has_elements_and_branches_of_its_own(any_floor: Floor) -> None:
    any_floor.flow(ROUNDS, slug="putaran")

    any_floor.say("mulai hitung")
    any_floor.wait(10)

    parent = any_floor.runs()[0]
    assert parent.status == "SUCCEEDED", (parent.reason, parent.trace)
    assert sorted(any_floor.texts) == sorted(["apel", "jeruk", "kiri", "kanan"] * 2)
