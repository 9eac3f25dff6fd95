"""/api/triggers: addresses, signing keys, and what is switched on."""

from tests.runtime.hooks.test_receive import LEAD, signed
from tests.runtime.runs.flows import ORDER, publish


def only(api, **params) -> dict:
    found = api.get("/api/triggers", params=params).json()["items"]
    assert len(found) == 1
    return found[0]


def test_triggers_are_listed_with_their_addresses(api, shop):
    lead, order = publish(shop, LEAD), publish(shop, ORDER)

    hook = only(api, flow=lead)
    assert (hook["type"], hook["is_active"], hook["is_signed"]) == ("webhook", True, False)
    assert hook["path"].startswith("/hooks/")
    assert only(api, type="manual")["flow_id"] == order
    assert only(api, type="manual")["path"] is None
    assert api.get(f"/api/triggers/{hook['id']}").json() == hook


def test_a_way_in_that_is_switched_off_starts_nothing_and_keeps_its_address(api, anonymous, shop):
    publish(shop, LEAD)
    hook = only(api)

    off = api.patch(f"/api/triggers/{hook['id']}", json={"is_on": False, "position": 7}).json()
    assert (off["is_on"], off["is_active"], off["position"]) == (False, False, 7)
    assert anonymous.post(hook["path"], json={}).status_code == 404

    on = api.patch(f"/api/triggers/{hook['id']}", json={"is_on": True}).json()
    assert (on["is_active"], on["path"], on["position"]) == (True, hook["path"], 7)


def test_a_rotated_address_replaces_the_old_one(api, anonymous, shop):
    publish(shop, LEAD)
    hook = only(api)

    fresh = api.post(f"/api/triggers/{hook['id']}/rotate").json()

    assert fresh["path"] != hook["path"]
    assert anonymous.post(hook["path"], json={}).status_code == 404
    assert anonymous.post(fresh["path"], json={}).status_code == 202


def test_with_a_signing_key_only_signed_calls_are_taken(world, api, anonymous, shop):
    publish(shop, LEAD)
    hook = only(api)

    answer = api.post(f"/api/triggers/{hook['id']}/signing-key")
    assert answer.status_code == 201
    key = answer.json()["signing_key"]
    assert only(api)["is_signed"] is True
    assert anonymous.post(hook["path"], content=b"{}").status_code == 401
    headers = signed(b"{}", world.clock.now(), key)
    assert anonymous.post(hook["path"], content=b"{}", headers=headers).status_code == 202

    assert api.delete(f"/api/triggers/{hook['id']}/signing-key").status_code == 204
    assert only(api)["is_signed"] is False


def test_only_a_webhook_has_an_address_and_only_managers_see_it(world, api, other, shop):
    publish(shop, ORDER)
    path = f"/api/triggers/{only(api)['id']}"

    assert api.post(f"{path}/rotate").json()["code"] == "no_hook"
    assert api.post(f"{path}/signing-key").json()["code"] == "no_hook"
    assert world.client(role="agent").get(path).status_code == 403
    for answer in (
        other.get(path),
        other.patch(path, json={"is_on": False}),
        other.post(f"{path}/rotate"),
        other.post(f"{path}/signing-key"),
        other.delete(f"{path}/signing-key"),
    ):
        assert answer.status_code == 404
    assert other.get("/api/triggers").json()["items"] == []
