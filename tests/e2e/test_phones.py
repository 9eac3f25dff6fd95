"""A customer before the phone: what is written there is answered there, by the whole product."""

import pytest

from runtime.demo import act
from services.blacklist.opt_out import OPT_IN_TEXT, OPT_OUT_TEXT
from tests.e2e.phones_page import PhonesPage

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]

BOT, OWNER = "otomatis / API", "pemilik, dari HP"


def test_harga_gets_the_answer_of_its_rule(phones: PhonesPage) -> None:
    phones.open_chat("CS Satu", "0812 9000 0001", "Sari")
    phones.write("harga")

    phones.expect_answers("daftar harga")
    phones.expect_answers(BOT)


def test_seven_short_messages_get_one_answer(phones: PhonesPage) -> None:
    phones.open_chat("CS Dua", "0812 9000 0002", "Ningsih")
    phones.write(*act.BURST)
    phones.expect_answers("kami catat")

    # Whoever writes later is answered later: nothing more came for the seven.
    phones.write("jam buka?")
    phones.expect_answers("kami catat", "08.00-20.00")


def test_the_bot_is_quiet_where_the_owner_answers_from_the_phone(phones: PhonesPage) -> None:
    phones.open_chat("CS Tiga", "0812 9000 0003", "Hendra")
    phones.write("harga kemeja?")
    phones.expect_answers("daftar harga")
    phones.answer_as_owner("Halo Pak Hendra, ini saya sendiri.")
    phones.write("ongkir ke Medan berapa?")

    # Another customer of the same number, later, is answered.
    phones.open_chat("CS Tiga", "0812 9000 0004", "Rina")
    phones.write("ongkir ke Medan berapa?")
    phones.expect_answers("mulai Rp 9.000")
    phones.go_back_to("Hendra")
    phones.expect_answers("daftar harga", "Halo Pak Hendra")
    phones.expect_answers(BOT, OWNER)


def test_berhenti_is_confirmed_once_and_mulai_undoes_it(phones: PhonesPage) -> None:
    phones.open_chat("CS Satu", "0812 9000 0005", "Dewi")
    phones.write("BERHENTI")
    phones.expect_answers(OPT_OUT_TEXT)

    phones.write("stop", "MULAI")
    phones.expect_answers(OPT_OUT_TEXT, OPT_IN_TEXT)
    phones.write("harga")
    phones.expect_answers(OPT_OUT_TEXT, OPT_IN_TEXT, "daftar harga")
