"""Say what a contract with an agency is."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import NewType

import msgspec

from catalog.agencies.states import State
from catalog.agency_selection.model import SelectionId
from catalog.kernel.ids import PartyId

AgencyContractId = NewType("AgencyContractId", uuid.UUID)


class Misconduct(enum.StrEnum):
    """What an agency did that HN-27 forbids (E30)."""

    FALSE_RECORD = "false_record"  # 虚假记载
    MISLEADING_STATEMENT = "misleading_statement"  # 误导性陈述
    INFORMATION_LEAK = "information_leak"  # 信息泄露
    OTHER_VIOLATION = "other_violation"  # 其它违反规定的情形


class AgencyContract(msgspec.Struct, frozen=True, kw_only=True):
    """A contract between operator and agency (服务合同), two years long (HN-24, A28)."""

    id: AgencyContractId
    operator_party_id: PartyId
    agency_party_id: PartyId
    selection_id: SelectionId | None  # None: signed before selections were held here
    selection_number: str  # 公开比选的文号 (HN-23)
    contract_number: str
    starts_on: dt.date
    ends_on: dt.date  # its last day
    state: State
    misconduct: Misconduct | None = None
    suspension_reason: str | None = None
    suspended_at: dt.datetime | None = None
    created_at: dt.datetime
