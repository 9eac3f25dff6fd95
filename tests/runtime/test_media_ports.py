"""What a flow's reference to a file means, and whose file it may be."""

from io import BytesIO
from pathlib import Path

import pytest

from nodes.contract import Media, NodeError
from runtime.media_ports import MediaPorts
from services.media import service
from services.media.models import MediaFile
from services.media.service import Library
from tests.conftest import World
from tests.support.pictures import PDF, picture


def kept(world: World, tenant_id: int, data: bytes, filename: str) -> MediaFile:
    library = Library(world.settings.media, 1024 * 1024 * 1024)
    return service.add(world.database, world.clock, library, tenant_id, BytesIO(data), filename)


def found(world: World, reference: str) -> Media:
    with world.database.read() as connection:
        return MediaPorts(connection, 1, world.settings.media, "").media(reference)


def test_a_file_is_found_by_its_id_and_by_its_name_and_keeps_its_own(world: World) -> None:
    file = kept(world, 1, PDF, "Harga Juli.pdf")
    expected = Media(file.reference, "application/pdf", "Harga Juli.pdf")

    assert found(world, str(file.id)) == expected
    assert found(world, file.reference) == expected
    assert found(world, file.name) == expected


def test_a_file_that_somebody_laid_into_the_folder_is_found_by_its_name(world: World) -> None:
    home: Path = world.settings.media / "1"
    home.mkdir(parents=True)
    (home / "katalog.png").write_bytes(picture())

    assert found(world, "media:katalog.png") == Media(
        "media:katalog.png", "image/png", "katalog.png"
    )


@pytest.mark.parametrize("how", ["id", "name"])
def test_another_tenants_file_is_not_there(world: World, how: str) -> None:
    file = kept(world, 2, PDF, "rahasia.pdf")

    with pytest.raises(NodeError) as refused:
        found(world, str(file.id) if how == "id" else file.reference)

    assert refused.value.code == "no_such_media"


@pytest.mark.parametrize(
    ("reference", "code"),
    [
        ("media:../2/a.png", "bad_media_name"),
        ("https://toko.id/a.png", "bad_media_name"),
        ("99999999999999999999", "no_such_media"),
        ("١٢", "bad_media_name"),
        ("", "bad_media_name"),
    ],
)
def test_what_names_no_file_is_refused(world: World, reference: str, code: str) -> None:
    with pytest.raises(NodeError) as refused:
        found(world, reference)

    assert refused.value.code == code


def test_a_pdf_that_may_be_read_may_still_be_too_large_to_send(world: World) -> None:
    file = kept(world, 1, PDF + bytes(17 * 1024 * 1024), "besar.pdf")

    with pytest.raises(NodeError) as refused:
        found(world, str(file.id))

    assert refused.value.code == "media_too_large"
