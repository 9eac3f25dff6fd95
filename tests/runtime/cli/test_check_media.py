"""What the doctor says about media files and about the reader of images."""

from pathlib import Path

import pytest

from runtime.cli import check_media
from runtime.cli.findings import Level
from services.kit.config import Settings
from tests.support import ocr_stub


def settings(tmp_path: Path, **changes: str) -> Settings:
    return Settings(_env_file=None, var=tmp_path, **changes)  # type: ignore[arg-type]


def test_a_folder_of_ones_own_is_made_in_time_and_another_has_to_be_there(tmp_path: Path) -> None:
    assert check_media.folder(settings(tmp_path)).level is Level.OK
    assert not (tmp_path / "media").exists()
    missing = check_media.folder(settings(tmp_path, media_root=str(tmp_path / "volume")))
    assert missing.level is Level.PROBLEM
    assert "ALIR_MEDIA_ROOT" in missing.mend
    (tmp_path / "volume").mkdir()

    found = check_media.folder(settings(tmp_path, media_root=str(tmp_path / "volume")))

    assert found.level is Level.OK


def test_the_reader_of_images_says_how_it_is(tmp_path: Path) -> None:
    with ocr_stub.running() as stub:
        there = settings(tmp_path, ocr_url=stub.url)
        assert check_media.reader(there).said == f"{stub.url} answers (stub)"
        stub.health = (503, {"status": "models_missing", "detail": "no models", "engine": "stub"})

        found = check_media.reader(there)

    assert (found.level, found.said) == (Level.WARNING, "no models")


@pytest.mark.parametrize(("is_set_up", "said"), [(True, "alir up"), (False, "make setup-ocr")])
def test_a_reader_that_does_not_run_is_no_trouble_until_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_set_up: bool, said: str
) -> None:
    away = ocr_stub.closed_address()
    named = check_media.reader(settings(tmp_path, ocr_url=away))
    assert named.level is Level.WARNING
    (tmp_path / "python").touch()
    monkeypatch.setattr(
        check_media, "OCR_PYTHON", tmp_path / "python" if is_set_up else tmp_path / "none"
    )
    monkeypatch.setattr(Settings.model_fields["ocr_url"], "default", away)

    ours = check_media.reader(settings(tmp_path, ocr_url=away))

    assert (ours.level, ours.mend) == (Level.OK, "")
    assert said in ours.said
