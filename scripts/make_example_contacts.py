"""Write examples/contacts.csv: 500 invented customers as a real shop's spreadsheet holds them.

Every number has the block 0000 after its operator prefix (0812-0000-1234): valid in form, and
nobody's. Fifteen rows are bad on purpose, five repeat a person in another notation.
"""

import csv
from pathlib import Path
from random import Random

TARGET = Path(__file__).parent.parent / "examples" / "contacts.csv"
SEED = 20260817
PEOPLE = 480
REPEATED = 5

HEADER = ["Nama", "No HP", "Kota", "Tag", "Diskon"]

BAD_PHONES = [
    "6.28122E+12",
    "6,28857E+12",
    "6.28213E+12",
    "",
    "-",
    "0812-0000",
    "08570000",
    "0813-0000-4411-220",
    "081200005511 / 081300006622",
    "0857-0000-7733 atau 0857-0000-8844",
    "0812-0000-3131 (istri)",
    "O81300002424",
    "0800-100-2000",
    "60120000345",
    "08111111111",
]


def _words(text: str) -> list[str]:
    return text.split()


GIVEN = _words("""
    Adi Agus Ahmad Aisyah Andi Anisa Arif Asep Ayu Bagus Bambang Bayu Budi Cahya Citra Dani Dedi
    Desi Dewi Dian Dimas Dina Dwi Eka Eko Endang Fajar Farhan Fitri Galih Gilang Hana Hendra
    Heru Ika Indah Indra Intan Irfan Jaka Joko Kadek Ketut Komang Kurnia Laila Lestari Lia Lina
    Made Maya Mega Melati Nadia Nanda Ningsih Novi Nur Nyoman Oktavia Putri Putu Rahmat Rangga
    Ratna Reza Rina Rini Rizki Sari Siska Siti Slamet Sri Sulastri Surya Taufik Tia Tono Tri
    Udin Ujang Vina Wahyu Wati Wayan Widya Winda Yanti Yoga Yudi Yuni Yusuf Zahra
""")
FAMILY = _words("""
    Anggraini Astuti Aziz Firmansyah Ginting Gunawan Hakim Handayani Harahap Hasanah Hidayat
    Hutapea Iskandar Kartika Kurniawan Kusuma Lubis Mahendra Maulana Nasution Nugroho Nurhaliza
    Permata Pohan Pradana Pranata Pratama Purnomo Puspita Rahayu Rahman Ramadhan Saputra Saragih
    Setiawan Simanjuntak Siregar Sitompul Subekti Sudrajat Suharto Susanti Suryadi Sutrisno
    Syahputra Tambunan Utami Wibowo Wicaksono Widodo Wijaya Wulandari Yuliana Yulianto
    Zulkarnain
""")
CITIES = _words("""
    Bandung Bekasi Bogor Cimahi Cirebon Denpasar Depok Garut Jakarta Jayapura Jember Kediri
    Kendari Kudus Kupang Lampung Madiun Magelang Makassar Malang Manado Mataram Medan Padang
    Palembang Palu Pekalongan Pekanbaru Pontianak Purwokerto Samarinda Semarang Serang Sidoarjo
    Solo Sukabumi Surabaya Tangerang Tasikmalaya Tegal Ternate Yogyakarta
""")
TAGS = ["Baru", "Baru", "Pelanggan Lama", "Pelanggan Lama", "VIP", "Reseller", "VIP, Reseller", ""]
TITLES = ["{}, S.Pd", "{}, S.E.", "dr. {}", "Toko {}", "Warung {}"]
DISCOUNTS = [5, 10, 10, 10, 15, 15, 20, 25, 30]
PREFIXES = _words("""
    812 813 821 822 852 853 856 857 858 877 878 831 838 851 881 895 896 897 899
""")

USUAL_NOTATIONS = ["0{a}-{b}-{c}", "0{a}{b}{c}", "62{a}{b}{c}", "+62 {a}-{b}-{c}", "0{a} {b} {c}"]
RARE_NOTATIONS = [
    "+62{a}{b}{c}",
    "{a}{b}{c}",
    "'0{a}{b}{c}",
    "0{a}.{b}.{c}",
    "(0{a}) {b}{c}",
    "+62 (0) {a} {b} {c}",
    "62{a}{b}{c}.0",
    "https://wa.me/62{a}{b}{c}",
    "0062 {a} {b} {c}",
    "\u200e+62\u00a0{a}\u2011{b}\u2011{c}",
]


def example_rows(rng: Random) -> list[list[str]]:
    """The data rows, without the header; the same for the same `rng` state."""
    endings = rng.sample(range(1001, 10_000), PEOPLE)
    numbers = [(rng.choice(PREFIXES), "0000", f"{ending}") for ending in endings]
    rows = [_row(_notation(number, rng), rng) for number in numbers]
    for place in rng.sample(range(PEOPLE // 2), REPEATED):
        again = _row("+62{}{}{}".format(*numbers[place]), rng)
        again[0] = rows[place][0]
        rows.insert(rng.randint(PEOPLE // 2 + REPEATED, len(rows)), again)
    for phone in BAD_PHONES:
        rows.insert(rng.randint(0, len(rows)), _row(phone, rng))
    return rows


def write_example(target: Path) -> None:
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(example_rows(Random(SEED)))


def _row(phone: str, rng: Random) -> list[str]:
    name = f"{rng.choice(GIVEN)} {rng.choice(FAMILY)}"
    if rng.random() < 0.1:
        name = rng.choice(TITLES).format(name)
    discount = str(rng.choice(DISCOUNTS))
    return [name, phone, rng.choice(CITIES), rng.choice(TAGS), discount]


def _notation(number: tuple[str, str, str], rng: Random) -> str:
    form = rng.choice(RARE_NOTATIONS if rng.random() < 0.15 else USUAL_NOTATIONS)
    prefix, block, ending = number
    return form.format(a=prefix, b=block, c=ending)


if __name__ == "__main__":
    write_example(TARGET)
