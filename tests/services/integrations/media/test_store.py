import os
import subprocess
import sys
from io import BytesIO

import pytest
from PIL import Image

from services.integrations.media import store
from services.integrations.media.kinds import MAX_MEDIA_BYTES, MAX_PDF_BYTES
from tests.support.pictures import PDF, bomb, picture


class Endless:
    """A stream that never ends, and counts what was taken of it."""

    def __init__(self, head: bytes) -> None:
        self._head = head
        self.taken = 0

    def read(self, size: int) -> bytes:
        found, self._head = self._head or bytes(size), b""
        self.taken += len(found)
        return found


def kept(root, data: bytes, tenant_id: int = 1) -> str:
    return store.keep(root, tenant_id, store.receive(root, BytesIO(data)))


def left_behind(root) -> list:
    return sorted((root / ".incoming").iterdir())


def test_a_file_gets_a_random_name_with_the_ending_of_its_content(tmp_path):
    data = picture((40, 30), "JPEG")
    received = store.receive(tmp_path, BytesIO(data))
    assert (received.width_px, received.height_px, received.size_bytes) == (40, 30, len(data))

    name = store.keep(tmp_path, 7, received)

    assert name.endswith(".jpg")
    assert len(name) == 36
    found = store.find(tmp_path, 7, name)
    assert (found.path.read_bytes(), found.mimetype) == (data, "image/jpeg")
    assert found.path.stat().st_mode & 0o777 == 0o644
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_media"),
        (b"<html>", "media_type_unknown"),
        (b"PK\x03\x04 only a zip", "media_type_unknown"),
        (b"\x89PNG\r\n\x1a\n and then nothing of sense", "broken_picture"),
        (picture()[:30], "broken_picture"),
        (picture((300, 300))[:-20], "broken_picture"),
        (b"%PDF-", "broken_pdf"),
        (bomb(), "picture_too_large"),
        (bomb(12_100, 10), "picture_too_large"),
    ],
)
def test_a_file_that_is_not_taken_leaves_nothing_behind(tmp_path, data, code):
    with pytest.raises(store.MediaProblem) as refused:
        store.receive(tmp_path, BytesIO(data))

    assert refused.value.code == code
    assert refused.value.hint
    assert left_behind(tmp_path) == []


def test_a_picture_at_the_limit_is_taken(tmp_path):
    assert store.receive(tmp_path, BytesIO(bomb(12_000, 2_000))).width_px == 12_000


@pytest.mark.parametrize(("head", "most"), [(b"OggS", MAX_MEDIA_BYTES), (PDF, MAX_PDF_BYTES)])
def test_a_stream_that_never_ends_is_cut_off_at_the_limit(tmp_path, head, most):
    stream = Endless(head)

    with pytest.raises(store.MediaProblem) as refused:
        store.receive(tmp_path, stream)  # type: ignore[arg-type]

    assert refused.value.code == "media_too_large"
    assert most < stream.taken <= most + 2 * store.CHUNK_BYTES
    assert left_behind(tmp_path) == []


def test_a_bomb_is_refused_without_being_decoded(tmp_path):
    (tmp_path / "bomb.png").write_bytes(bomb())
    program = """
import re, sys
from pathlib import Path
from services.integrations.media import store
try:
    store.receive(Path(sys.argv[1]), open(sys.argv[1] + "/bomb.png", "rb"))
except store.MediaProblem as problem:
    peak_kb = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text()).group(1)
    print(problem.code, int(peak_kb) // 1024)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True
    )

    code, megabytes = done.stdout.split()
    assert code == "picture_too_large"
    assert int(megabytes) < 100


@pytest.mark.parametrize(
    "name",
    [
        "../1/a.png",
        "/etc/passwd",
        "..",
        ".",
        ".thumbnails",
        "a/b.png",
        "%2e%2e",
        "a\0.png",
        "a.png\n",
        "",
        "no-such.png",
        "link.png",
        "folder",
    ],
)
def test_nothing_outside_of_the_tenants_folder_is_found(tmp_path, name):
    (tmp_path / "secret.png").write_bytes(picture())
    home = tmp_path / "1"
    (home / "folder").mkdir(parents=True)
    (home / "link.png").symlink_to(tmp_path / "secret.png")

    with pytest.raises(store.MediaProblem):
        store.find(tmp_path, 1, name)


def test_another_tenants_file_and_a_folder_that_is_a_link_are_not_found(tmp_path):
    name = kept(tmp_path, picture(), tenant_id=2)
    (tmp_path / "1").symlink_to(tmp_path / "2")

    assert store.find(tmp_path, 2, name).size_bytes > 0
    with pytest.raises(store.MediaProblem):
        store.find(tmp_path, 1, name)
    with pytest.raises(store.MediaProblem):
        store.find(tmp_path, 3, name)
    with pytest.raises(store.MediaProblem):
        kept(tmp_path, picture(), tenant_id=1)


def test_a_small_copy_is_made_once_and_goes_with_its_file(tmp_path):
    name = kept(tmp_path, picture((900, 600), "JPEG"))

    small = store.thumbnail(tmp_path, 1, name)

    assert small is not None
    with Image.open(small) as made:
        assert (made.format, made.size) == ("WEBP", (320, 213))
    written_at = small.stat().st_mtime_ns
    assert store.thumbnail(tmp_path, 1, name) == small
    assert small.stat().st_mtime_ns == written_at
    store.remove(tmp_path, 1, name)
    assert not small.exists()
    assert list((tmp_path / "1").glob("*.jpg")) == []


def test_what_cannot_be_decoded_has_no_small_copy(tmp_path):
    whole = picture((400, 400), "PNG", "red")
    pixels = whole.index(b"IDAT") + 4
    name = kept(tmp_path, whole[:pixels] + bytes(len(whole) - pixels - 16) + whole[-16:])

    assert store.thumbnail(tmp_path, 1, name) is None
    assert store.thumbnail(tmp_path, 1, name) is None
    assert store.thumbnail(tmp_path, 1, kept(tmp_path, PDF)) is None


def test_what_a_process_that_died_left_behind_is_swept_away(tmp_path):
    incoming = tmp_path / ".incoming"
    incoming.mkdir()
    for name, age_s in (("old", 7200), ("new", 60)):
        (incoming / name).write_bytes(b"half a file")
        now = incoming.stat().st_mtime
        os.utime(incoming / name, (now - age_s, now - age_s))

    kept(tmp_path, picture())

    assert [one.name for one in left_behind(tmp_path)] == ["new"]


def test_the_doctor_hears_what_is_wrong_with_the_folder(tmp_path):
    (tmp_path / "media").mkdir()
    assert store.check(tmp_path / "media") == []
    assert list((tmp_path / "media").iterdir()) == []
    (tmp_path / "file").write_text("")
    assert "no folder" in store.check(tmp_path / "file")[0]
    assert "no folder" in store.check(tmp_path / "missing")[0]
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    assert "closed to other users" in store.check(closed)[0]


@pytest.mark.parametrize("linked", ["file", "folder"])
def test_a_link_in_the_place_of_a_thumbnail_is_not_followed(tmp_path, linked):
    outside = tmp_path / "outside"
    outside.mkdir()
    name = kept(tmp_path, picture((40, 30), "JPEG"))
    small = store.thumbnail(tmp_path, 1, name)
    (outside / small.name).write_text("somebody else's")
    small.unlink()
    if linked == "file":
        small.symlink_to(outside / small.name)
    else:
        small.parent.rmdir()
        small.parent.symlink_to(outside, target_is_directory=True)

    assert store.thumbnail(tmp_path, 1, name) is None


@pytest.mark.parametrize("target", ["folder", "nowhere", "file"])
def test_files_come_in_through_no_link(tmp_path, target):
    root, outside = tmp_path / "media", tmp_path / "folder"
    root.mkdir()
    outside.mkdir()
    (tmp_path / "file").touch()
    (outside / "old").write_text("somebody else's")
    os.utime(outside / "old", (0, 0))
    (root / ".incoming").symlink_to(tmp_path / target)

    with pytest.raises(store.MediaProblem) as refused:
        store.receive(root, BytesIO(picture()))

    assert refused.value.code == store.FOLDER_UNUSABLE
    assert "'.incoming' in the media folder is a link" in str(refused.value)
    assert [one.name for one in outside.iterdir()] == ["old"]
    assert "is a link" in store.check(root)[0]


def test_a_file_where_a_folder_belongs_is_told(tmp_path):
    received = store.receive(tmp_path, BytesIO(picture()))
    (tmp_path / "1").touch()

    with pytest.raises(store.MediaProblem) as refused:
        store.keep(tmp_path, 1, received)

    assert (refused.value.code, refused.value.hint) == (store.FOLDER_UNUSABLE, refused.value.hint)
    assert "'1' in the media folder can't be used: Not a directory" in str(refused.value)


def test_nothing_is_deleted_or_kept_through_a_tenants_folder_that_is_a_link(tmp_path):
    root, outside = tmp_path / "media", tmp_path / "outside"
    outside.mkdir()
    (outside / "a.png").write_text("somebody else's")
    received = store.receive(root, BytesIO(picture()))
    (root / "1").symlink_to(outside)

    for call in (
        lambda: store.remove(root, 1, "a.png"),
        lambda: store.keep(root, 1, received, "a.png"),
        lambda: store.check_home(root, 1),
    ):
        with pytest.raises(store.MediaProblem) as refused:
            call()
        assert refused.value.code == store.FOLDER_UNUSABLE

    assert (outside / "a.png").read_text() == "somebody else's"
    assert "1 is a link" in store.check(root)[0]


def test_nothing_is_deleted_through_a_folder_of_small_copies_that_is_a_link(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    name = kept(tmp_path, picture())
    (outside / f"{name}.webp").write_text("somebody else's")
    (tmp_path / "1" / ".thumbnails").symlink_to(outside)

    store.remove(tmp_path, 1, name)

    assert not (tmp_path / "1" / name).exists()
    assert (outside / f"{name}.webp").exists()
