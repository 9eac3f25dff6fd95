import pytest

CSV = b"Nama,No HP,Tag\nAyu,081234567890,VIP\nBudi,6.28123E+12,\n"


def make(api, phone="0812-3456-7890", **more):
    answer = api.post("/api/contacts", json={"phone": phone, "name": "Ayu", **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_a_contact_is_written_read_changed_and_deleted(api):
    made = make(api, tags=["VIP", "vip", "Baru"], fields={"kota": "Solo"})
    assert (made["phone"], made["tags"], made["source"]) == (
        "6281234567890",
        ["Baru", "VIP"],
        "manual",
    )
    path = f"/api/contacts/{made['id']}"

    changed = api.patch(
        path, json={"name": "Ayu L", "tags": ["Lama"], "fields": {"kota": None, "hobi": "catur"}}
    ).json()
    assert (changed["name"], changed["tags"], changed["fields"]) == (
        "Ayu L",
        ["Lama"],
        {"hobi": "catur"},
    )
    assert api.get(path).json() == changed
    untouched = api.patch(path, json={"is_active": False}).json()
    assert (untouched["name"], untouched["tags"], untouched["is_active"]) == (
        "Ayu L",
        ["Lama"],
        False,
    )
    assert api.delete(path).status_code == 204
    assert api.get(path).status_code == 404


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"phone": "abc"}, 422, "phone_letters"),
        ({"phone": "6.28123E+12"}, 422, "phone_excel_scientific_lost_digits"),
        ({"phone": ""}, 422, "invalid"),
        ({"phone": "081234567890", "tenant_id": 2}, 422, "invalid"),
        ({"phone": "081234567890", "tags": [""]}, 422, "invalid"),
        ({"phone": "+62 812 1111 1111"}, 409, "contact_exists"),
    ],
)
def test_what_is_no_new_person_is_refused(api, given, status, code):
    make(api, "081211111111")

    answer = api.post("/api/contacts", json=given)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_list_is_paged_and_searched_from_the_beginning(api, other):
    for number in range(5):
        make(api, f"08123456780{number}", name=f"Orang {number}", tags=["A"] if number else [])
    make(other, "081234567801", name="Orang theirs")

    first = api.get("/api/contacts?limit=3").json()
    rest = api.get(f"/api/contacts?limit=3&after={first['next']}").json()
    names = [one["name"] for one in first["items"] + rest["items"]]
    assert names == [f"Orang {number}" for number in (4, 3, 2, 1, 0)]
    assert rest["next"] is None

    def found(query: str) -> list[str]:
        return [one["name"] for one in api.get(f"/api/contacts?{query}").json()["items"]]

    assert found("search=0812 3456 7803") == ["Orang 3"]
    assert found("search=oRANG 2") == ["Orang 2"]
    assert found("search=rang") == []
    assert found("search=%25") == []
    assert len(found("search=0812")) == 5
    assert len(found("tag=A")) == 4
    assert api.get("/api/contacts?limit=201").status_code == 422


def test_tags_are_counted_and_not_made_twice(api, other):
    make(api, tags=["VIP"])
    made = api.post("/api/contacts/tags", json={"name": "Lead", "color": "#00FF00"})
    assert made.status_code == 201

    tags = {tag["name"]: tag["contacts"] for tag in api.get("/api/contacts/tags").json()}
    assert tags == {"VIP": 1, "Lead": 0}
    again = api.post("/api/contacts/tags", json={"name": "lead"})
    assert (again.status_code, again.json()["code"]) == (409, "tag_exists")
    assert other.post("/api/contacts/tags", json={"name": "Lead"}).status_code == 201
    assert api.post("/api/contacts/tags", json={"name": "x", "color": "red"}).status_code == 422


def test_a_file_is_imported_and_its_refused_rows_can_be_read(world, api, other):
    answer = api.post("/api/contacts/upload", files={"file": ("k.csv", CSV)}, data={"source": "x"})

    assert answer.status_code == 201, answer.text
    done = answer.json()
    assert (done["status"], done["filename"], done["rows"]) == ("DONE", "k.csv", 2)
    assert (done["totals"]["created"], done["totals"]["rejected"]) == (1, 1)
    path = f"/api/contacts/imports/{done['id']}"
    assert api.get(path).json() == done
    assert api.get(f"{path}/rejections").json()["items"] == [
        {"row": 3, "reason": "excel_scientific_lost_digits", "raw": "Budi | 6.28123E+12 | "}
    ]
    assert other.get(path).status_code == 404
    assert other.get(f"{path}/rejections").status_code == 404
    assert list((world.settings.var / "uploads").iterdir()) == []


@pytest.mark.parametrize(
    ("file", "code", "words"),
    [
        (("k.csv", b"Nama,Kota\nAyu,Solo\n"), "no_phone_column", '"No HP"'),
        (("k.csv", b""), "file_empty", "header"),
        (("k.pdf", b"%PDF-1.7"), "file_wrong_type", "CSV"),
        (("k.xls", b"\xd0\xcf\x11\xe0old"), "file_wrong_type", ".xlsx"),
    ],
)
def test_a_file_that_is_no_use_says_what_to_do(world, api, file, code, words):
    answer = api.post("/api/contacts/upload", files={"file": file})

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert words in answer.json()["hint"]
    assert list((world.settings.var / "uploads").iterdir()) == []


def test_a_file_larger_than_other_requests_is_taken(api):
    rows = b"".join(b"Orang,0812%08d,%s\n" % (10_000_001 + n, b"x" * 500) for n in range(4_000))

    answer = api.post(
        "/api/contacts/upload", files={"file": ("big.csv", b"Nama,No HP,Catatan\n" + rows)}
    )

    assert answer.status_code == 201, answer.text
    assert answer.json()["totals"]["created"] == 4_000


def test_a_contact_that_a_campaign_still_has_to_reach_stays(world, api, shop):
    campaign_id = shop.campaign("PROCESSING")
    shop.recipients(campaign_id, ["QUEUED"])
    contact_id = api.get("/api/contacts").json()["items"][0]["id"]

    answer = api.delete(f"/api/contacts/{contact_id}")

    assert (answer.status_code, answer.json()["code"]) == (409, "contact_in_campaign")
