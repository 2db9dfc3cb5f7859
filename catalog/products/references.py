"""Name a product as its supplier does (供方编号): one name for one product that still stands."""

from __future__ import annotations

from typing import Final

from catalog.kernel.errors import Conflict, FieldError, Invalid

MAX_LENGTH: Final = 100


class ReferenceMalformed(Invalid):
    """A reference is one printable line without blanks around it (供方编号格式)."""

    code = "reference_malformed"


class ReferenceTaken(Conflict):
    """Another product of this supplier, not withdrawn, is called so already (供方编号重复)."""

    code = "reference_taken"


def check_reference(reference: str) -> None:
    """Return if ``reference`` can name a product.

    :raises ReferenceMalformed: if not.
    """
    fits = 0 < len(reference) <= MAX_LENGTH and reference == reference.strip()
    if not fits or not reference.isprintable():
        error = FieldError("/reference", ReferenceMalformed.code)
        raise ReferenceMalformed(maximum=MAX_LENGTH, errors=(error,))
