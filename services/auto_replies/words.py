"""The words of keyword rules, as they are stored and shown."""

from enum import StrEnum

from domain.keywords import How


class MatchType(StrEnum):
    """How a keyword is looked for; the first four are the specification's."""

    EXACT = "EXACT"
    CONTAINS = "CONTAINS"
    STARTS_WITH = "STARTS_WITH"
    REGEX = "REGEX"
    ENDS_WITH = "ENDS_WITH"
    WHOLE_WORD = "WHOLE_WORD"
    FUZZY = "FUZZY"

    @property
    def how(self) -> How:
        return How(self.value.lower().removesuffix("_with"))


class MediaType(StrEnum):
    """What the file of an answer is; it follows from the file."""

    IMAGE = "image"
    VIDEO = "video"
    DOCUMENT = "document"
    AUDIO = "audio"


class Once(StrEnum):
    """How often a rule answers the same person."""

    NO = "no"
    DAY = "day"
    EVER = "ever"


class Action(StrEnum):
    """What comes with the answer: nothing more, or the chat goes to a person."""

    REPLY = "reply"
    HANDOVER = "handover"


class WhyNot(StrEnum):
    """Why a rule whose keywords a message holds does not answer it."""

    OTHER_DEVICE = "other_device"
    NOT_YET = "not_yet"
    OVER = "over"
    OUTSIDE_HOURS = "outside_hours"
    COOLING_DOWN = "cooling_down"
    USED_TODAY = "used_today"
    USED_BEFORE = "used_before"
    AFTER_A_RULE_THAT_STOPS = "after_a_rule_that_stops"
