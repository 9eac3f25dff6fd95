import pytest
from pydantic import ValidationError

from nodes.contract import NodeError, Reply
from nodes.web.respond import Respond, respond
from tests.nodes.world import context

JSON = {"content-type": "application/json"}
TEXT = {"content-type": "text/plain; charset=utf-8"}


@pytest.mark.parametrize(
    ("form", "body", "answer"),
    [
        ({}, {"nama": "Sari", "ok": True}, Reply(200, JSON, '{"nama": "Sari", "ok": true}')),
        ({}, [], Reply(200, JSON, "[]")),
        ({"status": 202, "text": "Halo {{ vars.nama }}"}, None, Reply(202, TEXT, "Halo Sari")),
        ({"status": 204}, None, Reply(204, {}, "")),
        (
            {"text": "<a/>", "headers": {"Content-Type": "text/xml", "X-Id": "1"}},
            None,
            Reply(200, {"content-type": "text/xml", "x-id": "1"}, "<a/>"),
        ),
    ],
)
def test_answers_with_json_with_text_or_with_nothing(form, body, answer):
    ctx = context(scope={"vars": {"nama": "Sari"}})

    assert respond(Respond(**form), ctx, body=body) == answer


@pytest.mark.parametrize(
    ("form", "body", "code"),
    [
        ({"text": "a"}, {}, "two_bodies"),
        ({}, {1, 2}, "bad_body"),
        ({}, float("nan"), "bad_body"),
        ({}, "a" * 300_000, "body_too_large"),
        ({"text": "{{ x"}, None, "bad_template"),
        ({"headers": {"Set-Cookie": "a=b"}}, None, "bad_header"),
    ],
)
def test_refuses_an_answer_that_it_must_not_give(form, body, code):
    with pytest.raises(NodeError) as refused:
        respond(Respond(**form), context(), body=body)

    assert refused.value.code == code


@pytest.mark.parametrize(
    "form", [{"status": 99}, {"headers": {"a b": "c"}}, {"headers": {"a": "b\r\nc: d"}}]
)
def test_refuses_headers_that_break_out(form):
    with pytest.raises(ValidationError):
        Respond(**form)
