"""Message texts as Indonesian shops write them."""

PROMO = (
    "{Halo|Hai|Assalamualaikum} {Kak|Bapak/Ibu|Sis} [nama] 👋\n"
    "{{Kami|Tim [toko]} {sedang|lagi} ada {promo|diskon} {spesial|terbatas} "
    "{hari ini|minggu ini}|Khusus {pelanggan setia|member} [toko], {ada|kami siapkan} "
    "potongan [diskon]%}.\n"
    "{Balas YA untuk detail|Ketik INFO ya}. "
    "{Balas STOP untuk berhenti|Tidak ingin menerima info? Ketik BERHENTI}."
)
CART = (
    "{Hai|Halo} [nama], {pesanan|keranjang} {Kakak|kamu} [produk] "
    "{masih menunggu|belum selesai} {nih|lho|ya}. "
    "{Mau {dibantu|kami bantu} {checkout|lanjutkan pesanan}?|Ada {kendala|yang bisa dibantu}?}"
)
BAYAR = (
    "{Selamat {pagi|siang|sore}|Halo} {Bapak/Ibu|Kak} [nama], {tagihan|invoice} [no_invoice] "
    "sebesar Rp[total] {jatuh tempo|harus dibayar} {tanggal|pada} [jatuh_tempo]. "
    "{Abaikan pesan ini jika sudah membayar|Bila sudah dibayar, mohon abaikan}. "
    "{Terima kasih|Makasih ya} 🙏"
)
EVENT = (
    "{Yuk|Ayo} {ikut|gabung} {webinar|kelas online} [judul] {besok|pada [tanggal]} jam [jam] "
    "{WIB|waktu Jakarta}! {Gratis|Tanpa biaya}, {daftar|amankan kursi} "
    "{di sini|lewat link ini}: [link]"
)
JAWA = (
    "{Sugeng {enjing|siang|sonten}|Halo} {Mas|Mbak|Kak} [nama], {wonten|ada} "
    "{produk anyar|stok baru} {niki|nih}. {Monggo|Silakan} {dipun cek|dicek} nggih."
)
IZIN = (
    "{Halo|Hai} [nama], ini [toko]. Boleh kami kirim info {promo|produk baru}? "
    "Balas *YA* atau *TIDAK*."
)
