from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest
from PIL import Image

from services.integrations.media import shared


def test_a_folder_has_one_mark_and_no_other_folder_has_it(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()

    first = shared.mark(one)

    assert shared.mark(one) == first
    assert shared.mark(other) != first
    (tmp_path / "again").symlink_to(one)
    assert shared.mark(tmp_path / "again") == first


def test_many_who_look_at_once_agree_in_the_end(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: shared.mark(tmp_path), range(32)))

    assert len({shared.mark(tmp_path) for _ in range(5)}) == 1


def test_a_folder_that_is_not_there_has_no_mark(tmp_path):
    with pytest.raises(FileNotFoundError):
        shared.mark(tmp_path / "none")


def test_a_probe_is_a_picture_that_others_may_read_and_is_gone_afterwards(tmp_path):
    with shared.probe(tmp_path) as path, shared.probe(tmp_path) as second:
        assert path != second
        file = tmp_path / path
        assert file.stat().st_mode & 0o444 == 0o444
        assert Image.open(BytesIO(file.read_bytes())).format == "PNG"

    assert list(tmp_path.iterdir()) == []
