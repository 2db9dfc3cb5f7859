"""Count what agencies were chosen for, did and were found to do (第三方机构, HN-21): section 10 of RULES §6.6."""

from __future__ import annotations

from typing import Final

from catalog.agencies.model import Misconduct
from catalog.audit_log.events import Event
from market.supervision.facts import Fact
from market.supervision.history import History, counted
from market.supervision.model import Column, Figure, Section, Table, Value
from market.supervision.tallies import count_of, overdue_of, tally

_SELECTIONS: Final = (
    ("announced", "发布比选公告", "Selections announced", Event.AGENCY_SELECTION_ANNOUNCED),
    ("awarded", "定选", "Selections awarded", Event.AGENCY_SELECTION_AWARDED),
    ("failed", "比选失败", "Selections failed", Event.AGENCY_SELECTION_FAILED),
)


_AGENCY_CASES: Final = (
    ("expired", "合同期满", "Contracts expired", Event.AGENCY_CONTRACT_EXPIRED),
    ("assigned", "分派案件", "Cases assigned", Event.AGENCY_CASE_ASSIGNED),
    ("declined", "声明利益冲突", "Conflicts declared", Event.AGENCY_CONFLICT_DECLARED),
    ("replaced", "更换审查机构", "Replaced", Event.AGENCY_REPLACED),
    ("flagged", "记录不当行为", "Flagged", Event.AGENCY_CONTRACT_FLAGGED),
)


_EVALUATIONS: Final = (
    ("evaluated", "履约评价", "Evaluated", Event.AGENCY_EVALUATED),
    ("filed", "评价报备案", "Evaluations filed", Event.AGENCY_EVALUATION_FILED),
    ("acknowledged", "备案回执", "Filings acknowledged", Event.AGENCY_EVALUATION_ACKNOWLEDGED),
)


def agencies(history: History) -> Section:
    """Return section 10: selections, contracts, cases, misconduct, evaluations (HN-23, 24, 27)."""
    suspended = history.of(Event.AGENCY_CONTRACT_SUSPENDED)
    recorded = history.of(Event.AGENCY_CONTRACT_FLAGGED, Event.AGENCY_CONTRACT_SUSPENDED)
    signed, ended = (
        history.ever(Event.AGENCY_CONTRACTED),
        history.ever(Event.AGENCY_CONTRACT_SUSPENDED),
    )
    return Section(
        10,
        "agencies",
        "第三方确权登记服务机构",
        "Agencies",
        ("HN-23", "HN-24", "HN-27"),
        figures=(
            *(count_of(history, *words) for words in _SELECTIONS),
            count_of(history, "contracted", "签订服务合同", "Contracted", Event.AGENCY_CONTRACTED),
            Figure("suspended", "暂停合同", "Suspended", len(suspended)),
            Figure("not_suspended", "累计未暂停合同", "Never suspended", len(signed) - len(ended)),
            *(count_of(history, *words) for words in _AGENCY_CASES),
            *(count_of(history, *words) for words in _EVALUATIONS),
            overdue_of(history, "agency_evaluation", "评价备案超期", "Evaluation overdue"),
            overdue_of(history, "agency_cycle", "比选超期", "Selection overdue"),
        ),
        tables=(
            tally(
                "by_misconduct",
                ("按违规情形", "By misconduct"),
                ("misconduct", "违规情形", "Misconduct"),
                counted(recorded, lambda fact: fact.text("misconduct"), Misconduct),
            ),
            _by_evaluation(history.of(Event.AGENCY_EVALUATED)),
        ),
    )


def _by_evaluation(evaluated: list[Fact]) -> Table:
    return Table(
        "by_evaluation",
        "履约评价清单",
        "Evaluations",
        (
            Column("contract_number", "合同编号", "Contract"),
            Column("agency_party_id", "机构", "Agency"),
            Column("points", "得分", "Points"),
            Column("opinions", "出具意见", "Opinions"),
            Column("overdue", "超期意见", "Late opinions"),
            Column("incidents", "第二十七条情形", "Incidents"),
        ),
        tuple(_evaluation_row(fact) for fact in evaluated),
    )


def _evaluation_row(fact: Fact) -> tuple[Value, ...]:
    told = fact.values.get("timeliness")
    timely = told if isinstance(told, dict) else {}
    return (
        fact.text("contract_number"),
        fact.text("agency_party_id"),
        fact.count("points"),
        timely.get("opinions"),
        timely.get("overdue"),
        fact.count("incidents"),
    )
