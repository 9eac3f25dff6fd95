"""Send menu: what is asked, how often, and where an answer leads."""

from datetime import timedelta

import pytest

from nodes.contract import Go, NodeError, Send, Wait
from nodes.messaging.send_menu import SendMenu, send_menu
from tests.nodes.world import NOW, context

MENU = SendMenu(options={"harga": "Daftar harga", "cs": "Bicara dengan CS"}, timeout="10m")
WHERE = {"device": "toko_1", "to": "628111", "text": "Mau apa, Kak?"}


def ask(told=None, kept=None, params=MENU):
    return send_menu(params, context(told=told, kept=kept or {}), **WHERE)


def test_asks_with_numbered_options_and_wants_to_hear_of_it():
    found = ask()

    assert isinstance(found, Send)
    assert found.hear
    assert found.keep == {"asked": 1}
    assert found.message.text == "Mau apa, Kak?\n\n1. Daftar harga\n2. Bicara dengan CS"
    assert (found.message.device, found.message.to) == ("toko_1", "628111")


@pytest.mark.parametrize("port", ["ok", "unknown"])
def test_waits_for_the_answer_once_the_menu_went_out(port):
    found = ask({"port": port}, {"asked": 1})

    assert found == Wait(
        NOW + timedelta(minutes=10),
        then="timeout",
        key="reply:toko_1:628111",
        hear=True,
        keep={"asked": 1, "waits": True},
    )


def test_a_menu_that_was_not_sent_is_an_error():
    with pytest.raises(NodeError) as found:
        ask({"port": "skipped", "reason": "takeover"}, {"asked": 1})

    assert (found.value.code, found.value.kind) == ("takeover", "blocked")


def test_leaves_by_the_option_that_was_chosen():
    assert ask({"text": "satu"}, {"asked": 1, "waits": True}) == Go(
        "harga",
        {"choice": "harga", "label": "Daftar harga", "text": "satu", "reason": None},
    )


@pytest.mark.parametrize("told", [{"text": "hmm"}, {"text": None}, {"media": {"ref": "m"}}, {}])
def test_asks_again_twice_and_then_gives_up(told):
    again = ask(told, {"asked": 2, "waits": True})
    over = ask(told, {"asked": 3, "waits": True})

    assert isinstance(again, Send)
    assert again.keep == {"asked": 3}
    assert again.message.text.startswith(MENU.invalid_text + "\n\nMau apa, Kak?")
    assert (over.port, over.values["reason"]) == ("invalid", "not_understood")


def test_nobody_who_wants_to_leave_is_asked_again():
    found = ask({"text": "selesai"}, {"asked": 1, "waits": True})

    assert (found.port, found.values["reason"]) == ("invalid", "exit")


@pytest.mark.parametrize(
    "form",
    [
        {"options": {}},
        {"options": {"timeout": "Nanti"}},
        {"options": {"error": "Salah"}},
        {"options": {"Harga": "Harga"}},
        {"options": {f"o{n}": "x" for n in range(11)}},
        {"options": {"a": "A"}, "words": {"b": ["x"]}},
        {"options": {"a": ""}},
    ],
)
def test_refuses_a_menu_that_nobody_could_answer(form):
    with pytest.raises(ValueError, match="SendMenu"):
        SendMenu(**form)
