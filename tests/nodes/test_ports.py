"""Every port of every node is really taken when the engine runs it."""

import pytest

from flows.engine.halts import Event, Outcome, Woken
from nodes import catalogue
from nodes.contract import Media, NodeError, ReadText
from tests.nodes.running import port_taken, ports_of
from tests.nodes.world import World, device

NOTHING = {"$": "vars.tidak_ada"}
BROKEN = {">": [{"+": [{"var": "trigger.text"}, 1]}, 2]}
TEXT = {"==": [{"var": "trigger.text"}, "Halo"]}

READY = (device("a"),)
ASLEEP = (device("a", False),)
SHOP = {"name": "Toko", "owner_phone": "628999"}
WORLD = World(
    pool=READY,
    people=2,
    shop=SHOP,
    blacklist={"628999": "opt_out"},
    files={"1": Media("https://toko.id/a.jpg", "image/jpeg")},
    texts={"1": ReadText("Total 5", [{"text": "Total 5"}], 0.9), "2": ReadText("")},
)
SEND = {"device": "a", "to": "628111", "text": "Halo"}
FILE = {"device": "a", "to": "628111", "media": "1"}
HELLO = {"$": "trigger.text"}
MENU = {"device": "a", "to": "628111", "text": "Mau apa?", "options": {"harga": "Daftar harga"}}
HANDED = {"device": "a", "to": "628111"}
CLOSED = {"hours": {"sun": ["08:00-17:00"]}}
ASKED = World(
    said={
        "answer": {"outcome": "ok", "text": "Ada", "citations": [], "score": 0.9},
        "ask": {"outcome": "ok", "text": "Ya"},
        "classify": {"label": "komplain", "score": 0.9},
    },
    answers={"https://a.id/x": {"status": 200, "headers": {}, "body": "ok"}},
)
LABELS = {"komplain": "barang rusak", "harga": "tanya harga"}
AWAY = NodeError("nobody reads", kind="upstream", code="unreachable", retriable=True)


def sends(kind, with_, bad):
    """A send leaves as its lane says, or by error before it comes there."""
    return [
        (kind, with_, {}, "ok"),
        (kind, with_, {"signal": Outcome("skipped", {"reason": "opt_out"})}, "skipped"),
        (kind, with_, {"signal": Outcome("unknown", {"message_id": "m1"})}, "unknown"),
        (kind, with_, {"signal": Outcome("error", {"class": "not_on_whatsapp"})}, "error"),
        (kind, {**with_, **bad}, {}, "error"),
    ]


def answered(outcome):
    """A world whose AI engine ends like this."""
    return {"world": World(said={"answer": {"outcome": outcome}, "ask": {"outcome": outcome}})}


def classified(label):
    return {"world": World(said={"classify": {"label": label, "score": 0.9}})}


TAKEN = [
    ("broadcast", {}, {}, "next"),
    ("manual", {}, {}, "next"),
    ("message", {}, {}, "next"),
    ("webhook", {}, {}, "next"),
    ("schedule", {"cron": "0 9 * * 1"}, {}, "next"),
    ("link-click", {"slug": "promo"}, {}, "next"),
    ("contact-event", {"events": ["tagged"]}, {}, "next"),
    ("select-contacts", {"tags_any": ["VIP"]}, {}, "ok"),
    ("select-contacts", {"tags_any": ["VIP"]}, {"world": World()}, "empty"),
    ("select-contacts", {}, {}, "error"),
    ("blacklist-check", {"phone": {"$": "contact.phone"}}, {}, "clear"),
    ("blacklist-check", {"phone": "628999"}, {}, "blocked"),
    ("blacklist-check", {"phone": NOTHING}, {}, "error"),
    ("opt-out-check", {"text": HELLO}, {}, "none"),
    ("opt-out-check", {"text": "STOP"}, {}, "opt_out"),
    ("opt-out-check", {"text": "cukup"}, {}, "ask_back"),
    ("opt-out-check", {"text": ["x"]}, {}, "error"),
    ("tag-contact", {"phone": "628111", "add": ["VIP"]}, {}, "ok"),
    ("tag-contact", {"phone": "628111"}, {}, "error"),
    ("for-each", {"items": [1]}, {}, "done"),
    ("for-each", {"items": [1]}, {"into_body": True}, "each"),
    ("for-each", {"items": NOTHING}, {}, "error"),
    ("repeat", {"times": 3}, {}, "done"),
    ("repeat", {"times": 3}, {"into_body": True}, "each"),
    ("repeat", {"times": HELLO}, {}, "error"),
    ("join", {"timeout": "1m"}, {}, "done"),
    ("join", {"timeout": "1m"}, {"signal": Woken()}, "timeout"),
    ("join", {"timeout": HELLO}, {}, "error"),
    ("condition", {"test": TEXT}, {}, "match"),
    ("condition", {"test": {"!": TEXT}}, {}, "else"),
    ("condition", {"test": BROKEN}, {}, "error"),
    ("switch", {"cases": {"halo": TEXT}}, {}, "halo"),
    ("switch", {"cases": {"halo": False}}, {}, "else"),
    ("switch", {"cases": {"halo": BROKEN}}, {}, "error"),
    ("split-traffic", {"arms": {"a": 1, "b": 0}}, {}, "a"),
    ("split-traffic", {"arms": {"a": 0, "b": 1}}, {}, "b"),
    ("keyword-match", {"keywords": ["halo"], "text": HELLO}, {}, "matched"),
    ("keyword-match", {"keywords": ["harga"], "text": HELLO}, {}, "unmatched"),
    ("keyword-match", {"keywords": ["harga"], "text": 5}, {}, "error"),
    ("call-flow", {"flow": "lain"}, {}, "ok"),
    ("call-flow", {"flow": "lain"}, {"signal": Outcome("error", {"class": "upstream"})}, "error"),
    ("stop", {"reason": "cukup"}, {}, "cukup"),
    ("pick-device", {}, {}, "ok"),
    ("pick-device", {}, {"world": World(pool=ASLEEP)}, "none"),
    ("pick-device", {"wait_max": "2m"}, {"world": World(pool=ASLEEP)}, "none"),
    ("pick-device", {"pool": ["x"]}, {}, "error"),
    ("pick-target", {"targets": [{"phone": "628111"}]}, {}, "ok"),
    ("pick-target", {"targets": [{"phone": "628111", "device": "x"}]}, {}, "none"),
    ("pick-target", {"targets": [{"phone": "0812"}]}, {}, "error"),
    ("spintax", {"text": "{Hai|Halo} [nama]"}, {}, "ok"),
    ("spintax", {"text": "[x]", "skip_missing": True}, {}, "missing_value"),
    ("spintax", {"text": "{Hai"}, {}, "error"),
    ("template", {"text": "{{ trigger.text }} {{ params.x }}"}, {}, "ok"),
    ("template", {"text": "{{ x"}, {}, "error"),
    ("set-variables", {"values": {"a": HELLO}}, {}, "ok"),
    ("set-variables", {"values": {"a": "x" * 20_000}}, {}, "error"),
    ("extract", {"pattern": "H(a)", "text": HELLO}, {}, "matched"),
    ("extract", {"pattern": "z", "text": HELLO}, {}, "unmatched"),
    ("extract", {"pattern": "z", "text": 5}, {}, "error"),
    ("wait", {"duration": "30s"}, {}, "ok"),
    ("wait", {"duration": HELLO}, {}, "error"),
    ("wait-until", {"time": "20:00"}, {}, "ok"),
    ("wait-until", {"quiet": "20:00-08:00"}, {}, "ok"),
    ("wait-until", {"at": "besok"}, {}, "error"),
    ("wait-for-reply", {"chat": "628111"}, {"signal": Event({"text": "Ya"})}, "replied"),
    ("wait-for-reply", {"chat": "628111"}, {}, "timeout"),
    ("wait-for-reply", {"chat": NOTHING}, {}, "error"),
    *sends("send-waha", SEND, {"text": NOTHING}),
    *sends("send-media", FILE, {"media": "2"}),
    *sends("notify-owner", {"text": "Halo"}, {"text": "{{ x"}),
    ("notify-owner", {"text": "Halo"}, {"world": World(pool=READY)}, "skipped"),
    ("show-typing", {"device": "a", "to": "628111"}, {}, "ok"),
    ("show-typing", {"device": "a", "to": "628111", "probability": 0}, {}, "ok"),
    ("show-typing", {"device": NOTHING, "to": "628111"}, {}, "error"),
    ("mark-seen", {"device": "a", "chat": "628111"}, {}, "ok"),
    ("mark-seen", {"device": "a", "chat": NOTHING}, {}, "error"),
    ("ocr", {"media": "1"}, {}, "ok"),
    ("ocr", {"media": {"id": 2}}, {}, "empty"),
    ("ocr", {"media": "3"}, {}, "error"),
    ("ocr", {"media": "1", "wait_max": "9s"}, {"world": World(texts={"1": AWAY})}, "error"),
    ("save-contact", {"phone": "628111", "fields": {"kota": "Solo"}}, {}, "ok"),
    ("save-contact", {"phone": "628111", "fields": {"kota": ["Solo"]}}, {}, "error"),
    ("block-contact", {"phone": "628111"}, {}, "ok"),
    ("block-contact", {"phone": NOTHING}, {}, "error"),
    ("send-menu", MENU, {"signal": Event({"text": "1."})}, "harga"),
    ("send-menu", MENU, {"signal": Event({"text": "apa ya"})}, "invalid"),
    ("send-menu", MENU, {}, "timeout"),
    ("send-menu", MENU, {"signal": Outcome("skipped", {"reason": "takeover"})}, "error"),
    ("hand-to-human", HANDED, {}, "ok"),
    ("hand-to-human", {**HANDED, "text": ""}, {}, "ok"),
    ("hand-to-human", {**HANDED, **CLOSED}, {}, "outside_hours"),
    ("hand-to-human", {"to": "628111"}, {}, "error"),
    ("rag-answer", {"question": HELLO}, {"world": ASKED}, "ok"),
    ("rag-answer", {"question": HELLO}, answered("ask_back"), "ask_back"),
    ("rag-answer", {"question": HELLO}, answered("no_context"), "no_context"),
    ("rag-answer", {"question": HELLO}, answered("quota"), "quota"),
    ("rag-answer", {"question": HELLO}, {}, "error"),
    ("ask-model", {"text": HELLO, "instructions": "Ringkas"}, {"world": ASKED}, "ok"),
    ("ask-model", {"text": HELLO, "instructions": "Ringkas"}, answered("quota"), "quota"),
    ("ask-model", {"text": HELLO, "instructions": "Ringkas"}, {}, "error"),
    ("classify", {"text": HELLO, "labels": LABELS}, {"world": ASKED}, "komplain"),
    ("classify", {"text": HELLO, "labels": LABELS}, classified("harga"), "harga"),
    ("classify", {"text": HELLO, "labels": LABELS}, classified(None), "unsure"),
    ("classify", {"text": HELLO, "labels": LABELS}, {}, "error"),
    ("http-request", {"url": "https://a.id/x"}, {"world": ASKED}, "ok"),
    ("http-request", {"url": "ftp://a.id/x"}, {"world": ASKED}, "error"),
    ("redirect", {"phone": "628111"}, {}, "ok"),
    ("redirect", {}, {}, "error"),
    ("record-click", {"target": "628111", "rotator": "promo"}, {}, "ok"),
    ("record-click", {"target": "628111"}, {}, "error"),
    ("respond", {"body": {"ok": True}}, {}, "succeeded"),
]


@pytest.mark.parametrize("mode", ["live", "simulate"])
@pytest.mark.parametrize(
    ("kind", "with_", "more", "port"),
    TAKEN,
    ids=[f"{kind}.{port}-{number}" for number, (kind, _, _, port) in enumerate(TAKEN)],
)
def test_leaves_through_the_engine_by(mode, kind, with_, more, port):
    assert port_taken(kind, with_, **{"world": WORLD, "mode": mode, **more}) == port


@pytest.mark.parametrize(
    "kind",
    [kind for kind in catalogue.kinds() if kind.run.__module__.startswith("nodes.")],
    ids=lambda kind: kind.name,
)
def test_takes_every_port_that_a_kind_has(kind):
    rows = [(with_, port) for name, with_, _, port in TAKEN if name == kind.kind]
    ports = {port for with_, _ in rows for port in ports_of(kind, with_)}

    assert rows
    assert ports <= {port for _, port in rows}
