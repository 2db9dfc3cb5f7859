"""Say what may be asked for during the review, and whether an answer answers it (其他必要材料, HN-08(8)).

The agency asks through the operator. The thirty days run on unless the rulebook stops them (A44). What is
handed in stands beside the dossier that is reviewed and does not change it.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from catalog.kernel.errors import Conflict, Invalid, Refused
from catalog.kernel.ids import AccountId

Line = Annotated[str, Meta(min_length=1, max_length=500)]


class MaterialRequestEmpty(Invalid):
    """Whoever asks for material says for which, and why."""

    code = "material_request_empty"


class MaterialRequestOpen(Conflict):
    """What was asked for before has not come yet."""

    code = "material_request_open"


class MaterialNotRequested(Refused):
    """Nothing is asked for."""

    code = "material_not_requested"


class SupplementIncomplete(Invalid):
    """Something that was asked for is missing; all of it is named."""

    code = "supplement_incomplete"


class Supplement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What answers one item: a file, or a word about it."""

    item: Line
    file_id: uuid.UUID | None = None
    sha256: str | None = None
    remark: Annotated[str, Meta(max_length=2_000)] = ""


class MaterialRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for during the review, and what came (补充材料)."""

    id: uuid.UUID
    application_id: uuid.UUID
    items: tuple[Line, ...]
    reason: str
    asked_by: AccountId | None
    asked_at: dt.datetime
    answer: tuple[Supplement, ...] | None = None
    answered_by: AccountId | None = None
    answered_at: dt.datetime | None = None


def check_request(items: Sequence[str], reason: str) -> None:
    """Return if something is asked for, and it is said why.

    :raises MaterialRequestEmpty: if not.
    """
    if not items or not reason.strip() or any(not item.strip() for item in items):
        raise MaterialRequestEmpty


def check_answer(request: MaterialRequest, answer: Sequence[Supplement]) -> None:
    """Return if every item that was asked for is answered, by a file or a word.

    :raises SupplementIncomplete: if one is not; it names all of them.
    """
    answered = {each.item for each in answer if each.file_id is not None or each.remark.strip()}
    lacking = [item for item in request.items if item not in answered]
    if lacking:
        raise SupplementIncomplete(items=lacking)
