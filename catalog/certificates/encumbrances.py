"""Say what stands in the way of a voluntary deregistration (注销): an open dispute (权属负担).

Open orders do not: deregistering is the registrant's right, and running contracts go on (A19).
"""

from __future__ import annotations

from catalog.kernel.errors import Refused


class CertificateEncumbered(Refused):
    """An objection against the certificate is open; its registrant can not walk away from it."""

    code = "certificate_encumbered"


def check_free(open_objections: int) -> None:
    """Return if nobody's objection is open.

    :raises CertificateEncumbered: if one is.
    """
    if open_objections:
        raise CertificateEncumbered(open_objections=open_objections)
