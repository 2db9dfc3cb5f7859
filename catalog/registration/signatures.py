"""Check what an agency or the bureau signed with its own key (意见书与授权书的签名).

The key was registered by that party for exactly this purpose and is valid now; the signature is
over exactly the bytes that are kept. So the operator can neither write nor alter either document
(HN-05(3), HN-26).
"""

from __future__ import annotations

import datetime as dt

from catalog.kernel.errors import Invalid
from catalog.kernel.ids import PartyId
from catalog.signing.keyring import is_valid_at
from catalog.signing.model import PublicKey, Signature
from catalog.signing.purposes import Purpose
from catalog.signing.verifier import fault_of


class OpinionSignatureInvalid(Invalid):
    """The opinion is not signed with the agency's own key, or was altered."""

    code = "opinion_signature_invalid"


class AuthorisationSignatureInvalid(Invalid):
    """The authorisation is not signed with the bureau's own key, or was altered."""

    code = "authorisation_signature_invalid"


def why_not(
    key: PublicKey | None,
    purpose: Purpose,
    holder: PartyId | None,
    document: bytes,
    signature: Signature,
    *,
    now: dt.datetime,
) -> str | None:
    """Return why the signature does not count, None if it does; the service itself holds for None."""
    if key is None or key.holder_party_id != holder:
        return "key_not_of_this_party"
    if key.purpose is not purpose:
        return "key_for_another_purpose"
    if not is_valid_at(key, now):
        return "key_not_valid"
    fault = fault_of(
        signature,
        algorithm=key.algorithm,
        public_key=key.public_key,
        purpose=purpose,
        document=document,
    )
    return None if fault is None else fault.value


def check_opinion(
    key: PublicKey | None,
    agency: PartyId,
    document: bytes,
    signature: Signature,
    now: dt.datetime,
) -> None:
    """Return if ``agency`` itself signed the opinion.

    :raises OpinionSignatureInvalid: if not.
    """
    reason = why_not(key, Purpose.OPINION, agency, document, signature, now=now)
    if reason is not None:
        raise OpinionSignatureInvalid(reason=reason, key_id=signature.key_id)


def check_authorisation(
    key: PublicKey | None,
    bureau: PartyId,
    document: bytes,
    signature: Signature,
    now: dt.datetime,
) -> None:
    """Return if ``bureau`` itself signed the authorisation.

    :raises AuthorisationSignatureInvalid: if not.
    """
    reason = why_not(key, Purpose.AUTHORISATION, bureau, document, signature, now=now)
    if reason is not None:
        raise AuthorisationSignatureInvalid(reason=reason, key_id=signature.key_id)
