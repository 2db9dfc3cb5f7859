"""Tally the entries of closed months by what their orders are about (交易统计, F32).

Every entry falls on exactly one line of every table: on that of its order's code, on "not assigned"
if the order has none, on "no order" if it belongs to none. So each table comes to the ledger, and a
purpose at a time that is held against the sealed months before anything is handed out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from market.trade_statistics.model import (
    Control,
    Dimension,
    Flow,
    Line,
    Rest,
    Sums,
    Table,
)
from settlement.ledger.accounts import Purpose
from settlement.ledger.kinds import RULES, Kind
from settlement.periods.model import PeriodLine

#: What arrives at whom, by the purpose of the account; what is taken back counts against it.
_SHARED: Final[Mapping[str, str]] = {
    Purpose.PAYABLE: "suppliers_fen",
    Purpose.RETENTION: "suppliers_fen",
    Purpose.DEPARTMENT_PAYABLE: "departments_fen",
    Purpose.TREASURY_NON_TAX: "treasury_fen",
    Purpose.PLATFORM_FEE: "platform_fen",
    Purpose.TAX_PAYABLE: "tax_fen",
}
#: What was shared in stays shared in when it is paid out; all other kinds give to somebody or take back.
_PAID_OUT: Final = frozenset({Kind.PAYOUT, Kind.PAYOUT_RETURNED})
_MEMBERS: Final = Sums.__struct_fields__
_REST_LAST: Final = {Rest.NOT_ASSIGNED.value: 1, Rest.NO_ORDER.value: 2}


class StatisticsDiffer(RuntimeError):
    """The statistics do not come to the ledger. Ours to mend: a fault, no refusal."""


def sums_of(flow: Flow) -> Sums:
    """Return what one flow adds to the line that it falls on."""
    kind = Kind(flow.kind)
    effect = RULES[kind].flows[Purpose(flow.debit), Purpose(flow.credit)]
    shared = dict.fromkeys(set(_SHARED.values()), 0)
    if kind not in _PAID_OUT:
        for purpose, sign in ((flow.debit, -1), (flow.credit, 1)):
            if purpose in _SHARED:
                shared[_SHARED[purpose]] += sign * flow.amount_fen
    return Sums(
        entries=flow.entries,
        moved_fen=flow.amount_fen,
        paid_fen=effect.paid * flow.amount_fen,
        refunded_fen=effect.refunded * flow.amount_fen,
        **shared,
    )


def added(parts: Iterable[Sums]) -> Sums:
    """Return the sum of sums."""
    listed = list(parts)
    return Sums(**{name: sum(getattr(each, name) for each in listed) for name in _MEMBERS})


def table(dimension: Dimension, flows: Iterable[Flow]) -> Table:
    """Return all flows on the lines of a dimension, the rests last.

    An order whose product names a section (门类) and no division (大类) stands on the section's line.
    """
    found: dict[tuple[str, str], list[Sums]] = {}
    for flow in flows:
        found.setdefault(_place(dimension, flow), []).append(sums_of(flow))
    return Table(
        dimension=dimension,
        lines=tuple(
            Line(code=code, above=above, is_rest=code in _REST_LAST, sums=added(parts))
            for (above, code), parts in sorted(found.items(), key=_order)
        ),
    )


def tables(flows: Sequence[Flow]) -> tuple[Table, ...]:
    """Return the flows sorted by every dimension."""
    return tuple(table(dimension, flows) for dimension in Dimension)


Turnover = Mapping[str, tuple[int, int]]  # debits and credits by purpose


def turnover(lines: Iterable[PeriodLine]) -> Turnover:
    """Return what moved on each purpose in months, as they were sealed."""
    found: dict[str, tuple[int, int]] = {}
    for line in lines:
        debits, credits_ = found.get(line.purpose, (0, 0))
        found[line.purpose] = (debits + line.debits_fen, credits_ + line.credits_fen)
    return found


def controls(
    flows: Iterable[Flow], ledger: Turnover, *, only: str | None = None
) -> tuple[Control, ...]:
    """Return each purpose as the flows have it beside the ledger; ``only`` one, if it is named.

    :raises StatisticsDiffer: if one is another than the ledger's.
    """
    ours: dict[str, list[int]] = {}
    for flow in flows:
        ours.setdefault(flow.debit, [0, 0])[0] += flow.amount_fen
        ours.setdefault(flow.credit, [0, 0])[1] += flow.amount_fen
    found = []
    for purpose in sorted(ours.keys() | ledger.keys() if only is None else [only]):
        told, booked = tuple(ours.get(purpose, (0, 0))), ledger.get(purpose, (0, 0))
        if told != booked:
            raise StatisticsDiffer(f"{purpose}: {told} is not {booked}")
        if told != (0, 0):
            found.append(
                Control(
                    purpose=purpose,
                    debits_fen=told[0],
                    credits_fen=told[1],
                    ledger_debits_fen=booked[0],
                    ledger_credits_fen=booked[1],
                )
            )
    return tuple(found)


def _place(dimension: Dimension, flow: Flow) -> tuple[str, str]:
    """Return on which line a flow stands, after the code above it."""
    if dimension is Dimension.MONTH:
        return "", flow.month
    if not flow.has_order:
        return "", Rest.NO_ORDER.value
    above, code = _CODES[dimension](flow)
    return (above, code) if code else ("", Rest.NOT_ASSIGNED.value)


_CODES: Final[Mapping[Dimension, Callable[[Flow], tuple[str, str]]]] = {
    Dimension.INDUSTRY: lambda flow: (
        flow.industry_section if flow.industry_division else "",
        flow.industry_division or flow.industry_section,
    ),
    Dimension.SCENARIO: lambda flow: ("", flow.scenario),
    Dimension.REGION: lambda flow: ("", flow.region_code),
}


def _order(item: tuple[tuple[str, str], list[Sums]]) -> tuple[int, str, str]:
    """Return where a line stands: a section before its divisions, the rests at the end."""
    (above, code), _ = item
    return _REST_LAST.get(code, 0), above or code, code if above else ""
