from pathlib import Path

import pytest
from sqlalchemy import func, select

from flows.models import FlowVersion
from flows.yaml_text import dump_json, load

BROADCAST = Path("flows/templates/broadcast.yaml").read_text(encoding="utf-8")
BROKEN = BROADCAST.replace("type: select-contacts", "type: select-contact")


def make(api, text: str = BROADCAST) -> dict:
    answer = api.post("/api/flows", json={"source": text})
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_a_draft_is_kept_as_it_was_written(api):
    made = make(api)

    got = api.get(f"/api/flows/{made['id']}")
    assert got.json()["source"] == BROADCAST
    assert (made["slug"], made["kind"], made["revision"]) == ("broadcast", "broadcast", 1)
    assert got.headers["ETag"] == '"1"'
    listed = api.get("/api/flows").json()["items"]
    assert [one["slug"] for one in listed] == ["broadcast"]
    assert "source" not in listed[0]


def test_a_document_comes_as_json_as_well(api):
    document = load(BROADCAST).document

    as_object = api.post("/api/flows", json={"document": document})
    assert as_object.status_code == 201, as_object.text
    assert load(as_object.json()["source"]).document == document
    second = {**document, "id": "second"}
    as_text = api.post("/api/flows", json={"source": dump_json(second)})
    assert as_text.json()["slug"] == "second"


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"source": "flow: [unclosed"}, 422, "flow_unreadable"),
        ({"source": "flow: alir/1\nname: x\n"}, 422, "flow_head"),
        ({"source": "- a list\n"}, 422, "flow_unreadable"),
        ({}, 422, "invalid"),
        ({"source": "x", "document": {}}, 422, "invalid"),
        ({"source": BROADCAST}, 409, "flow_id_taken"),
    ],
)
def test_what_cannot_be_saved_is_refused(api, given, status, code):
    make(api)

    answer = api.post("/api/flows", json=given)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_draft_with_problems_is_saved_and_told_about(api):
    made = make(api, BROKEN)

    for report in (
        api.post(f"/api/flows/{made['id']}/validate").json(),
        api.post("/api/flows/validate", json={"source": BROKEN}).json(),
    ):
        assert report["ok"] is False
        wrong = [one for one in report["problems"] if one["code"] == "unknown_kind"]
        assert len(wrong) == 1
        line = BROKEN.splitlines()[wrong[0]["range"]["line"] - 1]
        assert "type: select-contact" in line
        assert "select-contacts" in wrong[0]["hint"]


def test_only_the_revision_that_was_seen_is_replaced(api):
    made = make(api)
    path, text = f"/api/flows/{made['id']}", BROADCAST.replace("Siaran promo", "Promo baru")

    saved = api.put(path, json={"source": text}, headers={"If-Match": '"1"'})
    assert (saved.status_code, saved.headers["ETag"]) == (200, '"2"')
    assert saved.json()["name"] == "Promo baru"

    stale = api.put(path, json={"source": BROADCAST}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (409, "stale_revision")
    assert api.put(path, json={"source": text}).status_code == 428
    assert api.put(path, json={"source": text}, headers={"If-Match": "x"}).status_code == 422
    assert api.get(path).json()["revision"] == 2


def test_a_document_that_replaces_a_text_keeps_its_comments(api):
    made = make(api)
    document = {**load(BROADCAST).document, "name": "Promo baru"}

    saved = api.put(
        f"/api/flows/{made['id']}", json={"document": document}, headers={"If-Match": '"1"'}
    ).json()

    assert saved["name"] == "Promo baru"
    assert "# Never twice" in saved["source"]


def test_the_same_content_is_the_same_version(world, api):
    made = make(api)
    path = f"/api/flows/{made['id']}"

    first = api.post(f"{path}/publish").json()
    commented = BROADCAST + "\n# a comment\n"
    api.put(path, json={"source": commented}, headers={"If-Match": '"1"'})
    second = api.post(f"{path}/publish").json()
    changed = BROADCAST.replace("default: 20", "default: 25")
    api.put(path, json={"source": changed}, headers={"If-Match": '"2"'})
    third = api.post(f"{path}/publish").json()
    api.put(path, json={"source": BROADCAST}, headers={"If-Match": '"3"'})
    back = api.post(f"{path}/publish").json()

    assert first["id"] == second["id"] == back["id"]
    assert (first["number"], third["number"]) == (1, 2)
    assert api.get(path).json()["published_version_id"] == first["id"]
    assert [one["number"] for one in api.get(f"{path}/versions").json()] == [2, 1]
    with world.database.read() as connection:
        count = connection.execute(select(func.count()).select_from(FlowVersion)).scalar_one()
    assert count == 2


def test_a_flow_with_errors_is_not_published(api):
    made = make(api, BROKEN)

    answer = api.post(f"/api/flows/{made['id']}/publish")

    assert (answer.status_code, answer.json()["code"]) == (422, "flow_has_errors")
    assert any("select-contacts" in one["hint"] for one in answer.json()["problems"])
    assert api.get(f"/api/flows/{made['id']}").json()["published_version_id"] is None


def test_the_schema_and_the_catalogue_name_every_kind(api, anonymous):
    kinds = {one["kind"] for one in api.get("/api/nodes").json()}
    schema = anonymous.get("/api/schemas/flow.json").json()

    assert {"broadcast", "select-contacts", "send-waha"} <= kinds
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert all(f'"{kind}"' in str(schema).replace("'", '"') for kind in kinds)
    node = next(one for one in api.get("/api/nodes").json() if one["kind"] == "select-contacts")
    assert set(node["ports"]) == {"ok", "empty", "error"}
    assert "tags_any" in node["form"]["properties"]


def test_a_flow_of_another_tenant_is_not_there(api, other_shop):
    theirs, _ = other_shop.flow()

    for method, path in (
        ("GET", ""),
        ("PUT", ""),
        ("POST", "/validate"),
        ("POST", "/publish"),
        ("GET", "/versions"),
    ):
        answer = api.request(
            method,
            f"/api/flows/{theirs}{path}",
            json={"source": BROADCAST} if method == "PUT" else None,
            headers={"If-Match": '"1"'},
        )
        assert answer.status_code == 404, (method, path)
    assert api.get("/api/flows").json()["items"] == []
