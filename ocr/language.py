"""Guesses whether a text is Indonesian or English from its most common words."""

import re
from typing import Literal

Language = Literal["id", "en", "unknown"]


def _set_of(words: str) -> frozenset[str]:
    return frozenset(words.split())


INDONESIAN = _set_of(
    """
    ada adalah agar akan aku anda apa apakah atas atau bagi bahwa baru bayar baik banyak
    barang beli belum berapa berhasil bisa bukan buka cara dalam dan dapat dari dengan di
    dia diskon gratis hanya harga hari harus halo ini itu jadi jam jangan jika jl jumlah
    juga jumat juli juni kak kamu kami karena kasih kembali kembalian ke kirim kita kode
    kota lagi lalu lebih maaf malam masih mau maret mei mulai nama nanti nomor oleh
    oktober pada pagi paling pembayaran pesan pesanan promo rekening rp rupiah sabtu saja
    saldo sama sampai sangat satu saya sebagai sebuah selamat selasa semua senin seperti
    siang silakan sore stok struk sudah tanggal tapi telah tempat terima tersedia tidak
    toko total transaksi transfer tunai uang untuk waktu yang ya dua tiga
    """
)
ENGLISH = _set_of(
    """
    a about after all also an and any are as at be been but by can change could date day
    do does each for free from get good had has have hello here hi how if in into is it
    its just like may more most much my new no not now of off on one only open or order
    other our out over payment please price sale shall she shop should so some stock than
    thank thanks that the their them then there these they this time to today tomorrow up
    us was we were what when which who will with would yes you your
    """
)
_WORD = re.compile(r"[a-z]+")
CHARACTERS_MAX = 50_000
"""More text makes the guess no better."""


def language_of(text: str) -> Language:
    """The language more words belong to; unknown when none or as many belong to the other."""
    words = _WORD.findall(text[:CHARACTERS_MAX].lower())
    indonesian = sum(word in INDONESIAN for word in words)
    english = sum(word in ENGLISH for word in words)
    if indonesian == english:
        return "unknown"
    return "id" if indonesian > english else "en"
