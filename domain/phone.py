"""Phone numbers as people write them: one door that reads a cell or says why it can't."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    import phonenumbers

LONGEST_CELL_CHARS = 2_000
LONGEST_NUMBER_DIGITS = 15
LARGEST_EXACT_FLOAT = 2**53


class PhoneKind(StrEnum):
    """What a number is, seen from the region it was read in."""

    MOBILE = "mobile"
    LANDLINE = "landline"
    FOREIGN = "foreign"
    LID = "lid"


class Reason(StrEnum):
    """Why a cell is no phone number; stored with rejected rows, so a value never changes."""

    EMPTY = "empty"
    LETTERS = "letters"
    NOT_A_NUMBER = "not_a_number"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    MANY_NUMBERS = "many_numbers"
    EXCEL_LOST_DIGITS = "excel_scientific_lost_digits"
    NO_COUNTRY_CODE = "no_country_code"
    UNASSIGNED_PREFIX = "unassigned_prefix"
    TOLL_FREE = "toll_free"
    PLACEHOLDER = "placeholder"
    GROUP = "group"
    BROADCAST = "broadcast"
    NEWSLETTER = "newsletter"


_EXCEL_HINT = (
    "Excel shortened this number and digits are lost. Format the column as text "
    "and enter the number again."
)
_HINTS = {
    Reason.EMPTY: "The phone cell is empty. Fill in a number such as 0812-3456-7890.",
    Reason.LETTERS: "The phone cell holds text. Leave only the number, such as 0812-3456-7890.",
    Reason.NOT_A_NUMBER: "This is a calculated value, not a phone. Format the column as text.",
    Reason.TOO_SHORT: "Digits are missing. A mobile number has 10 to 13, such as 081234567890.",
    Reason.TOO_LONG: "There are too many digits. A mobile number has 10 to 13 of them.",
    Reason.MANY_NUMBERS: "There are several numbers in one cell. Give each number its own row.",
    Reason.EXCEL_LOST_DIGITS: _EXCEL_HINT,
    Reason.NO_COUNTRY_CODE: (
        "The country is not clear. Start with 0 for a local number, or with + and the country code."
    ),
    Reason.UNASSIGNED_PREFIX: "No operator uses this prefix. Check the first digits.",
    Reason.TOLL_FREE: "This is a service number (toll free, call centre). It can't get messages.",
    Reason.PLACEHOLDER: "This looks like a filler, not a person's number. Enter the real number.",
    Reason.GROUP: "This is a WhatsApp group, not a person. Use the group grabber for its members.",
    Reason.BROADCAST: "This is a WhatsApp status or broadcast list, not a person.",
    Reason.NEWSLETTER: "This is a WhatsApp channel, not a person.",
}


@dataclass(frozen=True, slots=True)
class Phone:
    """A person's number, or a LID (WhatsApp's hidden identity).

    `digits` is E.164 without the plus; for a LID it is the part before `@lid` and no phone at all.
    """

    digits: str
    kind: PhoneKind

    @property
    def display(self) -> str:
        """The number as its own country writes it: "0812-3456-7890", "(021) 5551234".

        Foreign numbers are international ("+60 12-345 6789"), LIDs keep their "@lid". `parse`
        reads every display back, in the same region.
        """
        if self.kind is PhoneKind.LID:
            return f"{self.digits}@lid"
        if self.kind is PhoneKind.MOBILE and self.digits.startswith("628"):
            national = "0" + self.digits[2:]
            middle = 7 if len(national) == 10 else 8
            return f"{national[:4]}-{national[4:middle]}-{national[middle:]}"
        return _library_display(self)

    @property
    def e164(self) -> str:
        """The number with its plus, which `parse` reads in any region; not for LIDs."""
        return f"+{self.digits}"

    @property
    def looks_made_up(self) -> bool:
        """Whether the number counts upwards ("0812345678..."): valid, yet often a filler."""
        return self.kind is PhoneKind.MOBILE and "12345678" in self.digits


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a cell is no phone number, and what to do.

    `candidates` are digits the cell may have meant (a split, a repaired letter): to offer, never
    to use unasked.
    """

    reason: Reason
    hint: str
    candidates: tuple[str, ...] = ()


# The forms that fill most files, read without the library: 0812..., 62812..., +62812..., 812...
_PLAIN_INDONESIAN = re.compile(r"(?:\+?62|0)?(8[1-35-9][0-9]{7,10})")


def parse(raw: str | int | float | None, region: str = "ID") -> Phone | Refusal:
    """Read one cell as a phone number.

    `region` is the tenant's country (ISO 3166 alpha-2): what a number without a country code
    belongs to. Never guesses: digits that Excel lost are not padded, and a number whose country is
    not clear (a bare LID among them) is refused instead of getting a prefix.

    Raises: ValueError when `region` is no country; nothing for any `raw`.
    Source: Indonesian rules of libphonenumber 9.0.43: mobile `8[1-35-9]` + 7-10 digits.
    """
    if isinstance(raw, str):
        if region == "ID":
            plain = _PLAIN_INDONESIAN.fullmatch(raw.replace("-", "").replace(" ", ""))
            if plain is not None:
                return _indonesian_mobile(plain[1])
        return _read_text(raw, region)
    if raw is None:
        return _refuse(Reason.EMPTY)
    return _read_number_cell(raw, region)


def search_prefix(typed: str, region: str = "ID") -> str | None:
    """The beginning of `digits` that somebody means who has typed this much, or None for a name.

    "0812 3456" -> "628123456". For search boxes: half a number is no error here.
    """
    country_code = str(_country_code(region))
    text = _clean(typed)
    if not text or any(char not in _ALLOWED_IN_NUMBER for char in text):
        whole = parse(typed, region)
        return whole.digits if isinstance(whole, Phone) else None
    digits = _only_digits(text)
    if digits.startswith("00"):
        digits = digits[2:]
    elif digits.startswith("0"):
        return country_code + digits.lstrip("0")
    elif region == "ID" and digits.startswith("8") and not _starts_with_plus(text):
        return country_code + digits
    if region == "ID" and digits.startswith(country_code):
        return country_code + _without_repeated_prefix(digits[2:])
    return digits or None


def mask(digits: str) -> str:
    """Digits for logs and screens: "6281234567890" -> "62812****890". Hides the length too."""
    if len(digits) < 10:
        return f"{digits[:2]}****"
    return f"{digits[:5]}****{digits[-3:]}"


# ---------------------------------------------------------------------------------------------
# Cells


def _read_number_cell(number: int | float, region: str) -> Phone | Refusal:
    fraction = isinstance(number, float) and not number.is_integer()  # NaN and infinity too
    if isinstance(number, bool) or fraction or number < 0:
        return _refuse(Reason.NOT_A_NUMBER)
    if number > LARGEST_EXACT_FLOAT:
        lost = isinstance(number, float)
        return _refuse(Reason.EXCEL_LOST_DIGITS if lost else Reason.TOO_LONG)
    return parse(str(int(number)), region)


_NOTHING = frozenset(
    "0|na|n/a|#n/a|nan|nil|null|none|unknown|kosong|tidak ada|tdk ada|ga ada|belum ada".split("|")  # noqa: SIM905 (one line to read)
)
_TEXT_FORMULA = re.compile(r'=\s*"(.*)"', re.DOTALL)
_SCIENTIFIC = re.compile(r"[+-]?\d+(?:[.,]\d*)?\s?[eE]\s?\+?\d{1,3}")
_DECIMAL = re.compile(r"(\+?\d{8,})[.,](\d{1,2})")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3}){2,}(?:\.0+)?")
_ALLOWED_IN_NUMBER = frozenset("0123456789 \n+-.()[]/,;_~'\"")


def _read_text(raw: str, region: str) -> Phone | Refusal:
    if len(raw) > LONGEST_CELL_CHARS:
        return _refuse(Reason.TOO_LONG)
    text = _clean(raw)
    formula = _TEXT_FORMULA.fullmatch(text)
    if formula is not None:
        text = formula[1].strip()
    if text.casefold() in _NOTHING or not any(map(str.isalnum, text)):
        return _refuse(Reason.EMPTY)
    if "@" in text:
        return _read_chat_id(text, region)
    if ":" in text or "whatsapp.com" in text or "wa.me" in text:
        linked = _read_link(text, region)
        if linked is not None:
            return linked
    if _SCIENTIFIC.fullmatch(text):
        return _refuse(Reason.EXCEL_LOST_DIGITS)
    decimal = _DECIMAL.fullmatch(text)
    if decimal is not None:
        # "6281234567890.0" is a number cell saved as text. With the dot taken for a gap it would
        # become 62812345678900: valid, and somebody else.
        if decimal[2].strip("0"):
            return _refuse(Reason.NOT_A_NUMBER)
        text = decimal[1]
    elif _THOUSANDS.fullmatch(text):
        text = text.partition(".")[0]
    parts = _several_numbers(text)
    if parts:
        return _refuse(Reason.MANY_NUMBERS, _readable(parts, region))
    if any(char not in _ALLOWED_IN_NUMBER for char in text):
        return _refuse(Reason.LETTERS, _repairs(text, region))
    return _read_digits(_only_digits(text), _starts_with_plus(text), region)


def _clean(raw: str) -> str:
    """Full-width and other digits to ASCII, any dash to "-", any gap to " "; marks vanish."""
    cleaned = []
    for char in unicodedata.normalize("NFKC", raw):
        category = unicodedata.category(char)
        if category == "Nd":
            cleaned.append(str(unicodedata.decimal(char)))
        elif category == "Pd" or char == "\u2212":
            cleaned.append("-")
        elif char in "\r\n" or category in ("Zl", "Zp"):
            cleaned.append("\n")
        elif category == "Zs" or char == "\t":
            cleaned.append(" ")
        elif category not in ("Cc", "Cf", "Mn", "Me", "So"):
            cleaned.append(char)
    return "".join(cleaned).strip().lstrip("'\u2018\u2019`").strip()


_CHAT_ID = re.compile(r"(\d+)(?:[.:_]\d+)*@(c\.us|s\.whatsapp\.net|lid|hosted\.lid)", re.IGNORECASE)


def _read_chat_id(text: str, region: str) -> Phone | Refusal:
    lowered = text.casefold()
    if lowered.endswith("@g.us"):
        return _refuse(Reason.GROUP)
    if lowered.endswith("@broadcast"):
        return _refuse(Reason.BROADCAST)
    if lowered.endswith("@newsletter"):
        return _refuse(Reason.NEWSLETTER)
    chat_id = _CHAT_ID.fullmatch(text)
    if chat_id is None:
        return _refuse(Reason.LETTERS)
    if chat_id[2].casefold().endswith("lid"):
        if len(chat_id[1]) > 20:
            return _refuse(Reason.TOO_LONG)
        return Phone(chat_id[1], PhoneKind.LID)
    return _read_digits(chat_id[1], True, region)


_LINK_TO_GROUP = re.compile(r"(?:https?://)?chat\.whatsapp\.com/", re.IGNORECASE)
_LINK_TO_CHANNEL = re.compile(r"(?:https?://)?(?:www\.)?whatsapp\.com/channel/", re.IGNORECASE)
_LINK_TO_PHONE = re.compile(
    r"(?:https?://)?(?:www\.)?wa\.me/(?P<short>\+?[\d ()-]+)(?:[/?#].*)?"
    r"|(?:(?:https?://)?(?:api|web|www)\.whatsapp\.com/send/?|whatsapp://send/?)"
    r"\?(?:.*&)?phone=(?P<long>[^&#]+).*",
    re.IGNORECASE | re.DOTALL,
)
_DIAL_LINK = re.compile(r"(?:tel|callto|sms|smsto):(?://)?(?P<typed>[^;?]+).*", re.IGNORECASE)


def _read_link(text: str, region: str) -> Phone | Refusal | None:
    """The number of a link, or None when the text is no link we know."""
    if _LINK_TO_GROUP.match(text):
        return _refuse(Reason.GROUP)
    if _LINK_TO_CHANNEL.match(text):
        return _refuse(Reason.NEWSLETTER)
    dial = _DIAL_LINK.fullmatch(text)
    if dial is not None:
        return parse(unquote(dial["typed"]), region)
    link = _LINK_TO_PHONE.fullmatch(text)
    if link is None:
        return None
    typed = _clean(unquote(link["short"] or link["long"]))
    if any(char not in _ALLOWED_IN_NUMBER for char in typed):
        return _refuse(Reason.LETTERS)
    # These links are international by definition; people still write wa.me/0812...
    return _read_digits(_only_digits(typed), True, region)


_BETWEEN_NUMBERS = re.compile(
    r"[/,;|&\n]|\s-\s|\b(?:atau|dan|or|and)\b|(?<=\d)\s*(?=\+)", re.IGNORECASE
)
_NEXT_LOCAL_NUMBER = re.compile(r"\s+(?=08|628|62\s8)")  # 0812 3456 7890 0813 4567 8901
_SHARED_STEM = re.compile(r".*\d{4}\s?/\s?\d{1,4}")


def _several_numbers(text: str) -> list[str]:
    """The pieces of a cell that holds two numbers or more; empty for a cell with one.

    "0812/3456/7890" is one number: its pieces are too short to stand alone.
    """
    pieces: list[str] = []
    for piece in _BETWEEN_NUMBERS.split(text):
        cuts = (piece.split(), _NEXT_LOCAL_NUMBER.split(piece.strip()))
        whole = max((_long_enough(cut, 9) for cut in cuts), key=len)
        pieces.extend(whole if len(whole) > 1 else [piece.strip()])
    numbers = _long_enough(pieces, 7)
    if len(numbers) > 1:
        return numbers
    return numbers if numbers and _SHARED_STEM.fullmatch(text) else []


def _long_enough(pieces: list[str], least_digits: int) -> list[str]:
    return [piece for piece in pieces if len(_only_digits(piece)) >= least_digits]


_LOOKALIKES = str.maketrans("lI|OoQ", "111000")
_RUN_OF_DIGITS = re.compile(r"[+(]?\d[\d ().-]{5,}\d")


def _repairs(text: str, region: str) -> tuple[str, ...]:
    """What a cell with letters may have meant: 08l2... with a one, or the digits it holds."""
    letters = {char for char in text if char not in _ALLOWED_IN_NUMBER}
    if letters <= set("lI|OoQ"):
        return _readable([text.translate(_LOOKALIKES)], region)
    return _readable(_RUN_OF_DIGITS.findall(text), region)


def _readable(texts: list[str], region: str) -> tuple[str, ...]:
    found = (parse(text, region) for text in texts[:10])
    return tuple(dict.fromkeys(phone.digits for phone in found if isinstance(phone, Phone)))


def _only_digits(text: str) -> str:
    return "".join(char for char in text if char in "0123456789")


def _starts_with_plus(text: str) -> bool:
    return text.lstrip(" ([-'\"").startswith("+")


# ---------------------------------------------------------------------------------------------
# Digits

_OTHER_PREFIX_AND_62 = re.compile(r"00[1789]62(?=0?8)")


def _read_digits(digits: str, international: bool, region: str) -> Phone | Refusal:
    """Digits without gaps; `international` when a plus or a link says they hold a country code."""
    if not digits.strip("0"):
        return _refuse(Reason.PLACEHOLDER if len(digits) > 1 else Reason.EMPTY)
    if digits.startswith("0") and not digits.startswith("00"):
        international = False
    if region != "ID":
        if digits.startswith("00"):
            digits, international = digits[2:], True
        return _read_by_library(digits, international, region)
    if digits.startswith("00"):
        if _OTHER_PREFIX_AND_62.match(digits):
            return _read_national(digits[5:].lstrip("0"))
        digits = digits[2:]
        if _PLAIN_INDONESIAN.fullmatch(digits) and not digits.startswith("62"):
            return _refuse(Reason.NO_COUNTRY_CODE)  # 00812...: a zero too many, or Japan?
        international = True
    if digits.startswith("62"):
        return _read_national(_without_repeated_prefix(digits[2:]))
    if international:
        return _read_by_library(digits, True, region)
    if digits.startswith("0"):
        return _read_national(digits[1:])
    if digits in "12345678901234567890" and len(digits) >= 6:
        return _refuse(Reason.PLACEHOLDER)
    if digits.startswith(("8", "1500", "140")):
        return _read_national(digits)
    if len(digits) < 7:
        return _refuse(Reason.TOO_SHORT)
    if len(set(digits)) == 1:
        return _refuse(Reason.PLACEHOLDER)
    too_long = len(digits) > LONGEST_NUMBER_DIGITS
    return _refuse(Reason.TOO_LONG if too_long else Reason.NO_COUNTRY_CODE)


def _without_repeated_prefix(after_62: str) -> str:
    """Cut "(0)" and a second 62; kept where 62 is an area code (0622 is in North Sumatra)."""
    national = after_62.lstrip("0")
    while national.startswith("62") and national[2:].lstrip("0").startswith("8"):
        national = national[2:].lstrip("0")
    return national


def _read_national(national: str) -> Phone | Refusal:
    """An Indonesian number without 0 and 62."""
    if national.startswith("8") and national[1:2] not in ("", "0", "4"):
        if len(national) < 9:
            return _refuse(Reason.TOO_SHORT)
        return _indonesian_mobile(national) if len(national) <= 12 else _refuse(Reason.TOO_LONG)
    if national.startswith(("800", "804", "807", "809")):
        return _refuse(Reason.TOLL_FREE)
    if len(national) >= 2 and national.startswith(("80", "84")):
        return _refuse(Reason.UNASSIGNED_PREFIX)
    if national.startswith(("1500", "140")) and len(national) <= 7:
        return _refuse(Reason.TOLL_FREE)
    if len(national) < 7:
        return _refuse(Reason.TOO_SHORT)
    if len(national) > LONGEST_NUMBER_DIGITS - 2:
        return _refuse(Reason.TOO_LONG)
    return _read_by_library(f"62{national}", True, "ID")


def _indonesian_mobile(national: str) -> Phone | Refusal:
    # Six zeros at the end: what Excel leaves of a number it once showed as 6.28123E+12.
    if national.endswith("000000"):
        if len(national.rstrip("0")) <= 3:
            return _refuse(Reason.PLACEHOLDER)
        return Refusal(Reason.EXCEL_LOST_DIGITS, f"It ends in six zeros. {_EXCEL_HINT}")
    if len(set(national[1:])) == 1:
        return _refuse(Reason.PLACEHOLDER)
    return Phone("62" + national, PhoneKind.MOBILE)


def _refuse(reason: Reason, candidates: tuple[str, ...] = ()) -> Refusal:
    return Refusal(reason, _HINTS[reason], candidates)


# ---------------------------------------------------------------------------------------------
# The library reads 17,000 numbers a second and takes 50 ms to import: only for the rest


def _read_by_library(digits: str, international: bool, region: str) -> Phone | Refusal:
    import phonenumbers as library

    own_code = _country_code(region)
    if len(digits) > LONGEST_NUMBER_DIGITS + 5:
        return _refuse(Reason.TOO_LONG)
    try:
        number = library.parse(f"+{digits}" if international else digits, region)
    except library.NumberParseException as problem:
        return _refuse(_why_unreadable(problem))
    if not library.is_valid_number(number):
        return _refuse(_why_invalid(number, international or digits.startswith("0")))
    kind = library.number_type(number)
    types = library.PhoneNumberType
    if kind not in (
        types.MOBILE,
        types.FIXED_LINE,
        types.FIXED_LINE_OR_MOBILE,
        types.VOIP,
        types.PERSONAL_NUMBER,
    ):
        return _refuse(Reason.TOLL_FREE)
    if len(set(str(number.national_number)[1:])) == 1:
        return _refuse(Reason.PLACEHOLDER)
    found = library.format_number(number, library.PhoneNumberFormat.E164)[1:]
    if number.country_code != own_code:
        return Phone(found, PhoneKind.FOREIGN)
    return Phone(found, PhoneKind.LANDLINE if kind == types.FIXED_LINE else PhoneKind.MOBILE)


def _why_unreadable(problem: phonenumbers.NumberParseException) -> Reason:
    if problem.error_type == problem.INVALID_COUNTRY_CODE:
        return Reason.UNASSIGNED_PREFIX
    return Reason.TOO_LONG if problem.error_type == problem.TOO_LONG else Reason.TOO_SHORT


def _why_invalid(number: phonenumbers.PhoneNumber, country_is_clear: bool) -> Reason:
    import phonenumbers as library

    if not country_is_clear:
        return Reason.NO_COUNTRY_CODE
    possible = library.is_possible_number_with_reason(number)
    if possible == library.ValidationResult.TOO_LONG:
        return Reason.TOO_LONG
    if possible == library.ValidationResult.TOO_SHORT:
        return Reason.TOO_SHORT
    return Reason.UNASSIGNED_PREFIX


def _library_display(phone: Phone) -> str:
    import phonenumbers as library

    number = library.parse(phone.e164)
    foreign = phone.kind is PhoneKind.FOREIGN
    formats = library.PhoneNumberFormat
    return library.format_number(number, formats.INTERNATIONAL if foreign else formats.NATIONAL)


def _country_code(region: str) -> int:
    if region == "ID":
        return 62
    import phonenumbers as library

    code = library.country_code_for_region(region)
    if not code:
        raise ValueError(f"{region!r} is not a country: give two letters, such as ID or MY")
    return code
