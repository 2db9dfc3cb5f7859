"""Why a PDF is no paper of the register. Apart from what reads PDFs, which takes half a second to load."""

from __future__ import annotations

from catalog.kernel.errors import Invalid


class PdfEncrypted(Invalid):
    """The PDF is encrypted; what is in it can not be seen by everybody."""

    code = "pdf_encrypted"


class PdfHoldsOtherThanOneFile(Invalid):
    """A paper of the register holds one file, the signed document."""

    code = "pdf_holds_other_than_one_file"


class PdfNotSealed(Invalid):
    """A paper of the register has one seal."""

    code = "pdf_not_sealed"


class PdfChangedAfterSeal(Invalid):
    """Something was added to the PDF after it was sealed (盖章后被改动)."""

    code = "pdf_changed_after_seal"


class PdfUnreadable(Invalid):
    """The PDF is broken."""

    code = "pdf_unreadable"
