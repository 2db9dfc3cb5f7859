"""What a file is, by its bytes; two things at once are neither."""

from __future__ import annotations

import io
import zipfile

import pytest

from market.verification.kinds import (
    MAX_BYTES,
    Kind,
    UploadAmbiguous,
    UploadEmpty,
    UploadTooLarge,
    UploadUnknown,
    kind_of,
)


def archive(comment: bytes = b"") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("a", b"a")
        file.comment = comment
    return out.getvalue()


PDF = b"%PDF-1.7\n1 0 obj\n%%EOF\n"


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (PDF, Kind.PAPER),
        (archive(), Kind.CASE_FILE),
        (b"c2sp.org/tlog-proof@v1\nindex 0\n\nx\n", Kind.LOG_PROOF),
        (b"eyJhbGciOiJub25lIn0.e30.", Kind.CREDENTIAL),
        (b' {"type":"shushi-certificate-v1"}', Kind.DOCUMENT),
        (b'{"format":"shushi/evidence-record/1"}', Kind.EVIDENCE_RECORD),
    ],
)
def test_a_file_is_known_by_its_bytes(raw: bytes, kind: Kind) -> None:
    assert kind_of(raw) is kind


@pytest.mark.parametrize(
    ("raw", "refusal"),
    [
        (b"", UploadEmpty),
        (b" \n", UploadEmpty),
        (b"x" * (MAX_BYTES + 1), UploadTooLarge),
        (b"GIF89a", UploadUnknown),
        (PDF + archive(), UploadAmbiguous),
        (PDF + b"more", UploadAmbiguous),
        (b"GIF89a" + PDF, UploadAmbiguous),
        (b"MZ" + archive(), UploadAmbiguous),
        (archive() + b"x", UploadAmbiguous),
        (archive(b"comment"), UploadAmbiguous),
    ],
)
def test_what_is_empty_huge_unknown_or_two_things_is_refused(
    raw: bytes, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        kind_of(raw)
