from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from services.kit.config import Settings
from services.media.models import MediaFile
from tests.support.pictures import PDF, bomb, picture


def upload(client, data: bytes, name: str = "foto.png", declared: str = "image/png"):
    return client.post("/api/media", files={"file": (name, data, declared)})


def folder_of(world, tenant_id: int = 1) -> list[str]:
    home = world.settings.media / str(tenant_id)
    return sorted(one.name for one in home.iterdir() if one.is_file()) if home.exists() else []


def test_a_file_is_uploaded_listed_downloaded_and_deleted(world, api):
    data = picture((640, 480), "JPEG")
    made = upload(api, data, "Katalog Juli.jpg")
    assert made.status_code == 201
    entry = made.json()
    assert (entry["kind"], entry["mimetype"]) == ("image", "image/jpeg")
    assert (entry["filename"], entry["width_px"], entry["size_bytes"]) == (
        "Katalog Juli.jpg",
        640,
        len(data),
    )
    assert entry["reference"] == f"media:{folder_of(world)[0]}"

    page = api.get("/api/media").json()
    assert (page["items"], page["next"], page["used_bytes"]) == ([entry], None, len(data))

    file = api.get(f"/api/media/{entry['id']}")
    assert file.content == data
    assert file.headers["content-disposition"] == "attachment; filename*=utf-8''Katalog%20Juli.jpg"
    assert file.headers["x-content-type-options"] == "nosniff"
    small = api.get(f"/api/media/{entry['id']}/thumbnail")
    assert (small.status_code, small.headers["content-type"]) == (200, "image/webp")
    assert len(small.content) < len(data)

    assert api.delete(f"/api/media/{entry['id']}").status_code == 204
    assert api.get(f"/api/media/{entry['id']}").status_code == 404
    assert folder_of(world) == []
    assert api.get("/api/media").json()["used_bytes"] == 0


def test_another_tenants_file_is_not_there(world, api, other):
    mine = upload(api, picture()).json()["id"]

    for method, path in (
        ("GET", f"/api/media/{mine}"),
        ("GET", f"/api/media/{mine}/thumbnail"),
        ("DELETE", f"/api/media/{mine}"),
    ):
        assert other.request(method, path).status_code == 404
    assert other.get("/api/media").json()["items"] == []
    assert len(folder_of(world)) == 1


@pytest.mark.parametrize(
    ("data", "name", "declared", "mimetype", "shown"),
    [
        (picture(), "index.html", "text/html", "image/png", "index.html"),
        (PDF, "../../etc/passwd", "image/png", "application/pdf", "passwd"),
        (PDF, "C:\\Users\\a\\harga.pdf", "", "application/pdf", "harga.pdf"),
        (PDF, "harga\u202efdp.exe", "", "application/pdf", "hargafdp.exe"),
        (PDF, "Daftar harga – é.pdf", "", "application/pdf", "Daftar harga – é.pdf"),
    ],
)
def test_the_content_tells_the_type_and_a_name_is_only_shown(
    world, api, data, name, declared, mimetype, shown
):
    entry = upload(api, data, name, declared).json()

    assert (entry["mimetype"], entry["filename"]) == (mimetype, shown)
    answer = api.get(f"/api/media/{entry['id']}")
    assert answer.headers["content-type"] == mimetype
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert len(folder_of(world)) == 1


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"<html>halo</html>", 422, "media_type_unknown"),
        (b"", 422, "empty_media"),
        (bomb(), 413, "picture_too_large"),
        (picture((640, 480), "JPEG")[:700], 422, "broken_picture"),
        (b"%PDF-1.7\n", 422, "broken_pdf"),
        (b"OggS" + bytes(16 * 1024 * 1024), 413, "media_too_large"),
        (b"%PDF-" + bytes(21 * 1024 * 1024), 413, "too_large"),
    ],
)
def test_what_is_not_taken_is_refused_and_leaves_nothing(world, api, data, status, code):
    answer = upload(api, data)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["hint"]
    assert folder_of(world) == []
    assert api.get("/api/media").json()["used_bytes"] == 0


def test_the_same_file_again_is_the_same_entry_and_mends_what_was_lost(world, api, other):
    data = picture()
    first = upload(api, data).json()
    lost = world.settings.media / "1" / folder_of(world)[0]
    lost.unlink()
    assert api.get(f"/api/media/{first['id']}").json()["code"] == "media_gone"

    again = upload(api, data, "lain.png").json()

    assert again == first
    assert api.get(f"/api/media/{first['id']}").content == data
    assert upload(other, data).json()["reference"] != first["reference"]


def test_an_account_keeps_no_more_than_its_quota_however_many_upload_at_once(
    world, make_world, monkeypatch
):
    size = 300 * 1024
    files = [b"OggS" + bytes([number]) * (size - 4) for number in range(8)]
    assert isinstance(world.settings, Settings)
    monkeypatch.setattr(world.settings, "media_quota_mb", 1)
    client = world.client()

    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(lambda data: upload(client, data).status_code, files))

    assert sorted(statuses) == [201] * 3 + [413] * 5
    assert len(folder_of(world)) == 3
    refused = upload(client, files[0][:-1] + b"x")
    assert refused.json()["code"] == "media_quota"
    assert list((world.settings.media / ".incoming").iterdir()) == []


def test_files_are_paged_and_chosen_by_kind(api):
    for number in range(3):
        upload(api, picture(color=("red", "green", "blue")[number]))
    upload(api, PDF)

    first = api.get("/api/media?limit=2&kind=image").json()
    rest = api.get(f"/api/media?limit=2&kind=image&after={first['next']}").json()

    assert [len(first["items"]), len(rest["items"]), rest["next"]] == [2, 1, None]
    assert [one["kind"] for one in api.get("/api/media?kind=document").json()["items"]] == [
        "document"
    ]
    assert api.get("/api/media?kind=video").json()["items"] == []
    assert api.get("/api/media?kind=page").status_code == 422


def test_only_pictures_have_a_preview(api):
    entry = upload(api, PDF).json()

    assert api.get(f"/api/media/{entry['id']}/thumbnail").json()["code"] == "no_thumbnail"


def test_who_uploaded_is_written_down(world):
    upload(world.client(1, "agent"), PDF)

    with world.database.reading_session() as session:
        row = session.scalars(select(MediaFile)).one()
    assert (row.created_by, row.source) == (12, "upload")


@pytest.mark.parametrize("linked", [".incoming", "1"])
def test_a_link_in_the_media_folder_is_named_and_nothing_is_lost_by_it(world, tmp_path, linked):
    client = world.client()
    made = upload(client, picture()).json()
    root, moved = world.settings.media, tmp_path / "moved"
    (root / linked).rename(moved)
    (root / linked).symlink_to(moved)
    before = sorted(one.name for one in moved.iterdir())

    refused = [upload(client, PDF), upload(client, picture())]
    if linked == "1":
        refused.append(client.delete(f"/api/media/{made['id']}"))

    for answer in refused:
        assert (answer.status_code, answer.json()["code"]) == (503, "media_folder_unusable")
        assert f"'{linked}' in the media folder is a link" in answer.json()["detail"]
    assert sorted(one.name for one in moved.iterdir()) == before
    (root / linked).unlink()
    moved.rename(root / linked)
    assert [one["id"] for one in client.get("/api/media").json()["items"]] == [made["id"]]
    assert client.get(f"/api/media/{made['id']}").content == picture()
    assert list((root / ".incoming").iterdir()) == []
