"""Tell what an uploaded file is by its bytes, and refuse what is two things at once (文件类型)."""

from __future__ import annotations

import enum
import re
from typing import Final

from catalog.kernel.errors import Invalid
from catalog.signing import jws
from catalog.timestamps.evidence import FORMAT as EVIDENCE
from catalog.witnessing import log_proof

#: What certificate, proof or case file is larger than this? [P]
MAX_BYTES: Final = 10 * 1024 * 1024


class Kind(enum.StrEnum):
    """What can be examined."""

    PAPER = "paper"  # a sealed PDF, with the machine-readable certificate inside
    CREDENTIAL = "credential"  # vc+jwt: a certificate, or a status list
    LOG_PROOF = "log_proof"  # .tlog-proof
    EVIDENCE_RECORD = "evidence_record"
    CASE_FILE = "case_file"  # ZIP
    DOCUMENT = "document"  # JSON: a certificate, report, statement, receipt, trace


class UploadEmpty(Invalid):
    """There is nothing in the file."""

    code = "upload_empty"


class UploadTooLarge(Invalid):
    """The file is larger than anything that the register hands out."""

    code = "upload_too_large"


class UploadUnknown(Invalid):
    """The file is nothing that the register hands out."""

    code = "upload_unknown"


class UploadAmbiguous(Invalid):
    """The file is two things at once, or holds more than one reader would show (多重格式)."""

    code = "upload_ambiguous"


_PDF: Final = b"%PDF-"
_PDF_END: Final = re.compile(rb"%%EOF[\r\n]{0,2}\Z")
_ZIP: Final = b"PK\x03\x04"
_ZIP_END: Final = b"PK\x05\x06"
_ZIP_END_LENGTH: Final = 22  # without a comment


def kind_of(raw: bytes) -> Kind:
    """Return what a file is.

    :raises UploadEmpty: if it is empty.
    :raises UploadTooLarge: if it is too large.
    :raises UploadAmbiguous: if something else stands before, after or in it.
    :raises UploadUnknown: if it is nothing that is known here.
    """
    if not raw.strip():
        raise UploadEmpty
    if len(raw) > MAX_BYTES:
        raise UploadTooLarge(maximum_bytes=MAX_BYTES)
    if raw.startswith(_PDF):
        return _paper(raw)
    if raw.startswith(_ZIP):
        return _case_file(raw)
    if _PDF in raw or _ZIP_END in raw:
        raise UploadAmbiguous(reason="a PDF or an archive is hidden in it")
    if raw.startswith(log_proof.HEADER):
        return Kind.LOG_PROOF
    if jws.looks_like_one(raw):
        return Kind.CREDENTIAL
    if raw.lstrip().startswith(b"{"):
        is_evidence = f'"{EVIDENCE}"'.encode() in raw[:200]
        return Kind.EVIDENCE_RECORD if is_evidence else Kind.DOCUMENT
    raise UploadUnknown


def _paper(raw: bytes) -> Kind:
    if _ZIP_END in raw:
        raise UploadAmbiguous(reason="it is an archive as well")
    if _PDF_END.search(raw) is None:
        raise UploadAmbiguous(reason="something stands behind the end of the PDF")
    return Kind.PAPER


def _case_file(raw: bytes) -> Kind:
    if raw.rfind(_ZIP_END) != len(raw) - _ZIP_END_LENGTH:
        raise UploadAmbiguous(reason="the archive has a comment, or something stands behind it")
    return Kind.CASE_FILE
