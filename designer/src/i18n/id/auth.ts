export default {
  title: "Masuk ke Alir",
  subtitle: "Siaran, balasan, dan tautan WhatsApp dalam satu alur.",
  email: "Email",
  password: "Kata sandi",
  show: "Tampilkan",
  hide: "Sembunyikan",
  submit: "Masuk",
  signingIn: "Sebentar …",
  emailNeeded: "Isi email kamu.",
  passwordNeeded: "Isi kata sandi kamu.",
};
