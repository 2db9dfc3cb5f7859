"""Count applications up to their decision (申请、受理、审查、不予登记, HN-21): sections 2 to 5 of RULES §6.6."""

from __future__ import annotations

from typing import Final

from catalog.audit_log.events import Event
from catalog.products.model import Form, OriginPath
from catalog.registration.findings import Overall
from catalog.registration.grounds import Ground
from market.identity.model import Kind
from market.supervision.facts import Fact
from market.supervision.history import History, Spans, counted
from market.supervision.model import Column, Figure, Section, Table
from market.supervision.tallies import (
    by_rulebook,
    count_of,
    lengths_of,
    overdue_of,
    spans_by_rulebook,
    tally,
)

_SUBMISSIONS: Final = (Event.APPLICATION_SUBMITTED, Event.APPLICATION_RESUBMITTED)
_ACCEPTED: Final = (Event.APPLICATION_ACCEPTED, Event.APPLICATION_ACCEPTED_BY_SILENCE)
_DECISIONS: Final = (
    Event.APPLICATION_ACCEPTED,
    Event.CORRECTION_REQUIRED,
    Event.APPLICATION_OUT_OF_SCOPE,
)


_REVIEWED: Final = (
    Event.REVIEW_PASSED,
    Event.REGISTRATION_REFUSED,
    Event.TECHNICAL_REVIEW_FAILED,
)


def applications(history: History) -> Section:
    """Return section 2: what was applied for, by whom, made from what."""
    received = history.of(Event.APPLICATION_SUBMITTED)
    first = counted(received, lambda fact: _is_first(history, fact), ("yes", "no"))
    return Section(
        2,
        "applications",
        "确权登记申请",
        "Applications",
        ("HN-02", "HN-03", "HN-06", "HN-07"),
        figures=(
            Figure("received", "收到申请", "Received", len(received)),
            count_of(history, "resubmitted", "补正后提交", "Resubmitted", *_SUBMISSIONS[1:]),
            count_of(history, "withdrawn", "撤回", "Withdrawn", Event.APPLICATION_WITHDRAWN),
            count_of(history, "lapsed", "逾期未补正", "Lapsed", Event.APPLICATION_LAPSED),
            Figure("first_registration", "首次登记", "First registration", first[0][1]),
            Figure("registered_elsewhere", "曾在其他机构登记", "Registered elsewhere", first[1][1]),
        ),
        tables=(
            tally(
                "by_form",
                ("按数据产品形式", "By form"),
                ("form", "产品形式", "Form"),
                counted(received, lambda fact: history.told_of(fact, "form"), Form),
            ),
            tally(
                "by_applicant_kind",
                ("按申请主体", "By kind of applicant"),
                ("applicant_kind", "申请主体", "Applicant"),
                counted(received, history.party_kind_of, Kind),
            ),
            tally(
                "by_origin_path",
                ("按数据资源来源", "By origin of the resources"),
                ("origin_path", "来源路径", "Origin"),
                counted(received, lambda fact: history.told_of(fact, "origin_path"), OriginPath),
            ),
            tally(
                "by_rulebook",
                ("按适用规则", "By rulebook"),
                ("rulebook", "适用规则", "Rulebook"),
                counted(received, lambda fact: history.rulebook_of(fact).code, history.rules.codes),
            ),
        ),
    )


def acceptance(history: History) -> Section:
    """Return section 3: what was accepted, and how soon (HN-10: 3 working days, told in 1)."""

    def measured(ends: list[Fact]) -> Spans:
        return history.spans(
            ends,
            lambda fact: history.before(fact, "application", *_SUBMISSIONS),
            lambda book: book.acceptance,
        )

    decided = history.of(*_DECISIONS)
    return Section(
        3,
        "acceptance",
        "受理",
        "Acceptance",
        ("HN-09", "HN-10"),
        figures=(
            count_of(history, "accepted", "受理", "Accepted", Event.APPLICATION_ACCEPTED),
            count_of(
                history,
                "correction_required",
                "一次性告知补正",
                "Correction required",
                Event.CORRECTION_REQUIRED,
            ),
            count_of(
                history, "out_of_scope", "不予受理", "Out of scope", Event.APPLICATION_OUT_OF_SCOPE
            ),
            *lengths_of(measured(decided)),
            overdue_of(history, "acceptance", "受理超期", "Acceptance overdue"),
            overdue_of(history, "acceptance_notice", "告知超期", "Notification overdue"),
            count_of(
                history,
                "accepted_by_silence",
                "视为受理",
                "Accepted by silence",
                Event.APPLICATION_ACCEPTED_BY_SILENCE,
            ),
        ),
        tables=(spans_by_rulebook(history, decided, measured),),
    )


def review(history: History) -> Section:
    """Return section 4: the reviews and their days (HN-12 to 14), as each rulebook counts them."""
    technical = history.of(Event.TECHNICAL_OPINION_RECORDED)
    compliance = history.of(Event.COMPLIANCE_OPINION_RECORDED)

    def measured(ends: list[Fact]) -> Spans:
        return history.spans(
            ends,
            lambda fact: history.before(fact, "application", *_ACCEPTED),
            lambda book: book.review,
            stops_of=history.stops_of_review,
        )

    reviewed = _ends_of_review(history)
    return Section(
        4,
        "review",
        "审查",
        "Review",
        ("HN-12", "HN-13", "HN-14"),
        figures=(
            count_of(history, "passed", "审查通过", "Passed", Event.REVIEW_PASSED),
            count_of(
                history,
                "technical_failed",
                "技术审查未通过",
                "Failed the technical review",
                Event.TECHNICAL_REVIEW_FAILED,
            ),
            *lengths_of(measured(reviewed)),
            overdue_of(history, "review", "审查超期", "Review overdue"),
        ),
        tables=(
            tally(
                "technical",
                ("技术性审查意见", "Technical opinions"),
                ("conclusion", "结论", "Conclusion"),
                counted(technical, _conclusion, (Overall.PASS, Overall.FAIL)),
            ),
            tally(
                "compliance",
                ("合规性审查意见", "Compliance opinions"),
                ("conclusion", "结论", "Conclusion"),
                counted(compliance, _conclusion, Overall),
            ),
            _compliance_by_agency(compliance),
            spans_by_rulebook(history, reviewed, measured),
        ),
    )


def _ends_of_review(history: History) -> list[Fact]:
    """Return what ended a review: the decision, or the certificate where its days cover everything."""
    decided = [
        fact
        for fact in history.of(*_REVIEWED)
        if fact.event != Event.REVIEW_PASSED
        or not history.rulebook_of(fact).review_covers_everything
    ]
    issued = [
        fact
        for fact in history.of(Event.CERTIFICATE_ISSUED)
        if fact.text("registration_type") is None
        and history.rulebook_of(fact).review_covers_everything
    ]
    return sorted((*decided, *issued), key=lambda fact: fact.index)


def refusals(history: History) -> Section:
    """Return section 5: refusals by ground, R1 to R5 (HN-15). One refusal can have several."""
    refused = history.of(Event.REGISTRATION_REFUSED)
    named = [ground for fact in refused for ground in _grounds(fact)]
    known = dict.fromkeys((*Ground, *sorted(named)), 0)
    for ground in named:
        known[ground] += 1
    return Section(
        5,
        "refusals",
        "不予登记",
        "Refusals",
        ("HN-15",),
        figures=(Figure("refused", "不予办理登记", "Refused", len(refused)),),
        tables=(
            tally(
                "by_ground",
                ("按不予登记情形", "By ground"),
                ("ground", "情形", "Ground"),
                tuple((str(ground), count) for ground, count in known.items()),
            ),
            by_rulebook(history, refused),
        ),
    )


def _is_first(history: History, fact: Fact) -> str | None:
    """Return whether it is a first registration (是否首次登记, HN-07), said now or in the draft."""
    for told in (fact, history.before(fact, "application", *_DRAFTS)):
        answer = None if told is None else told.values.get("is_first_registration")
        if isinstance(answer, bool):
            return "yes" if answer else "no"
    return None


_DRAFTS: Final = (Event.APPLICATION_DRAFTED, Event.APPLICATION_REVISED)


def _conclusion(fact: Fact) -> str | None:
    return fact.text("overall", "conclusion", "result")


def _grounds(fact: Fact) -> list[str]:
    named = fact.texts("grounds")
    return named or [fact.text("ground") or "unknown"]


def _compliance_by_agency(opinions: list[Fact]) -> Table:
    counts: dict[str, list[int]] = {}
    for fact in opinions:
        agency = fact.text("agency_party_id") or fact.actor_party_id or "unknown"
        line = counts.setdefault(agency, [0, 0])
        line[_conclusion(fact) == Overall.FAIL] += 1
    return Table(
        "by_agency",
        "按机构",
        "By agency",
        (
            Column("agency_party_id", "机构", "Agency"),
            Column("pass", "通过", "Passed"),
            Column("fail", "不通过", "Failed"),
        ),
        tuple((agency, *line) for agency, line in sorted(counts.items())),
    )
