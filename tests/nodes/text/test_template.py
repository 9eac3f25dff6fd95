import pytest

from nodes.contract import Go, NodeError
from nodes.text.template import Template, template
from tests.nodes.world import context

SCOPE = {"steps": {"tiap": {"counts": {"ok": 3, "failed": 0}}}, "contact": {"name": "{{7*7}}"}}


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ steps.tiap.counts.ok }} terkirim", "3 terkirim"),
        ("{% if steps.tiap.counts.failed %}ada yang gagal{% else %}aman{% endif %}", "aman"),
        ("Halo {{ contact.name }}", "Halo {{7*7}}"),
        ("{{ steps.lain.x|default('-') }}", "-"),
    ],
)
def test_fills_in_values_of_the_run(source, text):
    assert template(Template(text=source), context(scope=SCOPE)) == Go("ok", {"text": text})


@pytest.mark.parametrize(
    "source", ["{{ steps.", "{% for a in b %}{% endfor %}", "{{ 'a' * 9**9 }}"]
)
def test_says_what_is_wrong_with_a_template(source):
    with pytest.raises(NodeError, match="The template has a mistake: line 1") as refused:
        template(Template(text=source), context(scope=SCOPE))

    assert (refused.value.kind, refused.value.code) == ("bad_config", "bad_template")
