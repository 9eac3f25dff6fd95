"""`alir flow test` and `alir flow run` tell what would happen, and exit with 0, 1 or 2."""

import io
import json
from pathlib import Path

import pytest

from runtime.cli.flow_check import check_file
from runtime.cli.flow_run import flow_run, flow_test

ROOT = Path(__file__).parents[3]
BROADCAST = ROOT / "flows" / "templates" / "broadcast.yaml"

FLOW = """\
flow: alir/1
kind: broadcast
id: promo
name: Promo
triggers:
  mulai: {type: broadcast, next: orang}
nodes:
  orang:
    type: select-contacts
    with: {tags_any: [Lead]}
    next: {ok: tiap, empty: kosong}
  tiap:
    type: for-each
    with: {items: {$: steps.orang.cursor}}
    next: {each: pesan}
  pesan:
    within: tiap
    type: spintax
    with: {text: "{Halo|Hai} [nama]. Balas STOP untuk berhenti."}
    next: {ok: kirim}
  kirim:
    within: tiap
    type: send-waha
    with:
      device: toko_1
      to: {$: item.contact.phone}
      text: {$: steps.pesan.text}
      delay_min: 5
      delay_max: 20
  kosong: {type: stop, with: {status: failed, reason: empty_audience}}
tests:
  - name: satu orang satu pesan
    given:
      context: {contacts: [{phone: "6281200000011", name: Sari, tags: [Lead]}]}
    expect: {sends: WANTED}
"""

CONTACTS = "Nama,No HP\nSari,0812-0000-0011\nBudi,+62 812 0000 0012\nSiapa,123\n"


@pytest.fixture
def flow(tmp_path):
    file = tmp_path / "promo.yaml"
    file.write_text(FLOW.replace("WANTED", "1"))
    return file


@pytest.fixture
def people(tmp_path):
    file = tmp_path / "orang.csv"
    file.write_text(CONTACTS)
    return file


def told(command, *given, **more):
    out = io.StringIO()
    code = command(*given, **more, out=out)
    return code, out.getvalue()


def told_json(command, *given, **more):
    code, text = told(command, *given, **more, as_json=True)
    return code, json.loads(text)


@pytest.mark.parametrize(("wanted", "code", "passed"), [("1", 0, 1), ("2", 1, 0)])
def test_cases_that_hold_exit_with_0_and_others_with_1(flow, wanted, code, passed):
    flow.write_text(FLOW.replace("WANTED", wanted))

    found, text = told(flow_test, flow)
    assert found == code
    assert f"{passed} of 1 hold" in text
    found, report = told_json(flow_test, flow)
    assert (found, report["ok"], report["passed"]) == (code, code == 0, passed)


def test_the_cases_of_the_broadcast_template_hold():
    code, text = told(flow_test, BROADCAST)

    assert code == 0, text


def test_a_run_shows_who_gets_what_and_when_and_from_which_device(flow, people):
    code, found = told_json(flow_run, flow, contacts=people)

    assert code == 0
    assert [send["to"] for send in found["sends"]] == ["6281200000011", "6281200000012"]
    assert {send["device"] for send in found["sends"]} == {"toko_1"}
    assert all("Balas STOP" in send["text"] for send in found["sends"])
    assert found["sends"][0]["at"] < found["sends"][1]["at"]
    assert sum(found["rejected"].values()) == 1
    code, text = told(flow_run, flow, contacts=people)
    assert code == 0
    assert "6281200000012" in text
    assert "Nothing was sent." in text


def test_the_same_seed_shows_the_same(flow, people):
    assert told(flow_run, flow, contacts=people, seed="a") == told(
        flow_run, flow, contacts=people, seed="a"
    )


def test_a_flow_that_fails_exits_with_1(flow, tmp_path):
    people = tmp_path / "lain.csv"
    people.write_text("Nama,No HP,Tag\nSari,081200000011,VIP\n")

    code, found = told_json(flow_run, flow, contacts=people)

    assert (code, found["status"], found["reason"]) == (1, "failed", "empty_audience")


@pytest.mark.parametrize(
    "command", [flow_test, lambda file, **more: flow_run(file, event="{}", **more)]
)
def test_a_document_with_problems_shows_them_with_their_place(command, flow):
    flow.write_text(FLOW.replace("type: spintax", "type: spintaks").replace("WANTED", "1"))

    code, text = told(command, flow)
    assert code == 1
    assert "promo.yaml:18:" in text
    assert "spintaks" in text
    code, found = told_json(command, flow)
    assert code == 1
    assert found["errors"] >= 1


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, "--contacts"),
        ({"event": "{"}, "--event is no JSON"),
        ({"event": "[]"}, "must be a JSON object"),
        ({"event": "{}", "params": "@/nowhere.json"}, "--params"),
        ({"event": "{}", "now": "soon"}, "--now"),
        ({"event": "{}", "trigger": "nobody"}, "no trigger 'nobody'"),
        ({"contacts": Path("/nowhere.csv")}, "cannot be read"),
    ],
)
def test_wrong_use_exits_with_2_and_says_what_is_right(flow, more, said):
    code, text = told(flow_run, flow, **more)
    assert (code, said in text) == (2, True), text
    code, found = told_json(flow_run, flow, **more)
    assert code == 2
    assert said in found["error"]


def test_a_contact_file_without_phones_is_wrong_use(flow, tmp_path):
    people = tmp_path / "kosong.csv"
    people.write_text("Nama,Kota\nSari,Bandung\n")

    code, text = told(flow_run, flow, contacts=people)

    assert code == 2
    assert "phone" in text


def test_a_file_that_is_not_there_is_wrong_use(tmp_path):
    assert told(flow_test, tmp_path / "nothing.yaml")[0] == 2


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        (None, 2, "promo.yaml: cannot be read (No such file or directory)."),
        (b"\xff\xfe\xfa", 2, "promo.yaml: is no UTF-8 text. Save it as UTF-8."),
        (FLOW.replace("type: spintax", "type: spintaks").encode(), 1, "promo.yaml:18:"),
    ],
)
def test_check_test_and_run_tell_the_same_problem_in_the_same_words(
    tmp_path, capsys, content, code, said
):
    file = tmp_path / "promo.yaml"
    if content is not None:
        file.write_bytes(content)

    checked = check_file(file)
    printed = capsys.readouterr()
    tested = told(flow_test, file)
    tried = told(flow_run, file, event="{}")

    assert (checked, tested[0], tried[0]) == (code, code, code)
    assert said in tested[1]
    assert tested[1] == tried[1]
    assert tested[1].strip() in printed.out + printed.err


def test_a_tag_that_nobody_has_is_named_beside_those_in_the_file(flow, tmp_path):
    people = tmp_path / "lain.csv"
    people.write_text("Nama,No HP,Tag\nSari,081200000011,VIP\nBudi,081200000012,Baru\n")

    _, text = told(flow_run, flow, contacts=people)
    _, found = told_json(flow_run, flow, contacts=people)

    assert text.rstrip().endswith("Nobody has the tag 'Lead'; tags in the file: VIP, Baru.")
    assert found["nobody"] == ["Nobody has the tag 'Lead'; tags in the file: VIP, Baru."]


@pytest.mark.parametrize(
    ("message", "hint"),
    [
        ("Halo [namaa]. Balas STOP.", "Did you mean [nama]?"),
        ("Halo [namaa|Kak]. Balas STOP.", "Did you mean [nama]?"),
        ("Halo [zzz]. Balas STOP.", "Known fields:"),
        ("Halo [nama] di [kota], [zzz|Kak], [toko], [hari]. Balas STOP.", None),
    ],
)
def test_a_field_that_nobody_has_is_told_before_the_result(tmp_path, message, hint):
    people = tmp_path / "orang.csv"
    people.write_text("Nama,No HP,Kota\nSari,081200000011,Bogor\n")

    code, text = told(flow_run, BROADCAST, contacts=people, params=json.dumps({"message": message}))

    assert code == 0, text
    assert ("unknown_field" in text) == (hint is not None), text
    if hint:
        assert text.startswith("--params message:1:6: warning: There is no field [")
        assert text.index(hint) < text.index("messages")
