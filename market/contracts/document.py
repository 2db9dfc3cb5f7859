"""Write an agreement as the bytes that both sides sign: words for people and terms under one hash.

RFC 8785, once; nothing is written again in order to verify a signature. But whoever is sent such
bytes computes the words again from the terms, so that nobody signs words that say something else.
"""

from __future__ import annotations

from typing import Final

import msgspec

from catalog.kernel.errors import Invalid, Refused
from catalog.signing.canonical import canonical
from market.contracts import templates
from market.contracts.policy import PolicyAgreement

FORMAT: Final = "shushi/agreement/1"


class AgreementUnreadable(Invalid):
    """The bytes are no agreement of this format."""

    code = "agreement_unreadable"


class ContractSignatureInvalid(Refused):
    """The signature was not made over this contract with the key that is named."""

    code = "contract_signature_invalid"


class AgreementWordsDiffer(Refused):
    """The words of the agreement are not those of its terms, or its terms not those of the message."""

    code = "agreement_words_differ"


class AgreementWords(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the bytes of an agreement say (协议正文)."""

    format: str
    supplier: str
    buyer: str
    product: str
    text: str  # 合同文本
    terms: PolicyAgreement  # 机器可读条款


def write(terms: PolicyAgreement, *, supplier: str, buyer: str, product: str) -> bytes:
    """Return the canonical bytes of an agreement, between parties of these names.

    :raises ClauseParametersWrong: if the clauses are not filled in (and the others of ``templates``).
    """
    return canonical(
        AgreementWords(
            format=FORMAT,
            supplier=supplier,
            buyer=buyer,
            product=product,
            text=templates.render(terms, supplier=supplier, buyer=buyer, product=product),
            terms=terms,
        )
    )


def read(raw: bytes) -> AgreementWords:
    """Return what the bytes of an agreement say.

    :raises AgreementUnreadable: if they are none of this format.
    """
    try:
        told = msgspec.json.decode(raw, type=AgreementWords)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise AgreementUnreadable(reason=str(error)) from error
    if told.format != FORMAT:
        raise AgreementUnreadable(reason=f"the format {told.format} is not known here")
    return told


def check(raw: bytes, terms: PolicyAgreement) -> None:
    """Return if bytes say what these terms say, to the last character.

    :raises AgreementUnreadable: if they are no agreement.
    :raises AgreementWordsDiffer: if words or terms are others.
    """
    told = read(raw)
    written = write(terms, supplier=told.supplier, buyer=told.buyer, product=told.product)
    if written != raw:
        raise AgreementWordsDiffer
