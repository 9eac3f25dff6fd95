from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from services.accounts.models import ApiKey, SignIn, User

PASSWORD = "correct horse battery"
LOGIN = {"email": "user@tenant1.example", "password": PASSWORD}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_login_opens_the_api_and_a_logout_closes_it_at_once(anonymous):
    answer = anonymous.post("/api/auth/login", json={**LOGIN, "email": " USER@tenant1.example"})
    assert answer.status_code == 200, answer.text
    tokens = answer.json()
    assert tokens["expires_in_s"] == 900

    me = anonymous.get("/api/auth/me", headers=bearer(tokens["access_token"])).json()
    assert me["user"]["email"] == "user@tenant1.example"
    assert me["tenant"] == {"id": 1, "name": "Toko Ayu", "zone": "Asia/Jakarta"}

    out = anonymous.post("/api/auth/logout", headers=bearer(tokens["access_token"]))
    assert out.status_code == 204

    refused = anonymous.get("/api/auth/me", headers=bearer(tokens["access_token"]))
    assert (refused.status_code, refused.json()["code"]) == (401, "signed_out")
    again = anonymous.post("/api/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
    assert again.status_code == 401


@pytest.mark.parametrize(
    "given",
    [
        {**LOGIN, "password": "wrong password"},
        {**LOGIN, "email": "nobody@tenant1.example"},
        {**LOGIN, "password": "short"},
        {**LOGIN, "password": "x" * 1000},
    ],
)
def test_whatever_is_wrong_at_login_is_told_in_the_same_words(anonymous, given):
    answer = anonymous.post("/api/auth/login", json=given)

    assert answer.status_code == 401
    assert answer.json()["code"] == "login_failed"
    assert answer.json()["detail"] == "E-mail or password is wrong."


def test_the_sixth_login_of_a_minute_waits_whatever_the_caller_says_of_its_address(world):
    client = world.client(None)
    answers = [
        client.post(
            "/api/auth/login",
            json={"email": f"x{number}@y.example", "password": "wrong password"},
            headers={"X-Forwarded-For": f"10.0.0.{number}"},
        )
        for number in range(6)
    ]

    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert 1 <= int(answers[5].headers["Retry-After"]) <= 60


@pytest.mark.parametrize(("column", "table"), [("is_active", User)])
def test_a_disabled_user_is_out_at_once(world, api, column, table):
    assert api.get("/api/auth/me").status_code == 200

    with world.database.write() as connection:
        connection.execute(update(table).where(table.id == 11).values({column: False}))

    assert api.get("/api/auth/me").status_code == 401
    assert world.client(None).post("/api/auth/login", json=LOGIN).status_code == 401


def test_a_changed_role_counts_at_once(world, api):
    with world.database.write() as connection:
        connection.execute(update(User).where(User.id == 11).values(role="agent"))

    assert api.get("/api/api-keys").status_code == 403


def test_a_refresh_token_works_once_and_its_reuse_ends_the_sign_in(world, anonymous):
    first = anonymous.post("/api/auth/login", json=LOGIN).json()
    second = anonymous.post(
        "/api/auth/refresh", json={"refresh_token": first["refresh_token"]}
    ).json()
    assert anonymous.get("/api/auth/me", headers=bearer(second["access_token"])).status_code == 200

    twice = anonymous.post("/api/auth/refresh", json={"refresh_token": first["refresh_token"]})
    assert twice.status_code == 401
    # Two tabs that renew at the same moment are no thief.
    assert anonymous.get("/api/auth/me", headers=bearer(second["access_token"])).status_code == 200

    with world.database.write() as connection:
        connection.execute(
            update(SignIn)
            .where(SignIn.revoked_at.is_not(None))
            .values(revoked_at=datetime.now(UTC) - timedelta(seconds=11))
        )
    anonymous.post("/api/auth/refresh", json={"refresh_token": first["refresh_token"]})

    assert anonymous.get("/api/auth/me", headers=bearer(second["access_token"])).status_code == 401
    last = anonymous.post("/api/auth/refresh", json={"refresh_token": second["refresh_token"]})
    assert last.status_code == 401


def test_an_access_token_refreshes_nothing(world, anonymous):
    answer = anonymous.post("/api/auth/refresh", json={"refresh_token": world.token(1)})

    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")


@pytest.mark.parametrize("header", ["Authorization", "X-Api-Key"])
def test_an_api_key_opens_the_api_until_it_is_revoked(world, api, anonymous, header):
    made = api.post("/api/api-keys", json={"name": "Shop"}).json()
    key = made["key"]
    headers = {header: f"Bearer {key}" if header == "Authorization" else key}

    me = anonymous.get("/api/auth/me", headers=headers).json()
    assert (me["via"], me["user"], me["role"]) == ("api_key", None, "user")
    with world.database.read() as connection:
        row = connection.execute(select(ApiKey.key_hash, ApiKey.last_used_at)).one()
    assert key not in row.key_hash
    assert row.last_used_at is not None

    listed = api.get("/api/api-keys").json()
    assert [one["prefix"] for one in listed] == [key[:12]]
    assert key not in str(listed)
    # A key makes no further keys and signs nobody out.
    assert anonymous.post("/api/api-keys", json={"name": "x"}, headers=headers).status_code == 403
    assert anonymous.post("/api/auth/logout", headers=headers).status_code == 403

    renamed = api.patch(f"/api/api-keys/{made['id']}", json={"name": "Store"}).json()
    assert renamed["name"] == "Store"
    assert api.delete(f"/api/api-keys/{made['id']}").status_code == 204
    assert anonymous.get("/api/auth/me", headers=headers).json()["code"] == "api_key_invalid"


def test_an_api_key_of_another_tenant_is_not_there(api, other):
    made = other.post("/api/api-keys", json={"name": "Theirs"}).json()

    assert api.patch(f"/api/api-keys/{made['id']}", json={"name": "Mine"}).status_code == 404
    assert api.delete(f"/api/api-keys/{made['id']}").status_code == 404
    assert api.get("/api/api-keys").json() == []


def test_a_key_cannot_be_given_more_than_its_maker_may(api):
    assert api.post("/api/api-keys", json={"name": "x", "role": "admin"}).status_code == 422
    assert api.post("/api/api-keys", json={"name": "x", "tenant_id": 2}).status_code == 422
