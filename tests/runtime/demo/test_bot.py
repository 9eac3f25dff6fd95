"""The demo's reply flow is the shipped template; a show only waits longer for bursts."""

from io import BytesIO
from random import Random

from PIL import Image
from sqlalchemy import select

from domain.keywords import Rules
from domain.text import parse
from flows.check import check
from flows.models import Trigger
from flows.shelf import service as shelf
from nodes.catalogue import kinds
from runtime.compose import App
from runtime.demo import act, bot, poster
from runtime.demo import shop as demo_shop
from runtime.demo.clicks import shares
from services.auto_replies.models import AutoReply
from services.auto_replies.rules import keyword_rule
from services.kit.clock import Clock
from services.rotators import service as rotators
from tests.conftest import Shop

SHIPPED = (shelf.FOLDER / "inbound-pipeline.yaml").read_text(encoding="utf-8")


def test_a_show_waits_longer_for_bursts_and_changes_nothing_else() -> None:
    shown = check(bot.patient(SHIPPED, 200.0), kinds()).document
    shipped = check(SHIPPED, kinds()).document

    assert shown is not None
    assert shipped is not None
    pauses = [entry.debounce for entry in shown.triggers.values()]
    assert [(one.quiet_s, one.max_s) for one in pauses if one] == [(200.0, 800.0)]
    assert shown.nodes == shipped.nodes
    assert {
        name: entry.model_copy(update={"debounce": None}) for name, entry in shown.triggers.items()
    } == {
        name: entry.model_copy(update={"debounce": None})
        for name, entry in shipped.triggers.items()
    }


def test_every_question_finds_its_rule_and_every_answer_carries_its_sign() -> None:
    rules = Rules(
        [
            keyword_rule(
                rule.keyword, [rule.keyword, *rule.keywords], "CONTAINS", "any", [], -place
            )
            for place, rule in enumerate(bot.RULES)
        ]
    )
    asked = [*act.QUESTIONS, ("\n".join(act.BURST), bot.ORDER), ("DISKON GAJIAN 20%", bot.POSTER)]

    for text, rule in asked:
        found = rules.match(text)
        assert found is not None, text
        assert found.rule.id == rule.keyword, text
    for rule in bot.RULES:
        answer = parse(rule.answer)
        assert all(rule.sign in answer.render({}, Random(seed)) for seed in range(20)), rule
    alone = [rules.match(text) for text in act.BURST]
    assert sum(found is not None for found in alone) == 1


def test_a_hundred_clicks_are_shared_in_tens() -> None:
    assert shares(dict(zip("abc", bot.SHARES, strict=True)), 100) == {"a": 50, "b": 30, "c": 20}


def test_the_poster_is_a_picture_that_a_customer_could_send() -> None:
    drawn = Image.open(BytesIO(poster.draw()))

    assert drawn.format == "PNG"
    assert drawn.width > poster.SIZE[0]
    assert len(poster.draw()) < 500_000


def test_the_shop_gets_its_flow_its_rules_and_its_link(shop: Shop) -> None:
    devices = ["cs_1", "cs_2", "cs_3"]
    for name in devices:
        shop.device(name)
    numbers = [
        (title, phone, device)
        for (title, phone), device in zip(demo_shop.NUMBERS, devices, strict=True)
    ]
    world = shop.world
    app = App(world.settings, Clock(), world.database, world.sealer, Random(1))

    made = bot.make(app, shop.tenant_id, numbers, burst_s=200.0)

    with world.database.reading_session() as session:
        link = rotators.get(session, shop.tenant_id, made.link_id)
        listens = session.scalars(select(Trigger.type).where(Trigger.flow_id == made.flow_id)).all()
        rules = session.scalars(select(AutoReply.keyword).order_by(AutoReply.priority.desc())).all()
    assert listens == ["message"]
    assert rules == [rule.keyword for rule in bot.RULES]
    assert [one["weight"] for one in link.target_numbers] == list(bot.SHARES)
    assert [one["device"] for one in link.target_numbers] == devices
