"""Say which role may do what: the one table from roles to permissions (权限).

A permission is a word like ``objection:file``, imperative, in the grammar of the audit events.
Which permission a route needs stands in ``market/http/policies``; whose object it may be
(own, assigned, any) is asked by the operation or query itself.
"""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.actor import Clearance


class Role(enum.StrEnum):
    """A hat that an account wears for its party, from a day until a day (角色)."""

    SUPPLIER = "supplier"  # 供方、数据商
    BUYER = "buyer"  # 需方
    BUYER_APPROVER = "buyer_approver"  # 需方审批人：内部审批
    OPERATOR_ACCEPTOR = "operator_acceptor"  # 受理人员
    OPERATOR_TECHNICAL_REVIEWER = "operator_technical_reviewer"  # 技术审查人员
    OPERATOR_ISSUER = "operator_issuer"  # 发证人员
    OPERATOR_ADJUDICATOR = "operator_adjudicator"  # 异议处理人员
    OPERATOR_HEAD = "operator_head"  # 登记机构负责人：分派案件
    OPERATOR_FINANCE = "operator_finance"  # 财务人员：对账、付款
    AGENCY_REVIEWER = "agency_reviewer"  # 第三方机构合规审查人员
    EXPERT = "expert"  # 评审专家
    REGULATOR = "regulator"  # 省大数据管理局
    OTHER_REGULATOR = "other_regulator"  # 其他监管部门：只见脱敏副本 (A49)
    SYSTEM_ADMINISTRATOR = "system_administrator"  # 系统管理员
    SECURITY_ADMINISTRATOR = "security_administrator"  # 安全管理员
    AUDIT_ADMINISTRATOR = "audit_administrator"  # 审计管理员


# 三权分立: nobody wears two of these (GB/T 22239 8.1.4); the database forbids it too.
ADMINISTRATORS: Final = frozenset(
    {Role.SYSTEM_ADMINISTRATOR, Role.SECURITY_ADMINISTRATOR, Role.AUDIT_ADMINISTRATOR}
)
OPERATOR_STAFF: Final = frozenset(
    {
        Role.OPERATOR_ACCEPTOR,
        Role.OPERATOR_TECHNICAL_REVIEWER,
        Role.OPERATOR_ISSUER,
        Role.OPERATOR_ADJUDICATOR,
        Role.OPERATOR_HEAD,
        Role.OPERATOR_FINANCE,
    }
)

# Every account that signed in.
_MEMBER: Final = frozenset(
    {
        "self:read",
        "search:save",
        "log:search",
        "token:manage",
        "password:change",
        "session:close",
        "key:register",
        "party:read",
        "file:upload",
        "file:read",
        "application:consent",
        "application:read",
        "authorisation_letter:grant",
        "authorisation_letter:read",
        "authorisation_letter:revoke",
        "objection:file",
        "objection:read",
        "objection:respond",
        "objection:accept_outcome",
        "objection:withdraw",
        "notification:read",
        "contact:manage",
        "objection:start_proceedings",
        "instrument:lodge",
        "instrument:read",
        "instrument:take_over",
        "certificate:deregister",
        "certificate:read_burdens",
        "complaint:read_own",
        "complaint:appeal",
        "complaint:state",
        "credit:read_own",
        "credit:object",
        "fee:read",
        # whoever has a part in what a product earns
        "revenue_agreement:agree",
        "revenue_agreement:read",
    }
)
_STAFF: Final = frozenset(
    {
        "application:read",
        "case_file:issue",
        "timer:read",
        "negotiation:read",
        "order:read",
        "consent:read",
        "anonymisation:read",
        "listing:read",
        "pricing:read",
        "allowed_revenue:read",
        "public_data_report:read",
        "special_price:read",
        "delegation:read",
        "agency_contract:read",
        "agency_selection:read",
        "agency_evaluation:read",
        "agency_bid:read",
        "ledger:read",
        "account_statement:read",
        "report:read",
        "notification:supervise",
        "case_assignment:read",
        "item_conflict:read",
        "reclassification:read",
        "quality_issue:read",
        "opening:read",
        "synonym:read",
        "demand_post:read",
        "quote:read",
        "revenue_agreement:read",
        "fee_schedule:read",
        "affiliation:read",
        "related_dealing:read",
        "invoice:read",
    }
)
# Whoever works at the operator takes cases, and reads what it took.
_OPERATOR: Final = _STAFF | {"case:take", "incident:detect", "synonym:propose"}

PERMISSIONS: Final[dict[Role, frozenset[str]]] = {
    Role.SUPPLIER: _MEMBER
    | {
        "product:describe",
        "product:withdraw",
        "item_conflict:read",
        "reclassification:propose",
        "quality_issue:report",
        "quality_issue:answer",
        "quality_issue:read",
        "reclassification:read",
        "opening:read",
        "application:draft",
        "application:submit",
        "application:withdraw",
        "application:read",
        "case_file:issue",
        "timer:read",
        "revenue_agreement:propose",
        "invoice:request",
        "invoice:issue",
        "invoice:read",
        "pricing:file",
        "pricing:read",
        "special_price:offer",
        "auction:draft",
        "auction:cancel",
        "auction:hand_over",
        "auction:award",
        "award_objection:read",
        "allowed_revenue:read",
        "public_data_report:read",
        "allowed_revenue:adjust",
        "special_price:read",
        "demand_match:read",
        "demand_match:answer",
        "quote:read",
        "quote:submit",
        "listing:draft",
        "listing:submit",
        "listing:delist",
        "zone:operate",
        "chief_data_officer:name",
        "opening:request",
        "opening:close",
        "affiliation:state",
        "affiliation:read",
        "collection:curate",
        "listing:read",
        "foreign_certificate:import",
        "negotiation:conduct",
        "negotiation:read",
        "order:read",
        "contract:sign",
        "order:deliver",
        "webhook:manage",
        "consent:enter",
        "consent:read",
        "anonymisation:submit",
        "anonymisation:read",
        "order:cancel",
        "order:cut_off",
        "statement:read",
        "proof_bundle:issue",
        "order_ledger:read",
        "account_statement:read",
        "beneficiary:submit",
        "beneficiary:read",
        "payout:read",
    },
    Role.BUYER: _MEMBER
    | {
        "timer:read",
        "quality_issue:report",
        "quality_issue:read",
        "affiliation:state",
        "affiliation:read",
        "special_price:read",
        "demand_post:post",
        "demand_post:read",
        "demand_match:answer",
        "quote:invite",
        "quote:read",
        "quote:decide",
        "auction:bid",
        "award_objection:file",
        "award_objection:read",
        "negotiation:conduct",
        "negotiation:read",
        "targeted_offer:read",
        "approval:request",
        "approval:decide",
        "approval:read",
        "invoice:request",
        "invoice:read",
        "order:place",
        "webhook:manage",
        "order:read",
        "contract:sign",
        "order:pay",
        "grant:use",
        "delivery:accept",
        "delivery:dispute",
        "order:cancel",
        "statement:read",
        "proof_bundle:issue",
        "order_ledger:read",
        "account_statement:read",
    },
    Role.BUYER_APPROVER: _MEMBER
    | {
        "approval_chain:define",
        "approval:decide",
        "approval:read",
        "targeted_offer:read",
        "negotiation:read",
        "special_price:read",
        "order:read",
        "order_ledger:read",
    },
    Role.OPERATOR_ACCEPTOR: _MEMBER
    | _OPERATOR
    | {
        "party:verify",
        "application:accept",
        "review:start",
        "decision:notify",
        "listing:review",
        "demand_post:review",
        "quote:invite",
        "auction:announce",
        "auction:cancel",
        "auction:hand_over",
        "opening:decide",
        "chief_data_officer:read",
        "data_demand:read",
        "data_demand:answer",
        "opening:close",
        "collection:curate",
        "order:clear",
    },
    Role.OPERATOR_TECHNICAL_REVIEWER: _MEMBER
    | _OPERATOR
    | {
        "technical_opinion:record",
        "reclassification:decide",
        "quality_issue:handle",
        "synonym:edit",
    },
    Role.OPERATOR_ISSUER: _MEMBER
    | _OPERATOR
    | {
        "agency_contract:sign",
        "agency_selection:run",
        "agency_misconduct:record",
        "agency_evaluation:write",
        "notice:publish",
        "certificate:issue",
        "certificate:freeze",
        "certificate:encumber",
        "foreign_certificate:verify",
        "spot_check:read",
        "spot_check:rectify",
        "fee:set",
        "fee_schedule:propose",
        "invoice:issue",
        "fee:record",
        "instrument:verify",
        "escrow:release",
        "period:close",
        "public_data_report:draw_up",
        "order:cut_off",
        "listing:suspend",
        "report:generate",
        "report:sign",
        "report:submit",
        "statement:read",
        "proof_bundle:issue",
        "order_ledger:read",
    },
    Role.OPERATOR_ADJUDICATOR: _MEMBER
    | _OPERATOR
    | {
        "review:decide",
        "foreign_certificate:verify",
        "objection:decide",
        "dispute:resolve",
        "refund:grant",
        "complaint:read",
        "complaint:handle",
        "credit:find",
        "credit:read",
        "affiliation:record",
        "affiliation:state",
        "auction:declare_default",
        "instrument:verify",
        "instrument:apply",
    },
    Role.OPERATOR_HEAD: _MEMBER
    | _OPERATOR
    | {"case:assign", "incident:handle", "incident:read", "retention:read", "synonym:edit"}
    # the catalogues of others: which are read, and that what is gone from them is gone
    | {"harvest:manage", "product:import"},
    Role.OPERATOR_FINANCE: _MEMBER
    | {
        "order:read",
        "ledger:read",
        "ledger:replay",
        "account_statement:read",
        "order_ledger:read",
        "report:read",
        "timer:read",
        "reconciliation:read",
        "reconciliation:run",
        "reconciliation:resolve",
        "chargeback:read",
        "chargeback:contest",
        "chargeback:accept",
        "chargeback:decide",
        "beneficiary:read",
        "beneficiary:verify",
        "payout_batch:read",
        "payout:read",
        "payout:prepare",
        "payout:approve",
        "refund:transfer",
        "adjustment:read",
        "adjustment:propose",
        "adjustment:decide",
        "write_off:read",
        "write_off:propose",
        "write_off:decide",
    },
    Role.AGENCY_REVIEWER: _MEMBER
    | {
        "application:read",
        "case_file:issue",
        "timer:read",
        "compliance_opinion:record",
        "anonymisation:read",
        "anonymisation:decide",
        "agency_bid:hand_in",
        "agency_evaluation:read",
        "agency_bid:read",
    },
    Role.EXPERT: _MEMBER | {"agency_selection:score", "agency_selection:read", "agency_bid:read"},
    Role.REGULATOR: _MEMBER
    | _STAFF
    | {
        "ledger:replay",
        "reconciliation:read",
        "write_off:read",
        "adjustment:read",
        "beneficiary:read",
        "payout_batch:read",
        "payout:read",
        "operator:delegate",
        "anonymisation:decide",
        "foreign_registrar:name",
        "agency_selection:supervise",
        "agency_evaluation:acknowledge",
        "agency_misconduct:record",
        "issuance:authorise",
        "notice:confirm_channel",
        "pricing:record",
        "related_dealing:decide",
        "auction:void",
        "award_objection:decide",
        "award_objection:read",
        "ceiling:lay_down",
        "fee_schedule:decide",
        "allowed_revenue:lay_down",
        "allowed_revenue:adjust",
        "order:cut_off",
        "report:acknowledge",
        "trace:read",
        "zone:found",
        "open_plan:write",
        "chief_data_officer:read",
        "data_demand:read",
        "data_demand:answer",
        "item_conflict:settle",
        "audit:read",
        "statement:read",
        "proof_bundle:issue",
        "order_ledger:read",
        "calendar:load",
        "rulebook:set",
        "incident:read",
        "incident:acknowledge",
        "complaint:read",
        "complaint:handle",
        "complaint:review",
        "credit:find",
        "credit:read",
        "credit:decide",
        "dispute:resolve",
        "retention:read",
        "spot_check:plan",
        "spot_check:inspect",
        "spot_check:read",
    },
    Role.OTHER_REGULATOR: _MEMBER | {"application:read"},
    Role.SYSTEM_ADMINISTRATOR: _MEMBER
    | {
        "system:read",
        "calendar:load",
        "key:confirm_destruction",
        "key_destruction:read",
    },
    Role.SECURITY_ADMINISTRATOR: _MEMBER
    | {
        "account:open",
        "account:close",
        "role:grant",
        "role:revoke",
        "party:suspend",
        "key:revoke",
        "key:destroy",
        "key_destruction:read",
    },
    Role.AUDIT_ADMINISTRATOR: _MEMBER | {"audit:read", "key_destruction:read", "ledger:replay"},
}


def permissions_of(roles: frozenset[Role]) -> frozenset[str]:
    """Return all that an account with these roles may do; a bare account is a member."""
    found = _MEMBER
    for role in roles:
        found |= PERMISSIONS[role]
    return found


def clearance_of(roles: frozenset[Role]) -> Clearance:
    """Return how far row-level security lets an account with these roles see."""
    if roles & {Role.REGULATOR, Role.OTHER_REGULATOR}:
        return Clearance.REGULATOR
    if roles & OPERATOR_STAFF:
        return Clearance.STAFF
    if Role.SECURITY_ADMINISTRATOR in roles:
        return Clearance.ADMINISTRATOR
    if Role.AUDIT_ADMINISTRATOR in roles:
        return Clearance.AUDITOR
    return Clearance.PARTY
