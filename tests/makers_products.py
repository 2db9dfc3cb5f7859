"""Make products, files and contracts for tests: complete ones, to be changed by keyword."""

from __future__ import annotations

import datetime as dt
from typing import Any

from catalog.agencies.model import AgencyContract, AgencyContractId
from catalog.agencies.states import State as ContractState
from catalog.agency_selection.model import SelectionId
from catalog.delegations.model import Delegation, DelegationId
from catalog.files.model import FileId, StoredFile
from catalog.kernel.actor import Actor, Clearance
from catalog.kernel.ids import AccountId, PartyId, new_id
from catalog.products.model import (
    AcquisitionMethod,
    Classification,
    DataNature,
    Description,
    Form,
    Level,
    MeteringUnit,
    Origin,
    OriginPath,
    Product,
    ProductId,
    Scenario,
    Source,
)
from catalog.products.states import State

NOW = dt.datetime(2026, 3, 2, 1, 0, tzinfo=dt.UTC)


def make_source(**changes: Any) -> Source:
    values: dict[str, Any] = {
        "source_id": "s1",
        "name": "港口自动气象站观测记录",
        "holder": "示例气象服务有限公司",
        "nature": DataNature.ENTERPRISE,
        "acquisition_method": AcquisitionMethod.OWN_PRODUCTION,
        "legal_basis": "自有设备采集",
        "classification_level": Level.GENERAL,
    }
    return Source(**(values | changes))


def make_description(**changes: Any) -> Description:
    personal = changes.get("contains_personal_info", False)
    values: dict[str, Any] = {
        "name": "港口作业气象风险指数",
        "form": Form.DATA_INDICATOR,
        "description": "按小时给出港口吊装与引航作业的大风、能见度和雷电风险等级。",
        "metering_unit": MeteringUnit.RECORD,
        "processing_statement": "对观测记录质量控制后，按作业类别计算小时风险等级。",
        "value_statement": "减少因恶劣天气停工的误判，保障作业安全。",
        "origin_path": OriginPath.OWN_RESOURCE,
        "scenarios": (Scenario("port_safety", "港口作业安全预警"),),
        "sources": (make_source(contains_personal_info=personal),),
        "classification": Classification("GB/T 43697", Level.GENERAL, "行业数据"),
        "data_nature": DataNature.ENTERPRISE,
        "region": "海南",
        "keywords": ("港口", "气象"),
    }
    return Description(**(values | changes))


def make_product(**changes: Any) -> Product:
    description = changes.pop("description", make_description())
    values: dict[str, Any] = {
        "id": ProductId(new_id()),
        "origin": Origin.DESCRIBED,
        "state": State.DESCRIBED,
        "supplier_party_id": PartyId(new_id()),
        "supplier_name": "示例数据科技有限公司",
        "name": description.name if description else "外部记录",
        "form": description.form if description else None,
        "description": description,
        "imported": None,
        "source": None,
        "source_id": None,
        "is_public": False,
        "version": 1,
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Product(**(values | changes))


def make_file(**changes: Any) -> StoredFile:
    values: dict[str, Any] = {
        "id": FileId(new_id()),
        "sha256": "ab" * 32,
        "size_bytes": 10,
        "media_type": "text/csv",
        "file_name": "指数.csv",
        "uploaded_by": None,
        "owner_party_id": PartyId(new_id()),
        "uploaded_at": NOW,
    }
    return StoredFile(**(values | changes))


def make_delegation(**changes: Any) -> Delegation:
    values: dict[str, Any] = {
        "id": DelegationId(new_id()),
        "authority_party_id": PartyId(new_id()),
        "operator_party_id": PartyId(new_id()),
        "document_number": "授权〔2026〕001号",
        "scope": "确权登记",
        "valid_from": dt.date(2026, 1, 1),
        "valid_to": None,
        "created_at": NOW,
    }
    return Delegation(**(values | changes))


def make_contract(**changes: Any) -> AgencyContract:
    values: dict[str, Any] = {
        "id": AgencyContractId(new_id()),
        "operator_party_id": PartyId(new_id()),
        "agency_party_id": PartyId(new_id()),
        "selection_id": SelectionId(new_id()),
        "selection_number": "比选〔2026〕1号",
        "contract_number": "合同2026-1",
        "starts_on": dt.date(2026, 3, 2),
        "ends_on": dt.date(2028, 3, 2),
        "state": ContractState.ACTIVE,
        "created_at": NOW,
    }
    return AgencyContract(**(values | changes))


def make_actor(
    *permissions: str, clearance: Clearance = Clearance.PARTY, party_id: PartyId | None = None
) -> Actor:
    return Actor(
        account_id=AccountId(new_id()),
        party_id=party_id or PartyId(new_id()),
        name="someone",
        roles=frozenset({"test"}),
        permissions=frozenset(permissions),
        clearance=clearance,
    )
