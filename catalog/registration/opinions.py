"""Read what an agency or the bureau signed, and see that it is about this case (签署文件核对)."""

from __future__ import annotations

import uuid
from typing import TypeVar

import msgspec

from catalog.kernel.errors import Invalid, Refused

D = TypeVar("D")


class SignedDocumentUnreadable(Invalid):
    """The signed document does not have the members that it needs."""

    code = "signed_document_unreadable"


class SignedForAnotherCase(Invalid):
    """The signed document is about another case: application, change, dossier, agency, notice."""

    code = "signed_for_another_case"


class OpinionImmutable(Refused):
    """An opinion of this round is there already; nobody alters or replaces it (HN-05(3))."""

    code = "opinion_immutable"


class TechnicalOpinionFirst(Refused):
    """The two reviews run one after the other, the technical one first (A8)."""

    code = "technical_opinion_first"


def read(document: bytes, kind: type[D]) -> D:
    """Return what the signed bytes say.

    :raises SignedDocumentUnreadable: if they are no such document.
    """
    try:
        return msgspec.json.decode(document, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise SignedDocumentUnreadable(reason=str(error)) from error


def check_case(signed: object, **expected: uuid.UUID | str | None) -> None:
    """Return if the document names this very case, each member as ``expected``.

    :raises SignedForAnotherCase: if not; it names the member.
    """
    for member, value in expected.items():
        if getattr(signed, member) != value:
            raise SignedForAnotherCase(member=member)


def check_not_given(rounds: set[int], current: int) -> None:
    """Return if no opinion of the current round is there.

    :raises OpinionImmutable: if one is.
    """
    if current in rounds:
        raise OpinionImmutable(round=current)


def check_order(*, has_technical: bool, in_parallel: bool) -> None:
    """Return if the compliance opinion may come now.

    :raises TechnicalOpinionFirst: if the technical one must come first and is not there.
    """
    if not has_technical and not in_parallel:
        raise TechnicalOpinionFirst
