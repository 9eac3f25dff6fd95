"""The example that everybody tries first: 500 rows, and a reason for every one that is bad."""

from collections import Counter
from pathlib import Path

from domain.contact_rows import Accepted, ColumnMapping, Merged, Totals, plan_rows
from domain.phone import PhoneKind, Reason
from scripts.make_example_contacts import TARGET, write_example
from services.contacts.files import open_rows

EXAMPLE = Path(TARGET)


def planned():
    with open_rows(EXAMPLE, EXAMPLE.name) as rows:
        return list(plan_rows(rows, rows.guess.mapping))


def test_the_example_opens_without_a_question():
    with open_rows(EXAMPLE, EXAMPLE.name) as rows:
        assert (rows.encoding, rows.delimiter) == ("utf-8", ",")
        assert rows.guess.columns == ("Nama", "No HP", "Kota", "Tag", "Diskon")
        assert rows.guess.mapping == ColumnMapping(
            phone=1, name=0, tags=3, fields=((2, "kota"), (4, "diskon")), header_row=1
        )


def test_its_500_rows_are_480_contacts_5_merged_and_15_refused_for_nine_reasons():
    totals = Totals()
    for result in planned():
        totals.add(result)

    assert totals == Totals(
        rows=500,
        accepted=480,
        merged=5,
        blank=0,
        rejected_by_reason=Counter(
            {
                Reason.EXCEL_LOST_DIGITS: 3,
                Reason.EMPTY: 2,
                Reason.TOO_SHORT: 2,
                Reason.MANY_NUMBERS: 2,
                Reason.LETTERS: 2,
                Reason.TOO_LONG: 1,
                Reason.TOLL_FREE: 1,
                Reason.NO_COUNTRY_CODE: 1,
                Reason.PLACEHOLDER: 1,
            }
        ),
    )
    assert totals.rejected == 15


def test_every_contact_has_what_the_promo_message_needs_and_a_number_of_nobody():
    accepted = [result for result in planned() if isinstance(result, Accepted)]

    assert all(contact.name and contact.fields["diskon"].isdigit() for contact in accepted)
    assert {contact.phone.kind for contact in accepted} == {PhoneKind.MOBILE}
    assert {contact.phone.digits[5:9] for contact in accepted} == {"0000"}


def test_a_merged_row_repeats_the_name_of_the_row_it_names():
    results = planned()
    names = {result.row_number: result.name for result in results if isinstance(result, Accepted)}

    assert all(names[row.into_row] == row.name for row in results if isinstance(row, Merged))


def test_the_script_writes_the_same_file_again(tmp_path):
    write_example(tmp_path / "again.csv")

    assert (tmp_path / "again.csv").read_bytes() == EXAMPLE.read_bytes()
