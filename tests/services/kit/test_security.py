import time
from datetime import UTC, datetime, timedelta

import bcrypt
import jwt
import pytest

from services.kit.errors import Invalid, Unauthorized
from services.kit.security import ACCESS_FOR, Passwords, Tokens, new_api_key, plain_email

KEY = b"k" * 64
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def passwords() -> Passwords:
    return Passwords()


@pytest.mark.parametrize("password", ["x" * 64, "ü" * 128, "😀" * 19, "nul\0inside!", "a" * 8])
def test_a_password_of_any_signs_fits_itself_and_not_its_neighbour(passwords, password):
    stored = passwords.hash(password)

    assert stored.startswith("$argon2id$")
    assert passwords.verify(password, stored) == (True, None)
    assert passwords.verify(password[:-1] + "y", stored)[0] is False


@pytest.mark.parametrize(
    ("password", "code"), [("1234567", "password_too_short"), ("x" * 129, "password_too_long")]
)
def test_a_password_of_the_wrong_length_is_refused_before_hashing(passwords, password, code):
    with pytest.raises(Invalid) as refused:
        passwords.hash(password)

    assert refused.value.code == code
    assert passwords.verify(password, passwords.hash("another password")) == (False, None)


def test_a_bcrypt_hash_is_accepted_and_replaced(passwords):
    stored = bcrypt.hashpw(b"rahasia123", bcrypt.gensalt(4)).decode()

    fits, better = passwords.verify("rahasia123", stored)

    assert fits
    assert better.startswith("$argon2id$")


@pytest.mark.parametrize("password", ["😀" * 19, "nul\0inside!"])
def test_what_bcrypt_cannot_hash_is_refused_without_an_error(passwords, password):
    stored = bcrypt.hashpw(b"rahasia123", bcrypt.gensalt(4)).decode()

    assert passwords.verify(password, stored) == (False, None)


def test_an_unknown_user_costs_as_much_as_a_known_one(passwords):
    stored = passwords.hash("a good password")

    def median_s(hash_: str | None) -> float:
        took = []
        for _ in range(3):
            started = time.thread_time()
            passwords.verify("a wrong password", hash_)
            took.append(time.thread_time() - started)
        return sorted(took)[1]

    assert median_s(None) > median_s(stored) / 2


def test_a_token_says_who_it_belongs_to():
    tokens = Tokens(KEY)

    claims = tokens.read(tokens.issue("access", 7, 3, "fam", "t1", NOW), "access")

    assert (claims.user_id, claims.tenant_id, claims.family, claims.id) == (7, 3, "fam", "t1")


def forged(**changes):
    claims = {
        "iss": "alir",
        "aud": "alir-api",
        "sub": "7",
        "tid": 3,
        "fam": "f",
        "jti": "t",
        "typ": "access",
        "iat": int(NOW.timestamp()),
        "exp": int((NOW + ACCESS_FOR).timestamp()),
    } | changes
    return {key: value for key, value in claims.items() if value is not None}


@pytest.mark.parametrize(
    "token",
    [
        jwt.encode(forged(), b"other" * 10, algorithm="HS256"),
        jwt.encode(forged(), KEY, algorithm="HS384"),
        jwt.encode(forged(), None, algorithm="none"),
        jwt.encode(forged(exp=None), KEY, algorithm="HS256"),
        jwt.encode(forged(iat=None), KEY, algorithm="HS256"),
        jwt.encode(forged(jti=None), KEY, algorithm="HS256"),
        jwt.encode(forged(sub=None), KEY, algorithm="HS256"),
        jwt.encode(forged(aud="elsewhere"), KEY, algorithm="HS256"),
        jwt.encode(forged(iss="elsewhere"), KEY, algorithm="HS256"),
        jwt.encode(forged(typ="refresh"), KEY, algorithm="HS256"),
        jwt.encode(forged(typ=None), KEY, algorithm="HS256"),
        jwt.encode(forged(sub="x"), KEY, algorithm="HS256"),
        jwt.encode(forged(exp=1), KEY, algorithm="HS256"),
        "",
        "a.b.c",
        "\ud800",
    ],
)
def test_a_token_that_is_not_exactly_ours_is_refused(token):
    with pytest.raises(Unauthorized):
        Tokens(KEY).read(token, "access")


def test_a_token_ends_with_its_time():
    token = Tokens(KEY).issue("access", 7, 3, "f", "t", NOW - ACCESS_FOR - timedelta(seconds=1))

    with pytest.raises(Unauthorized) as refused:
        Tokens(KEY).read(token, "access")

    assert refused.value.code == "token_expired"


def test_a_short_key_is_refused():
    with pytest.raises(ValueError, match="32 bytes"):
        Tokens(b"short")


def test_an_api_key_is_kept_as_a_hash_only():
    key, prefix, key_hash = new_api_key()

    assert key.startswith("alir_")
    assert key.startswith(prefix)
    assert len(prefix) == 12
    assert len(key_hash) == 64
    assert key not in key_hash


def test_an_address_has_one_spelling():
    assert plain_email("  Ayu@Toko.ID ") == plain_email("ayu@toko.id") == "ayu@toko.id"
