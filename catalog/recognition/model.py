"""The nouns of this room: a registrar whose certificates are recognised, and one of its certificates."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.kernel.ids import AccountId, PartyId
from catalog.recognition.states import State


class Registrar(msgspec.Struct, frozen=True, kw_only=True):
    """Another registrar (外部登记机构), and by which agreement its certificates are recognised (互认)."""

    id: uuid.UUID
    name: str
    agreement: str  # 互认文件的文号
    keys: str | None  # its public keys, as its service gives them; None: they are asked for by hand
    entered_by: AccountId | None
    entered_at: dt.datetime


class Examined(msgspec.Struct, frozen=True, kw_only=True):
    """What came of checking the certificate's signature and its place in the registrar's log."""

    problems: tuple[str, ...]
    number: str
    product_name: str
    holder_name: str
    issued_on: dt.date
    valid_to: dt.date | None
    is_in_force: bool


class ForeignCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate that another registrar issued for a product here (外部凭证)."""

    id: uuid.UUID
    registrar_id: uuid.UUID
    number: str
    product_id: uuid.UUID
    supplier_party_id: PartyId
    holder_name: str
    product_name: str
    issued_on: dt.date
    valid_to: dt.date | None
    file_id: uuid.UUID
    file_sha256: str
    is_signature_checked: bool  # by the registrar's keys; else two people look
    state: State
    imported_by: AccountId | None
    imported_at: dt.datetime
    checked_by: AccountId | None = None
    source: str | None = None  # where it was looked up (查证来源)
    verified_by: AccountId | None = None
    verified_at: dt.datetime | None = None
    recognised_at: dt.datetime | None = None
    recheck_by: dt.date | None = None  # until then its state has to be looked at again
    lapsed_at: dt.datetime | None = None  # it did not count any more, and its holder was told
    reason: str | None = None  # why it was rejected or withdrawn


class PublicForeignCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """A recognised certificate as everybody sees it: whose it is, and that it is not ours (外部凭证)."""

    id: uuid.UUID
    registrar: str
    agreement: str
    number: str
    product_id: uuid.UUID
    product_name: str
    holder_name: str
    issued_on: dt.date
    valid_to: dt.date | None
    state: State
    is_signature_checked: bool
    recheck_by: dt.date | None
    is_stale: bool  # its state was not looked at in time: nothing is listed on it


class Resembling(msgspec.Struct, frozen=True):
    """A foreign certificate that an application resembles (HN-07)."""

    id: uuid.UUID
    number: str
    state: State
