from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from services.contacts import importer
from services.contacts.audience import tags_of
from services.contacts.files import FileProblem
from services.contacts.importer import NoPhones, import_file
from services.contacts.models import Contact, ContactIdentity, Import, ImportRejection
from services.kit.clock import Clock

CLOCK = Clock()


@pytest.fixture
def take(database, tmp_path):
    def run(text: str, name: str = "contacts.csv", tenant_id: int = 1):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return import_file(database, CLOCK, tenant_id, path, name, "test")

    return run


def people(database, tenant_id: int = 1):
    with database.read() as connection:
        rows = connection.execute(
            select(Contact.__table__).where(Contact.tenant_id == tenant_id).order_by(Contact.id)
        ).all()
        tags = tags_of(connection, [row.id for row in rows])
    return {row.phone: (row.name, dict(row.metadata), sorted(tags.get(row.id, ()))) for row in rows}


def test_every_row_of_a_file_is_accounted_for(database, take):
    done = take(
        "Nama,No HP,Kota,Tag\n"
        "Ayu,0812-3456-7890,Solo,VIP\n"
        "Budi,+62 813 1111 2222,,\n"
        ",,,\n"
        "Ayu lagi,6281234567890,Solo,Reseller\n"
        "Citra,6.28123E+12,,\n"
        "Dewi,abc,,\n"
    )

    assert (done.status, done.rows, done.error) == ("DONE", 6, None)
    assert done.totals == {
        "created": 2,
        "updated": 0,
        "unchanged": 0,
        "merged": 1,
        "blank": 1,
        "rejected": 2,
        "rejected_by_reason": {"excel_scientific_lost_digits": 1, "letters": 1},
        "warnings": {"looks_made_up": 1},
    }
    assert people(database) == {
        "6281234567890": ("Ayu", {"kota": "Solo"}, ["Reseller", "VIP"]),
        "6281311112222": ("Budi", {}, []),
    }
    with database.read() as connection:
        rejected = connection.execute(select(ImportRejection.__table__)).all()
        kinds = connection.execute(
            select(ContactIdentity.kind, ContactIdentity.value).order_by(ContactIdentity.value)
        ).all()
    assert [(row.row, row.reason) for row in rejected] == [
        (6, "excel_scientific_lost_digits"),
        (7, "letters"),
    ]
    assert rejected[0].raw == "Citra | 6.28123E+12 |  | "
    assert [tuple(row) for row in kinds] == [
        ("phone", "6281234567890"),
        ("phone", "6281311112222"),
    ]


def test_the_same_file_again_changes_nothing(database, take):
    text = "Nama,No HP,Tag\nAyu,081234567890,VIP\nBudi,081311112222,\n"
    take(text)
    before = people(database)

    totals = take(text).totals

    assert (totals["created"], totals["updated"], totals["unchanged"]) == (0, 0, 2)
    assert people(database) == before


@pytest.mark.parametrize(
    ("row", "expected", "updated"),
    [
        ("Ayu,081234567890,Solo,VIP", ("Ayu", {"kota": "Solo"}, ["VIP"]), 0),
        ("Ayu L,081234567890,Solo,VIP", ("Ayu L", {"kota": "Solo"}, ["VIP"]), 1),
        (",081234567890,,", ("Ayu", {"kota": "Solo"}, ["VIP"]), 0),
        (",081234567890,Jogja,", ("Ayu", {"kota": "Jogja"}, ["VIP"]), 1),
        (",081234567890,,Baru", ("Ayu", {"kota": "Solo"}, ["Baru", "VIP"]), 1),
    ],
)
def test_a_filled_cell_replaces_what_was_known_and_an_empty_one_does_not(
    database, take, row, expected, updated
):
    header = "Nama,No HP,Kota,Tag\n"
    take(f"{header}Ayu,081234567890,Solo,VIP\n")

    totals = take(f"{header}{row}\n").totals

    assert people(database)["6281234567890"] == expected
    assert totals["updated"] == updated
    assert totals["unchanged"] == 1 - updated


def test_a_person_repeated_in_a_later_chunk_fills_gaps_only(database, take, monkeypatch):
    monkeypatch.setattr(importer, "CHUNK_ROWS", 2)

    done = take(
        "Nama,No HP,Kota,Tag\n"
        "Ayu,081234567890,,A\nBudi,081311112222,,\n"
        "Other,081234567890,Solo,B\nCitra,081322223333,,\n"
    )

    assert done.totals["merged"] == 1
    assert done.totals["created"] == 3
    assert people(database)["6281234567890"] == ("Ayu", {"kota": "Solo"}, ["A", "B"])


def test_tags_of_another_case_are_one_tag(database, take):
    take("No HP,Tag\n081234567890,VIP\n081311112222,vip\n")

    assert {tuple(tags) for _, _, tags in people(database).values()} == {("VIP",)}


def test_a_hidden_user_is_kept_without_a_phone(database, take):
    text = "Nama,No HP\nHidden,123456789012345@lid\n"
    take(text)

    totals = take(text).totals

    assert totals["unchanged"] == 1
    with database.read() as connection:
        row = connection.execute(select(Contact.phone, Contact.name)).one()
        identity = connection.execute(select(ContactIdentity.kind, ContactIdentity.value)).one()
    assert tuple(row) == (None, "Hidden")
    assert tuple(identity) == ("lid", "123456789012345@lid")


def test_another_tenants_contact_of_the_same_number_stays_as_it_is(database, take):
    take("Nama,No HP\nMine,081234567890\n", tenant_id=2)
    take("Nama,No HP\nYours,081234567890\n", tenant_id=1)

    assert people(database, 2)["6281234567890"][0] == "Mine"
    assert people(database, 1)["6281234567890"][0] == "Yours"


def test_a_file_without_a_phone_column_says_what_it_found_and_what_to_do(database, take):
    with pytest.raises(NoPhones) as refused:
        take("Nama,Kota\nAyu,Solo\nBudi,Jogja\n")

    assert refused.value.code == "no_phone_column"
    assert '"Nama", "Kota"' in refused.value.hint
    assert "No HP" in refused.value.hint
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(Import)).scalar_one() == 0


def test_a_line_that_breaks_half_way_leaves_what_was_taken_and_says_so(database, take, monkeypatch):
    monkeypatch.setattr(importer, "CHUNK_ROWS", 50)
    rows = "".join(f"Ayu,08123456{number:04d}\n" for number in range(100))

    with pytest.raises(FileProblem):
        take(f'Nama,No HP\n{rows}"never closed,081311112222\n' + "x,y\n" * 200)

    with database.read() as connection:
        row = connection.execute(select(Import.__table__)).one()
    assert row.status == "FAILED"
    assert "quotation mark" in row.error
    assert row.rows == 100
    assert len(people(database)) == 100


def test_somebody_who_saves_the_same_person_meanwhile_is_no_error(database, take, monkeypatch):
    real = importer.repository.known_people
    calls = []

    def blind_once(connection, tenant_id, phones, lids):
        calls.append(phones)
        return {} if len(calls) == 1 else real(connection, tenant_id, phones, lids)

    now = CLOCK.now()
    with database.write() as connection:
        connection.execute(
            insert(Contact),
            {
                "tenant_id": 1,
                "phone": "6281234567890",
                "fields": {},
                "is_active": True,
                "created_at": now,
                "updated_at": now,
            },
        )
    monkeypatch.setattr(importer.repository, "known_people", blind_once)

    assert take("Nama,No HP\nAyu,081234567890\n").totals["updated"] == 1


def test_the_example_file_becomes_480_contacts(database):
    path = Path("examples/contacts.csv")

    done = import_file(database, CLOCK, 1, path, path.name, "example")

    assert (done.rows, done.totals["created"], done.totals["merged"]) == (500, 480, 5)
    assert done.totals["rejected"] == 15


def test_ten_thousand_rows_go_through_in_chunks(database, take):
    rows = "".join(
        f"Orang {n},0812{n + 10_000_001},Solo,{'VIP' if n % 3 else 'Lead'}\n" for n in range(10_000)
    )
    done = take(f"Nama,No HP,Kota,Tag\n{rows}")

    assert done.totals["created"] == 10_000
