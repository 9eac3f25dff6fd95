"""What stands on the pictures that engines are measured by; all people and shops are made up."""

CHAT_ID = (
    ("in", "Halo kak, apakah kemeja batik ukuran L masih ada?", "09.41"),
    ("out", "Selamat pagi kak Dewi! Masih ada, stok tinggal 3 potong.", "09.42"),
    ("in", "Harganya berapa ya kalau beli dua?", "09.42"),
    ("out", "Satu potong Rp 185.000, beli dua jadi Rp 350.000 sudah termasuk ongkir.", "09.44"),
    ("in", "Boleh kak, saya pesan dua. Bayarnya lewat transfer bisa?", "09.45"),
    ("out", "Bisa kak. Nomor rekening kami 8810 2245 673 atas nama Sari Busana.", "09.46"),
    ("in", "Baik, nanti sore saya kirim buktinya. Terima kasih!", "09.47"),
)
CHAT_EN = (
    ("in", "Hi, is the blue ceramic mug still available?", "14:02"),
    ("out", "Good afternoon! Yes, we have twelve of them in stock today.", "14:03"),
    ("in", "Great. How much is shipping to Bandung?", "14:05"),
    ("out", "It is free for orders above 25 dollars, otherwise 3.50 per parcel.", "14:06"),
    ("in", "Then I will take four mugs and one teapot, please.", "14:08"),
    ("out", "Thank you! Your order number is A-20417, we will ship it tomorrow.", "14:09"),
)
CHAT_SHORT_ID = (
    ("in", "Kak, pesanan saya nomor 4471 sudah dikirim?", "19.05"),
    ("out", "Sudah kak, tadi siang. Nomor resi JX 5520 8831.", "19.07"),
    ("in", "Oke, terima kasih banyak ya!", "19.08"),
)
CHAT_SHORT_EN = (
    ("in", "Do you open on Sunday?", "10:15"),
    ("out", "Yes, from 9 am until 5 pm. You can order here too.", "10:16"),
    ("in", "Perfect, see you then.", "10:16"),
)
RECEIPT_ID = (
    ("TOKO SUMBER REJEKI", "Jl. Merdeka No. 45, Bandung", "Telp. 022 4203 118"),
    (("No. Struk", "TRX-000871"), ("Tanggal", "21/11/2026 16:32"), ("Kasir", "Rina")),
    (
        ("Beras Pandan 5 kg", "78.500"),
        ("Minyak Goreng 2 L", "36.900"),
        ("Gula Pasir 1 kg x 2", "35.000"),
        ("Teh Celup isi 25", "9.750"),
        ("Sabun Mandi x 3", "13.500"),
        ("Kopi Bubuk 165 g", "17.250"),
    ),
    (("Jumlah", "190.900"), ("Diskon", "5.900"), ("TOTAL", "Rp 185.000")),
    (("Tunai", "200.000"), ("Kembali", "15.000")),
    ("Terima kasih atas kunjungan Anda", "Barang yang sudah dibeli", "tidak dapat dikembalikan"),
)
RECEIPT_EN = (
    ("CORNER COFFEE HOUSE", "18 Harbour Street", "Open daily 7 am to 9 pm"),
    (("Order", "20417"), ("Date", "2026-11-21 08:14"), ("Served by", "Maya")),
    (
        ("Flat White Large", "4.80"),
        ("Iced Americano", "3.90"),
        ("Banana Bread x 2", "7.00"),
        ("Ham and Cheese Toast", "6.50"),
    ),
    (("Subtotal", "22.20"), ("Service 10%", "2.22"), ("TOTAL", "24.42")),
    (("Card", "24.42"), ("Points earned", "24")),
    ("Thank you and see you again", "Keep this receipt for returns"),
)
LETTER_ID = """
Bandung, 21 November 2026
|
Perihal: Penawaran Kerja Sama Pemasaran
|
Yang terhormat Bapak dan Ibu pemilik usaha,
|
Bersama surat ini kami memperkenalkan layanan pengiriman pesan untuk usaha kecil dan menengah.
Layanan ini membantu toko, warung, dan bengkel menyapa pelanggan secara teratur tanpa mengganggu
mereka. Setiap pesan dikirim dengan jeda yang wajar, pada jam kerja, dan hanya kepada pelanggan
yang sudah setuju.
|
Selama enam bulan terakhir, 214 usaha di Jawa Barat memakai layanan kami. Rata-rata jumlah pesanan
ulang naik 18 persen, sedangkan biaya promosi turun menjadi Rp 275.000 setiap bulan. Pelanggan
yang tidak mau lagi menerima pesan cukup membalas dengan kata berhenti, dan nomornya langsung
dihapus dari daftar.
|
Paket dasar mencakup dua nomor, lima ribu pesan, dan satu pengguna. Paket usaha mencakup sepuluh
nomor, lima puluh ribu pesan, dan lima pengguna. Semua paket dapat dicoba tanpa biaya selama empat
belas hari. Pembayaran dilakukan melalui transfer bank atau kode QR, paling lambat tanggal 10
setiap bulan.
|
Kami juga menyediakan pelatihan singkat di kantor kami di Jalan Asia Afrika nomor 112, setiap hari
Rabu pukul 13.30. Peserta akan belajar menyusun pesan yang ramah, membagi pelanggan menurut
kebutuhan, dan membaca laporan. Tempat terbatas untuk dua puluh orang, jadi mohon daftar lebih
dahulu.
|
Sebagai gambaran, toko roti di Cimahi mengirim kabar tentang roti baru setiap Jumat pagi kepada
640 pelanggan. Sebelum memakai layanan ini, pemiliknya menghabiskan tiga jam untuk menyalin pesan
satu per satu. Sekarang pekerjaan itu selesai dalam lima menit, dan balasan pelanggan masuk ke
satu kotak yang dapat dibaca oleh semua pegawai. Penjualan hari Jumat naik dari 85 menjadi 130
roti.
|
Keamanan data pelanggan adalah tanggung jawab kita bersama. Nomor telepon disimpan di server milik
sendiri, tidak pernah dijual, dan hanya dipakai untuk tujuan yang telah disetujui. Setiap pengguna
mempunyai kata sandi sendiri, dan semua perubahan penting dicatat beserta waktunya. Cadangan
dibuat setiap malam pukul 02.00 dan disimpan selama tiga puluh hari.
|
Apabila Bapak dan Ibu berminat, silakan hubungi kami di nomor 022 4203 118 atau datang langsung ke
kantor pada hari Senin sampai Jumat. Kami akan dengan senang hati menjelaskan cara kerja layanan
ini dan menjawab semua pertanyaan. Atas perhatian dan kerja sama yang baik, kami ucapkan terima
kasih.
|
Hormat kami,
|
Ratna Wulandari
Kepala Bagian Pemasaran
"""
LETTER_EN = """
Terms of the Spring Reading Programme
|
The library invites all readers to take part in the spring programme, which begins on Monday, 1
March and ends on Friday, 28 May. Every reader who borrows at least six books receives a small
gift, and the school with the most readers wins a visit from an author of its choice.
|
Registration is free. Please bring a card with your name and address to the front desk, or ask one
of our staff for help. Children under the age of ten should come with a parent or teacher. Groups
of more than fifteen people are kindly asked to call us one week before their first visit.
|
Books may be kept for three weeks and renewed twice, unless another reader is waiting for them. A
fee of 25 cents a day is charged for books that come back late. Lost books must be replaced or
paid for at the price we paid ourselves, which is printed inside the back cover.
|
The reading room is open from 9 in the morning until 8 in the evening, and until 5 on Saturdays.
Computers can be used for one hour at a time. Food and drinks are welcome in the garden and in the
cafe on the second floor, but not between the shelves.
|
Volunteers are welcome at all times. Last year 37 people helped us to sort 4,200 returned books,
read to children on Wednesday afternoons and repaired old maps. If you have two free hours a
month, please write your name on the list beside the main stairs. Training takes one evening and
coffee is always included.
|
Teachers can borrow boxes with thirty copies of the same book for up to eight weeks. A box should
be ordered at least ten days ahead, because only twelve of them exist. Each box comes with a short
guide, questions for the class and a form on which we would like to hear how the book was
received.
|
The old building has no lift. Readers who cannot use the stairs may ring the bell at the garden
gate, and a member of staff will bring the books they ask for. From September the new entrance on
Mill Lane will make this detour unnecessary. We are sorry for the noise of the works between 7 and
10 in the morning.
|
Questions, wishes and complaints reach us at the front desk or by post. We read every letter and
answer within ten working days. The results of the programme will be shown in the entrance hall on
4 June, and the winners will be told by telephone on the same day.
"""
TRANSFER_ROWS = (
    ("Tanggal", "21 November 2026"),
    ("Waktu", "16:47:09 WIB"),
    ("Nomor Referensi", "FT26325 88104"),
    ("Nama Penerima", "SARI BUSANA"),
    ("Bank Tujuan", "Bank Nusantara Raya"),
    ("Nomor Rekening", "8810 2245 673"),
    ("Nama Pengirim", "DEWI LESTARI"),
    ("Nominal", "Rp 350.000"),
    ("Biaya Admin", "Rp 2.500"),
    ("Total", "Rp 352.500"),
)
