import pytest

from nodes.contract import NodeError, Reply
from nodes.web.redirect import Redirect, redirect
from tests.nodes.world import context

SCOPE = {"trigger": {"utm": {"source": "ig & tiktok"}}}


def location(form=None, **inputs):
    answer = redirect(Redirect(**(form or {})), context(scope=SCOPE), **inputs)
    assert isinstance(answer, Reply)
    assert (answer.status, answer.headers["cache-control"]) == (302, "no-store")
    return answer.headers["location"]


@pytest.mark.parametrize(
    ("form", "inputs", "address"),
    [
        ({}, {"phone": "0812-3456-7890"}, "https://wa.me/6281234567890"),
        (
            {"text": "Halo, dari {{ trigger.utm.source }}?"},
            {"phone": "628111@c.us"},
            "https://wa.me/628111?text=Halo%2C%20dari%20ig%20%26%20tiktok%3F",
        ),
        ({"text": "{{ trigger.utm.none }}"}, {"phone": "628111"}, "https://wa.me/628111"),
        ({}, {"url": " https://toko.id/a?b=c%20d#e "}, "https://toko.id/a?b=c%20d#e"),
        ({}, {"url": "https://toko.id/kopi susu"}, "https://toko.id/kopi%20susu"),
    ],
)
def test_leads_to_a_chat_or_to_a_page(form, inputs, address):
    assert location(form, **inputs) == address


@pytest.mark.parametrize(
    ("form", "inputs", "code"),
    [
        ({}, {}, "no_target"),
        ({}, {"phone": "628111", "url": "https://a.id"}, "no_target"),
        ({}, {"phone": "7669967701@lid"}, "bad_phone"),
        ({}, {"phone": "0812"}, "bad_phone"),
        ({}, {"url": "javascript:alert(1)"}, "bad_url"),
        ({}, {"url": "https://"}, "bad_url"),
        ({}, {"url": "https://[a"}, "bad_url"),
        ({}, {"url": "https://a.id/\r\nSet-Cookie: x=y"}, "bad_url"),
        ({}, {"url": "https://a.id/" + "a" * 2_100}, "too_long"),
    ],
)
def test_refuses_to_lead_somewhere_unsafe(form, inputs, code):
    with pytest.raises(NodeError) as refused:
        location(form, **inputs)

    assert refused.value.code == code
