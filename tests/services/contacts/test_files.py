"""Files come in every spelling that Excel, phones and people produce; broken ones say where."""

import io
import struct
import tracemalloc
import zipfile
from datetime import date, datetime

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.contact_rows import ColumnMapping, NoPhoneColumn, Totals, plan_rows
from services.contacts.files import FileProblem, FileReason, open_rows
from services.contacts.workbook_files import cell_text
from services.kit.errors import Invalid

TABLE = "Nama;No HP;Kota\nBudi;0812-0000-1234;Bandung\nSiti Nurhaliza;'081300001234;Solo\n"


def rows_of(content, filename="contacts.csv", **options):
    with open_rows(content, filename, **options) as rows:
        return list(rows)


def problem_of(content, filename="contacts.csv", **options):
    with pytest.raises(FileProblem) as raised:
        rows_of(content, filename, **options)
    return raised.value


def workbook(*sheets, hidden=()):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for number, cells in enumerate(sheets, start=1):
        sheet = book.create_sheet(f"Sheet{number}")
        for place, value in cells.items():
            sheet[place] = value
        if number in hidden:
            sheet.sheet_state = "hidden"
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def archive(entries, method=zipfile.ZIP_DEFLATED):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as target:
        for name, body in entries.items():
            target.writestr(name, body)
    return content.getvalue()


SMALL_BOOK = workbook({"A1": "Nama", "B1": "HP", "A2": "Budi", "B2": 81200001234})


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (TABLE.encode(), "utf-8"),
        (b"\xef\xbb\xbf" + TABLE.encode(), "utf-8-sig"),
        (b"\xff\xfe" + TABLE.encode("utf-16-le"), "utf-16-le"),
        (b"\xfe\xff" + TABLE.encode("utf-16-be"), "utf-16-be"),
        (TABLE.replace("Siti", "Zoë").encode("cp1252"), "cp1252"),
        (TABLE.replace("\n", "\r\n").encode(), "utf-8"),
        (TABLE.replace("\n", "\r").encode(), "utf-8"),
        (("sep=;\r\n" + TABLE).encode(), "utf-8"),
    ],
)
def test_any_encoding_and_line_ending_gives_the_same_rows(content, encoding):
    with open_rows(content, "contacts.csv") as rows:
        found = [cells for _, cells in rows]

    assert (rows.encoding, rows.delimiter) == (encoding, ";")
    assert found[0] == ["Nama", "No HP", "Kota"]
    assert found[1] == ["Budi", "0812-0000-1234", "Bandung"]
    assert found[2][1] == "081300001234"  # the text mark is gone
    assert found[2][0] in ("Siti Nurhaliza", "Zoë Nurhaliza")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_although_others_stand_in_the_cells(delimiter):
    others = "".join({",", ";", "|"} - {delimiter})
    lines = [["Nama", "HP", "Alamat"], ["Budi", "081200001234", f"Jl. Mawar{others} No 1"]]
    content = "\n".join(delimiter.join(line) for line in lines).encode()

    with open_rows(content, "contacts.csv") as rows:
        assert rows.delimiter == delimiter
        assert [cells for _, cells in rows] == lines


def test_the_preview_may_overrule_the_delimiter():
    assert rows_of(b"a;b,081200001234\n", delimiter=",") == [(1, ["a;b", "081200001234"])]


def test_rows_are_numbered_as_a_spreadsheet_shows_them():
    content = b'Nama,HP\n"Budi\nSantoso",081200001234\n\nSari,081300001234\n'

    assert rows_of(content) == [
        (1, ["Nama", "HP"]),
        (2, ["Budi\nSantoso", "081200001234"]),
        (3, []),
        (4, ["Sari", "081300001234"]),
    ]


def test_a_line_that_announces_the_delimiter_is_no_row():
    assert rows_of(b"sep=|\nHP|Nama\n081200001234|Ani\n")[0] == (2, ["HP", "Nama"])


def test_quotes_that_people_type_are_text():
    content = b'Nama,HP\nBudi "Bos" Santoso,081200001234\n"Ani ""Kecil""",081300001234\n'

    assert [cells[0] for _, cells in rows_of(content)[1:]] == ['Budi "Bos" Santoso', 'Ani "Kecil"']


def test_columns_are_guessed_and_the_first_rows_shown():
    body = "".join(f"Orang {n},0812-0000-{n:04}\n" for n in range(100, 160))

    with open_rows(("Nama,No. WA\n" + body).encode(), "contacts.csv") as rows:
        assert rows.guess.mapping == ColumnMapping(phone=1, name=0, header_row=1)
        assert len(rows.preview) == 20
        assert rows.preview[1] == (2, ["Orang 100", "0812-0000-0100"])
        assert len(list(rows)) == 61


def test_a_file_without_phones_is_opened_so_that_the_user_can_choose():
    with open_rows(b"Nama,Kota\nBudi,Solo\n", "contacts.csv") as rows:
        assert isinstance(rows.guess, NoPhoneColumn)
        assert '"Kota"' in rows.guess.hint


@pytest.mark.parametrize(
    ("content", "filename", "reason", "line"),
    [
        (b"", "a.csv", FileReason.EMPTY, None),
        (b" \r\n\t\n", "a.csv", FileReason.EMPTY, None),
        (b"\xef\xbb\xbf\n\n", "a.csv", FileReason.EMPTY, None),
        (b"Nama,No HP\n", "a.csv", FileReason.EMPTY, None),
        (b"Nama,No HP\n,\n\n", "a.csv", FileReason.EMPTY, None),
        (b"\n\n \n", "a.txt", FileReason.EMPTY, None),
        (b"%PDF-1.7 ...", "a.csv", FileReason.WRONG_TYPE, None),
        (b"\x89PNG\r\n\x1a\n", "a.csv", FileReason.WRONG_TYPE, None),
        (b"<html><table>", "a.xls", FileReason.WRONG_TYPE, None),
        (b"BEGIN:VCARD\nTEL:0812", "a.vcf", FileReason.WRONG_TYPE, None),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.xls", FileReason.WRONG_TYPE, None),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.xlsx", FileReason.WRONG_TYPE, None),
        (TABLE.encode(), "a.xlsx", FileReason.WRONG_TYPE, None),
        (TABLE.encode(), "a.json", FileReason.WRONG_TYPE, None),
        (archive({"word/document.xml": "<x/>"}), "a.docx", FileReason.WRONG_TYPE, None),
        (SMALL_BOOK[:300], "a.xlsx", FileReason.UNREADABLE, None),
        (archive({"xl/workbook.xml": "no xml"}), "a.xlsx", FileReason.UNREADABLE, None),
        (b"Nama,HP\nA,0812\nB\0,0813\n", "a.csv", FileReason.NUL_BYTE, 3),
        ("\ufeffNama,HP\nA\0,1\n".encode("utf-16-le"), "a.csv", FileReason.NUL_BYTE, 2),
        (TABLE.encode("utf-16-le"), "a.csv", FileReason.NUL_BYTE, 1),
        (TABLE.encode("utf-32"), "a.csv", FileReason.BAD_ENCODING, None),
        (b"Nama,HP\n\x81\x8d\xff,0812\n", "a.csv", FileReason.BAD_ENCODING, None),
        (b"\xff\xfe" + TABLE.encode("utf-16-le")[:-1], "a.csv", FileReason.BAD_ENCODING, None),
        (b"Nama,HP\n" + b"x" * 10_000_000 + b",0812\n", "a.csv", FileReason.LINE_TOO_LONG, 2),
        (b"1" * 10_000_000, "a.txt", FileReason.LINE_TOO_LONG, 1),
        (b'Nama,HP\nA,1\n"B,2\nC,3\nD,4\n', "a.csv", FileReason.UNCLOSED_QUOTE, 3),
        (b'Nama,HP\n"B,2\nC,3\n"D",4\n', "a.csv", FileReason.UNCLOSED_QUOTE, 2),
        (b'Nama,HP\n"B,2\n' + b"C,3\n" * 500, "a.csv", FileReason.UNCLOSED_QUOTE, 2),
        (b"1\n" * 1_100_000, "a.csv", FileReason.TOO_MANY_ROWS, None),
    ],
)
def test_a_broken_file_is_refused_with_a_reason_and_a_way_out(content, filename, reason, line):
    problem = problem_of(content, filename)

    assert (problem.reason, problem.line) == (reason, line)
    assert isinstance(problem, Invalid)
    assert problem.code == f"file_{reason}"
    assert problem.hint.endswith((".", "?"))


def test_a_broken_letter_far_down_is_found_before_the_first_row_is_read():
    good = b"Nama,HP\n" + b"Budi,081200001234\n" * 20_000

    assert rows_of(good + "Zoë,081300001234\n".encode("cp1252"))[-1][1][0] == "Zoë"
    with pytest.raises(FileProblem):
        open_rows(good + b"\x81\xff,081300001234\n", "contacts.csv")


def test_a_large_file_is_refused_unread(tmp_path):
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.write(b"Nama,HP\n")
        file.truncate(200 * 1024 * 1024)

    assert problem_of(path).reason == FileReason.TOO_BIG


@pytest.mark.parametrize(
    ("line", "people"),
    [
        ("081200001234", [["081200001234", ""]]),
        ("0812-0000-1234 Budi Santoso 2", [["0812-0000-1234", "Budi Santoso 2"]]),
        ("+62 812 0000 1234, Budi", [["+62 812 0000 1234", "Budi"]]),
        ("081200001234\tBudi", [["081200001234", "Budi"]]),
        ("(0812) 00001234 - Budi", [["(0812) 00001234", "Budi"]]),
        ("Budi Santoso 0812-0000-1234", [["0812-0000-1234", "Budi Santoso"]]),
        ("Budi: 081200001234", [["081200001234", "Budi"]]),
        ("1. 081200001234 Budi", [["081200001234", "Budi"]]),
        ("'081200001234", [["081200001234", ""]]),
        ("081200001234, 081300001234;+62 811 0000 123", None),
        ("cuma nama", [["cuma nama", ""]]),
        ("08l200001234", [["08l200001234", ""]]),
        ("Budi " * 100, [["Budi " * 99 + "Budi", ""]]),
    ],
)
def test_a_plain_list_gives_a_number_and_a_name_for_each_line(line, people):
    rows = rows_of(f"{line}\n".encode(), "paste.txt")

    separate = [["081200001234", ""], ["081300001234", ""], ["+62 811 0000 123", ""]]
    assert [cells for _, cells in rows] == (people or separate)


def test_a_plain_list_is_never_mistaken_for_a_table_and_keeps_its_bad_lines():
    with open_rows(b"Budi\n0812-0000-1234 Sari\n\n081200001234\n", "paste.txt") as rows:
        totals = Totals()
        for result in plan_rows(rows, rows.guess.mapping):
            totals.add(result)

    assert (totals.rows, totals.accepted, totals.merged, totals.rejected, totals.blank) == (
        (4, 1, 1, 1, 1)
    )


def test_a_text_file_with_a_header_is_a_table():
    with open_rows(b"Kota\tNo HP\nSolo\t081200001234\n", "export.txt") as rows:
        assert rows.delimiter == "\t"
        assert rows.guess.mapping.phone == 1


def test_a_workbook_gives_every_cell_as_exact_text():
    content = workbook(
        {
            "B3": "Nama",
            "C3": "No HP",
            "D3": "Lahir",
            "B4": "Budi",
            "C4": 6281200001234,
            "D4": date(1990, 5, 17),
            "B5": "Sari",
            "C5": "'081300001234",
            "B7": "Ani",
            "C7": 7.6699677012110123e20,
            "D7": 0.5,
        }
    )

    with open_rows(content, "contacts.xlsx") as rows:
        found = [(number, cells) for number, cells in rows if any(cells)]

    assert (rows.sheet, rows.sheets, rows.encoding, rows.delimiter) == (
        ("Sheet1", ("Sheet1",), None, None)
    )
    assert rows.guess.mapping == ColumnMapping(
        phone=1, name=0, fields=((2, "lahir"),), header_row=3
    )
    assert found == [
        (3, ["Nama", "No HP", "Lahir"]),
        (4, ["Budi", "6281200001234", "1990-05-17"]),
        (5, ["Sari", "081300001234", ""]),
        (7, ["Ani", "7.669967701211012e+20", "0.5"]),
    ]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (6281200001234.0, "6281200001234"),
        (81200001234, "81200001234"),
        (1e12, "1000000000000"),
        (0.1, "0.1"),
        (True, "True"),
        (datetime.fromisoformat("2026-01-02 03:04"), "2026-01-02 03:04:00"),
        (datetime.fromisoformat("2026-01-02"), "2026-01-02"),
        ("=cmd|x", "=cmd|x"),
        ("''x", "'x"),
    ],
)
def test_a_cell_says_what_it_holds(cell, text):
    assert cell_text(cell) == text


def test_the_first_visible_sheet_with_cells_is_read_unless_another_is_chosen():
    content = workbook(
        {}, {"A1": "geheim"}, {"A1": "081200001234"}, {"A1": "081300001234"}, hidden=[2]
    )

    assert rows_of(content, "a.xlsx") == [(1, ["081200001234"])]
    assert rows_of(content, "a.xlsx", sheet="Sheet4") == [(1, ["081300001234"])]
    assert problem_of(content, "a.xlsx", sheet="Sheet1").reason == FileReason.EMPTY
    hidden = problem_of(content, "a.xlsx", sheet="Sheet2")
    assert hidden.reason == FileReason.NO_SUCH_SHEET
    assert "Sheet3, Sheet4" in hidden.hint


def test_a_workbook_is_known_by_its_content_too(tmp_path):
    path = tmp_path / "contacts.csv"
    path.write_bytes(SMALL_BOOK)

    assert rows_of(path)[1] == (2, ["Budi", "81200001234"])


def lying_about_its_size(content, size_bytes):
    """The same archive, whose directory and headers say that the large entry is one byte."""
    return content.replace(struct.pack("<I", size_bytes), struct.pack("<I", 1))


def far_cells(last):
    sheet = f'<sheetData><row r="1"><c r="A1"/></row><row><c r="{last}"/></row></sheetData>'
    return archive({"xl/workbook.xml": "<workbook/>", "xl/worksheets/sheet1.xml": sheet})


BOMB_BYTES = 150_000_000
BOMB = archive({"xl/workbook.xml": "<w/>", "xl/worksheets/sheet1.xml": b" " * BOMB_BYTES})


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (BOMB, FileReason.TOO_BIG),
        (lying_about_its_size(BOMB, BOMB_BYTES), FileReason.TOO_BIG),
        (archive({"xl/workbook.xml": "", **{f"x{n}": "" for n in range(200)}}), FileReason.TOO_BIG),
        (far_cells("XFD1048576"), FileReason.TOO_BIG),
        (far_cells("A9999999"), FileReason.TOO_MANY_ROWS),
        (
            archive({"xl/workbook.xml": "<w/>" * 99}, zipfile.ZIP_BZIP2),
            FileReason.UNREADABLE,
        ),
    ],
)
def test_a_workbook_that_would_fill_the_memory_is_refused_unpacked(content, reason):
    tracemalloc.start()
    problem = problem_of(content, "bomb.xlsx")
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert problem.reason == reason
    assert peak_bytes < 4_000_000


def peak_bytes_of(path):
    tracemalloc.start()
    with open_rows(path, path.name) as rows:
        count = sum(1 for _ in rows)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return count, peak_bytes


def test_a_large_text_file_takes_no_more_memory_than_a_small_one(tmp_path):
    peaks = {}
    for count in (2_000, 40_000):
        path = tmp_path / f"{count}.csv"
        with path.open("w") as file:
            file.write("Nama,HP\n")
            file.writelines(f"Orang {n},0812-{n:08}\n" for n in range(count))
        rows, peaks[count] = peak_bytes_of(path)
        assert rows == count + 1

    assert peaks[40_000] < peaks[2_000] + 500_000


def test_a_closed_file_gives_no_more_rows():
    rows = open_rows(TABLE.encode(), "contacts.csv")
    assert next(iter(rows))[0] == 1

    rows.close()

    assert list(rows) == []


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)),
    st.sampled_from(["a.csv", "a.txt", "a.xlsx", "a"]),
)
def test_any_content_gives_rows_or_a_reason(content, filename):
    try:
        numbers = [number for number, _ in rows_of(content, filename)]
    except FileProblem as problem:
        numbers = []
        hint = problem.hint
    else:
        hint = "none needed"

    assert hint
    assert numbers == sorted(set(numbers))
