"""Count the trade, its money and its dangers: sections 9 and 11 to 15 of RULES §6.6."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from catalog.audit_log.events import Event
from catalog.products.model import DeliveryMode, Level
from market.supervision.facts import Fact, JournalFact
from market.supervision.history import History, counted
from market.supervision.model import Column, Figure, Section, Table, Value
from market.supervision.tallies import count_of, tally

#: As settlement's journal names them; the pure part of this room takes them as words.
_MOVEMENTS: Final = ("pay_in", "release", "refund", "refund_settled")
#: By which a buyer pays for an order: through a channel, or out of its account there (预存款).
_PAYING: Final = frozenset({"pay_in", "account_paid", "usage_charged"})
_LAW_FIELDS: Final = ("market_supervision", "network_security", "data_security")
_ALERTS: Final = ("leak", "tamper", "misuse")


class MoneyLine(msgspec.Struct, frozen=True):
    """One kind of movement as the log tells it and as the journal holds it."""

    kind: str
    logged_count: int
    logged_fen: int
    booked_count: int
    booked_fen: int
    is_tied: bool  # the same entries, with the same digests


def money_lines(history: History, journal: Iterable[JournalFact]) -> tuple[MoneyLine, ...]:
    """Return what moved in the quarter, told twice: by the log, by the journal."""
    logged = history.of(Event.JOURNAL_POSTED)
    booked = sorted(journal, key=lambda entry: entry.key)
    others = {entry.kind for entry in booked} | {fact.text("kind") or "unknown" for fact in logged}
    kinds = (*_MOVEMENTS, *sorted(others - set(_MOVEMENTS)))
    return tuple(_money_line(kind, logged, booked) for kind in kinds)


def monitoring(history: History) -> Section:
    """Return section 9: incidents, alerts and what was not done in time (HN-22, BJ-26)."""
    overdue = history.of(Event.TIMER_OVERDUE)
    return Section(
        9,
        "monitoring",
        "监控与安全事件",
        "Monitoring",
        ("HN-22", "BJ-26", "HN-05"),
        figures=(
            count_of(
                history, "incidents_reported", "事件报告", "Reported", Event.INCIDENT_REPORTED
            ),
            _refusals(
                history, "sign_in_failed", "登录失败", "Sign-in failed", Event.SIGN_IN_FAILED
            ),
            _refusals(
                history, "access_denied", "越权访问被拒", "Access denied", Event.ACCESS_DENIED
            ),
            count_of(
                history, "materials_read", "查阅保密材料", "Material read", Event.MATERIAL_READ
            ),
            _refusals(
                history,
                "materials_denied",
                "查阅保密材料被拒",
                "Material denied",
                Event.MATERIAL_DENIED,
            ),
            count_of(
                history,
                "payment_breaks",
                "支付差错",
                "Payment breaks",
                Event.PAYMENT_BREAK_FOUND,
            ),
            Figure("timers_overdue", "超期事项", "Overdue", len(overdue)),
        ),
        tables=(
            tally(
                "incidents_by_law_field",
                ("按监管领域", "Incidents by field of law"),
                ("law_field", "领域", "Field"),
                counted(
                    history.of(Event.INCIDENT_DETECTED), lambda f: f.text("law_field"), _LAW_FIELDS
                ),
            ),
            tally(
                "alerts_by_kind",
                ("泄露、篡改、滥用预警", "Alerts by kind"),
                ("kind", "预警", "Alert"),
                counted(history.of("alert:raised"), lambda fact: fact.text("kind"), _ALERTS),
            ),
            tally(
                "overdue_by_kind",
                ("超期事项按期限种类", "Overdue, by period"),
                ("kind", "期限", "Period"),
                counted(overdue, lambda fact: fact.text("kind")),
            ),
        ),
    )


def market(history: History, money: Sequence[MoneyLine]) -> Section:
    """Return section 11: listings, orders, what was delivered and what it brought (BJ-17, GD-07)."""
    placed = history.of(Event.ORDER_PLACED)
    charged = [fact for fact in placed if _price_fen(fact) > 0]
    accessed = history.of(Event.DATA_ACCESSED)
    turnover = sum(line.booked_fen for line in money if line.kind in _PAYING)
    refunded = next(line for line in money if line.kind == "refund").booked_fen
    return Section(
        11,
        "market",
        "市场",
        "Market",
        ("BJ-17", "BJ-25", "GD-07", "GZY-1"),
        figures=(
            *(count_of(history, code, zh, en, event) for code, zh, en, event in _TRADE),
            Figure("turnover_fen", "成交金额（分）", "Turnover (fen)", turnover),
            Figure("refunded_fen", "退款金额（分）", "Refunded (fen)", refunded),
            Figure(
                "orders_free", "免费使用订单", "Orders free of charge", len(placed) - len(charged)
            ),
            Figure("orders_charged", "收费使用订单", "Orders charged", len(charged)),
            Figure("uses_metered", "计量次数", "Uses metered", len(accessed)),
            Figure("units_metered", "计价单位数", "Units charged", _total(accessed, "units")),
            Figure("rows_metered", "计量条数", "Rows", _total(accessed, "rows", "row_count")),
            Figure(
                "bytes_metered",
                "计量字节数",
                "Bytes",
                _total(accessed, "bytes", "size_bytes", "byte_count"),
            ),
        ),
        tables=(_by_scenario(placed), _money_table(money)),
    )


def usage(history: History) -> Section:
    """Return section 12: what was read and refused, by level and mode, and cut off (BJ-23, 27, 28)."""
    allowed, denied = history.of(Event.DATA_ACCESSED), history.of(Event.DATA_DENIED)
    return Section(
        12,
        "usage",
        "使用审计",
        "Usage audit",
        ("BJ-23", "BJ-27", "BJ-28"),
        figures=(
            Figure("allowed", "允许", "Allowed", len(allowed)),
            Figure("denied", "拒绝", "Denied", len(denied)),
            Figure(
                "purpose_mismatches",
                "用途不符",
                "Purpose mismatches",
                sum(any("purpose" in reason for reason in _reasons(fact)) for fact in denied),
            ),
            count_of(history, "grants_created", "授予许可", "Grants created", Event.GRANT_CREATED),
            count_of(history, "grants_cut_off", "中止许可", "Grants cut off", Event.GRANT_CUT_OFF),
            count_of(
                history, "grants_restored", "恢复许可", "Grants restored", Event.GRANT_RESTORED
            ),
            count_of(history, "grants_expired", "许可到期", "Grants expired", Event.GRANT_EXPIRED),
            count_of(history, "orders_cut_off", "中止订单", "Orders cut off", Event.ORDER_CUT_OFF),
        ),
        tables=(
            _allowed_and_denied(
                "by_level", ("按数据级别", "By level"), ("level", "级别", "Level"), Level, history
            ),
            _allowed_and_denied(
                "by_mode",
                ("按交付方式", "By mode"),
                ("mode", "方式", "Mode"),
                DeliveryMode,
                history,
            ),
            tally(
                "denied_by_reason",
                ("按拒绝原因", "Denied, by reason"),
                ("reason", "原因", "Reason"),
                _by_reason(denied),
            ),
        ),
    )


def complaints(history: History) -> Section:
    """Return section 13: complaints, disputes and credit events (QD-S2)."""
    return Section(
        13,
        "complaints",
        "投诉与信用",
        "Complaints and credit",
        ("QD-S2",),
        figures=(
            count_of(history, "received", "收到投诉", "Complaints received", "complaint:received"),
            count_of(history, "closed", "办结投诉", "Complaints closed", "complaint:closed"),
            Figure("credit_events", "信用事件", "Credit events", len(history.of_noun("credit"))),
            count_of(history, "disputed", "交付争议", "Disputes", Event.DELIVERY_DISPUTED),
            count_of(history, "resolved", "争议解决", "Disputes resolved", Event.DISPUTE_RESOLVED),
        ),
    )


def personal_information(history: History) -> Section:
    """Return section 14: products with personal information, and consent to it (BJ-21)."""
    return Section(
        14,
        "personal_information",
        "个人信息",
        "Personal information",
        ("BJ-21",),
        figures=(
            Figure(
                "products",
                "含个人信息的产品（期末）",
                "Products with personal information, at the end",
                history.products_with("contains_personal_info"),
            ),
            Figure(
                "products_sensitive",
                "含敏感个人信息的产品（期末）",
                "Products with sensitive personal information, at the end",
                history.products_with("contains_sensitive_personal_info"),
            ),
            count_of(
                history, "consents_granted", "授予同意", "Consents granted", "consent:granted"
            ),
            count_of(
                history, "consents_withdrawn", "撤回同意", "Consents withdrawn", "consent:withdrawn"
            ),
            count_of(
                history,
                "anonymisations",
                "匿名化记录",
                "Anonymisation records",
                "anonymisation:recorded",
            ),
        ),
    )


def by_industry(history: History, journal: Iterable[JournalFact]) -> Section:
    """Return section 15: the same by industry, 门类 and 大类 of GB/T 4754 (NP-1)."""
    lines: dict[tuple[str, str], list[int]] = {}
    for place, event in enumerate(_BY_INDUSTRY):
        for fact in history.of(event):
            lines.setdefault(_industry(history, fact), [0] * 4)[place] += 1
    order_of = {fact.subject("journal"): fact for fact in history.of(Event.JOURNAL_POSTED)}
    for entry in journal:
        posted = order_of.get(entry.key)
        if entry.kind in _PAYING and posted is not None:
            lines.setdefault(_industry(history, posted), [0] * 4)[3] += entry.amount_fen
    return Section(
        15,
        "by_industry",
        "按行业",
        "By industry",
        ("NP-1",),
        tables=(
            Table(
                "by_industry",
                "按国民经济行业分类",
                "By industry (GB/T 4754)",
                (
                    Column("industry_section", "门类", "Section"),
                    Column("industry_division", "大类", "Division"),
                    Column("applications", "申请", "Applications"),
                    Column("certificates", "凭证", "Certificates"),
                    Column("orders", "订单", "Orders"),
                    Column("turnover_fen", "成交金额（分）", "Turnover (fen)"),
                ),
                tuple((*industry, *line) for industry, line in sorted(lines.items())),
            ),
        ),
    )


_BY_INDUSTRY: Final = (
    Event.APPLICATION_SUBMITTED,
    Event.CERTIFICATE_ISSUED,
    Event.ORDER_PLACED,
)

_TRADE: Final = (
    ("filings_filed", "定价备案提交", "Price filings", Event.PRICING_FILED),
    ("filings_recorded", "予以备案", "Filings recorded", Event.PRICING_RECORDED),
    ("filings_returned", "退回备案", "Filings returned", Event.PRICING_RETURNED),
    ("ceiling_breaches", "超过政府指导价", "Ceiling breaches", "price_ceiling:breached"),
    ("listings_published", "上架", "Listings published", Event.LISTING_PUBLISHED),
    ("listings_suspended", "暂停上架", "Listings suspended", Event.LISTING_SUSPENDED),
    ("listings_delisted", "下架", "Delisted", Event.LISTING_DELISTED),
    ("orders_placed", "下单", "Orders placed", Event.ORDER_PLACED),
    ("orders_cleared", "合规通过", "Orders cleared", Event.ORDER_CLEARED),
    ("orders_rejected", "合规驳回", "Orders rejected", Event.ORDER_REJECTED),
    ("contracts_concluded", "签订合同", "Contracts concluded", Event.CONTRACT_CONCLUDED),
    ("orders_paid", "付款", "Orders paid", Event.ORDER_PAID),
    ("orders_delivered", "交付", "Delivered", Event.ORDER_DELIVERED),
    ("deliveries_accepted", "验收", "Deliveries accepted", Event.DELIVERY_ACCEPTED),
    ("orders_cancelled", "取消", "Orders cancelled", Event.ORDER_CANCELLED),
    ("orders_completed", "完成", "Orders completed", Event.ORDER_COMPLETED),
)


# ── what the sections share ──


def _refusals(history: History, code: str, zh: str, en: str, event: str) -> Figure:
    # An entry may stand for several refusals of one minute, and says so; older ones are one each.
    return Figure(code, zh, en, sum(fact.count("times") or 1 for fact in history.of(event)))


def _money_line(kind: str, logged: Sequence[Fact], booked: Sequence[JournalFact]) -> MoneyLine:
    told = [fact for fact in logged if (fact.text("kind") or "unknown") == kind]
    held = [entry for entry in booked if entry.kind == kind]
    bound = sorted(
        (digest.id, digest.sha256)
        for fact in told
        for digest in fact.digests
        if digest.kind == "journal"
    )
    logged_fen = _total(told, "amount_fen")
    booked_fen = sum(entry.amount_fen for entry in held)
    is_tied = logged_fen == booked_fen and bound == [(e.key, e.sha256) for e in held]
    return MoneyLine(kind, len(told), logged_fen, len(held), booked_fen, is_tied)


def _money_table(money: Sequence[MoneyLine]) -> Table:
    return Table(
        "money",
        "资金（审计日志与账簿核对）",
        "Money, told by the log and by the journal",
        (
            Column("kind", "业务", "Movement"),
            Column("logged_count", "日志笔数", "Logged"),
            Column("logged_fen", "日志金额（分）", "Logged (fen)"),
            Column("booked_count", "账簿笔数", "Booked"),
            Column("booked_fen", "账簿金额（分）", "Booked (fen)"),
            Column("difference_fen", "差额（分）", "Difference (fen)"),
        ),
        tuple(
            (
                line.kind,
                line.logged_count,
                line.logged_fen,
                line.booked_count,
                line.booked_fen,
                line.booked_fen - line.logged_fen,
            )
            for line in money
        ),
    )


def _by_scenario(placed: Sequence[Fact]) -> Table:
    lines: dict[tuple[str, str], list[int]] = {}
    for fact in placed:
        key = (
            fact.text("scenario", "scenario_code") or "unknown",
            fact.text("use_category") or "unknown",
        )
        line = lines.setdefault(key, [0, 0, 0])
        line[_price_fen(fact) > 0] += 1
        line[2] += _price_fen(fact)
    return Table(
        "by_scenario",
        "按使用场景与用途类别",
        "By scenario and use category",
        (
            Column("scenario", "使用场景", "Scenario"),
            Column("use_category", "用途类别", "Use category"),
            Column("free", "免费", "Free"),
            Column("charged", "收费", "Charged"),
            Column("amount_fen", "金额（分）", "Amount (fen)"),
        ),
        tuple((*key, *line) for key, line in sorted(lines.items())),
    )


def _allowed_and_denied(
    code: str,
    title: tuple[str, str],
    column: tuple[str, str, str],
    known: Iterable[str],
    history: History,
) -> Table:
    def name(fact: Fact) -> str | None:
        told = fact.text("delivery_mode") if column[0] == "mode" else None
        return told or history.told_of(fact, column[0])

    names = tuple(str(each) for each in known)
    allowed = dict(counted(history.of(Event.DATA_ACCESSED), name, names))
    denied = dict(counted(history.of(Event.DATA_DENIED), name, names))
    others = sorted({*allowed, *denied} - set(names))
    return Table(
        code,
        *title,
        (Column(*column), Column("allowed", "允许", "Allowed"), Column("denied", "拒绝", "Denied")),
        tuple((each, allowed.get(each, 0), denied.get(each, 0)) for each in (*names, *others)),
    )


def _price_fen(fact: Fact) -> int:
    return fact.count("amount_fen", "total_fen", "price_fen")


def _total(facts: Iterable[Fact], *names: str) -> int:
    return sum(fact.count(*names) for fact in facts)


def _reasons(fact: Fact) -> list[str]:
    return fact.texts("reasons") or [fact.text("reason_code", "reason", "code") or "unknown"]


def _by_reason(denied: Sequence[Fact]) -> tuple[tuple[Value, ...], ...]:
    """Return how often each reason was given; one denial can have several."""
    counts: dict[str, int] = {}
    for fact in denied:
        for reason in _reasons(fact):
            counts[reason] = counts.get(reason, 0) + 1
    return tuple(sorted(counts.items()))


def _industry(history: History, fact: Fact) -> tuple[str, str]:
    section = history.told_of(fact, "industry_section") or "unknown"
    return section, history.told_of(fact, "industry_division") or "unknown"
