"""Webhooks: signed, at least once, from memory, and as unreliable as asked."""

import asyncio
import hashlib
import hmac
import random

import pytest

from sandbox.webhooks import parse_target, retry_delay_s

EVENTS = ["message", "message.any", "message.ack", "session.status"]


def shape(value):
    """The keys of a body at every depth, in order."""
    if isinstance(value, dict):
        return [(key, shape(inner)) for key, inner in value.items()]
    return None


def hook(receiver, events=EVENTS, **more):
    return {"url": receiver.url, "events": list(events), **more}


async def until(condition):
    """Let the loop turn until something is so."""
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0)


async def arrive(sandbox, text="info harga", **more):
    body = {
        "session": "default",
        "from": "6281100000002",
        "push_name": "Contact",
        "text": text,
        **more,
    }
    answer = await sandbox.http.post("/sandbox/inbound", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.mark.parametrize(
    "name", ["webhook.delivery.hmac.vector", "webhook.delivery.hmac.vector.docs"]
)
def test_the_signature_is_hmac_sha512_of_the_raw_body(samples, name):
    vector = samples(name)
    digest = hmac.digest(vector["secret"].encode(), vector["raw_body"].encode(), hashlib.sha512)

    assert digest.hex() == vector.get("hmac", vector.get("headers", {}).get("X-Webhook-Hmac"))


@pytest.mark.asyncio
async def test_a_delivery_carries_the_headers_of_the_recorded_one(open_sandbox, receiver, samples):
    sandbox = open_sandbox(version="2025.11.3", engine="NOWEB")
    custom = [{"name": "X-Tenant", "value": "t1"}]
    await sandbox.pair(
        metadata={"tenant.id": "t1"},
        webhooks=[hook(receiver, hmac={"key": "s3cret"}, customHeaders=custom)],
    )

    await receiver.first("session.status")

    body, raw, headers = receiver.deliveries[0]
    recorded = samples("webhook.delivery.hmac.vector")["headers"]
    assert {name.lower() for name in recorded} - {"connection"} <= {one.lower() for one in headers}
    assert headers["User-Agent"] == "WAHA/2025.11.3"
    assert headers["X-Webhook-Timestamp"] == str(body["timestamp"])
    signature = hmac.digest(b"s3cret", raw, hashlib.sha512).hex()
    assert headers["X-Webhook-Hmac"] == signature
    expected = samples("webhook.session.status.STARTING")
    assert shape(body) == shape(expected)


@pytest.mark.asyncio
@pytest.mark.parametrize("engine", ["GOWS", "NOWEB", "WEBJS"])
async def test_an_incoming_message_looks_like_the_sample_of_the_engine(
    open_sandbox, receiver, samples, engine
):
    sandbox = open_sandbox(engine=engine, version="2026.7.1")
    await sandbox.pair(metadata={"tenant.id": "t1"}, webhooks=[hook(receiver, ["message"])])

    await arrive(sandbox, id="3EB0C431C26A1916EA9A01", timestamp=1784460000)

    body = await receiver.first("message")
    expected = samples(f"webhook.message.text.dm.{engine}")
    for one in (body, expected):
        one["id"], one["timestamp"], one["me"]["lid"] = "", 0, ""
    assert body == expected


@pytest.mark.asyncio
async def test_message_and_message_any_are_two_events_of_one_message(sandbox, receiver):
    await sandbox.pair(webhooks=[hook(receiver, ["message", "message.any"])])

    await arrive(sandbox)

    await receiver.until(lambda got: len(got.deliveries) == 2)
    plain, any_one = receiver.of("message")[0], receiver.of("message.any")[0]
    assert plain["payload"] == any_one["payload"]
    assert plain["id"] != any_one["id"]


@pytest.mark.asyncio
async def test_a_url_known_globally_and_per_session_gets_one_event_id_twice(open_sandbox, receiver):
    sandbox = open_sandbox(global_webhook=hook(receiver, ["message"]))
    await sandbox.pair(webhooks=[hook(receiver, ["message"])])

    await arrive(sandbox)

    await receiver.until(lambda got: len(got.deliveries) == 2)
    assert len({body["id"] for body, _, _ in receiver.deliveries}) == 1
    assert len({headers["X-Webhook-Request-Id"] for _, _, headers in receiver.deliveries}) == 2


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("engine", "levels"), [("GOWS", [2, 3]), ("NOWEB", [1, 2, 3]), ("WEBJS", [1, 2, 3])]
)
async def test_acknowledgements_rise_as_the_engine_tells_them(
    open_sandbox, receiver, samples, engine, levels
):
    sandbox = open_sandbox(engine=engine)
    await sandbox.pair(webhooks=[hook(receiver, ["message.ack", "message.any"])])

    await sandbox.send()
    await receiver.until(lambda got: len(got.of("message.ack")) == len(levels))

    acks = sorted(receiver.of("message.ack"), key=lambda one: one["payload"]["ack"])
    assert [one["payload"]["ack"] for one in acks] == levels
    sent = receiver.of("message.any")[0]["payload"]
    assert (sent["fromMe"], sent["source"]) == (True, "api")
    assert {one["payload"]["id"] for one in acks} == {sent["id"]}
    name = "webhook.message.ack.DEVICE.NOWEB" if engine == "NOWEB" else None
    name = name or f"webhook.message.ack.READ.{engine}"
    assert shape(acks[-1]["payload"]) == shape(samples(name)["payload"])


@pytest.mark.asyncio
async def test_a_message_sent_by_the_api_looks_like_the_sample(sandbox, receiver, samples):
    await sandbox.pair(webhooks=[hook(receiver, ["message.any"])])

    await sandbox.send()

    body = await receiver.first("message.any")
    assert shape(body["payload"]) == shape(
        samples("webhook.message.any.sent_by_api.GOWS")["payload"]
    )


@pytest.mark.asyncio
async def test_the_owner_on_the_phone_is_source_app(sandbox, receiver, samples):
    await sandbox.pair(webhooks=[hook(receiver, ["message.any", "message"])])

    await sandbox.http.post(
        "/sandbox/owner",
        json={"session": "default", "chat": "6281100000002", "text": "dibalas dari HP"},
    )

    payload = (await receiver.first("message.any"))["payload"]
    expected = samples("webhook.message.any.sent_by_app.GOWS")["payload"]
    assert shape(payload) == shape(expected)
    for name in ("from", "fromMe", "source", "body", "ack"):
        assert payload[name] == expected[name]
    assert payload["_data"]["Info"]["Sender"] == expected["_data"]["Info"]["Sender"]
    assert receiver.of("message") == []


@pytest.mark.asyncio
@pytest.mark.parametrize("status", [500, 410, 401])
async def test_whatever_is_no_2xx_is_tried_again_with_the_same_bytes(sandbox, receiver, status):
    receiver.answers = [(status, {}), (status, {})]
    retries = {"policy": "constant", "delaySeconds": 0, "attempts": 5}
    await sandbox.pair(webhooks=[hook(receiver, ["message"], retries=retries)])

    await arrive(sandbox)

    await receiver.until(lambda got: len(got.deliveries) == 3)
    assert len({raw for _, raw, _ in receiver.deliveries}) == 1
    assert len({headers["X-Webhook-Request-Id"] for _, _, headers in receiver.deliveries}) == 1


@pytest.mark.asyncio
async def test_it_gives_up_after_the_attempts(sandbox, receiver):
    receiver.answers = [(500, {})] * 9
    retries = {"policy": "constant", "delaySeconds": 0, "attempts": 2}
    await sandbox.pair(webhooks=[hook(receiver, ["message"], retries=retries)])

    await arrive(sandbox)
    await receiver.until(lambda got: len(got.deliveries) == 3)
    await until(lambda: sandbox.world.webhooks.counts["given_up"])

    assert sandbox.world.webhooks.waiting == 0
    assert len(receiver.deliveries) == 3


@pytest.mark.parametrize(
    ("policy", "delay_s", "waits"),
    [
        ("constant", 2, [(2, 2), (2, 2), (2, 2)]),
        ("linear", 1, [(1, 1), (2, 2), (3, 3)]),
        ("exponential", 1, [(2, 2.4), (4, 4.8), (8, 9.6)]),
        ("constant", 0, [(0, 0), (0, 0), (0, 0)]),
    ],
)
def test_the_waits_follow_the_policy_as_measured(policy, delay_s, waits):
    target = parse_target({"url": "x", "retries": {"policy": policy, "delaySeconds": delay_s}})
    rng = random.Random(1)

    for number, (least, most) in enumerate(waits, start=1):
        assert least <= retry_delay_s(target, number, rng) <= most


def test_retries_default_to_fifteen_every_two_seconds():
    target = parse_target({"url": "x"})

    assert (target.policy, target.delay_s, target.attempts) == ("constant", 2.0, 15)


@pytest.mark.asyncio
async def test_a_restart_of_the_server_loses_what_waited(sandbox, receiver):
    receiver.answers = [(500, {})]
    retries = {"policy": "constant", "delaySeconds": 3_000, "attempts": 5}
    await sandbox.pair(webhooks=[hook(receiver, ["message"], retries=retries)])
    await arrive(sandbox)
    await until(lambda: sandbox.world.webhooks.waiting)
    before = (await sandbox.http.get("/api/server/status")).json()["startTimestamp"]

    await sandbox.http.post("/sandbox/restart")

    after = (await sandbox.http.get("/api/server/status")).json()["startTimestamp"]
    assert after >= before
    assert sandbox.world.webhooks.waiting == 0
    assert sandbox.world.webhooks.counts["lost_on_restart"] == 1


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("settings", "copies"),
    [({"duplicate_share": 1}, 2), ({"drop_share": 1}, 0), ({"enabled": False}, 0), ({}, 1)],
)
async def test_delivery_can_be_doubled_and_dropped(sandbox, receiver, settings, copies):
    await sandbox.pair(webhooks=[hook(receiver, ["message"])])
    await sandbox.http.put("/sandbox/webhooks", json={"settings": settings})

    await arrive(sandbox)
    await sandbox.http.put(
        "/sandbox/webhooks",
        json={"settings": {"enabled": True, "drop_share": 0, "duplicate_share": 0}},
    )
    await arrive(sandbox, "penutup")
    await receiver.until(
        lambda got: (
            any(one["payload"]["body"] == "penutup" for one in got.of("message"))
            and len(got.deliveries) == copies + 1
        )
    )

    firsts = [one["id"] for one in receiver.of("message") if one["payload"]["body"] != "penutup"]
    assert len(firsts) == copies
    assert len(set(firsts)) <= 1


@pytest.mark.asyncio
async def test_shuffled_events_overtake_each_other(sandbox, receiver):
    await sandbox.pair(webhooks=[hook(receiver, ["message"])])
    await sandbox.http.put("/sandbox/webhooks", json={"settings": {"shuffle_ms": 40}})

    for number in range(12):
        await arrive(sandbox, f"{number:02d}")
    await receiver.until(lambda got: len(got.deliveries) == 12)

    texts = [one["payload"]["body"] for one in receiver.of("message")]
    assert sorted(texts) == [f"{number:02d}" for number in range(12)]
    assert texts != sorted(texts)


@pytest.mark.asyncio
async def test_a_deaf_session_works_and_says_nothing(sandbox, receiver):
    await sandbox.pair(webhooks=[hook(receiver, ["message"])])
    await sandbox.http.post("/sandbox/phones/default/deaf", json={"on": True})
    await arrive(sandbox, "tak terdengar")
    await sandbox.http.post("/sandbox/phones/default/deaf", json={"on": False})
    await arrive(sandbox, "terdengar")

    await receiver.first("message")

    assert [one["payload"]["body"] for one in receiver.of("message")] == ["terdengar"]
    listed = (await sandbox.http.get("/api/default/chats/all/messages")).json()
    assert [one["body"] for one in listed] == ["terdengar", "tak terdengar"]


@pytest.mark.asyncio
async def test_a_send_that_whatsapp_refuses_later_ends_with_minus_one(open_sandbox, receiver):
    sandbox = open_sandbox(engine="NOWEB")
    await sandbox.pair(webhooks=[hook(receiver, ["message.ack"])])
    await sandbox.faults({"kind": "ack_error"})

    await sandbox.send()

    payload = (await receiver.first("message.ack"))["payload"]
    assert (payload["ack"], payload["ackName"]) == (-1, "ERROR")
    assert (await sandbox.summary())["delivered"] == 0
