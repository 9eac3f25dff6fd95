"""Who asks to be left alone, who may, and who speaks of something else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.opt_out import MESSAGE_MAX_CHARACTERS, OptOut, classify, is_opt_in

FOOTER = "Balas STOP untuk berhenti"
OTHER_FOOTER = "Tidak ingin menerima info? Ketik BERHENTI"


@pytest.mark.parametrize(
    "text",
    [
        "STOP",
        "Stop.",
        "stop 🙏",
        "BERHENTI",
        "berhenti kak",
        "UNSUB",
        "unsubscribe",
        "stop kirim pesan",
        "jangan kirim lagi",
        "hapus nomor saya",
        "jangan wa saya lagi",
        "gak usah promo lagi ya",
        # beyond the list of the market notes
        "  *STOP*  ",
        "stoooop!!!",
        "S T O P",
        "s.t.o.p",
        "𝗦𝗧𝗢𝗣",
        "st\u200bop",
        "stop stop stop",
        "Stop ya kak, makasih",
        "Halo kak, tolong stop",
        "stop promo",
        "STOP wa saya",
        "stop kirim promo lagi",
        "berhenti mengirim pesan",
        "berhenti berlangganan",
        "jgn wa lagi",
        "jangan chat saya lagi kak",
        "jangan hubungi saya lagi",
        "jangan kirim promo ke saya",
        "tidak usah kirim pesan lagi",
        "ga usah wa lagi",
        "gausah kirim promo lagi dong",
        "saya tidak mau terima promo lagi",
        "Saya tidak ingin menerima pesan promo",
        "jangan spam",
        "tolong hapus nomor saya dari daftar",
        "keluarkan saya dari broadcast",
        "saya mau berhenti",
        "stop all",
        "stop ngirimin wa",
        "batalkan langganan",
        "tidak mau terima promo lagi kak, terima kasih",
        "saya nggak mau dikirimi promo lagi",
        "Remove me",
        "Don't message me again",
        "please stop sending messages",
        "ojo wa maneh",
        "maaf kak, saya sudah tidak minat. tolong jangan kirim pesan lagi ya",
    ],
)
def test_a_message_that_is_a_request_to_stop_is_an_opt_out(text):
    assert classify(text) is OptOut.OPT_OUT


@pytest.mark.parametrize(
    "text",
    [
        "BATAL",
        "cukup",
        "keluar",
        "tidak",
        "ga minat",
        "stop dulu ya kak",
        # beyond the list of the market notes
        "batal kak",
        "Tidak, terima kasih",
        "gak",
        "tidak tertarik",
        "saya tidak berminat",
        "ga mau",
        "berhenti dulu",
        "stop sementara",
        "stop?",
        "berhenti?",
        "bisa stop kirim promo?",
        "balas stop",
        "jangan kirim",
        "jangan wa dulu",
        "cancel",
        "gak mau lagi",
        "enggak tertarik kak",
        "gak mau promo",
        "not interested",
        "sudah beli di tempat lain, stop kirim promo ya",
    ],
)
def test_a_message_that_may_be_a_request_to_stop_is_asked_about(text):
    assert classify(text) is OptOut.ASK_BACK


@pytest.mark.parametrize(
    "text",
    [
        "busnya berhenti di mana?",
        "nonstop ada?",
        "stopkontak ready?",
        "stok ada?",
        "kenapa pengiriman berhenti?",
        "tolong batalkan pesanan 123",
        "jangan kirim hari ini, besok saja",
        # beyond the list of the market notes
        "",
        "🙏",
        "ok kak",
        "iya",
        "halo",
        "sudah",
        "jangan kirim semua, yang merah saja",
        "ada yang tidak pakai gula?",
        "jangan kirim lagi barang yang rusak",
        "hapus nomor resi yang lama",
        "hujannya sudah berhenti",
        "mesinnya jalan, berhenti, lalu jalan lagi",
        "kapan promo lagi?",
        "promo lagi ya kak",
        "stop kontak 3 lubang ada?",
        "saya mau order lagi",
        "tidak jadi pesan yang merah, yang biru saja",
        "keluar barang baru gak?",
        "halte stop bus",
        "gak usah pakai plastik",
        "jangan lupa kirim lagi fotonya",
        "batal puasa jam berapa?",
        FOOTER,
        OTHER_FOOTER,
        f"> {FOOTER}\nini maksudnya apa?",
        f"Promo 20% hari ini! {FOOTER}.",
    ],
)
def test_a_message_about_something_else_is_none(text):
    assert classify(text) is OptOut.NONE


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (FOOTER, OptOut.NONE),
        (FOOTER.upper(), OptOut.NONE),
        (f"*{FOOTER}.*", OptOut.NONE),
        (f"> {FOOTER}", OptOut.NONE),
        (OTHER_FOOTER, OptOut.NONE),
        ("_Balas_ *STOP*, untuk 𝗯𝗲𝗿𝗵𝗲𝗻𝘁𝗶", OptOut.NONE),
        (f"{FOOTER}\nmaksudnya apa?", OptOut.NONE),
        (f"{FOOTER}\nSTOP", OptOut.OPT_OUT),
        (f"> {FOOTER}\nstop", OptOut.OPT_OUT),
        (f"{OTHER_FOOTER}\njangan wa saya lagi", OptOut.OPT_OUT),
        ("STOP", OptOut.OPT_OUT),
        ("busnya berhenti di mana?", OptOut.NONE),
    ],
)
def test_our_own_footer_quoted_back_says_nothing(text, kind):
    assert classify(text, [FOOTER, OTHER_FOOTER]) is kind


@pytest.mark.parametrize("footer", ["Stop kirim pesan", "Berhenti berlangganan"])
def test_a_footer_that_reads_like_a_wish_is_still_only_a_quote(footer):
    assert classify(footer) is OptOut.OPT_OUT
    assert classify(f"{footer}.", own_footer=footer) is OptOut.NONE


def test_the_bare_word_counts_even_when_it_is_the_whole_footer():
    assert classify("stop", own_footer="STOP") is OptOut.OPT_OUT


@pytest.mark.parametrize(
    ("text", "opts_in"),
    [
        ("MULAI", True),
        ("mulai", True),
        ("Mulai kak 🙏", True),
        ("mulai lagi", True),
        ("START", True),
        ("saya mau langganan lagi", True),
        ("mulai?", False),
        ("kapan mulai", False),
        ("acaranya mulai jam berapa", False),
        ("belum mulai", False),
        ("STOP", False),
        ("iya", False),
        ("", False),
    ],
)
def test_mulai_asks_for_messages_again(text, opts_in):
    assert is_opt_in(text) is opts_in


@given(st.text(), st.text())
def test_any_message_and_any_footer_get_an_answer(text, footer):
    assert classify(text, footer) in OptOut
    assert isinstance(is_opt_in(text), bool)


@given(st.lists(st.sampled_from(["stop", "jangan", "saya", "lagi", "wa", "ya", ",", "?", "\n"])))
def test_words_of_requests_in_any_order_get_an_answer(words):
    assert classify(" ".join(words)) in OptOut


@given(st.sampled_from(["STOP", "berhenti", "jangan wa saya lagi"]), st.sampled_from("🙏.!\n *"))
def test_signs_around_a_request_do_not_change_it(text, sign):
    assert classify(f"{sign}{text}{sign}") is OptOut.OPT_OUT
    assert classify(text.upper()) is OptOut.OPT_OUT


def test_a_long_message_is_no_request():
    assert classify("stop " * MESSAGE_MAX_CHARACTERS) is OptOut.NONE
