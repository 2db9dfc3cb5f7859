"""Names and media types that a caller gives, and whose reading is remembered."""

from __future__ import annotations

import urllib.parse
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.files import naming
from catalog.files.reading import is_remembered
from catalog.kernel.actor import Clearance
from market.http.attachment import content_disposition, headers
from tests.makers_products import make_actor, make_file


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (urllib.parse.quote("港口指数.csv"), "港口指数.csv"),
        ("plain.json", "plain.json"),
        ("..%2F..%2Fetc%2Fpasswd", "passwd"),
        ("C%3A%5Ctemp%5Ca.txt", "a.txt"),
        ("%20a.txt%20", "a.txt"),
    ],
)
def test_a_file_name_is_decoded_and_loses_its_path(header: str, name: str) -> None:
    assert naming.file_name(header) == name


@pytest.mark.parametrize(
    "header",
    [None, "", "%FF%FE", "..", "%20", "a%0Ab", "a%00b", "gpj%E2%80%AEexe", "a" * 256, "x" * 3000],
)
def test_what_is_no_file_name_is_refused(header: str | None) -> None:
    with pytest.raises(naming.FileNameInvalid):
        naming.file_name(header)


@pytest.mark.parametrize(
    ("header", "media_type"),
    [
        (None, "application/octet-stream"),
        ("", "application/octet-stream"),
        ("Text/CSV; charset=utf-8", "text/csv"),
        ("application/vnd.ms-excel", "application/vnd.ms-excel"),
    ],
)
def test_a_media_type_loses_its_parameters(header: str | None, media_type: str) -> None:
    assert naming.media_type(header) == media_type


@pytest.mark.parametrize("header", ["text", "text/", "a b/c", "text/html\r\nx: y", "文本/表格"])
def test_what_is_no_media_type_is_refused(header: str) -> None:
    with pytest.raises(naming.FileMediaTypeInvalid):
        naming.media_type(header)


@given(st.text(min_size=1, max_size=60))
def test_a_disposition_is_one_safe_line_and_keeps_the_name(name: str) -> None:
    name = name.encode("utf-8", "ignore").decode() or "x"

    line = content_disposition(name)

    assert line.isascii()
    assert line.isprintable()
    assert line.count('"') == 2
    assert urllib.parse.unquote(line.partition("filename*=UTF-8''")[2]) == name


def test_content_is_sent_with_its_digest_and_in_a_sandbox() -> None:
    sent = headers(file_name="a.csv", size_bytes=3, sha256="00" * 32)

    assert sent["repr-digest"] == "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:"
    assert "sandbox" in sent["content-security-policy"]


def test_reading_is_remembered_unless_one_reads_ones_own() -> None:
    file = make_file()
    owner = make_actor(party_id=file.owner_party_id)
    regulator = make_actor(clearance=Clearance.REGULATOR)
    agency = make_actor()
    job = make_actor(clearance=Clearance.SYSTEM)

    assert not is_remembered(owner, file)
    assert is_remembered(regulator, file)
    assert is_remembered(agency, file)
    assert not is_remembered(job, file)


def test_a_file_is_sealed_for_the_case_that_the_header_names() -> None:
    case = uuid.uuid4()

    assert naming.sealed_for(None) is None
    assert naming.sealed_for(f" {case} ") == case
    for header in ("", "all", "1"):
        with pytest.raises(naming.SealedForInvalid):
            naming.sealed_for(header)
