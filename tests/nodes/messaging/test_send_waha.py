import pytest
from pydantic import ValidationError

from nodes.contract import Message, NodeError, Recipe, Send
from nodes.messaging.send_waha import SendWaha, send_waha
from tests.nodes.world import context


def sent(scope=None, form=None, **inputs):
    given = {"device": "toko-1", "to": "0812-3456-7890", "text": "Halo Sari", **inputs}
    answer = send_waha(SendWaha(**(form or {})), context(scope=scope), **given)
    assert isinstance(answer, Send)
    return answer.message


def test_hands_over_the_message_with_the_pace_of_the_campaign():
    assert sent() == Message(
        kind="text",
        device="toko-1",
        to="6281234567890",
        text="Halo Sari",
        gap_min_s=15.0,
        gap_max_s=45.0,
    )


@pytest.mark.parametrize(
    ("form", "gap"),
    [
        ({"delay_min": 5, "delay_max": "20s"}, (5.0, 20.0)),
        ({"delay_min": "20s"}, (20.0, 45.0)),
        ({"delay_min": "1m"}, (60.0, 60.0)),
        ({"delay_max": "10s"}, (10.0, 10.0)),
        ({"delay_max": "30s"}, (15.0, 30.0)),
    ],
)
def test_a_pace_of_its_own_goes_before_the_campaigns(form, gap):
    message = sent(form=form)

    assert (message.gap_min_s, message.gap_max_s) == gap


@pytest.mark.parametrize(("text", "seconds"), [("Ok", 2.0), ("a" * 60, 5.0), ("a" * 900, 12.0)])
def test_types_as_long_as_a_person_would(text, seconds):
    assert sent(form={"typing": True}, text=text).typing_s == seconds
    assert sent(text=text).typing_s == 0.0


def test_carries_what_it_quotes_and_whether_links_show():
    message = sent(form={"link_preview": True}, reply_to=" ABC ")

    assert (message.link_preview, message.reply_to) == (True, "ABC")


RECIPE = {"source": "Selamat [salam_waktu]", "values": {"zone": "WIT"}, "seed": "a\x1fb\x1fc"}
MADE = Recipe(RECIPE["source"], RECIPE["values"], RECIPE["seed"])


def test_finds_the_recipe_of_a_spun_text_by_itself():
    steps = {
        "lain": {"text": "Apa kabar", "variant": "1", "recipe": None},
        "pesan": {"text": "Selamat pagi", "variant": "0.2", "recipe": RECIPE},
    }

    message = sent(scope={"steps": steps}, text="Selamat pagi")

    assert (message.recipe, message.path) == (MADE, "0.2")


def test_takes_a_recipe_that_is_handed_over():
    assert sent(recipe=RECIPE).recipe == MADE


def test_makes_no_recipe_for_a_text_that_no_step_made():
    steps = {"pesan": {"text": "Selamat pagi", "variant": "0.2", "recipe": RECIPE}}

    assert sent(scope={"steps": steps}, text="Halo").recipe is None


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ({"device": None}, "empty_device"),
        ({"device": ["a"]}, "bad_device"),
        ({"to": ""}, "empty_to"),
        ({"to": "0811"}, "bad_to"),
        ({"text": None}, "empty_text"),
        ({"text": " \n "}, "empty_text"),
        ({"text": 5}, "bad_text"),
        ({"text": "a" * 65_537}, "text_too_long"),
        ({"recipe": "x"}, "bad_config"),
        ({"recipe": {"source": 1}}, "bad_recipe"),
    ],
)
def test_refuses_what_it_cannot_send(inputs, code):
    with pytest.raises(NodeError) as refused:
        sent(**inputs)

    assert (refused.value.kind, refused.value.code) == ("bad_config", code)


def test_refuses_a_pause_that_ends_before_it_starts():
    with pytest.raises(NodeError, match=r"longest pause \(5 s\) is below the shortest \(9 s\)"):
        sent(form={"delay_min": 9, "delay_max": 5})


@pytest.mark.parametrize("delay", ["abc", -1, "5 x", True, 40_000_000])
def test_refuses_a_pause_that_is_no_duration(delay):
    with pytest.raises(ValidationError):
        SendWaha(delay_min=delay)
