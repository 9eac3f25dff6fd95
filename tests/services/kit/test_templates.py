"""Tenants' templates fill in plain values, and no template can take time, memory or secrets."""

import resource
import time

import pytest

from services.kit.templates import (
    OUTPUT_MAX_CHARS,
    SOURCE_MAX_BYTES,
    TemplateError,
    check,
    render,
)

VALUES = {
    "contact": {"name": "Sari", "phone": "628111", "items": "titipan", "empty": " ", "age": 0},
    "steps": {"hitung": {"counts": {"ok": 3}}},
    "error": None,
    "price": 150_000,
    "qty": 3,
    "tags": ["vip", "lama"],
    "wild": "{{ 7*7 }} {a|b} [name] {% raw %}",
    "when": "2026-03-02T10:00:00+07:00",
}


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Halo {{ contact.name }}", "Halo Sari"),
        ("Halo {{ contact['name'] }}", "Halo Sari"),
        ("{{ steps.hitung.counts.ok }} terkirim\n", "3 terkirim\n"),
        ("{{ contact.items }}", "titipan"),  # a field called like a method of a mapping
        ("{{ contact.keys }}", ""),
        ("{{ nobody.at.all }}", ""),
        ("{{ error.code }}", ""),
        ("{{ error }}", ""),
        ("{{ contact.empty|default('kak') }}", "kak"),
        ("{{ nobody|default('kak') }}", "kak"),
        ("{{ contact.age|default(9) }}", "0"),
        (
            "{{ contact.name|upper }} {{ 'ABC'|lower }} {{ 'sari dewi'|title }}",
            "SARI abc Sari Dewi",
        ),
        ("{{ (price * qty)|rupiah }}", "Rp450.000"),
        ("{{ -1500.4|rupiah }}", "-Rp1.500"),
        ("{{ when|tanggal }}", "2 Maret 2026"),
        ("{{ 10 / 4 }} {{ 7 // 2 }} {{ 7 % 4 }} {{ 2 + 3 - 1 }}", "2.5 3 3 4"),
        ("{{ 2.456|round(1) }}", "2.5"),
        ("{{ ' 12 '|int + 1 }} {{ 'x'|int }} {{ '1.5'|float }}", "13 0 1.5"),
        (
            "{{ tags|join(', ') }} {{ tags|length }} {{ tags|first }} {{ tags|last }}",
            "vip, lama 2 vip lama",
        ),
        ("{{ tags[0] }} {{ tags[9] }}", "vip "),
        ("{{ 'a-b'|replace('-', '+')|trim }}", "a+b"),
        (
            "{% if qty > 2 and 'vip' in tags %}banyak{% elif qty %}ada{% else %}nol{% endif %}",
            "banyak",
        ),
        ("{{ 'ya' if contact.name is defined else 'tidak' }}", "ya"),
        ("{{ 'a' ~ qty ~ 'b' + 'c' }}", "a3bc"),
        ("{{ wild }}", "{{ 7*7 }} {a|b} [name] {% raw %}"),
        ("{% raw %}{{ wild }}{% endraw %}", "{{ wild }}"),
        ("<b>{{ '<i>' }}</b>", "<b><i></b>"),
    ],
)
def test_a_template_fills_in_plain_values(source, text):
    assert check(source) == []
    assert render(source, VALUES) == text


BOMBS = [
    "{{ 'a' * 10**9 }}",
    "{{ 'a' * 300000000 }}",
    "{{ name * 300000000 }}",
    "{{ [1] * 300000000 }}",
    "{{ tags * 300000000 }}",
    "{{ 10**10**8 }}",
    "{{ 9 ** 9 }}",
    "{{ 999999999999999 * 999999999999999 * 999999999999999 }}",
    "{{ " + "9" * 5000 + " }}",
    "{{ 1" + "0" * 30 + " }}",
    "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}",
    "{% for c in name %}x{% endfor %}",
    "{{ '%999999999d' % 1 }}",
    "{{ name % 1 }}",
    "{{ '{:999999999}'.format(1) }}",
    "{{ 'a'|center(999999999) }}",
    "{{ 'a'.ljust(999999999) }}",
    "{{ 'a'|format }}",
    "{{ 'a'|indent(999999999) }}",
    "{{ 1.5|round(999999999) }}",
    "{{ 1|round(999999999, 'ceil') }}",
    "{{ ['a','b']|join(name|replace('a', name)|replace('a', name)) }}",
    "{{ name|replace('', name)|replace('', name) }}",
    "{{ name" + "|replace('a', name)" * 20 + " }}",
    "{{ " + "~".join(["big"] * 1500) + " }}",
    "{{ " + "+".join(["big"] * 1500) + " }}",
    "{{ [" + ",".join(["big"] * 1500) + "]|join }}",
    "{% set a = 'aaaaaaaaaa' %}" + "{% set a = a ~ a %}" * 40 + "{{ a }}",
    "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}",
    "{{ " + "(" * 200 + "1" + ")" * 200 + " }}",
    "{{ " + "not " * 1500 + "1 }}",
    "{{ " + "-" * 4000 + "1 }}",
    "{{ " + "[" * 3000 + "]" * 3000 + " }}",
    "{{ a" + ".a" * 3000 + " }}",
    "{% if a %}" * 500 + "{% endif %}" * 500,
    "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
    "{% call m() %}{% endcall %}",
    "{{ lipsum(n=9999) }}",
    "{{ cycler('a') }}",
    "{{ joiner() }}",
    "{{ namespace(a=1) }}",
    "{{ range(99999999) }}",
    "{{ range }}",
    "{{ self }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ ''['__class__'] }}{{ contact.__class__ }}",
    "{{ ''|attr('__class__') }}",
    "{{ contact|map('x') }}",
    "{{ contact.name.upper() }}",
    "{{ contact|default(*tags) }}",
    "{{ config.items() }}",
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}",
    "{% extends 'x' %}",
    "{% block a %}{% endblock %}",
    "{% filter upper %}a{% endfilter %}",
    "{% autoescape true %}{% endautoescape %}",
    "{{ contact }}",
    "{{ tags }}",
    "{{ thing }}",
    "{{ thing.value }}{{ thing }}",
    "{{ 1 / 0 }}",
    "{{ 'a' + 1 }}",
    "{{ 'x' }" ,
    "{% if a %}",
    "{{Hi|Hello}|Halo} kak",
    "x" * (SOURCE_MAX_BYTES + 1),
    "é" * (SOURCE_MAX_BYTES // 2 + 1),
]  # fmt: skip


class Thing:
    value = "secret"


@pytest.mark.parametrize("source", BOMBS, ids=range(len(BOMBS)))
def test_a_bomb_is_an_error_before_it_costs_anything(source):
    values = {**VALUES, "name": "a" * 1000, "big": "b" * OUTPUT_MAX_CHARS, "thing": Thing()}
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.thread_time()  # what it costs, however busy the machine is

    with pytest.raises(TemplateError) as caught:
        render(source, values)

    assert time.thread_time() - began <= 0.5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib <= 64 * 1024
    assert str(caught.value).startswith("line ")
    assert render("{{ qty }}", VALUES) == "3"


def test_attributes_of_objects_are_never_seen():
    assert render("{{ thing.value }}", {"thing": Thing()}) == ""


def test_every_problem_is_told_with_its_line_and_a_way_out():
    found = check("a\n{% for x in y %}{% endfor %}\n{{ a()|nope }}\n{{ b|shout }}")

    assert [(problem.line, problem.code) for problem in found] == [
        (2, "not_allowed"),
        (3, "unknown_filter"),
        (4, "unknown_filter"),
    ]
    assert all(problem.hint for problem in found)


@pytest.mark.parametrize(
    ("source", "line", "hint"),
    [("a\n{{ b", 2, "needs a }}"), ("a\n\n{% if b %}", 3, "endif")],
)
def test_a_slip_of_the_pen_is_told_with_its_line(source, line, hint):
    (problem,) = check(source)

    assert (problem.code, problem.line) == ("syntax", line)
    assert hint in problem.hint
