"""A setting that can't be used is named, with the way to mend it, and no password is shown."""

import base64

import pytest

from services.kit.config import Settings, WrongSetting

KEY = base64.urlsafe_b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ALIR_DATABASE_URL", "nonsense", "no address of a database"),
        ("ALIR_DATABASE_URL", "mysql://u:very-secret@h/alir", "mysql+pymysql"),
        ("ALIR_DATABASE_URL", "mysql+pymysql://u:very-secret@h:port/alir", "no address"),
        ("ALIR_DATABASE_URL", "sqlite://", "must name a file"),
        ("ALIR_REDIS_URL", "very-secret", "redis://"),
        ("ALIR_REDIS_URL", "redis://h:port/0", "port"),
        ("ALIR_TIME_SCALE", "abc", "valid number"),
        ("ALIR_TIME_SCALE", "0", "greater than 0"),
        ("ALIR_TIME_SCALE", "inf", "not endless"),
        ("ALIR_SEAL_KEYS", "xx", "number 1"),
        ("ALIR_SEAL_KEYS", f"{KEY},very-secret", "number 2"),
        ("ALIR_WAHA_URL", "waha:3000", "http://"),
        ("ALIR_PORT", "99999", "65535"),
        ("ALIR_LOG_LEVEL", "LOUD", "DEBUG"),
    ],
)
def test_a_wrong_setting_is_named_with_the_way_out(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(WrongSetting) as caught:
        Settings()

    assert name in caught.value.message
    assert said in caught.value.message
    assert caught.value.hint
    assert "very-secret" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALIR_DATABASE_URL", ""),
        ("ALIR_DATABASE_URL", "mysql+pymysql://u:p%40ss@127.0.0.1:3306/alir?charset=utf8mb4"),
        ("ALIR_DATABASE_URL", "sqlite:////tmp/alir.db"),
        ("ALIR_REDIS_URL", "unix:///run/valkey.sock"),
        ("ALIR_REDIS_URL", "redis://:secret@127.0.0.1:6379/0"),
        ("ALIR_SEAL_KEYS", f"{KEY}, {KEY}"),
        ("ALIR_PUBLIC_URL", "https://alir.example.com"),
        ("ALIR_LOG_LEVEL", "info"),
    ],
)
def test_usual_settings_are_taken_as_they_are(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)

    assert getattr(Settings(), name.removeprefix("ALIR_").lower()) == value
