"""`alir flow check` and `alir flow fmt` on files."""

import json

import pytest

from runtime.cli.flow_check import check_file, format_file

FLOW = """\
kind: broadcast
flow: alir/1
id: promo
name: Promo # shown in the list
triggers: {mulai: {type: broadcast, next: pesan}}
nodes:
  pesan: {type: spintax, with: {text: "{Halo|Hai [nama]"}}
"""


@pytest.fixture
def flow(tmp_path):
    path = tmp_path / "promo.yaml"
    path.write_text(FLOW, encoding="utf-8")
    return path


def test_check_prints_every_problem_with_line_and_column(flow, capsys):
    assert check_file(flow) == 1

    printed = capsys.readouterr().out
    assert f"{flow}:7:40: error: Line 1, column 1 of the text:" in printed
    assert "warning: The port 'ok' of 'pesan' leads nowhere. [unwired_port]" in printed
    assert printed.endswith("1 error(s), 1 warning(s).\n")


def test_check_prints_json_when_asked(flow, capsys):
    assert check_file(flow, as_json=True) == 1

    report = json.loads(capsys.readouterr().out)
    assert (report["ok"], report["errors"], report["warnings"]) == (False, 1, 1)
    assert {p["path"] for p in report["problems"]} == {
        "/nodes/pesan/next",
        "/nodes/pesan/with/text",
    }


def test_check_is_content_with_the_shipped_broadcast(capsys):
    assert check_file("flows/templates/broadcast.yaml") == 0
    assert capsys.readouterr().out == "flows/templates/broadcast.yaml: no problems.\n"


def test_fmt_prints_or_writes_the_tidy_text(flow, capsys):
    assert format_file(flow) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("flow: alir/1\nkind: broadcast\nid: promo\nname: Promo # shown")
    assert flow.read_text(encoding="utf-8") == FLOW

    assert format_file(flow, write=True) == 0
    assert flow.read_text(encoding="utf-8") == printed


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [(None, 2, "cannot be read"), (b"\xff\xfe\xfa", 2, "UTF-8"), (b"a: {b|c} d\n", 1, "quotes")],
)
def test_a_file_that_is_no_flow_is_named(tmp_path, capsys, content, code, says):
    path = tmp_path / "x.yaml"
    if content is not None:
        path.write_bytes(content)

    assert format_file(path) == code
    assert says in capsys.readouterr().err
