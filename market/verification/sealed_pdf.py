"""Open a certificate on paper as a machine must: one seal over all of it, one file inside (PDF 核验).

What a reader of PDF would show, and a machine would not see, is refused by name: encryption, more
than one file inside, a change that was added behind the seal.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, Final

import msgspec
from asn1crypto import x509
from pyhanko.pdf_utils import generic, misc
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import SignatureCoverageLevel, validate_pdf_signature
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko_certvalidator import ValidationContext

from catalog.audit_log import export_format as export
from catalog.audit_log.verdict import Fault, Findings
from catalog.signing.purposes import Purpose
from market.verification.paper_refusals import (
    PdfChangedAfterSeal,
    PdfEncrypted,
    PdfHoldsOtherThanOneFile,
    PdfNotSealed,
    PdfUnreadable,
)

SEAL: Final = "seal"
#: A paper of ours has some hundred.
_MOST_OBJECTS: Final = 20_000
#: What reading a PDF that anybody may have written can come to.
_UNREADABLE: Final = (
    misc.PdfError,
    SignatureValidationError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
)


def document_in(raw: bytes, keys: export.Keys, found: Findings) -> bytes:
    """Return the file inside a sealed paper; what is wrong with its seal is told.

    :raises PdfEncrypted: if it is encrypted.
    :raises PdfHoldsOtherThanOneFile: if not exactly one file is inside.
    :raises PdfNotSealed: if it has no seal, or several.
    :raises PdfChangedAfterSeal: if the seal is not over the whole file.
    :raises PdfUnreadable: if it can not be read.
    """
    try:
        reader = PdfFileReader(io.BytesIO(raw), strict=True)
        if reader.encrypted:
            raise PdfEncrypted
        files = list(_files(reader))
        if len(files) != 1:
            raise PdfHoldsOtherThanOneFile(count=len(files))
        _check_seal(reader, keys, found)
        content: bytes = files[0].data
    except _UNREADABLE as error:
        raise PdfUnreadable(reason=str(error)[:200] or type(error).__name__) from error
    return content


def _files(reader: PdfFileReader) -> Iterator[Any]:
    """Yield every file inside, wherever in the PDF it hangs."""
    seen: set[int] = set()
    for count, number in enumerate(_numbers(reader)):
        if count == _MOST_OBJECTS:
            raise PdfUnreadable(reason=f"more than {_MOST_OBJECTS} objects")
        held: Any = generic.IndirectObject(number, 0, reader).get_object()  # type: ignore[no-untyped-call]
        if not isinstance(held, generic.DictionaryObject) or "/EF" not in held:
            continue
        files = held["/EF"]
        for name in files:
            place = files.raw_get(name).idnum  # one file may have two names
            if place not in seen:
                seen.add(place)
                yield files[name]


def _numbers(reader: PdfFileReader) -> list[int]:
    found = set()
    for revision in range(reader.xrefs.total_revisions):
        found |= {ref.idnum for ref in reader.xrefs.explicit_refs_in_revision(revision)}
    return sorted(found)


def _check_seal(reader: PdfFileReader, keys: export.Keys, found: Findings) -> None:
    seals = reader.embedded_signatures
    if len(seals) != 1:
        raise PdfNotSealed(count=len(seals))
    seal = seals[0]
    if seal.evaluate_signature_coverage() is not SignatureCoverageLevel.ENTIRE_FILE:
        raise PdfChangedAfterSeal
    certificate: x509.Certificate = seal.signer_cert
    key = certificate.public_key["public_key"].native
    if not any(_may_seal(row, key, certificate.dump()) for row in keys.keys):
        reason = "its key is not one of the register's for papers"
        found.bad(SEAL, "paper", reason, Fault.KEY_UNKNOWN)
        return
    trust = ValidationContext(trust_roots=[certificate], allow_fetching=False)
    status = validate_pdf_signature(seal, trust)
    if not (status.intact and status.valid and status.trusted):
        reason = "it does not verify: the PDF was changed"
        found.bad(SEAL, "paper", reason, Fault.SIGNATURE_WRONG)
        return
    found.count("seals")


def _may_seal(row: export.KeyRow, key: bytes, certificate: bytes) -> bool:
    """Tell whether a key seals papers. What sealed by Ed25519 before has no certificate beside it."""
    is_for_papers = row.purpose == Purpose.PAPER.value and row.holder_party_id is None
    is_certified = row.certificate in (msgspec.UNSET, certificate)
    return is_for_papers and row.revoked_at is None and row.public_key == key and is_certified
