"""The message that stands ready in the visitor's chat: words and fields, no choices."""

from urllib.parse import quote

from domain.text import Text, TextError, parse
from services.kit.errors import FieldProblem
from services.rotators.words import CODE_FIELD, FIELDS

ADDRESS_CHARS_MOST = 2_048
"""A longer address opens without its message; browsers and WhatsApp cut it."""
WRITTEN_CHARS_MOST = 1_700
"""Of an address a saved message may take; the rest is for what fields put in."""
CODE_ENDING = f"(#[{CODE_FIELD}])"


def source_of(message: str, with_code: bool) -> str:
    """The text with its code: at its end, where its author gave it no other place."""
    if not with_code or CODE_FIELD in _fields(message):
        return message
    return f"{message.rstrip()} {CODE_ENDING}".lstrip()


def read(message: str, with_code: bool) -> Text:
    """The text, ready to be filled in. Raises: TextError; a saved message never does."""
    return parse(source_of(message, with_code))


def problems(message: str) -> list[FieldProblem]:
    """Everything that is wrong with a message."""
    field = "default_message"
    try:
        text = parse(message)
    except TextError as problem:
        return [FieldProblem(f"{field}:{problem.line}:{problem.column}", str(problem), "")]
    found = []
    if text.variants > 1:
        found.append(
            FieldProblem(
                field,
                "The first message of a link has no choices.",
                "Write one text; braces are written \\{ and \\}.",
            )
        )
    found += [
        FieldProblem(
            field,
            f"There is no field [{name}].",
            f"Use one of {', '.join(f'[{known}]' for known in sorted(FIELDS))}, or write \\[.",
        )
        for name in text.fields
        if name not in FIELDS
    ]
    if len(quote(message, safe="")) > WRITTEN_CHARS_MOST:
        found.append(
            FieldProblem(
                field,
                "The message is too long for an address.",
                "Shorten it, or use fewer emoji: each takes twelve characters there.",
            )
        )
    return found


def _fields(message: str) -> tuple[str, ...]:
    try:
        return parse(message).fields
    except TextError:
        return ()
