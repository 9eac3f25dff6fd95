"""Whether a message asks to be left alone, may ask it, or does not; Indonesian and English."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum

from domain.normalise import plain, squeeze

MESSAGE_MAX_CHARACTERS = 1_000
CLAUSE_MAX_WORDS = 12
"""A request to stop is short; a longer clause talks about something else."""


class OptOut(StrEnum):
    """OPT_OUT: send nothing any more. ASK_BACK: one question makes it clear. NONE: neither."""

    OPT_OUT = "opt_out"
    ASK_BACK = "ask_back"
    NONE = "none"


def classify(text: str, own_footer: str | Iterable[str] | None = None) -> OptOut:
    """What `text` says about further messages.

    Only a message that as a whole is such a request counts: "busnya berhenti di mana?" does not.
    `own_footer` is the opt-out line we send (or several): quoted back to us it says nothing, and
    only what stands beside it counts. Lines quoted with `>` say nothing either.

    Whoever asks for a YA or TIDAK reads the answer before asking here: a bare "tidak" is ASK_BACK.
    """
    if len(text) > MESSAGE_MAX_CHARACTERS:
        return OptOut.NONE
    clauses = _clauses(text, own_footer)
    if not clauses:
        return OptOut.NONE
    found = [_classify_clause(words, asked) for words, asked in clauses]
    if len(found) == 1:
        return found[0]
    if any(_INSTRUCTION.fullmatch(words) for words, _ in clauses):
        return OptOut.NONE  # "Tidak ingin menerima info? Ketik BERHENTI" is a footer, not a wish
    wishes = [index for index, kind in enumerate(found) if kind is OptOut.OPT_OUT]
    if OptOut.NONE not in found:
        return OptOut.OPT_OUT if wishes else OptOut.ASK_BACK
    # Something else was said, too. Several words are a wish of their own; a bare "berhenti" in
    # the middle of a story is part of the story.
    if any(index == 0 or " " in clauses[index][0] for index in wishes):
        return OptOut.ASK_BACK
    return OptOut.NONE


def is_opt_in(text: str) -> bool:
    """Whether the whole message asks for messages again: "MULAI"."""
    if len(text) > MESSAGE_MAX_CHARACTERS or "?" in text:
        return False
    return any(_OPT_IN.fullmatch(words) for words in _spellings(_letters(text)))


def _one_of(words: str) -> str:
    """A pattern for any of `words` (`+` stands for a space inside one), in squeezed spelling."""
    return "(?:" + "|".join(squeeze(word.replace("+", " ")) for word in words.split()) + ")"


_POLITE_WORDS = """
    kak kaka kakak ka pak bapak bu ibu bang bro gan sis sist mas mbak mba min admin om tante
    ya iya yah dong donk deh nih sih lah aja saja please pls plis tolong tlg mohon maaf
    sorry permisi makasih mksh makasi trims thanks thx tq ok oke okay baik halo hai hi hello
    assalamualaikum selamat pagi siang sore malam bos juragan yuk lho loh kok nggih
"""
_POLITE = frozenset(map(squeeze, _POLITE_WORDS.split()))
_POLITE_PHRASES = re.compile(r"\b(?:terima kasih|thank you)\b")

_STOP = _one_of("stop stopp setop stp berhenti brhenti brenti berenti hentikan hentiin setopin")
_STOP_ALONE = _one_of(
    "unsub unsubs unsubscribe unsubscribed unsubcribe stopall stop+all opt+out optout"
)
_NOT_ANY_MORE = _one_of(
    "jangan jgn jngn jangn jangan+pernah tidak+usah tdk+usah tak+usah gak+usah ga+usah gk+usah "
    "nggak+usah enggak+usah ngga+usah gausah gakusah ngak+usah tidak+perlu gak+perlu ga+perlu "
    "tidak+mau tdk+mau gak+mau ga+mau gk+mau nggak+mau enggak+mau ngga+mau tidak+ingin tdk+ingin "
    "gak+ingin ogah ojo"
)
_DO = _one_of(
    "kirim kirimi kirimin kirimkan ngirim ngirimi ngirimin mengirim mengirimi mengirimkan "
    "dikirim dikirimi dikirimin wa wain chat "
    "ngechat chatin hubungi menghubungi dihubungi kontak sms spam nyepam ganggu mengganggu "
    "diganggu terima menerima nerima dapat mendapat dapet promosi kasih beri send blast japri"
)
_ME = _one_of("saya aku gue gua gw gwe kami sy ak ku ke+saya ke+aku ke+sini ke+nomor+ini me")
_PROMOTIONS = (
    "pesan pesannya wa whatsapp chat promo promonya promosi info infonya informasi iklan "
    "iklannya broadcast bc blast spam notif notifikasi penawaran newsletter marketing"
)
_PROMOTION = _one_of(_PROMOTIONS)
_THING = _one_of(
    f"{_PROMOTIONS} apapun apa+apa seperti+ini kayak+gini begini ini semua dari+sini dari+kalian"
)
_ANY_MORE = _one_of("lagi lg lgi maneh deui selamanya")
_NUMBER = _one_of("nomor nomer no nmr nomorku kontak data")
_FROM_LIST = _one_of(
    "dari+daftar dari+list dari+kontak dari+broadcast dari+sini dari+grup+broadcast dari+database "
    "dari+daftar+kontak dari+daftar+broadcast dari+daftar+promo dari+list+broadcast"
)
_ENGLISH = _one_of(
    "stop+sending+me+messages stop+sending+messages stop+messaging+me stop+texting+me "
    "stop+sending stop+it stop+this stop+messages stop+spam stop+spamming stop+spamming+me "
    "remove+me remove+me+from+this+list remove+me+from+your+list remove+my+number "
    "delete+my+number take+me+off+your+list do+not+contact+me do+not+contact+me+again "
    "dont+contact+me dont+contact+me+again dont+message+me dont+message+me+again "
    "do+not+message+me do+not+message+me+again no+more+messages no+more+promos leave+me+alone "
    "i+want+to+unsubscribe unsubscribe+me unsubscribe+all end+all"
)
_SELF = rf"(?:{_ME} )?(?:(?:sudah|udah|sdh|mau|ingin|minta) )?"

# A whole clause, without polite words.
_WISH = re.compile(
    "|".join(
        (
            rf"{_SELF}{_STOP}(?: {_STOP})*",
            rf"{_SELF}{_STOP_ALONE}",
            rf"{_SELF}(?:di)?{_STOP}(?: (?:untuk|utk))?(?: {_DO})?(?: {_ME})?(?: {_THING}){{0,3}}"
            rf"(?: (?:ke )?{_ME})?(?: {_ANY_MORE})?",
            rf"(?:{_STOP}|batal|batalkan|batalin) {_one_of('langganan berlangganan')}",
            # "jangan wa saya lagi", "gak usah promo lagi", "jangan kirim pesan promo lagi"
            rf"{_SELF}{_NOT_ANY_MORE}(?: (?:{_DO}|{_ME}|{_THING})){{1,5}} {_ANY_MORE}"
            rf"(?: (?:ke )?{_ME})?",
            # "tidak ingin menerima promo", "jangan kirim promo ke saya"
            rf"{_SELF}{_NOT_ANY_MORE} {_DO}(?: {_ME})?(?: {_PROMOTION}){{1,3}}"
            rf"(?: (?:ke )?{_ME})?",
            rf"(?:jangan|jgn|ojo) (?:spam|ganggu)(?: {_ME})?",
            rf"(?:hapus|hapuskan|delete|hilangkan|apus) {_NUMBER} {_ME}(?: {_FROM_LIST})?",
            rf"(?:hapus|keluarkan|keluarin|hilangkan|coret) {_ME} {_FROM_LIST}",
            rf"(?:hapus|keluarkan) {_NUMBER} {_ME} {_FROM_LIST}",
            _ENGLISH,
        )
    )
)
_MAYBE = re.compile(
    "|".join(
        (
            _one_of(
                "batal batalkan batalin cancel cukup udah+cukup sudah+cukup cukup+sekian keluar "
                "out exit quit end no nope tidak tdk tak gak ga gk nggak enggak ngga engga enggan "
                "jangan jgn ora mboten henteu"
            ),
            rf"{_SELF}{_one_of('tidak tdk tak gak ga gk nggak enggak ngga engga kurang')} "
            r"(?:minat|berminat|tertarik|mau|butuh|perlu|usah|dulu)"
            rf"(?: (?:lagi|lg|dulu|sekarang))?(?: {_THING})?",
            r"not interested|im not interested",
            rf"{_SELF}{_STOP}(?: {_DO})?(?: {_ME})?(?: {_THING}){{0,2}} "
            r"(?:dulu|dl|sementara|sebentar|bentar)(?: (?:dulu|waktu))?",
            rf"{_NOT_ANY_MORE}(?: {_DO})(?: {_ME})?(?: {_THING})?(?: dulu)?",
            # People type the instruction itself: "balas stop".
            rf"(?:ketik|balas|kirim|reply|type|jawab) (?:{_STOP}|{_STOP_ALONE})",
        )
    )
)
_INSTRUCTION = re.compile(rf"(?:ketik|balas|kirim|reply|type|jawab) (?:{_STOP}|{_STOP_ALONE}).*")
_OPT_IN = re.compile(
    rf"(?:{_ME} )?(?:(?:mau|ingin|minta) )?(?:"
    + _one_of(
        "mulai mulai+lagi mulai+kirim mulai+kirim+lagi mulai+langganan mulai+berlangganan start "
        "start+again restart subscribe resubscribe unstop berlangganan+lagi langganan+lagi "
        "aktifkan+lagi lanjutkan+promo kirim+promo+lagi kirim+info+lagi daftar+lagi opt+in optin"
    )
    + ")"
)
_QUESTION_START = re.compile(r"(?:bisa|boleh|bs|apa|apakah|gimana|bagaimana|cara|kapan|kenapa)\b ?")

_SPACED_LETTERS = re.compile(r"(?<![^\W_])(?:[^\W\d_][ .\-_*]){2,}[^\W\d_](?![^\W_])")
_TOKEN = re.compile(r"\S+|\n")
_CLAUSE = re.compile(r"([^.,;!?\n:()]*)([.,;!?\n:()]*)")


def _classify_clause(words: str, asked: bool) -> OptOut:
    """`words` are normalised; `asked` says that the clause is a question."""
    if len(words.split()) > CLAUSE_MAX_WORDS:
        return OptOut.NONE
    spellings = _spellings(words)
    if any(_WISH.fullmatch(spelling) for spelling in spellings):
        return OptOut.ASK_BACK if asked and " " not in spellings[-1] else OptOut.OPT_OUT
    if any(_MAYBE.fullmatch(spelling) for spelling in spellings):
        return OptOut.ASK_BACK
    for spelling in spellings:
        start = _QUESTION_START.match(spelling)
        if start and start[0].strip() in {"bisa", "boleh", "bs"}:
            rest = spelling[start.end() :]
            if _WISH.fullmatch(rest):
                return OptOut.ASK_BACK  # "bisa berhenti kirim promo?"
    return OptOut.NONE


def _spellings(words: str) -> tuple[str, str]:
    """The clause as it is, and without polite words and without words said twice in a row.

    Both are tried, because "iya" may be polite in one place and mean something in another.
    """
    kept: list[str] = []
    for word in _POLITE_PHRASES.sub(" ", words).split():
        if word not in _POLITE and word != (kept[-1] if kept else ""):
            kept.append(word)
    return words, " ".join(kept)


def _clauses(text: str, own_footer: str | Iterable[str] | None) -> list[tuple[str, bool]]:
    """The clauses that are the writer's own and more than politeness, with "is a question"."""
    own = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith(">"))
    own = _without_footer(own, own_footer)
    clauses = []
    for words, signs in _CLAUSE.findall(_joined(own)):
        normal = squeeze(plain(words))
        if _spellings(normal)[1]:
            clauses.append((normal, "?" in signs))
    return clauses


def _without_footer(text: str, own_footer: str | Iterable[str] | None) -> str:
    """The text without our own lines. A footer of one word is what people answer: it counts."""
    footers = [own_footer] if isinstance(own_footer, str) else list(own_footer or ())
    for footer in footers:
        footer_words = plain(footer).split()
        if len(footer_words) > 1:
            text = _without_words(text, footer_words)
    return text


def _without_words(text: str, wanted: list[str]) -> str:
    """`text` with a line break wherever the words `wanted` stand, however they are marked up."""
    tokens = _TOKEN.findall(text)
    words = [(word, at) for at, token in enumerate(tokens) for word in plain(token).split()]
    spelled = [word for word, _ in words]
    for start in range(len(words) - len(wanted) + 1):
        if spelled[start : start + len(wanted)] == wanted:
            for _, at in words[start : start + len(wanted)]:
                tokens[at] = "\n"
    return " ".join(tokens)


def _joined(text: str) -> str:
    """Letters set apart, "S T O P" or "s.t.o.p", as one word."""
    return _SPACED_LETTERS.sub(lambda found: re.sub(r"[ .\-_*]", "", found[0]), text)


def _letters(text: str) -> str:
    return squeeze(plain(_joined(text)))
