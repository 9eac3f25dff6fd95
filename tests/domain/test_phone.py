"""Every way people write a phone number, and what becomes of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.phone import Phone, PhoneKind, Reason, Refusal, mask, parse, search_prefix

USUAL = "6281234567890"

READ = [
    # 1 local notations
    ("081234567890", USUAL),
    ("0812-3456-7890", USUAL),
    ("0812 3456 7890", USUAL),
    ("0812.3456.7890", USUAL),
    ("(0812) 34567890", USUAL),
    ("0812/3456/7890", USUAL),
    ("0812_3456_7890", USUAL),
    ("- 081234567890", USUAL),
    # 2 with the country code
    ("+62 812-3456-7890", USUAL),
    ("62 812 3456 7890", USUAL),
    ("6281234567890", USUAL),
    ("(+62) 812 3456 7890", USUAL),
    # 3 the zero eaten by Excel
    ("81234567890", USUAL),
    (81234567890, USUAL),
    # 4 country code and zero
    ("+62 (0) 812 3456 7890", USUAL),
    ("62 0812 3456 7890", USUAL),
    ("+0812 3456 7890", USUAL),
    # 5 the prefix added twice
    ("626281234567890", USUAL),
    ("+62 62 0812 3456 7890", USUAL),
    # 6, 7 international prefixes
    ("0062 812 3456 7890", USUAL),
    ("00628123456789", "628123456789"),
    ("001 62 81234567890", USUAL),
    ("008 62 8123456789", "628123456789"),
    # 8 marks that nobody sees
    ("'081234567890", USUAL),
    ("\t0812\u00a03456\u00a07890 ", USUAL),
    ("\u200e+62\u202f812\u20113456\u20117890\u202c", USUAL),
    ("0812\u200b3456\ufeff7890", USUAL),
    ("０８１２３４５６７８９０", USUAL),
    ("٠٨١٢٣٤٥٦٧٨٩٠", USUAL),
    ("📞 0812–3456—7890", USUAL),
    ('="081234567890"', USUAL),
    # 9, 10 numbers from Excel
    (6281234567890, USUAL),
    (6281234567890.0, USUAL),
    ("6281234567890.0", USUAL),
    ("6281234567890,00", USUAL),
    ("6,281,234,567,890", USUAL),
    ("6.281.234.567.890", USUAL),
    # 12, 13 the shortest and the longest
    ("0811234567", "62811234567"),
    ("0895123456789", "62895123456789"),
    # 17 links
    ("https://wa.me/6281234567890?text=Halo%20kak", USUAL),
    ("wa.me/+6281234567890", USUAL),
    ("https://wa.me/081234567890", USUAL),
    ("https://api.whatsapp.com/send?phone=6281234567890&text=hai", USUAL),
    ("https://api.whatsapp.com/send/?text=hai&phone=%2B6281234567890", USUAL),
    ("whatsapp://send?phone=6281234567890", USUAL),
    ("tel:+62-812-3456-7890", USUAL),
    ("TEL:081234567890", USUAL),
    # 18 chat ids; the device number is no part of the phone
    ("6281234567890@c.us", USUAL),
    ("6281234567890:12@s.whatsapp.net", USUAL),
    ("6281234567890.0:3@s.whatsapp.net", USUAL),
]

REFUSED = [
    # 11 digits that Excel lost
    ("6.28123E+12", Reason.EXCEL_LOST_DIGITS),
    ("6,28123E+12", Reason.EXCEL_LOST_DIGITS),
    ("6.28123456789E+12", Reason.EXCEL_LOST_DIGITS),
    ("8E10", Reason.EXCEL_LOST_DIGITS),
    (6.28123e12, Reason.EXCEL_LOST_DIGITS),
    ("6281230000000", Reason.EXCEL_LOST_DIGITS),
    (7.6e20, Reason.EXCEL_LOST_DIGITS),
    # 14
    ("08112345", Reason.TOO_SHORT),
    ("08", Reason.TOO_SHORT),
    ("62812", Reason.TOO_SHORT),
    ("81234567", Reason.TOO_SHORT),
    ("112", Reason.TOO_SHORT),
    ("+1", Reason.TOO_SHORT),
    ("08123456789012", Reason.TOO_LONG),
    ("+62 812 3456 7890 123", Reason.TOO_LONG),
    ("1" * 40 + "2", Reason.TOO_LONG),
    ("8" * 5_000, Reason.TOO_LONG),
    pytest.param(10**5_000, Reason.TOO_LONG, id="5000-digits"),
    # 15
    ("081234567890/081345678901", Reason.MANY_NUMBERS),
    ("081234567890, 081345678901", Reason.MANY_NUMBERS),
    ("081234567890;081345678901", Reason.MANY_NUMBERS),
    ("081234567890\n081345678901", Reason.MANY_NUMBERS),
    ("081234567890 atau 081345678901", Reason.MANY_NUMBERS),
    ("081234567890 DAN 021-5551234", Reason.MANY_NUMBERS),
    ("081234567890 081345678901", Reason.MANY_NUMBERS),
    ("0812 3456 7890 0813 4567 8901", Reason.MANY_NUMBERS),
    ("62 812 3456 7890 62 813 4567 8901", Reason.MANY_NUMBERS),
    ("+6281234567890+6281345678901", Reason.MANY_NUMBERS),
    ("0812-3456-7890 - 0813-4567-8901", Reason.MANY_NUMBERS),
    ("081234567890/91", Reason.MANY_NUMBERS),
    # 16
    ("0812-3456-7890 (Budi)", Reason.LETTERS),
    ("WA: 081234567890", Reason.LETTERS),
    ("08l234567890", Reason.LETTERS),
    ("O81234567890", Reason.LETTERS),
    ("Budi", Reason.LETTERS),
    ("budi@example.com", Reason.LETTERS),
    ("https://example.com/081234567890", Reason.LETTERS),
    ("https://wa.me/message/ABCDEF", Reason.LETTERS),
    ("https://api.whatsapp.com/send?phone=budi", Reason.LETTERS),
    # 19 chats that are no person
    ("120363025246125486@g.us", Reason.GROUP),
    ("6281234567890-1599999999@g.us", Reason.GROUP),
    ("https://chat.whatsapp.com/AbCdEf", Reason.GROUP),
    ("status@broadcast", Reason.BROADCAST),
    ("120363025246125486@newsletter", Reason.NEWSLETTER),
    ("https://whatsapp.com/channel/0029Va", Reason.NEWSLETTER),
    ("1" * 30 + "@lid", Reason.TOO_LONG),
    # 21
    ("0800-123-456", Reason.TOLL_FREE),
    ("1500888", Reason.TOLL_FREE),
    ("14045", Reason.TOLL_FREE),
    ("0809 1234567", Reason.TOLL_FREE),
    ("+1 800 253 0000", Reason.TOLL_FREE),
    # 23, 25b
    ("60123456789", Reason.NO_COUNTRY_CODE),
    ("76699677012110", Reason.NO_COUNTRY_CODE),
    (76699677012110.0, Reason.NO_COUNTRY_CODE),
    ("5551234", Reason.NO_COUNTRY_CODE),
    ("0081234567890", Reason.NO_COUNTRY_CODE),  # a zero too many, or Japan
    # 24, and 7's other half
    ("084012345678", Reason.UNASSIGNED_PREFIX),
    ("0801234567890", Reason.UNASSIGNED_PREFIX),
    ("01762 81234567890", Reason.TOO_LONG),
    ("+999 123 456 789", Reason.UNASSIGNED_PREFIX),
    ("+60 999", Reason.TOO_SHORT),
    # 25
    ("", Reason.EMPTY),
    (None, Reason.EMPTY),
    ("  \u200b ", Reason.EMPTY),
    ("-", Reason.EMPTY),
    ("n/a", Reason.EMPTY),
    ("tidak ada", Reason.EMPTY),
    ("0", Reason.EMPTY),
    (0, Reason.EMPTY),
    ("00000000000", Reason.PLACEHOLDER),
    ("08111111111", Reason.PLACEHOLDER),
    ("088888888888", Reason.PLACEHOLDER),
    ("081200000000", Reason.PLACEHOLDER),
    ("12345678", Reason.PLACEHOLDER),
    ("1234567890", Reason.PLACEHOLDER),
    ("99999999", Reason.PLACEHOLDER),
    ("+65 8888 8888", Reason.PLACEHOLDER),
    # cells that are no phone at all
    (812345678.5, Reason.NOT_A_NUMBER),
    ("6281234567890.5", Reason.NOT_A_NUMBER),
    (-6281234567890, Reason.NOT_A_NUMBER),
    (float("nan"), Reason.NOT_A_NUMBER),
    (float("inf"), Reason.NOT_A_NUMBER),
    (True, Reason.NOT_A_NUMBER),
]


@pytest.mark.parametrize(("raw", "digits"), READ)
def test_every_notation_of_a_mobile_number_is_the_same_person(raw, digits):
    assert parse(raw) == Phone(digits, PhoneKind.MOBILE)


@pytest.mark.parametrize(("raw", "reason"), REFUSED)
def test_what_is_no_phone_is_refused_with_its_reason(raw, reason):
    refusal = parse(raw)

    assert isinstance(refusal, Refusal), refusal
    assert refusal.reason == reason
    assert refusal.hint.endswith(".")


def test_every_reason_stands_in_the_table():
    named = {row.values[1] if hasattr(row, "values") else row[1] for row in REFUSED}

    assert named == set(Reason)


@pytest.mark.parametrize(
    ("raw", "phone"),
    [
        ("021-5551234", Phone("62215551234", PhoneKind.LANDLINE)),  # 20
        ("0274 512345", Phone("62274512345", PhoneKind.LANDLINE)),
        ("+62 622 21234", Phone("6262221234", PhoneKind.LANDLINE)),  # 0622 is no second 62
        ("+60123456789", Phone("60123456789", PhoneKind.FOREIGN)),  # 22
        ("+65 9123 4567", Phone("6591234567", PhoneKind.FOREIGN)),
        ("0065 9123 4567", Phone("6591234567", PhoneKind.FOREIGN)),
        ("+81 90 1234 5678", Phone("819012345678", PhoneKind.FOREIGN)),
        ("60123456789@c.us", Phone("60123456789", PhoneKind.FOREIGN)),
        ("76699677012110@lid", Phone("76699677012110", PhoneKind.LID)),  # 19
        ("76699677012110:3@lid", Phone("76699677012110", PhoneKind.LID)),
    ],
)
def test_landlines_foreign_numbers_and_lids_are_kept_and_named(raw, phone):
    assert parse(raw) == phone


@pytest.mark.parametrize(
    ("raw", "candidates"),
    [
        ("081234567890 atau 0813-4567-8901", ("6281234567890", "6281345678901")),
        ("0812-3456-7890 (Budi)", ("6281234567890",)),
        ("WA: 081234567890", ("6281234567890",)),
        ("08l234567890", ("6281234567890",)),
        ("O81234567890", ("6281234567890",)),
        ("Budi", ()),
        ("6.28123E+12", ()),
    ],
)
def test_a_refusal_offers_what_the_cell_may_have_meant(raw, candidates):
    assert parse(raw).candidates == candidates


@pytest.mark.parametrize(
    ("raw", "region", "expected"),
    [
        ("012-345 6789", "MY", Phone("60123456789", PhoneKind.MOBILE)),
        ("60123456789", "MY", Phone("60123456789", PhoneKind.MOBILE)),
        ("9123 4567", "SG", Phone("6591234567", PhoneKind.MOBILE)),
        ("03-2161 1234", "MY", Phone("60321611234", PhoneKind.LANDLINE)),
        ("+62 812-3456-7890", "MY", Phone("6281234567890", PhoneKind.FOREIGN)),
        ("0062 812-3456-7890", "MY", Phone("6281234567890", PhoneKind.FOREIGN)),
        ("6.0123E+10", "MY", Reason.EXCEL_LOST_DIGITS),
        ("76699677012110", "MY", Reason.NO_COUNTRY_CODE),
        ("1-300-88-1234", "MY", Reason.TOLL_FREE),
        ("", "MY", Reason.EMPTY),
    ],
)
def test_another_home_country_changes_only_what_a_local_number_means(raw, region, expected):
    found = parse(raw, region)

    assert (found.reason if isinstance(found, Refusal) else found) == expected


def test_a_region_that_is_no_country_is_the_callers_mistake():
    with pytest.raises(ValueError, match="not a country"):
        parse("081234567890", "XX")


@pytest.mark.parametrize(
    ("raw", "display"),
    [
        ("62811234567", "0811-234-567"),
        ("628112345678", "0811-2345-678"),
        ("6281234567890", "0812-3456-7890"),
        ("62895123456789", "0895-1234-56789"),
        ("0215551234", "(021) 5551234"),
        ("+60123456789", "+60 12-345 6789"),
        ("76699677012110@lid", "76699677012110@lid"),
    ],
)
def test_a_number_is_shown_as_its_country_writes_it(raw, display):
    phone = parse(raw)

    assert phone.display == display
    assert parse(phone.display) == phone


@pytest.mark.parametrize(
    ("raw", "made_up"),
    [("081234567890", True), ("0812345678", True), ("081372940518", False), ("0215551234", False)],
)
def test_a_number_that_counts_upwards_is_marked_but_kept(raw, made_up):
    assert parse(raw).looks_made_up is made_up


@pytest.mark.parametrize(
    ("typed", "prefix"),
    [
        ("0812 3456", "628123456"),
        ("+62 812-34", "6281234"),
        ("62812", "62812"),
        ("812", "62812"),
        ("62 0812", "62812"),
        ("62 62 812", "62812"),
        ("0062 812", "62812"),
        ("021", "6221"),
        ("0", "62"),
        ("8", "628"),
        ("+8", "8"),
        ("+60 12", "6012"),
        ("76699", "76699"),
        ("wa.me/6281234567890", "6281234567890"),
        ("6281234567890@c.us", "6281234567890"),
        ("Budi", None),
        ("Budi 0812", None),
        ("", None),
        ("  ", None),
        ("+", None),
        ("00", None),
    ],
)
def test_a_search_box_understands_half_a_number(typed, prefix):
    assert search_prefix(typed) == prefix


def test_a_search_box_knows_the_home_country():
    assert search_prefix("012 34", "MY") == "601234"


@pytest.mark.parametrize(
    ("digits", "masked"),
    [("6281234567890", "62812****890"), ("62811234567", "62811****567"), ("62812", "62****")],
)
def test_a_mask_keeps_the_ends_only(digits, masked):
    assert mask(digits) == masked


NATIONAL = st.from_regex(r"8[1-35-9][0-9]{7,10}", fullmatch=True).filter(
    lambda digits: not digits.endswith("000000") and len(set(digits[1:])) > 1
)
MESSY = st.text(alphabet=st.sampled_from("0123456789+-() ./,;@eElOdan\n\u00a0\u200b:'=\""))


@given(st.one_of(st.text(), MESSY, st.integers(), st.floats()), st.sampled_from(["ID", "MY", "US"]))
def test_no_cell_makes_it_fail(raw, region):
    found = parse(raw, region)

    assert isinstance(found, Phone | Refusal)
    if isinstance(found, Phone):
        assert found.digits.isascii()
        assert found.digits.isdigit()
        assert 7 <= len(found.digits) <= 15 or found.kind is PhoneKind.LID


@given(MESSY)
def test_what_was_read_once_is_read_the_same_again(raw):
    phone = parse(raw)

    if isinstance(phone, Phone) and phone.kind is not PhoneKind.LID:
        assert parse(phone.e164) == phone
        assert parse(phone.display) == phone
        if phone.kind is not PhoneKind.FOREIGN:
            assert parse(phone.digits) == phone


@given(NATIONAL, st.sampled_from(["", "0", "62", "+62", "0062", "+62 (0) ", "6262"]))
def test_any_mobile_number_is_read_in_any_notation(national, prefix):
    phone = parse(prefix + national)

    assert phone == Phone("62" + national, PhoneKind.MOBILE)
    assert parse(phone.digits) == phone
    assert parse(int(phone.digits)) == phone
    assert parse(phone.display) == phone


@given(NATIONAL, st.sampled_from(["0", "62", "+62", "0062", "+62 0"]), st.data())
def test_whatever_is_typed_of_a_number_finds_it(national, prefix, data):
    typed = prefix + national[: data.draw(st.integers(1, len(national)))]

    assert ("62" + national).startswith(search_prefix(typed))


@given(st.text(), st.sampled_from(["ID", "SG"]))
def test_a_search_box_takes_any_text(typed, region):
    prefix = search_prefix(typed, region)

    assert prefix is None or prefix.isdigit()
