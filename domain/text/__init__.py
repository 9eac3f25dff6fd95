"""Message text: nested spintax, weights and fields, read by one parser and rendered from a seed."""

from domain.text.check import check, parse
from domain.text.clock_words import SYSTEM_FIELDS, system_values
from domain.text.fields import field_name
from domain.text.parser import DEPTH_MAX, OPTIONS_MAX, SOURCE_MAX_BYTES
from domain.text.problems import Kind, Problem, Severity, TextError
from domain.text.rendered import Rendered, Text
from domain.text.seed import Chance, SeededChance, seeded
from domain.text.tree import Choice, Field, Option, Part, Words
from domain.text.twins import twin_share

__all__ = [
    "DEPTH_MAX",
    "OPTIONS_MAX",
    "SOURCE_MAX_BYTES",
    "SYSTEM_FIELDS",
    "Chance",
    "Choice",
    "Field",
    "Kind",
    "Option",
    "Part",
    "Problem",
    "Rendered",
    "SeededChance",
    "Severity",
    "Text",
    "TextError",
    "Words",
    "check",
    "field_name",
    "parse",
    "seeded",
    "system_values",
    "twin_share",
]
