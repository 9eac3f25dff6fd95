"""What the designer needs of flows: versions, diffs, tries, templates."""

from pathlib import Path

import pytest

from flows.yaml_text import load

TEMPLATES = Path("flows/templates")
BROADCAST = (TEMPLATES / "broadcast.yaml").read_text(encoding="utf-8")
GREETING = """\
flow: alir/1
kind: webhook
id: sapa
name: Sapa
params:
  type: object
  required: [halo]
  properties:
    halo: {type: string, title: Salam, x-lang: text, minLength: 1}
triggers:
  masuk: {type: manual, next: sapa}
nodes:
  sapa:
    type: spintax
    with: {text: {$: params.halo}}
tests:
  - name: menyapa
    given: {params: {halo: Hai}}
    expect: {ran: [sapa], vars: {}}
"""


def make(api, text: str) -> dict:
    answer = api.post("/api/flows", json={"source": text})
    assert answer.status_code == 201, answer.text
    return answer.json()


def published(api, flow_id: int, **given) -> dict:
    answer = api.post(f"/api/flows/{flow_id}/publish", json=given)
    assert answer.status_code == 200, answer.text
    return answer.json()


def save(api, flow_id: int, text: str) -> dict:
    etag = api.get(f"/api/flows/{flow_id}").headers["ETag"]
    answer = api.put(f"/api/flows/{flow_id}", json={"source": text}, headers={"If-Match": etag})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_an_old_version_comes_back_and_the_draft_stays(api):
    made = make(api, BROADCAST)
    published(api, made["id"])
    shorter = BROADCAST.replace("type: stop", "type: stop  # the end")
    changed = shorter.replace("maximum: 600", "maximum: 500")
    save(api, made["id"], changed)
    published(api, made["id"])

    back = api.post(f"/api/flows/{made['id']}/rollback", json={"version": 1})

    assert (back.status_code, back.json()["number"]) == (200, 1)
    now = api.get(f"/api/flows/{made['id']}").json()
    assert now["published_version_id"] == back.json()["id"]
    assert now["source"] == changed
    assert now["is_published_as_it_is"] is False
    assert [one["number"] for one in api.get(f"/api/flows/{made['id']}/versions").json()] == [2, 1]

    whole = api.post(f"/api/flows/{made['id']}/rollback", json={"version": 1, "with_draft": True})
    assert whole.status_code == 200
    now = api.get(f"/api/flows/{made['id']}").json()
    assert now["source"] == BROADCAST
    assert now["is_published_as_it_is"] is True


@pytest.mark.parametrize(
    ("call", "status"),
    [
        (("post", "/rollback", {"version": 7}), 404),
        (("post", "/rollback", {"version": 0}), 422),
        (("get", "/versions/7", None), 404),
        (("get", "/diff?before=7", None), 404),
        (("get", "/diff?before=kemarin", None), 422),
        (("get", "/export?which=published", None), 404),
    ],
)
def test_a_version_that_is_not_there_is_named(api, call, status):
    made = make(api, BROADCAST)
    method, path, body = call

    answer = api.request(method, f"/api/flows/{made['id']}{path}", json=body)

    assert answer.status_code == status
    assert answer.json()["detail" if "detail" in answer.json() else "title"]


def test_a_diff_tells_the_node_and_not_the_line(api):
    made = make(api, BROADCAST)
    published(api, made["id"])
    document = load(BROADCAST).document
    node = next(iter(document["nodes"]))
    document["nodes"][node]["name"] = "Siapa saja"
    answer = api.put(
        f"/api/flows/{made['id']}", json={"document": document}, headers={"If-Match": '"1"'}
    )
    assert answer.status_code == 200

    found = api.get(f"/api/flows/{made['id']}/diff").json()

    assert (found["before"], found["after"]) == ("published", "draft")
    assert [one["id"] for one in found["diff"]["nodes_changed"]] == [node]
    assert found["diff"]["nodes_added"] == []


def test_a_dry_run_saves_nothing_and_tells_what_would_change(api):
    made = make(api, BROADCAST)
    broken = BROADCAST.replace("type: select-contacts", "type: select-contact")

    answer = api.put(f"/api/flows/{made['id']}?dry_run=true", json={"source": broken})

    assert answer.status_code == 200, answer.text
    assert answer.json()["report"]["ok"] is False
    changed = answer.json()["diff"]["nodes_changed"]
    assert [one["type_after"] for one in changed] == ["select-contact"]
    assert api.get(f"/api/flows/{made['id']}").json()["source"] == BROADCAST


def test_red_cases_stop_publishing_unless_somebody_says_why_not(api):
    red = GREETING.replace("ran: [sapa]", "not_run: [sapa]")
    made = make(api, red)
    assert api.patch(f"/api/flows/{made['id']}", json={"params": {"halo": "Hai"}}).is_success

    refused = api.post(f"/api/flows/{made['id']}/publish")

    assert (refused.status_code, refused.json()["code"]) == (422, "flow_tests_fail")
    assert "sapa ran" in refused.text
    assert published(api, made["id"], despite="known, mended tomorrow")["number"] == 1


def test_cases_of_the_draft_and_of_a_text_are_run(api):
    made = make(api, GREETING)
    path = f"/api/flows/{made['id']}/test"

    assert (api.post(path).json()["passed"], api.post(path).json()["failed"]) == (1, 0)
    red = GREETING.replace("ran: [sapa]", "not_run: [sapa]")
    assert api.post(path, json={"source": red}).json()["failed"] == 1


def test_a_flow_is_published_only_when_it_is_filled_in(api):
    made = make(api, GREETING)

    refused = api.post(f"/api/flows/{made['id']}/publish")
    assert (refused.status_code, refused.json()["code"]) == (422, "flow_params")
    wrong = api.patch(f"/api/flows/{made['id']}", json={"params": {"halo": "", "lain": 1}})
    assert wrong.status_code == 422
    assert {one["field"] for one in wrong.json()["problems"]} == {"params.halo", "params.lain"}

    assert api.patch(f"/api/flows/{made['id']}", json={"params": {"halo": "Hai"}}).is_success
    first = published(api, made["id"])
    assert first["number"] == 1
    assert published(api, made["id"])["id"] == first["id"]
    assert api.patch(f"/api/flows/{made['id']}", json={"params": {"halo": "Halo"}}).is_success
    assert api.get(f"/api/flows/{made['id']}").json()["is_published_as_it_is"] is False
    assert published(api, made["id"])["number"] == 2
    detail = api.get(f"/api/flows/{made['id']}/versions/2").json()
    assert detail["params"] == {"halo": "Halo"}


def test_a_try_shows_the_steps_and_sends_nothing(api):
    made = make(api, GREETING)

    found = api.post(f"/api/flows/{made['id']}/simulate", json={"params": {"halo": "Hai"}}).json()

    assert (found["status"], found["ran"], found["sends"]) == ("succeeded", ["sapa"], [])
    for wrong in (
        {"params": {}},
        {"params": {"halo": "Hai"}, "trigger": "lain"},
        {"params": {"halo": "Hai"}, "world": {"contacts": 3}},
    ):
        answer = api.post(f"/api/flows/{made['id']}/simulate", json=wrong)
        assert answer.status_code == 422, answer.text


ASKING = """
flow: alir/1
id: pesanan
name: Pesanan
kind: subflow
inputs:
  type: object
  required: [nomor]
  properties:
    nomor: { type: integer }
    kota: { type: string, default: Solo }
triggers:
  mulai: { type: manual, next: siapa }
nodes:
  siapa:
    type: blacklist-check
    with: { phone: { $: contact.phone } }
    next: { clear: catat }
  catat:
    type: set-variables
    with: { values: { kota: { $: inputs.kota } } }
"""


def test_a_try_checks_inputs_as_a_start_does_and_reads_the_world_out_of_the_context(api):
    path = f"/api/flows/{make(api, ASKING)['id']}/simulate"
    contact = {"phone": "6281200000001", "name": "Ayu"}
    given = {"inputs": {"nomor": 7}, "context": {"contact": contact}}

    for inputs, field in (
        ({}, "inputs.nomor"),
        ({"nomor": "tujuh"}, "inputs.nomor"),
        ({"nomor": 7, "kotaa": "x"}, "inputs.kotaa"),
    ):
        answer = api.post(path, json={**given, "inputs": inputs})
        assert (answer.status_code, answer.json()["code"]) == (422, "inputs_invalid")
        assert [one["field"] for one in answer.json()["problems"]] == [field]
    found = api.post(path, json=given).json()
    assert (found["ran"], found["vars"]) == (["siapa", "catat"], {"kota": "Solo"})
    blocked = {"contact": contact, "blocked": ["6281200000001"]}
    assert api.post(path, json={**given, "context": blocked}).json()["ran"] == ["siapa"]
    told = api.post(path, json={**given, "context": blocked, "world": {"blocked": []}})
    assert told.json()["ran"] == ["siapa", "catat"]


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_an_exported_file_comes_in_again_as_the_same_document(api, form):
    made = make(api, BROADCAST)

    file = api.get(f"/api/flows/{made['id']}/export?format={form}")

    assert f'filename="broadcast.{form}"' in file.headers["Content-Disposition"]
    assert load(file.text).document == load(BROADCAST).document
    assert api.delete(f"/api/flows/{made['id']}").status_code == 204
    assert make(api, file.text)["slug"] == "broadcast"


def test_a_deleted_flow_is_gone_from_every_path(api):
    made = make(api, BROADCAST)
    published(api, made["id"])

    assert api.delete(f"/api/flows/{made['id']}").status_code == 204

    assert api.get("/api/flows").json()["items"] == []
    for path in ("", "/versions", "/diff", "/export"):
        assert api.get(f"/api/flows/{made['id']}{path}").status_code == 404
    assert api.delete(f"/api/flows/{made['id']}").status_code == 404


def test_flows_are_found_by_name_kind_and_switch(api):
    one, two = make(api, BROADCAST), make(api, GREETING)
    assert (
        api.patch(f"/api/flows/{two['id']}", json={"is_active": False}).json()["is_active"] is False
    )

    def found(query: str) -> list[str]:
        return [flow["slug"] for flow in api.get(f"/api/flows?{query}").json()["items"]]

    assert found("kind=webhook") == [two["slug"]]
    assert found("search=siaran") == [one["slug"]]
    assert found("search=%25") == []
    assert found("is_active=true") == [one["slug"]]


def test_every_shipped_template_lies_on_the_shelf(api):
    listed = {one["key"] for one in api.get("/api/templates").json()}

    assert listed == {f"shipped:{path.stem}" for path in TEMPLATES.glob("*.yaml")}
    assert api.get("/api/templates/shipped:broadcast").json()["source"] == BROADCAST


@pytest.mark.parametrize(
    "key", ["shipped:nothing", "own:1", "own:x", "broadcast", "own:" + "9" * 30]
)
def test_a_template_that_is_not_there_is_not_found(api, key):
    assert api.get(f"/api/templates/{key}").status_code == 404
    assert api.post(f"/api/templates/{key}/instantiate", json={}).status_code == 404


def test_a_flow_from_a_template_is_filled_in_and_gets_a_free_id(api):
    path = "/api/templates/shipped:broadcast/instantiate"

    one = api.post(path, json={"name": "Promo", "params": {"message": "Hai"}})
    two = api.post(path, json={"params": {"message": "Hai"}})

    assert (one.status_code, one.json()["slug"], one.json()["name"]) == (201, "broadcast", "Promo")
    assert one.json()["params"]["message"] == "Hai"
    assert two.json()["slug"] == "broadcast_2"
    assert api.post(path, json={"slug": "broadcast", "params": {"message": "x"}}).status_code == 409
    assert api.post(path, json={"slug": "Not An Id", "params": {"message": "x"}}).status_code == 422
    assert api.post(path, json={"params": {"message": "{a"}}).status_code == 422


def test_a_tenants_own_template_brings_updates_to_the_flows_made_from_it(api):
    base = make(api, GREETING)
    own = api.post("/api/templates", json={"flow_id": base["id"], "name": "Sapaan"}).json()
    made = api.post(
        f"/api/templates/{own['key']}/instantiate",
        json={"slug": "sapa_2", "name": "Sapa dua", "params": {"halo": "Hai"}},
    ).json()
    path = f"/api/flows/{made['id']}/update"
    assert api.get(path).json()["available"] is False
    assert api.post(path, headers={"If-Match": '"1"'}).status_code == 404

    longer = GREETING.replace("nodes:\n", "nodes:\n  akhir: {type: stop}\n").replace(
        "    with: {text: {$: params.halo}}\n",
        "    with: {text: {$: params.halo}}\n    next: {ok: akhir}\n",
    )
    save(api, base["id"], longer)
    again = api.post("/api/templates", json={"flow_id": base["id"]}).json()
    assert again["key"] == own["key"]

    news = api.get(path).json()
    assert news["available"] is True
    assert news["diff"]["nodes_added"] == ["akhir"]
    assert api.get(f"/api/flows/{made['id']}").json()["has_update"] is True
    assert api.post(path).status_code == 428
    taken = api.post(path, headers={"If-Match": '"1"'})
    assert taken.status_code == 200, taken.text
    document = load(taken.json()["source"]).document
    assert (document["id"], document["name"]) == ("sapa_2", "Sapa dua")
    assert "akhir" in document["nodes"]
    assert taken.json()["params"] == {"halo": "Hai"}
    assert api.get(path).json()["available"] is False


def test_own_templates_are_taken_away_and_shipped_ones_stay(api):
    base = make(api, GREETING)
    own = api.post("/api/templates", json={"flow_id": base["id"]}).json()
    assert api.delete(f"/api/templates/{own['key']}").status_code == 204
    assert api.get(f"/api/templates/{own['key']}").status_code == 404
    assert api.delete("/api/templates/shipped:broadcast").status_code == 422
    broken = make(api, BROADCAST.replace("type: select-contacts", "type: select-contact"))
    refused = api.post("/api/templates", json={"flow_id": broken["id"]})
    assert (refused.status_code, refused.json()["code"]) == (422, "flow_has_errors")


@pytest.mark.parametrize("number", [0, -1, 2**70, -(2**70)])
def test_a_version_number_that_cannot_be_is_refused(api, number):
    made = make(api, BROADCAST)

    shown = api.get(f"/api/flows/{made['id']}/versions/{number}")
    back = api.post(f"/api/flows/{made['id']}/rollback", json={"version": number})

    assert shown.status_code == 404
    assert back.status_code == 422
