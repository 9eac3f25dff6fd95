"""Each fault does to the ledger and to the caller exactly what its name says."""

import asyncio

import httpx
import pytest

from sandbox.faults import KINDS, BadRules, draw, parse_rules


def outcome(result):
    """What a caller can tell about a call."""
    return result.status_code if isinstance(result, httpx.Response) else type(result).__name__


async def attempt(sandbox, timeout_s=5.0, **more):
    try:
        async with asyncio.timeout(timeout_s):
            return outcome(await sandbox.send(**more))
    except (ConnectionResetError, TimeoutError) as problem:
        return type(problem).__name__


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("rule", "told", "delivered"),
    [
        ({"kind": "http_500_before"}, 500, 0),
        ({"kind": "http_500_after"}, 500, 1),
        ({"kind": "hang_after", "seconds": 60}, "TimeoutError", 1),
        ({"kind": "hang_after", "seconds": 0}, 201, 1),
        ({"kind": "hang", "seconds": 60}, "TimeoutError", 0),
        ({"kind": "hang_before_then_send", "seconds": 60}, "TimeoutError", 0),
        ({"kind": "reset_after"}, "ConnectionResetError", 1),
        ({"kind": "reset_before"}, "ConnectionResetError", 0),
        ({"kind": "refuse", "status": 401}, 401, 0),
        ({"kind": "refuse", "status": 403}, 403, 0),
        ({"kind": "refuse", "status": 422}, 422, 0),
        ({"kind": "refuse", "status": 429, "retry_after": 7}, 429, 0),
        ({"kind": "accept_not_delivered"}, 201, 0),
        ({"kind": "double_delivery"}, 201, 2),
        ({"kind": "error_463"}, 500, 0),
        ({"kind": "no_lid"}, 500, 0),
        ({"kind": "rate_overlimit"}, 500, 0),
        ({"kind": "slow", "ms": 1}, 201, 1),
        ({"kind": "late_visible", "seconds": 60}, 201, 1),
        ({"kind": "id_ignored"}, 201, 1),
        ({"kind": "ack_error"}, 201, 0),
        ({"kind": "ack_first", "ms": 1}, 201, 1),
    ],
)
async def test_a_fault_tells_one_thing_and_does_another(sandbox, rule, told, delivered):
    await sandbox.pair()
    await sandbox.faults(rule)

    assert await attempt(sandbox, timeout_s=0.3) == told

    assert (await sandbox.summary())["delivered"] == delivered
    assert (await sandbox.http.get("/sandbox/faults")).json()["hits"] == {rule["kind"]: 1}


@pytest.mark.asyncio
async def test_a_hung_call_is_delivered_later(sandbox):
    await sandbox.pair()
    await sandbox.faults({"kind": "hang_before_then_send", "seconds": 0.05})

    call = asyncio.create_task(sandbox.send("terlambat"))
    async with asyncio.timeout(10):
        while not await sandbox.ledger():
            await asyncio.sleep(0)
    call.cancel()

    row = (await sandbox.ledger())[0]
    assert row["text"] == "terlambat"
    assert row["delivered_mono"] - row["arrived_mono"] >= 0.045


@pytest.mark.asyncio
async def test_a_refusal_for_a_while_says_for_how_long(sandbox):
    await sandbox.pair()
    await sandbox.faults({"kind": "refuse", "status": 429, "retry_after": 7})

    answer = await sandbox.send()

    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")


@pytest.mark.asyncio
async def test_an_engine_that_sends_twice_is_not_the_callers_duplicate(sandbox):
    await sandbox.pair()
    await sandbox.faults({"kind": "double_delivery", "times": 1})
    await sandbox.send()
    await sandbox.send()

    summary = await sandbox.summary()

    assert (summary["delivered"], summary["engine_duplicates"], summary["duplicates"]) == (3, 1, 1)


@pytest.mark.asyncio
async def test_a_late_message_is_found_after_its_time_only(sandbox):
    await sandbox.pair()
    await sandbox.faults({"kind": "late_visible", "seconds": 60})
    bare = (await sandbox.send()).json()["id"].split("_")[2]

    hidden = await sandbox.http.get(f"/api/default/chats/all/messages/{bare}")
    listed = await sandbox.http.get("/api/default/chats/all/messages")
    sandbox.world.sessions["default"].history.by_id[bare].visible_at = 0.0
    found = await sandbox.http.get(f"/api/default/chats/all/messages/{bare}")

    assert (hidden.status_code, listed.json(), found.status_code) == (404, [], 200)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("kind", "one", "many"), [("history_500", 500, 500), ("history_empty", 404, 200)]
)
async def test_the_history_can_fail_or_lie(sandbox, kind, one, many):
    await sandbox.pair()
    bare = (await sandbox.send()).json()["id"].split("_")[2]
    await sandbox.faults({"kind": kind})

    found = await sandbox.http.get(f"/api/default/chats/all/messages/{bare}")
    listed = await sandbox.http.get("/api/default/chats/all/messages")

    assert (found.status_code, listed.status_code) == (one, many)
    if many == 200:
        assert listed.json() == []


@pytest.mark.asyncio
async def test_rules_hit_only_what_they_name(sandbox):
    await sandbox.pair()
    await sandbox.pair("second")
    await sandbox.faults(
        {"kind": "no_lid", "match": {"session": "second"}},
        {"kind": "error_463", "match": {"chat": "62899*"}},
        {"kind": "http_500_before", "match": {"path": "/api/sendImage"}},
    )

    assert (await sandbox.send()).status_code == 201
    assert "LID" in (await sandbox.send(session="second")).json()["exception"]["message"]
    assert "463" in (await sandbox.send(chatId="62899@c.us")).json()["exception"]["message"]
    image = await sandbox.http.post("/api/sendImage", json={"session": "default", "chatId": "1"})
    assert image.status_code == 500


@pytest.mark.asyncio
async def test_after_and_times_bound_a_rule(sandbox):
    await sandbox.pair()
    await sandbox.faults({"kind": "http_500_before", "after": 2, "times": 1})

    told = [(await sandbox.send(str(number))).status_code for number in range(5)]

    assert told == [201, 201, 500, 201, 201]


@pytest.mark.asyncio
async def test_the_same_seed_gives_the_same_faults(open_sandbox):
    async def run(seed):
        sandbox = open_sandbox()
        await sandbox.pair()
        await sandbox.faults(
            {"kind": "http_500_before", "share": 0.3},
            {"kind": "http_500_after", "share": 0.2},
            seed=seed,
        )
        for number in range(60):
            await sandbox.send(f"pesan {number}")
        return [row["text"] for row in await sandbox.ledger()]

    first, second, other = await run(7), await run(7), await run(8)

    assert first == second
    assert first != other
    assert 30 <= len(first) <= 54  # about 70 % of 60


@pytest.mark.asyncio
async def test_a_timelock_stops_new_chats_only_until_it_is_lifted(sandbox, receiver, samples):
    await sandbox.pair(webhooks=[{"url": receiver.url, "events": ["session.status"]}])
    await sandbox.send("kenal")
    await sandbox.faults({"kind": "timelock", "seconds": 3600, "times": 1})

    first = await sandbox.send("baru", chatId="62899@c.us")
    again = await sandbox.send("baru", chatId="62899@c.us")
    known = await sandbox.send("kenal lagi")
    me = (await sandbox.http.get("/api/sessions/default/me")).json()
    await sandbox.http.post("/sandbox/phones/default/lift", json={})
    lifted = await sandbox.send("baru", chatId="62899@c.us")

    assert [one.status_code for one in (first, again, known, lifted)] == [500, 500, 201, 201]
    assert me["reachoutTimelock"]["isActive"] is True
    await receiver.until(lambda got: sum(_has_timelock(one) for one in got.deliveries) == 2)
    states = {
        one["payload"]["data"]["reachoutTimelock"]["isActive"]: one
        for one in receiver.of("session.status")
        if one["payload"]["data"]
    }
    expected = samples("webhook.session.status.WORKING.reachout_timelock")
    assert list(states[True]["payload"]) == list(expected["payload"])
    assert list(states[True]["me"]) == list(expected["me"])
    assert "reachoutTimelock" not in states[False]["me"]


def _has_timelock(delivery):
    return bool(delivery[0]["payload"]["data"])


@pytest.mark.asyncio
async def test_numbers_without_whatsapp_are_told_by_check_exists_and_by_a_failed_send(
    sandbox, samples
):
    await sandbox.pair()
    await sandbox.http.put("/sandbox/people", json={"missing": ["62800"]})

    answers = {}
    for phone in ("62800", "6281100000002"):
        path = f"/api/contacts/check-exists?phone={phone}&session=default"
        answers[phone] = (await sandbox.http.get(path)).json()
    failed = await sandbox.send(chatId="62800@c.us")

    assert answers["62800"] == samples("api.check-exists.no")
    assert answers["6281100000002"] == samples("api.check-exists.yes")
    assert "no LID found for 62800@s.whatsapp.net" in failed.json()["exception"]["message"]


@pytest.mark.asyncio
async def test_reset_forgets_traffic_and_faults_but_not_sessions(sandbox):
    await sandbox.pair()
    await sandbox.send()
    await sandbox.faults({"kind": "no_lid"})

    await sandbox.http.post("/sandbox/reset")

    summary = await sandbox.summary()
    assert (summary["calls"], summary["delivered"]) == (0, 0)
    assert (await sandbox.http.get("/sandbox/faults")).json()["rules"] == []
    assert (await sandbox.send()).status_code == 201


def test_every_problem_of_the_rules_is_named_with_its_place():
    with pytest.raises(BadRules) as caught:
        parse_rules(
            [
                {"kind": "nonsense"},
                {"kind": "slow", "share": 2},
                {"kind": "refuse", "status": 500},
                {"kind": "slow", "delay": 1},
                {"kind": "slow", "ms": "long"},
            ]
        )

    places = [problem.split(" ")[0] for problem in caught.value.problems]
    assert places == [
        "rules[0].kind",
        "rules[1].share",
        "rules[2].status",
        "rules[3].delay",
        "rules[4].ms",
    ]


def test_draws_are_even_and_depend_on_seed_stream_and_number():
    draws = [draw(1, "send", number) for number in range(4_000)]

    assert 0.48 < sum(draws) / len(draws) < 0.52
    assert draw(1, "send", 5) == draws[5] != draw(2, "send", 5)
    assert draw(1, "history", 5) != draws[5]


def test_every_kind_says_what_it_does():
    assert all(KINDS.values())
