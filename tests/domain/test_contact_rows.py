"""Columns are guessed from what people call them, and no row of a file gets lost."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.contact_rows import (
    Accepted,
    Blank,
    ColumnGuess,
    ColumnMapping,
    Merged,
    NoPhoneColumn,
    Rejected,
    Totals,
    field_key,
    guess_columns,
    plan_rows,
    split_tags,
)
from domain.phone import Phone, PhoneKind, Reason


def numbered(*rows):
    return list(enumerate((list(row) for row in rows), start=1))


def plan(rows, mapping, region="ID"):
    return list(plan_rows(rows, mapping, region))


PHONE_TITLES = """
    No HP, No. HP, no.hp, NOHP, No_HP, Nomor HP, HP, Handphone, Nomor Handphone, No. WA, No WA, WA,
    Nomor WhatsApp, WhatsApp, WhatsApp Number, No. WA Aktif, Nomor, Nomer, Kontak, Telp, No. Telp,
    Telepon, No Telepon, TLP, phone, Phone Number, phone_number, phoneNumber, PHONE, mobile,
    Phone 1 - Value, Mobile Phone, number, Cell, MSISDN, Contact Number, No
"""


@pytest.mark.parametrize("title", [title.strip() for title in PHONE_TITLES.split(",")])
def test_a_phone_column_is_known_by_any_of_its_names(title):
    guess = guess_columns(numbered(["Alamat", title], ["Jl. Melati", "0812-0000-1234"]))

    assert guess.mapping == ColumnMapping(phone=1, fields=((0, "alamat"),), header_row=1)


@pytest.mark.parametrize(
    ("header", "row", "phone"),
    [
        (["No", "Nama", "HP"], ["1", "Budi", "081200001234"], 2),
        (["Telp", "No. WA"], ["0215551234", "081200001234"], 1),
        (["Merk HP", "Nomor"], ["Samsung", "081200001234"], 1),
        (["Nama WA", "Telepon"], ["Budi", "081200001234"], 1),
        (["Nomor", "Kolom B"], ["1", "081200001234"], 1),
        (["HP", "HP 2"], ["081200001234", "081200001235"], 0),
        (["HP", "Telepon"], ["n/a", "081200001234"], 1),
    ],
)
def test_of_several_columns_the_one_with_whatsapp_numbers_is_taken(header, row, phone):
    assert guess_columns(numbered(header, row)).mapping.phone == phone


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (["HP", "nama lengkap"], 1),
        (["HP", "Kota", "Full Name"], 2),
        (["HP", "Nama Toko", "Nama"], 2),
        (["HP", "First Name", "Last Name"], 1),
        (["HP", "Nama Ibu"], 1),
        (["HP", "Kota"], None),
    ],
)
def test_a_name_column_is_known_by_its_names(header, name):
    row = ["081200001234", *("x" for _ in header[1:])]

    assert guess_columns(numbered(header, row)).mapping.name == name


def test_columns_without_a_role_become_fields_with_keys_of_their_own():
    guess = guess_columns(
        numbered(
            ["No", "Nama", "No. WA", "Tag", "Kota", "Kota", "No. Invoice", "", "phone", "Name"],
            ["1", "Budi", "081200001234", "VIP", "Bandung", "Cimahi", "7", "ada", "-", "B"],
        )
    )

    assert guess == ColumnGuess(
        ("No", "Nama", "No. WA", "Tag", "Kota", "Kota", "No. Invoice", "Column 8", "phone", "Name"),
        ColumnMapping(
            phone=2,
            name=1,
            tags=3,
            fields=(
                (4, "kota"),
                (5, "kota_2"),
                (6, "no_invoice"),
                (7, "column_8"),
                (8, "phone_2"),
                (9, "name_2"),
            ),
            header_row=1,
        ),
    )


def test_a_file_without_a_header_is_understood_by_its_cells():
    guess = guess_columns(
        numbered(["1", "Budi", "081200001234", "Bandung"], ["2", "Sari", "n/a", "Solo"])
    )

    assert guess.columns == ("Column 1", "Column 2", "Column 3", "Column 4")
    assert guess.mapping == ColumnMapping(
        phone=2, name=1, fields=((0, "column_1"), (3, "column_4")), header_row=0
    )


@pytest.mark.parametrize("first", [["Budi", "n/a"], ["Budi", "-"], ["Budi", "0812"], ["", "Budi"]])
def test_a_first_row_that_may_be_a_person_is_never_taken_for_a_header(first):
    assert guess_columns(numbered(first, ["Sari", "081200001234"])).mapping.header_row == 0


@pytest.mark.parametrize(
    ("rows", "header_row"),
    [
        ([["Data Pelanggan 2026", ""], [], ["Nama", "HP"], ["Budi", "081200001234"]], 3),
        ([["Daftar No HP", ""], ["Nama", "HP"], ["Budi", "081200001234"]], 2),
        ([["Orang", "Hubungi"], ["Budi", "081200001234"]], 1),
        ([["HP"], ["081200001234"]], 1),
        ([["Nama", "HP"], ["Budi", "6.28123E+12"]], 1),
    ],
)
def test_the_header_is_found_below_a_title_and_with_unknown_words(rows, header_row):
    assert guess_columns(numbered(*rows)).mapping.header_row == header_row


@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        ([["Nama", "Kota"], ["Budi", "Bandung"]], ("Nama", "Kota")),
        ([["Nama", "No"], ["Budi", "1"], ["Sari", "2"]], ("Nama", "No")),
        ([["1", "Budi"], ["2", "Sari"]], ("1", "Budi")),
        ([], ()),
    ],
)
def test_a_file_without_a_phone_column_names_the_columns_found_and_the_way_out(rows, columns):
    problem = guess_columns(numbered(*rows))

    assert isinstance(problem, NoPhoneColumn)
    assert problem.columns == columns
    assert all(f'"{column}"' in problem.hint for column in columns)
    assert "and upload the file again" in problem.hint


def test_a_guess_reads_local_numbers_of_the_home_country():
    guess = guess_columns(numbered(["Ali", "012-345 6789"]), region="MY")

    assert guess.mapping.phone == 1


def test_every_row_becomes_exactly_one_result():
    mapping = ColumnMapping(phone=1, name=0, tags=2, fields=((3, "kota"),), header_row=1)
    rows = numbered(
        ["Nama", "HP", "Tag", "Kota"],
        ["  Budi   Santoso ", "0813-0000-1234", "VIP, Reseller; vip", " Bandung "],
        [],
        ["Budi S.", "+62 813 0000 1234", "Lama", ""],
        ["Sari", "6.28123E+12", "", "Solo"],
        ["", " ", "\t"],
        ["Ani", "021-5551234"],
        ["Dewi", "081234567890", "", "Malang", "lebih"],
        ["Rina", "081300001111 / 081300002222"],
        ["", "76699677012110@lid"],
    )

    assert plan(rows, mapping) == [
        Accepted(
            2,
            Phone("6281300001234", PhoneKind.MOBILE),
            "Budi Santoso",
            ("VIP", "Reseller"),
            {"kota": "Bandung"},
        ),
        Blank(3),
        Merged(4, 2, Phone("6281300001234", PhoneKind.MOBILE), "Budi S.", ("Lama",), {"kota": ""}),
        Rejected(
            5,
            Reason.EXCEL_LOST_DIGITS,
            plan(rows, mapping)[3].hint,
            ("Sari", "6.28123E+12", "", "Solo"),
        ),
        Blank(6),
        Accepted(
            7, Phone("62215551234", PhoneKind.LANDLINE), "Ani", (), {"kota": ""}, ("landline",)
        ),
        Accepted(
            8,
            Phone("6281234567890", PhoneKind.MOBILE),
            "Dewi",
            (),
            {"kota": "Malang"},
            ("looks_made_up", "extra_cells"),
        ),
        Rejected(
            9,
            Reason.MANY_NUMBERS,
            plan(rows, mapping)[7].hint,
            ("Rina", "081300001111 / 081300002222"),
            ("6281300001111", "6281300002222"),
        ),
        Accepted(10, Phone("76699677012110", PhoneKind.LID), "", (), {"kota": ""}),
    ]


def test_one_person_in_three_notations_is_one_contact_and_two_merged_rows():  # market 11.1, 26
    rows = numbered(["0813-0000-1234"], ["+6281300001234"], ["81300001234"])

    first, second, third = plan(rows, ColumnMapping(phone=0))

    assert isinstance(first, Accepted)
    assert [second.into_row, third.into_row] == [1, 1]


def test_a_lid_and_a_phone_with_the_same_digits_are_two_people():
    rows = numbered(["6281300001234@lid"], ["6281300001234"])

    assert [type(result) for result in plan(rows, ColumnMapping(phone=0))] == [Accepted, Accepted]


def test_totals_count_by_kind_and_reason():
    totals = Totals()
    rows = numbered(["0813 0000 1234"], ["0813 0000 1234"], ["Budi"], [""], ["021-5551234"], ["x"])

    for result in plan(rows, ColumnMapping(phone=0)):
        totals.add(result)

    assert totals == Totals(6, 2, 1, 1, Counter({Reason.LETTERS: 2}), Counter({"landline": 1}))
    assert totals.rejected == 2


@pytest.mark.parametrize(
    ("title", "key"),
    [("No. Invoice", "no_invoice"), ("  DISKON % ", "diskon"), ("Ｋota", "kota"), ("!", "column")],
)
def test_a_field_is_named_by_its_column(title, key):
    assert field_key(title) == key


@pytest.mark.parametrize(
    ("cell", "tags"),
    [("VIP", ("VIP",)), ("a, b ;c|a", ("a", "b", "c")), (" , ", ()), ("", ()), ("a  b", ("a b",))],
)
def test_tags_are_split_and_kept_once(cell, tags):
    assert split_tags(cell) == tags


CELLS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["", "HP", "Nama", "081300001234", "+62 813-0000-1234", "0215551234", "1E9"]),
)
TABLES = st.lists(st.lists(CELLS, max_size=5), max_size=12)


@given(TABLES, st.integers(0, 5), st.integers(0, 3))
def test_the_counts_of_any_table_add_up(table, phone, header_row):
    totals = Totals()
    rows = numbered(*table)
    mapping = ColumnMapping(phone=phone, name=0, tags=1, fields=((2, "x"),), header_row=header_row)

    results = plan(rows, mapping)
    for result in results:
        totals.add(result)

    data_rows = [number for number, _ in rows if number > header_row]
    assert [result.row_number for result in results] == data_rows
    assert totals.rows == len(data_rows)
    assert totals.rows == totals.accepted + totals.merged + totals.rejected + totals.blank
    accepted = {result.row_number for result in results if isinstance(result, Accepted)}
    assert all(r.into_row in accepted for r in results if isinstance(r, Merged))


@given(TABLES)
def test_any_table_gets_a_guess_or_a_reason(table):
    guess = guess_columns(numbered(*table))

    if isinstance(guess, ColumnGuess):
        roles = [guess.mapping.phone, guess.mapping.name, guess.mapping.tags]
        used = [role for role in roles if role is not None]
        used += [index for index, _ in guess.mapping.fields]
        keys = [key for _, key in guess.mapping.fields]
        assert len(used) == len(set(used))
        assert len(keys) == len(set(keys))
        assert max(used) < len(guess.columns)
    else:
        assert guess.hint
