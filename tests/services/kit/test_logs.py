import pytest

from services.kit.logs import redact


@pytest.mark.parametrize(
    ("event", "shown"),
    [
        ({"password": "rahasia"}, {"password": "***"}),
        ({"X-Api-Key": "abc"}, {"X-Api-Key": "***"}),
        ({"headers": {"Authorization": "Bearer x"}}, {"headers": {"Authorization": "***"}}),
        ({"body": "Halo Ayu"}, {"body": "***"}),
        ({"event": "sent to 6281234567890"}, {"event": "sent to 6281***890"}),
        ({"event": "key alir_abcdefghijklmnop used"}, {"event": "key *** used"}),
        ({"event": "eyJhbGciOiJI.eyJzdWIi.c2lnbmF0"}, {"event": "***"}),
        ({"event": "a\r\nforged line"}, {"event": "a\\r\\nforged line"}),
        ({"phones": ["081234567890", 5]}, {"phones": ["0812***890", 5]}),
        ({"campaign": 7, "seconds": 1.5}, {"campaign": 7, "seconds": 1.5}),
    ],
)
def test_a_log_line_shows_no_secret_and_no_whole_phone(event, shown):
    assert redact(None, "info", event) == shown
