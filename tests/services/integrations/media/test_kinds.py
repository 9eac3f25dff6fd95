import pytest

from services.integrations.media.kinds import kind_of, may_become
from tests.support.pictures import PDF, picture

ZIP = b"PK\x03\x04" + bytes(60)


@pytest.mark.parametrize(
    ("head", "tail", "mimetype"),
    [
        (picture(form="JPEG"), b"", "image/jpeg"),
        (picture(form="PNG"), b"", "image/png"),
        (picture(form="GIF"), b"", "image/gif"),
        (picture(form="WEBP"), b"", "image/webp"),
        (PDF, b"", "application/pdf"),
        (b"\0\0\0\x18ftypisom", b"", "video/mp4"),
        (b"\0\0\0\x18ftypmp42", b"", "video/mp4"),
        (b"\0\0\0\x18ftypM4A ", b"", "audio/mp4"),
        (b"\0\0\0\x18ftypqt  ", b"", "video/quicktime"),
        (b"\0\0\0\x18ftyp3gp5", b"", "video/3gpp"),
        (b"OggS\0\x02", b"", "audio/ogg"),
        (b"ID3\x04", b"", "audio/mpeg"),
        (b"#!AMR\n", b"", "audio/amr"),
        (ZIP, b"..xl/workbook.xml..", ".sheet"),
        (ZIP, b"..word/document.xml..", ".document"),
        (ZIP, b"..ppt/presentation.xml..", ".presentation"),
    ],
)
def test_knows_a_type_by_its_content(head, tail, mimetype):
    found = kind_of(head, tail)

    assert found is not None
    assert found.mimetype.endswith(mimetype)
    assert may_become(head)


@pytest.mark.parametrize(
    "head",
    [
        b"<html><script>",
        b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'>",
        b"MZ\x90\0",
        b"\x7fELF",
        b"#!/bin/sh\n",
        b"plain words",
        b"\0\0\0\x18ftypheic",
        b" %PDF-1.7",
        b"",
    ],
)
def test_takes_nothing_else(head):
    assert kind_of(head) is None
    assert not may_become(head)


def test_a_zip_that_is_no_office_file_is_not_taken():
    assert may_become(ZIP)
    assert kind_of(ZIP, b"evil.exe") is None
