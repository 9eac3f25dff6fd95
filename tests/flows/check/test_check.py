"""Checks of a document: every problem at once, at its place, with a way out."""

import pytest

from flows.check import check
from nodes.catalogue import kinds

GOOD = """\
flow: alir/1
kind: broadcast
id: promo
name: Promo
params:
  type: object
  properties:
    tag: {type: string, default: Lead}
    devices: {type: array, items: {type: string}}
    message:
      type: string
      x-lang: text
      default: |-
        {Halo|Hai} [name|kak].
        Balas STOP untuk berhenti.
vars: {kota: Bandung}
triggers:
  mulai: {type: broadcast, next: pilih}
nodes:
  pilih:
    type: select-contacts
    with: {tags_any: [{$: params.tag}]}
    next: {ok: tiap}
  tiap:
    type: for-each
    with: {items: {$: steps.pilih.cursor}}
    next: {each: cek, done: akhir}
  cek:
    type: blacklist-check
    within: tiap
    with: {phone: {$: item.contact.phone}}
    next: {clear: perangkat}
  perangkat:
    type: pick-device
    within: tiap
    with: {pool: {$: params.devices}, wait_max: 1h}
    next: {ok: pesan}
  pesan:
    type: spintax
    within: tiap
    with: {text: {$: params.message}}
    next: {ok: kirim}
  kirim:
    type: send-waha
    within: tiap
    with:
      device: {$: steps.perangkat.device}
      to: {$: item.contact.phone}
      text: {$: steps.pesan.text}
      delay_min: 5s
      delay_max: 20s
  akhir:
    type: stop
"""


@pytest.fixture(scope="module")
def catalogue():
    return list(kinds())


def only(report, code):
    found = [problem for problem in report.problems if problem.code == code]
    assert found, [(p.code, p.path, p.message) for p in report.problems]
    return found[0]


def test_a_sound_document_has_no_problems(catalogue):
    report = check(GOOD, catalogue)

    assert [(p.code, p.path, p.message) for p in report.problems] == []
    assert report.ok
    assert report.document is not None


@pytest.mark.parametrize(
    ("old", "new", "code", "severity", "place", "says"),
    [
        # shape
        (
            "kind: broadcast",
            "kind: broadcst",
            "wrong_choice",
            "error",
            (2, 7),
            "Did you mean 'broadcast'",
        ),
        ("name: Promo", "nama: Promo", "unknown_key", "error", (4, 1), "Did you mean 'name'"),
        ("name: Promo\n", "", "missing_field", "error", None, "'name' is missing"),
        ("flow: alir/1", "flow: alir/9", "newer_format", "error", (1, 7), "Update Alir"),
        (
            "  akhir:\n    type: stop",
            "  akhir:\n    type: stop\n    retri: {max: 1}",
            "unknown_key",
            "error",
            None,
            "Did you mean 'retry'",
        ),
        (
            "  akhir:\n    type: stop",
            "  akhir:\n    type: stop\n    timeout: soon",
            "wrong_value",
            "error",
            None,
            "30s",
        ),
        (
            "  akhir:\n    type: stop",
            "  Akhir Kata:\n    type: stop",
            "bad_id",
            "error",
            None,
            "small letters",
        ),
        (
            "  akhir:\n    type: stop",
            "  yes:\n    type: stop",
            "reserved_id",
            "error",
            None,
            "yes_1",
        ),
        (
            "  akhir:\n    type: stop",
            "  mulai:\n    type: stop",
            "id_twice",
            "error",
            None,
            "another id",
        ),
        # graph
        (
            "type: spintax",
            "type: spintaks",
            "unknown_kind",
            "error",
            (39, 11),
            "Did you mean 'spintax'",
        ),
        ("type: spintax", "type: spintax@7", "unknown_version", "error", None, "spintax@1"),
        ("type: stop", "type: broadcast", "trigger_as_node", "error", None, "triggers"),
        (
            "mulai: {type: broadcast",
            "mulai: {type: stop",
            "node_as_trigger",
            "error",
            None,
            "nodes",
        ),
        (
            "next: {clear: perangkat}",
            "next: {claer: perangkat}",
            "unknown_port",
            "error",
            (32, 12),
            "Did you mean 'clear'",
        ),
        (
            "next: {clear: perangkat}",
            "next: {blocked: perangkat}",
            "unwired_port",
            "warning",
            None,
            "clear",
        ),
        ("done: akhir", "done: ahkir", "unknown_target", "error", (27, 29), "Did you mean 'akhir'"),
        ("done: akhir", "done: mulai", "target_is_trigger", "error", None, "trigger"),
        (
            "next: {clear: perangkat}",
            "next: {clear: [perangkat, cek]}",
            "cycle",
            "error",
            None,
            "cek -> cek",
        ),
        (
            "      delay_max: 20s\n",
            "      delay_max: 20s\n    next: {ok: cek}\n",
            "cycle",
            "error",
            None,
            "cek -> perangkat -> pesan -> kirim -> cek",
        ),
        (
            "within: tiap\n    with: {text",
            "within: tiapp\n    with: {text",
            "unknown_container",
            "error",
            None,
            "Did you mean 'tiap'",
        ),
        (
            "within: tiap\n    with: {text",
            "within: cek\n    with: {text",
            "no_container",
            "error",
            None,
            "for-each",
        ),
        ("each: cek", "each: akhir", "not_within", "error", None, "within: tiap"),
        ("done: akhir", "done: pesan", "enters_container", "error", None, "each"),
        (
            "      delay_max: 20s\n",
            "      delay_max: 20s\n    next: {ok: akhir}\n",
            "leaves_container",
            "error",
            None,
            "done",
        ),
        (", done: akhir", "", "unreachable", "warning", None, "never runs"),
        (
            "triggers:\n  mulai: {type: broadcast, next: pilih}\n",
            "",
            "no_trigger",
            "error",
            None,
            "broadcast",
        ),
        # forms
        (
            "wait_max: 1h",
            "wait_mx: 1h",
            "unknown_key",
            "error",
            (36, 39),
            "Did you mean 'wait_max'",
        ),
        ("wait_max: 1h", "wait_max: sejam", "wrong_value", "error", None, "30s"),
        (
            "wait_max: 1h",
            "strategy: round-robin",
            "wrong_choice",
            "error",
            None,
            "Did you mean 'round_robin'",
        ),
        (
            "      to: {$: item.contact.phone}\n",
            "",
            "missing_field",
            "error",
            None,
            "'kirim' (send-waha) needs 'to'",
        ),
        (
            "      to: {$: item.contact.phone}\n",
            "      too: {$: item.contact.phone}\n",
            "missing_field",
            "error",
            None,
            "Did you write 'too'",
        ),
        (
            "to: {$: item.contact.phone}",
            "to: 6281200000001",
            "wrong_type",
            "error",
            None,
            'in quotes: "6281200000001"',
        ),
        (
            "with: {text: {$: params.message}}",
            "with: {text: {Halo|Hai}}",
            "wrong_type",
            "error",
            None,
            "quotes",
        ),
        (
            "{$: steps.pesan.text}",
            "{$: steps pesan}",
            "bad_reference",
            "error",
            None,
            "steps.name.field",
        ),
        (
            "{$: steps.pesan.text}",
            "{$: steps.pesan.text, or: x}",
            "bad_reference",
            "error",
            None,
            "no other key",
        ),
        # references
        (
            "steps.pesan.text",
            "steps.pesn.text",
            "unknown_step",
            "error",
            (49, 17),
            "Did you mean 'pesan'",
        ),
        (
            "steps.pesan.text",
            "steps.pesan.teks",
            "unknown_output",
            "error",
            None,
            "It gives: 'text'",
        ),
        ("params.tag", "params.tags", "unknown_param", "error", None, "Did you mean 'tag'"),
        ("params.tag", "vars.kta", "unknown_variable", "error", None, "Did you mean 'kota'"),
        ("params.tag", "inputs.tag", "unknown_input", "error", None, "inputs"),
        ("params.tag", "parms.tag", "unknown_name", "error", None, "Did you mean 'params'"),
        ("params.tag", "item.tag", "item_outside", "error", None, "outside"),
        (
            "params.tag",
            "steps.kirim.device",
            "step_too_early",
            "error",
            None,
            "never have run before",
        ),
        (
            "next: {clear: perangkat}",
            "next: {clear: perangkat, blocked: pesan}",
            "step_not_always",
            "warning",
            None,
            "second choice",
        ),
        # texts
        (
            "{Halo|Hai} [name|kak].",
            "{Halo|Hai [name|kak].",
            "text_unclosed_brace",
            "error",
            (14, 9),
            "Line 1, column 1",
        ),
        (
            "{Halo|Hai} [name|kak].",
            "Halo [nmae].",
            "text_unknown_field",
            "warning",
            (14, 14),
            "name",
        ),
        ("x-lang: text\n", "title: Pesan\n", "text_not_marked", "warning", None, "x-lang: text"),
        # schemas, secrets, lint
        (
            "tag: {type: string, default: Lead}",
            "tag: {type: strng, default: Lead}",
            "bad_schema",
            "error",
            (8, 17),
            "JSON Schema",
        ),
        (
            "tag: {type: string, default: Lead}",
            "tag: {type: integer, default: Lead}",
            "default_does_not_fit",
            "error",
            None,
            "Lead",
        ),
        (
            "kota: Bandung",
            "kota: sk-abcdefghijklmnopqrstuvwx",
            "looks_like_secret",
            "error",
            (16, 14),
            "secret:<slot>",
        ),
        ("Balas STOP untuk berhenti.", "Sampai jumpa.", "no_opt_out", "warning", None, "STOP"),
        ("delay_min: 5s", "delay_min: 2s", "short_delay", "warning", None, "15 to 45"),
        ("each: cek", "each: perangkat", "no_blacklist_check", "warning", None, "blacklist-check"),
    ],
)
def test_each_mistake_is_told_at_its_place_with_a_way_out(
    catalogue, old, new, code, severity, place, says
):
    assert old in GOOD
    problem = only(check(GOOD.replace(old, new, 1), catalogue), code)

    assert problem.severity == severity
    assert says in f"{problem.message} {problem.hint}"
    assert problem.range is not None
    if place is not None:
        assert (problem.range.line, problem.range.column) == place


def test_all_problems_come_at_once_in_the_order_of_the_text(catalogue):
    broken = GOOD.replace("kind: broadcast", "kind: blast").replace("type: spintax", "type: spn")
    broken = broken.replace("done: akhir", "done: nowhere").replace("params.tag", "params.tga")

    report = check(broken, catalogue)

    codes = [problem.code for problem in report.errors]
    assert codes == ["wrong_choice", "unknown_param", "unknown_target", "unknown_kind"]
    assert report.document is None
    assert report.as_json()["errors"] == 4


def test_a_problem_names_its_node_and_a_pointer(catalogue):
    problem = only(check(GOOD.replace("{clear:", "{claer:"), catalogue), "unknown_port")

    assert (problem.node, problem.path) == ("cek", "/nodes/cek/next/claer")


def test_a_plain_dict_is_checked_without_places(catalogue):
    report = check({"flow": "alir/1", "kind": "broadcast", "id": "x", "name": "X"}, catalogue)

    assert [(p.code, p.range) for p in report.problems] == [("no_trigger", None)]


@pytest.mark.parametrize(
    "text", ["{Halo|Hai}", "a: [", "", "[]", "nodes: 5\ntriggers: []\ntests: x\n"]
)
def test_nothing_breaks_the_check(catalogue, text):
    assert not check(text, catalogue).ok


def condition(depth):
    rule = {"==": [{"var": "contact.city"}, "Bandung"]}
    for _ in range(depth):
        rule = {"and": [rule]}
    return rule


def document(**node):
    return {
        "flow": "alir/1",
        "kind": "broadcast",
        "id": "x",
        "name": "X",
        "triggers": {"mulai": {"type": "manual", "next": "a"}},
        "nodes": {"a": {"type": "stop", **node}},
    }


@pytest.mark.parametrize(("depth", "refused"), [(7, False), (12, True)])
def test_a_sensible_condition_fits_and_a_bottomless_one_does_not(catalogue, depth, refused):
    report = check(document(**{"with": {"test": condition(depth)}}), catalogue)
    codes = {problem.code for problem in report.problems}

    assert ("too_deep" in codes) is refused


def test_more_than_300_nodes_are_refused(catalogue):
    many = document()
    many["nodes"] = {f"n{at}": {"type": "stop"} for at in range(301)}

    assert [p.code for p in check(many, catalogue).problems] == ["too_many_nodes"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object()])
def test_what_json_cannot_hold_is_refused(catalogue, value):
    codes = {problem.code for problem in check(document(x=value), catalogue).problems}

    assert codes & {"bad_number", "not_json"}


TEST = """\
tests:
  - name: a
    trigger: {trigger}
    given:
      params: {params}
      pins: {{cek: {{port: {port}}}}}
    expect: {{not_run: [{node}]}}
"""


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ({}, None, ""),
        ({"trigger": "mulia"}, "unknown_test_trigger", "Did you mean 'mulai'"),
        ({"params": "{tgg: x}"}, "unknown_param", "Did you mean 'tag'"),
        ({"params": "{tag: 5}"}, "test_value_does_not_fit", "'tag' does not fit"),
        ({"port": "blockd"}, "unknown_pin_port", "Did you mean 'blocked'"),
        ({"node": "krim"}, "unknown_test_node", "Did you mean 'kirim'"),
    ],
)
def test_a_test_case_names_only_what_the_flow_has(catalogue, change, code, says):
    sound = {"trigger": "mulai", "params": "{tag: VIP}", "port": "blocked", "node": "kirim"}
    report = check(GOOD + TEST.format(**{**sound, **change}), catalogue)

    assert [p.code for p in report.problems] == ([code] if code else [])
    assert all(says in f"{p.message} {p.hint}" for p in report.problems)


class Shop:
    def devices(self):
        return {"toko_1", "toko_2"}

    def tags(self):
        return {"Lead"}

    def features(self):
        return set()

    def fields(self):
        return {"diskon"}

    def flows(self):
        return set()

    def secrets(self):
        return set()


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("{$: params.devices}", "[toko_1]", set()),
        ("{$: params.devices}", "[toko1]", {("error", "unknown_device")}),
        ("[{$: params.tag}]", "[Leads]", {("warning", "unknown_tag")}),
        ("{Halo|Hai}", "[diskon]", set()),
        ("{Halo|Hai}", "[dskon]", {("error", "text_unknown_field")}),
        ("vars: {", "secrets: {ai: {kind: ai}}\nvars: {", {("error", "unbound_secret")}),
    ],
)
def test_a_tenant_is_asked_for_what_it_has(catalogue, old, new, expected):
    report = check(GOOD.replace(old, new, 1), catalogue, Shop())

    assert {(p.severity, p.code) for p in report.problems} == expected


def test_sixty_nodes_are_checked(catalogue):
    lines = [GOOD.replace("done: akhir", "done: n0").rstrip()]
    for at in range(60):
        lines.append(f"  n{at}:\n    type: spintax\n    with:\n      text: |-")
        lines.append("        {Halo|Hai|{Apa|Ini} kabar} [name|kak]")
        lines.append(f"    next: {{ok: {f'n{at + 1}' if at < 59 else 'akhir'}}}")
    text = "\n".join(lines)

    report = check(text, catalogue)

    assert report.ok
    assert len(report.document.nodes) > 60


@pytest.mark.parametrize(
    ("old", "new", "path", "hint"),
    [
        ("id: promo\n", "", "/id", "Add 'id: ...'."),
        ("id: promo\n", "idd: promo\n", "/id", "Did you write 'idd' for it?"),
        ("name: Promo\n", "nama: Promo\n", "/name", "Did you write 'nama' for it?"),
        ("    type: stop\n", "    name: stop\n", "/nodes/akhir/type", "Add 'type: ...'."),
        (
            "    type: stop\n",
            "    tipe: stop\n    name: x\n",
            "/nodes/akhir/type",
            "Did you write 'tipe' for it?",
        ),
    ],
)
def test_a_missing_key_is_never_said_to_be_one_that_is_right(old, new, path, hint, catalogue):
    found = [p for p in check(GOOD.replace(old, new), catalogue).problems if p.path == path]

    assert [(p.code, p.hint) for p in found] == [("missing_field", hint)]


@pytest.mark.parametrize("document", ["flow: alir/2\nsteps: {a: 1}\n", {"flow": "alir/10"}])
def test_a_document_of_a_newer_format_is_told_that_alone(document, catalogue):
    report = check(document, catalogue)

    assert [p.code for p in report.problems] == ["newer_format"]
    assert report.document is None


def test_a_format_that_is_no_number_is_a_slip_of_the_pen(catalogue):
    report = check(GOOD.replace("alir/1", "alir/l"), catalogue)

    assert [(p.code, p.hint) for p in report.errors] == [("wrong_choice", "Did you mean 'alir/1'?")]


@pytest.mark.parametrize(
    ("node", "says"),
    [
        ("{type: wait}", "'jeda' (wait) has no 'with': give a duration, or both min and max."),
        (
            "{type: wait, with: {min: 5s}}",
            "'with' of 'jeda' (wait): give a duration, or both min and max.",
        ),
    ],
)
def test_what_is_wrong_with_a_whole_form_names_the_node_and_with(node, says, catalogue):
    found = only(check(f"{GOOD}  jeda: {node}\n", catalogue), "wrong_value")

    assert (found.node, found.path, found.message) == ("jeda", "/nodes/jeda/with", says)


@pytest.mark.parametrize(
    ("old", "new", "path", "sign"),
    [
        ("name: Promo", r'name: "Promo\0"', "/name", "U+0000"),
        ("name: Promo", r'name: "Pro\nmo"', "/name", "U+000A"),
        ("id: promo", r'id: "pro\0mo"', "/id", "U+0000"),
        ("name: Promo", 'name: Promo\ndescription: "a\\e[31m"', "/description", "U+001B"),
        ("name: Promo", 'name: Promo\ntags: ["a\\a"]', "/tags/0", "U+0007"),
        ("  akhir:", r'  "akhir\x9b":', "/nodes/akhir\x9b", "U+009B"),
        ("type: stop", 'type: stop\n    name: "a\\0"', "/nodes/akhir/name", "U+0000"),
        ("vars: {kota: Bandung}", r'vars: {kota: "B\0"}', "/vars/kota", "U+0000"),
    ],
)
def test_a_control_character_is_a_problem_of_its_own(old, new, path, sign, catalogue):
    report = check(GOOD.replace(old, new), catalogue)

    found = [p for p in report.errors if p.path == path]
    assert [p.code for p in found] == ["control_sign"]
    assert sign in found[0].message
    assert all(text.isprintable() for p in report.problems for text in (p.message, p.hint))


def test_a_description_may_have_lines(catalogue):
    text = GOOD.replace("name: Promo", 'name: Promo\ndescription: "satu\\n\\tdua"')

    assert check(text, catalogue).problems == ()


@pytest.mark.parametrize(
    ("written", "meant"), [("nma", "nama"), ("namaa", "nama"), ("nme", "name"), ("Kta", "kota")]
)
def test_a_slip_in_a_field_has_its_suggestion_without_a_tenant(written, meant, catalogue):
    report = check(GOOD.replace("[name|kak]", f"[{written}]"), catalogue)

    found = only(report, "text_unknown_field")
    assert (found.severity, report.ok) == ("warning", True)
    assert f"Did you mean [{meant}]?" in found.hint


@pytest.mark.parametrize(
    ("addition", "path"),
    [
        ("limits: {run: {max: 1}}\n", "/limits/run"),
        ("limits: {duration: 1h}\n", "/limits/duration"),
    ],
)
def test_a_limit_that_no_worker_heeds_is_told_and_not_believed(catalogue, addition, path):
    found = check(GOOD + addition, catalogue)

    assert found.ok
    assert [one.path for one in found.problems if one.code == "not_heeded"] == [path]


@pytest.mark.parametrize(
    ("chats", "paths"),
    [
        ("private", []),
        ("groups", ["/triggers/masuk/with/chats"]),
        ("all", ["/triggers/masuk/with/chats"]),
    ],
)
def test_a_trigger_for_groups_is_told_that_they_are_not_heard_yet(catalogue, chats, paths):
    document = {
        "flow": "alir/1",
        "id": "grup",
        "name": "Grup",
        "kind": "inbound",
        "triggers": {"masuk": {"type": "message", "with": {"chats": chats}, "next": "catat"}},
        "nodes": {"catat": {"type": "set-variables", "with": {"values": {"a": 1}}}},
    }

    found = check(document, catalogue)

    assert found.ok
    assert [one.path for one in found.problems if one.code == "not_heeded"] == paths
