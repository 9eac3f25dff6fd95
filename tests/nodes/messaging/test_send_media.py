import pytest

from nodes.contract import Media, Message, NodeError, Send
from nodes.messaging.send_media import SendMedia, send_media
from tests.nodes.world import World, context

PICTURE = Media("https://toko.id/a.jpg", "image/jpeg", "a.jpg")
WORLD = World(files={"12": PICTURE, "https://toko.id/a.jpg": PICTURE})


def sent(media, form=None, **inputs):
    given = {"device": "toko-1", "to": "628111", "media": media, **inputs}
    answer = send_media(SendMedia(**(form or {})), context(WORLD), **given)
    assert isinstance(answer, Send)
    return answer.message


@pytest.mark.parametrize(
    "media",
    ["12", 12, " https://toko.id/a.jpg ", {"id": 12}, {"url": "https://toko.id/a.jpg", "id": None}],
)
def test_hands_over_a_file_of_the_library_or_of_a_message(media):
    assert sent(media, caption="Promo") == Message(
        kind="media",
        device="toko-1",
        to="628111",
        text="Promo",
        media=PICTURE,
        gap_min_s=15.0,
        gap_max_s=45.0,
    )


def test_needs_no_caption_and_may_rename_the_file_and_set_its_own_pace():
    message = sent("12", {"filename": "katalog.jpg", "delay_min": 5, "delay_max": 6}, caption=None)

    assert (message.text, message.gap_min_s, message.gap_max_s) == ("", 5, 6)
    assert message.media == Media(PICTURE.url, PICTURE.mimetype, "katalog.jpg")


@pytest.mark.parametrize(
    ("media", "code"),
    [
        (None, "empty_media"),
        ("", "empty_media"),
        ({}, "empty_media"),
        (["12"], "bad_media"),
        (True, "bad_media"),
        ("99", "no_media"),
    ],
)
def test_refuses_what_is_no_file(media, code):
    with pytest.raises(NodeError) as refused:
        sent(media)

    assert refused.value.code == code
