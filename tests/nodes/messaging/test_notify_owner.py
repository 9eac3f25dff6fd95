import pytest

from nodes.contract import Go, Message, NodeError, Send
from nodes.messaging.notify_owner import NotifyOwner, notify_owner
from tests.nodes.world import World, context, device

SHOP = {"name": "Toko Maju", "owner_phone": "0812-3456-7890"}
POOL = (device("a", False), device("b"), device("c"))
COUNTS = {"steps": {"tiap": {"counts": {"ok": 480}}}}


@pytest.mark.parametrize(("pool", "name"), [([], "b"), (["c", "a"], "c")])
def test_writes_to_the_owner_through_the_first_device_that_is_ready(pool, name):
    params = NotifyOwner(text="Selesai: {{ steps.tiap.counts.ok }} terkirim", pool=pool)

    answer = notify_owner(params, context(World(shop=SHOP, pool=POOL), COUNTS))

    assert answer == Send(
        Message(kind="text", device=name, to="6281234567890", text="Selesai: 480 terkirim")
    )


@pytest.mark.parametrize(
    ("world", "reason"),
    [
        (World(shop={"owner_phone": None}, pool=POOL), "no_owner_phone"),
        (World(shop=SHOP, pool=POOL[:1]), "no_device_ready"),
        (World(shop=SHOP), "no_device_ready"),
    ],
)
def test_is_skipped_when_nobody_can_be_told(world, reason):
    assert notify_owner(NotifyOwner(text="Halo"), context(world)) == Go(
        "skipped", {"reason": reason}
    )


@pytest.mark.parametrize(
    ("shop", "text", "code"),
    [
        (SHOP, "{{ x", "bad_template"),
        (SHOP, "{{ nothing }}", "empty_text"),
        ({"owner_phone": "0812"}, "Halo", "bad_owner_phone"),
    ],
)
def test_refuses_what_it_cannot_send(shop, text, code):
    with pytest.raises(NodeError) as refused:
        notify_owner(NotifyOwner(text=text), context(World(shop=shop, pool=POOL)))

    assert refused.value.code == code
