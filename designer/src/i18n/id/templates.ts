export default {
  title: "Galeri",
  lead: "Mulai dari alur yang sudah jadi, lalu sesuaikan.",
  use: "Pakai ini",
  steps_other: "{{count}} langkah",
  preview: "Pratinjau",
  settings: "Isi dulu",
  nameLabel: "Nama alur",
  create: "Buat alur",
  creating: "Membuat …",
  created: "{{name}} siap disesuaikan.",
  nothingToFill: "Tidak ada yang perlu diisi. Semua bisa diubah nanti di alurnya.",
  noMatch: "Belum ada templat jenis ini.",
};
