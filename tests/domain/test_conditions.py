"""Conditions: what JsonLogic means here, what is refused at save, and that nothing runs away."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain import conditions
from domain.conditions import (
    BUDGET,
    MAX_NODES,
    OPERATORS,
    ConditionError,
    check,
    reads,
)

NOW = datetime(2026, 11, 23, 14, 5, tzinfo=ZoneInfo("Asia/Jakarta"))
SCOPE = {
    "trigger": {"text": "Berapa HARGA kopi?", "type": "text"},
    "contact": {
        "phone": "6281234567891",
        "name": "Sari",
        "city": "Bandung",
        "tags": ["VIP", "Reseller Jawa"],
        "orders": 7,
        "last_seen": "2026-11-01T10:00:00+07:00",
        "born": "1990-01-31",
        "blacklisted": False,
    },
    "steps": {"ocr": {"lines": [{"amount": 50}, {"amount": 150}], "empty": []}},
    "numbers": [1, 2, 3, 4],
    "nothing": None,
    "zero": 0,
}


def value(rule, scope=SCOPE, **more):
    return conditions.compile({"if": [True, rule]}).value(scope, **more)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        # reading
        ({"var": "contact.name"}, "Sari"),
        ({"var": ["contact.name"]}, "Sari"),
        ({"var": "contact.nope"}, None),
        ({"var": ["contact.nope", "Kak"]}, "Kak"),
        ({"var": "nothing.deeper"}, None),
        ({"var": "numbers.1"}, 2),
        ({"var": {"cat": ["contact.", "city"]}}, "Bandung"),
        ({"missing": ["contact.name", "contact.mail"]}, ["contact.mail"]),
        ({"missing_some": [1, ["contact.mail", "contact.name"]]}, []),
        ({"missing_some": [2, ["contact.mail", "contact.name"]]}, ["contact.mail"]),
        # equality: loose turns types, strict does not
        ({"==": [1, "1"]}, True),
        ({"===": [1, "1"]}, False),
        ({"==": [0, False]}, True),
        ({"==": [None, 0]}, True),  # unlike in JavaScript, what is missing equals 0, "" and false
        ({"==": [{"var": "contact.nope"}, ""]}, True),
        ({"===": [None, 0]}, False),
        ({"!=": [1, 2]}, True),
        ({"!==": [1, "1"]}, True),
        ({"==": ["abc", 3]}, False),  # no error: texts are compared with numbers all the time
        ({"==": [{"var": "contact.city"}, "Bandung"]}, True),
        # order
        ({"<": [1, 2]}, True),
        ({"<=": [2, 2]}, True),
        ({">": ["10", 9]}, True),
        ({">=": [{"var": "contact.orders"}, 8]}, False),
        ({"<": [1, {"var": "contact.orders"}, 10]}, True),
        ({"<": ["a", "b"]}, True),
        # truth: empty text, 0, null and [] are not true, "0" is
        ({"!": [0]}, True),
        ({"!": ["0"]}, False),
        ({"!!": [[]]}, False),
        ({"!!": ["0"]}, True),
        ({"!": {"var": "contact.blacklisted"}}, True),
        ({"and": [True, 3]}, 3),
        ({"and": [0, 3]}, 0),
        ({"or": [0, "", "x"]}, "x"),
        ({"or": [False, None]}, None),
        ({"if": [False, "a", 0, "b", "c"]}, "c"),
        ({"if": [False, "a"]}, None),
        # numbers
        ({"+": [1, 2, 3]}, 6),
        ({"+": ["3", 1]}, 4),  # a text of digits counts as a number
        ({"-": [5, 2]}, 3),
        ({"-": [5]}, -5),
        ({"*": [2, 3, 4]}, 24),
        ({"/": [9, 2]}, 4.5),
        ({"%": [9, 4]}, 1),
        ({"max": [1, 5, 3]}, 5),
        ({"min": [1, 5, 3]}, 1),
        # texts and lists
        ({"in": ["HARGA", {"var": "trigger.text"}]}, True),
        ({"in": ["harga", {"var": "trigger.text"}]}, False),
        ({"in": [{"var": "trigger.type"}, ["image", "text"]]}, True),
        ({"in": ["x", {"var": "nothing"}]}, False),
        ({"cat": ["Halo ", {"var": "contact.name"}, "!"]}, "Halo Sari!"),
        ({"substr": ["alirkan", 0, 4]}, "alir"),
        ({"substr": ["alirkan", -3]}, "kan"),
        ({"merge": [[1], 2, [3, 4]]}, [1, 2, 3, 4]),
        ({"map": [{"var": "numbers"}, {"*": [{"var": ""}, 2]}]}, [2, 4, 6, 8]),
        ({"filter": [{"var": "numbers"}, {">": [{"var": ""}, 2]}]}, [3, 4]),
        (
            {
                "reduce": [
                    {"var": "steps.ocr.lines"},
                    {"+": [{"var": "accumulator"}, {"var": "current.amount"}]},
                    0,
                ]
            },
            200,
        ),
        ({"some": [{"var": "steps.ocr.lines"}, {">": [{"var": "amount"}, 100]}]}, True),
        ({"all": [{"var": "steps.ocr.lines"}, {">": [{"var": "amount"}, 100]}]}, False),
        ({"all": [{"var": "steps.ocr.empty"}, True]}, False),
        ({"none": [{"var": "numbers"}, {"==": [{"var": ""}, 9]}]}, True),
        ({"some": [{"var": "nope"}, True]}, False),
    ],
)
def test_the_classic_operators_mean_what_jsonlogic_says(rule, expected):
    found = value(rule)
    assert found == expected
    assert type(found) is type(expected) or isinstance(expected, int)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"matches": [{"var": "trigger.text"}, "(?i)\\bharga\\b"]}, True),
        ({"matches": [{"var": "trigger.text"}, "^harga"]}, False),
        ({"matches": [{"var": "contact.nope"}, "^$"]}, True),
        ({"matches": [{"var": "contact.orders"}, "^7$"]}, True),
        ({"phone_in": [{"var": "contact.phone"}, ["0812-3456-7891", "+62 811 222 333"]]}, True),
        ({"phone_in": [{"var": "contact.phone"}, ["0812-3456-7899"]]}, False),
        ({"phone_in": [{"var": "nothing"}, ["0812-3456-7891"]]}, False),
        ({"phone_in": [{"var": "contact.phone"}, {"var": "nothing"}]}, False),
        ({"phone_in": [{"var": "contact.tags"}, ["0812-3456-7891"]]}, False),
        ({"tag": "vip"}, True),
        ({"tag": [" reseller  jawa "]}, True),
        ({"tag": ["Baru", "VIP"]}, True),
        ({"tag": "Baru"}, False),
        ({"some": [{"var": "numbers"}, {"tag": "VIP"}]}, True),  # the contact's, in a loop too
        ({"between_time": ["08:00", "17:00"]}, True),
        ({"between_time": ["14:05", "14:06"]}, True),
        ({"between_time": ["8.00", "14.05"]}, False),
        ({"between_time": ["21:00", "07:00"]}, False),
        ({"between_time": ["21:00", "14:06"]}, True),
        ({"between_time": ["16:00", "17:00", "WIT"]}, True),
        ({"days_since": {"var": "contact.last_seen"}}, 22),
        ({"days_since": "2026-11-23"}, 0),
        ({"days_since": "2026-11-22T20:00:00"}, 0),  # 18 hours; without a zone it is local
        ({"days_since": "2026-12-01"}, -8),
        ({"days_since": {"var": "contact.nope"}}, None),
        ({">": [{"days_since": {"var": "contact.nope"}}, 30]}, False),
    ],
)
def test_our_own_operators(rule, expected):
    assert value(rule, now=NOW, zone="WIB") == expected


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (True, True),
        (False, False),
        ({"var": "zero"}, False),
        ({"var": "contact.name"}, True),
        ({"var": "steps.ocr.empty"}, False),
        ({"var": "steps.ocr"}, True),
        ({"cat": ["0"]}, True),
        ({"cat": []}, False),
        ({"and": [{"tag": "VIP"}, {">": [{"var": "contact.orders"}, 5]}]}, True),
    ],
)
def test_a_condition_holds_when_its_result_is_true_in_jsonlogic(rule, expected):
    assert conditions.compile(rule).test(SCOPE) is expected


@pytest.mark.parametrize(
    ("rule", "path", "words"),
    [
        ("trigger.text", "", "an object with one operator"),
        (None, "", "an object with one operator"),
        ([True], "", "an object with one operator"),
        (1, "", "an object with one operator"),
        ({}, "", "exactly one operator"),
        ({"==": [1, 1], "!=": [1, 2]}, "", 'has 2 ("==", "!=")'),
        ({"vra": "x"}, "", 'no operator "vra"'),
        ({"and": [True, {"or": [{"foo": 1}]}]}, "/and/1/or/0", 'no operator "foo"'),
        ({"or": [True, {"vra": "x"}]}, "/or/1", 'no operator "vra"'),  # never reached, still wrong
        ({"a/b~c": {"nope": 1}}, "/a~1b~0c", 'no operator "nope"'),
        ({"now": []}, "", 'no operator "now"'),  # the engine's clock is not ours
        ({"val": "x"}, "", 'no operator "val"'),
        ({"try": [1, 2]}, "", 'no operator "try"'),
        ({3: 1}, "", 'no operator "3"'),
        ({"map": [[1]]}, "", "exactly 2 arguments"),
        ({"!": [1, 2]}, "", "0 to 1 argument"),
        ({"==": [{"var": "x"}, date(2026, 11, 23)]}, "/==/1", "type date is no JSON"),
        ({"==": [{"var": "x"}, float("inf")]}, "/==/1", "finite"),
        ({"==": [{"var": "x"}, float("nan")]}, "/==/1", "finite"),
        ({"==": [{"var": "x"}, 10**400]}, "/==/1", "64 bits"),
        ({"==": [{"var": "x"}, "a" * 70_000]}, "/==/1", "at most 65536"),
        ({"matches": [{"var": "x"}, "(a"]}, "", "pattern that is wrong"),
        ({"matches": [{"var": "x"}, "(?=a)"]}, "", "pattern that is wrong"),
        ({"matches": [{"var": "x"}, {"var": "y"}]}, "", "written out"),
        ({"matches": ["x"]}, "", "written out"),
        ({"matches": ["x", "a" * 501]}, "", "at most 500"),
        ({"phone_in": [{"var": "x"}, ["kucing"]]}, "", "'kucing'"),
        ({"phone_in": [{"var": "x"}]}, "", "a list of phone numbers"),
        ({"tag": []}, "", "names of tags"),
        ({"tag": [{"var": "x"}]}, "", "names of tags"),
        ({"between_time": ["8", "17:00"]}, "", "'8'"),
        ({"between_time": ["24:00", "17:00"]}, "", "'24:00'"),
        ({"between_time": ["08:00", "08:00"]}, "", "different"),
        ({"between_time": ["08:00", "17:00", "Mars"]}, "", "time zone"),
        ({"days_since": ["2026-01-01", "2026-01-02"]}, "", "one date"),
    ],
)
def test_what_can_not_be_a_condition_is_refused_with_its_place(rule, path, words):
    problems = check(rule)
    assert any(words in one.message and one.path.startswith(path) for one in problems), problems
    with pytest.raises(ConditionError) as refusal:
        conditions.compile(rule)
    assert list(refusal.value.problems) == problems


@pytest.mark.parametrize(
    ("operator", "hint"),
    [
        ("vra", '"var"'),
        ("=", '"=="'),
        ("&&", '"and"'),
        ("not", '"!"'),
        ("AND", '"and"'),
        ("contains", '"in"'),
        ("match", '"matches"'),
        ("fliter", '"filter"'),
        ("$", '"var"'),
        ("xyzzy", "Operators: "),
    ],
)
def test_an_unknown_operator_comes_with_a_suggestion(operator, hint):
    assert hint in check({operator: [1, 2]})[0].hint


def test_all_problems_are_told_not_only_the_first():
    rule = {"and": [{"vra": 1}, {"==": [1]}, {"a": 1, "b": 2}, {"matches": ["x", "("]}]}
    assert sorted(one.path for one in check(rule)) == ["/and/0", "/and/1", "/and/2", "/and/3"]


def nested(levels):
    rule = {"var": "x"}
    for _ in range(levels - 1):
        rule = {"!": rule}
    return rule


def test_a_condition_is_at_most_twenty_levels_deep():
    assert check(nested(19)) == []  # the path itself is the twentieth
    assert "levels deep" in check(nested(20))[0].message
    assert "levels deep" in check(nested(100_000))[0].message


def test_a_condition_has_at_most_five_hundred_parts():
    assert check({"+": [1] * (MAX_NODES - 1)}) == []
    assert "500 parts" in check({"+": [1] * MAX_NODES})[0].message


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"+": [{"var": "contact.name"}, 1]}, '"+"'),
        ({">": [{"var": "contact.name"}, 1]}, '">"'),
        ({"/": [1, {"var": "zero"}]}, '"/"'),
        ({"%": [1, {"var": "zero"}]}, '"%"'),
        ({"matches": [{"var": "contact"}, "a"]}, '"matches"'),
        ({"days_since": {"var": "contact.city"}}, "'Bandung'"),
        ({"days_since": {"var": "contact"}}, '"days_since"'),
    ],
)
def test_a_value_an_operator_can_not_use_is_a_condition_error(rule, words):
    with pytest.raises(ConditionError) as failure:
        value(rule, now=NOW)
    assert words in str(failure.value)


@pytest.mark.parametrize(
    "rule", [{"between_time": ["08:00", "17:00"]}, {"days_since": "2026-01-01"}]
)
def test_a_rule_about_time_needs_the_time(rule):
    with pytest.raises(ConditionError, match="present time"):
        conditions.compile(rule).test(SCOPE)


DOUBLING = {
    "reduce": [
        list(range(26)),
        {"cat": [{"var": "accumulator"}, {"var": "accumulator"}]},
        "0123456789",
    ]
}


@pytest.mark.parametrize(
    ("rule", "scope"),
    [
        (DOUBLING, {}),
        ({"map": [{"var": "l"}, {"map": [{"var": "l"}, 1]}]}, {"l": [[1]] * 20_000}),
        ({"some": [{"var": "l"}, {"matches": [{"var": ""}, "x"]}]}, {"l": ["a" * 60_000] * 20}),
        ({"some": [{"var": "l"}, {"tag": "x"}]}, {"l": [1] * 200, "contact": {"tags": ["y"] * 99}}),
        ({"phone_in": ["0812-3456-7891", {"var": "l"}]}, {"l": ["0812-3456-7899"] * 20_000}),
    ],
)
def test_a_rule_that_would_run_away_is_stopped_by_its_budget(rule, scope):
    with pytest.raises(ConditionError, match="too much work"):
        conditions.compile(rule).test(scope)


def test_a_budget_can_be_set_for_one_run():
    condition = conditions.compile({"some": [{"var": "numbers"}, {"==": [{"var": ""}, 4]}]})
    assert condition.test(SCOPE, budget=100)
    with pytest.raises(ConditionError, match="too much work"):
        condition.test(SCOPE, budget=3)


def test_a_result_that_is_too_long_is_refused():
    with pytest.raises(ConditionError, match="longer than"):
        conditions.compile({"cat": [{"var": "t"}, {"var": "t"}]}).value({"t": "a" * 40_000})


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (datetime(2026, 11, 23, tzinfo=UTC), "2026-11-23T00:00:00+00:00"),
        (date(2026, 11, 23), "2026-11-23"),
        (Decimal("1.5"), 1.5),
        (2**70, float(2**70)),
        (("a", "b"), ["a", "b"]),
        (float("nan"), None),
        ("half \ud83d", "half ?"),
        ({1: "a"}, {"1": "a"}),
    ],
)
def test_values_that_are_no_json_are_read_as_json_would_write_them(given, read):
    assert value({"var": "x"}, {"x": given}) == read


def test_the_paths_a_rule_reads_are_known():
    rule = {
        "and": [
            {"var": "contact.city"},
            {"some": [{"var": "steps.ocr.lines"}, {">": [{"var": "amount"}, 1]}]},
            {"missing": ["vars.a", "contact.city"]},
            {"missing_some": [1, ["vars.b"]]},
            {"tag": "VIP"},
            {"reduce": [[1], {"var": "current"}, {"var": "vars.start"}]},
        ]
    }
    paths = [
        "contact.city",
        "steps.ocr.lines",
        "vars.a",
        "vars.b",
        "contact.tags",
        "vars.start",
    ]
    assert reads(rule) == paths
    assert conditions.compile(rule).reads == tuple(paths)


def test_a_compiled_condition_can_be_used_again_and_again():
    condition = conditions.compile({"tag": "VIP"})
    assert [condition.test(scope) for scope in (SCOPE, {}, {"contact": {"tags": ["vip"]}})] == [
        True,
        False,
        True,
    ]


ATOMS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
RULES = st.recursive(
    ATOMS | st.builds(lambda path: {"var": path}, st.sampled_from(["a", "a.b", "", "l"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(sorted(OPERATORS)), inner, min_size=1, max_size=1)
        | st.dictionaries(
            st.sampled_from(sorted(OPERATORS)), st.lists(inner, max_size=4), min_size=1, max_size=1
        )
        | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=12,
)
VALUES = st.recursive(
    ATOMS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(RULES, st.fixed_dictionaries({"a": VALUES, "l": st.lists(VALUES, max_size=4)}))
def test_whatever_is_written_there_is_an_answer_or_a_condition_error(rule, scope):
    problems = check(rule)
    if problems:
        with pytest.raises(ConditionError):
            conditions.compile(rule)
        return
    condition = conditions.compile(rule)
    try:
        answer = condition.value(scope, now=NOW, budget=BUDGET)
    except ConditionError:
        with pytest.raises(ConditionError):
            condition.test(scope, now=NOW, budget=BUDGET)
        return
    json.dumps(answer)
    assert condition.test(scope, now=NOW) in (True, False)
