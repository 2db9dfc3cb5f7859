"""Count what happened to registrations (确权登记情况, HN-21): sections 2 to 8 and 10 of RULES §6.6."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from catalog.agencies.model import Misconduct
from catalog.audit_log.events import Event
from catalog.audit_log.leaf import instant
from catalog.objections.outcome import Outcome
from catalog.products.model import Form, OriginPath
from catalog.registration.findings import Overall
from catalog.registration.grounds import Ground
from market.identity.model import Kind
from market.supervision.facts import Fact
from market.supervision.history import History, Spans, counted
from market.supervision.model import Column, Figure, Section, Table, Value

_COUNT: Final = Column("count", "数量", "Count")
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
            _number(history, "resubmitted", "补正后提交", "Resubmitted", *_SUBMISSIONS[1:]),
            _number(history, "withdrawn", "撤回", "Withdrawn", Event.APPLICATION_WITHDRAWN),
            _number(history, "lapsed", "逾期未补正", "Lapsed", Event.APPLICATION_LAPSED),
            Figure("first_registration", "首次登记", "First registration", first[0][1]),
            Figure("registered_elsewhere", "曾在其他机构登记", "Registered elsewhere", first[1][1]),
        ),
        tables=(
            _tally(
                "by_form",
                ("按数据产品形式", "By form"),
                ("form", "产品形式", "Form"),
                counted(received, lambda fact: history.told_of(fact, "form"), Form),
            ),
            _tally(
                "by_applicant_kind",
                ("按申请主体", "By kind of applicant"),
                ("applicant_kind", "申请主体", "Applicant"),
                counted(received, history.party_kind_of, Kind),
            ),
            _tally(
                "by_origin_path",
                ("按数据资源来源", "By origin of the resources"),
                ("origin_path", "来源路径", "Origin"),
                counted(received, lambda fact: history.told_of(fact, "origin_path"), OriginPath),
            ),
            _tally(
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
            _number(history, "accepted", "受理", "Accepted", Event.APPLICATION_ACCEPTED),
            _number(
                history,
                "correction_required",
                "一次性告知补正",
                "Correction required",
                Event.CORRECTION_REQUIRED,
            ),
            _number(
                history, "out_of_scope", "不予受理", "Out of scope", Event.APPLICATION_OUT_OF_SCOPE
            ),
            *_lengths(measured(decided)),
            _overdue(history, "acceptance", "受理超期", "Acceptance overdue"),
            _overdue(history, "acceptance_notice", "告知超期", "Notification overdue"),
            _number(
                history,
                "accepted_by_silence",
                "视为受理",
                "Accepted by silence",
                Event.APPLICATION_ACCEPTED_BY_SILENCE,
            ),
        ),
        tables=(_by_rulebook(history, decided, measured),),
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
            _number(history, "passed", "审查通过", "Passed", Event.REVIEW_PASSED),
            _number(
                history,
                "technical_failed",
                "技术审查未通过",
                "Failed the technical review",
                Event.TECHNICAL_REVIEW_FAILED,
            ),
            *_lengths(measured(reviewed)),
            _overdue(history, "review", "审查超期", "Review overdue"),
        ),
        tables=(
            _tally(
                "technical",
                ("技术性审查意见", "Technical opinions"),
                ("conclusion", "结论", "Conclusion"),
                counted(technical, _conclusion, (Overall.PASS, Overall.FAIL)),
            ),
            _tally(
                "compliance",
                ("合规性审查意见", "Compliance opinions"),
                ("conclusion", "结论", "Conclusion"),
                counted(compliance, _conclusion, Overall),
            ),
            _compliance_by_agency(compliance),
            _by_rulebook(history, reviewed, measured),
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
            _tally(
                "by_ground",
                ("按不予登记情形", "By ground"),
                ("ground", "情形", "Ground"),
                tuple((str(ground), count) for ground, count in known.items()),
            ),
            _split(history, refused),
        ),
    )


def notices(history: History) -> Section:
    """Return section 6: public notices and what was objected to while they ran (HN-16)."""
    objections = history.of(Event.OBJECTION_FILED)
    during = [fact for fact in objections if _is_during_notice(fact)]
    return Section(
        6,
        "notices",
        "公示",
        "Public notices",
        ("HN-16", "HN-20"),
        figures=(
            _number(history, "opened", "发布公示", "Opened", Event.NOTICE_PUBLISHED),
            _number(history, "completed", "公示期满", "Completed", Event.NOTICE_ENDED),
            _number(history, "interrupted", "公示中断", "Interrupted", Event.NOTICE_INTERRUPTED),
            _number(history, "closed", "公示终止", "Closed", Event.NOTICE_CLOSED),
            Figure("objections", "公示期异议", "Objections during notice", len(during)),
        ),
        tables=(_split(history, history.of(Event.NOTICE_PUBLISHED)),),
    )


_RENEWING: Final = (
    ("changed", "变更", "Changed", "change"),
    ("corrected", "更正", "Corrected", "correction"),
)
_DEREGISTRATIONS: Final = ("voluntary", "instrument", "no_holder", "objection", "not_renewed")


def certificates(history: History) -> Section:
    """Return section 7: certificates and what became of them, by number (HN-16 to 20)."""
    told = history.of_noun("certificate")
    issued = history.of(Event.CERTIFICATE_ISSUED)
    gone = history.of(Event.CERTIFICATE_DEREGISTERED)
    return Section(
        7,
        "certificates",
        "凭证",
        "Certificates",
        ("HN-16", "HN-17", "HN-18", "HN-19", "HN-20"),
        figures=(
            _number(history, "issued", "核发", "Issued", Event.CERTIFICATE_ISSUED),
            *(
                Figure(code, zh, en, sum(fact.text("registration_type") == kind for fact in issued))
                for code, zh, en, kind in _RENEWING
            ),
            _number(history, "transferred", "转移", "Transferred", Event.CERTIFICATE_TRANSFERRED),
            _number(
                history, "deregistered", "注销", "Deregistered", Event.CERTIFICATE_DEREGISTERED
            ),
            _number(history, "revoked", "撤销", "Revoked", Event.CERTIFICATE_REVOKED),
            Figure("reissued", "重新发放", "Reissued", sum(_is_reissue(fact) for fact in told)),
            _number(history, "frozen", "争议冻结", "Frozen", Event.CERTIFICATE_FROZEN),
            _number(history, "unfrozen", "解除冻结", "Unfrozen", Event.CERTIFICATE_UNFROZEN),
        ),
        tables=(
            _tally(
                "deregistered_by_cause",
                ("按注销原因", "Deregistered, by cause"),
                ("cause", "原因", "Cause"),
                counted(gone, lambda fact: fact.text("cause", "ground"), _DEREGISTRATIONS),
            ),
            Table(
                "by_number",
                "凭证清单",
                "By number",
                (
                    Column("number", "凭证编号", "Number"),
                    Column("event", "事项", "Event"),
                    Column("at", "时间", "At"),
                    Column("sha256", "凭证摘要", "Digest"),
                    Column("index", "日志序号", "Log index"),
                ),
                tuple(_certificate_row(fact) for fact in told),
            ),
            _split(history, issued),
        ),
    )


def objections(history: History) -> Section:
    """Return section 8: objections, whether told in 3 and answered in 7 days, and their ends."""
    told = history.of(Event.OBJECTION_FORWARDED)
    forwarded = history.spans(
        [fact for fact in told if not _is_rechecked(history, fact)],
        lambda fact: history.before(fact, "objection", *_COMPLETE),
        lambda book: book.objection_forwarding,
    )
    concluded = history.of(Event.OBJECTION_DETERMINED)
    rechecks = [fact for fact in concluded if _is_rechecked(history, fact)]
    rechecked = history.spans(
        rechecks,
        lambda fact: history.before(fact, "objection", Event.OBJECTION_FILED),
        lambda book: book.objection_recheck,
    )
    answered = history.spans(
        history.of(Event.OBJECTION_ANSWERED),
        lambda fact: history.before(fact, "objection", Event.OBJECTION_FORWARDED),
        lambda book: book.objection_response,
    )
    return Section(
        8,
        "objections",
        "异议",
        "Objections",
        ("HN-20",),
        figures=(
            _number(history, "received", "收到异议", "Received", Event.OBJECTION_FILED),
            _number(history, "rejected", "不予受理异议", "Rejected", Event.OBJECTION_REJECTED),
            Figure("forwarded", "已转送登记主体", "Forwarded", forwarded.count),
            Figure("forwarded_on_time", "按期转送", "Forwarded in time", forwarded.on_time),
            Figure(
                "forwarded_on_time_bps",
                "转送按期率（万分比）",
                "In time (bps)",
                forwarded.on_time_bps,
            ),
            Figure("rechecked", "公示期核查办结", "Re-checked during notice", len(rechecks)),
            Figure("rechecked_measured", "有核查期限", "With a period", rechecked.count),
            Figure("rechecked_on_time", "按期核查", "Re-checked in time", rechecked.on_time),
            Figure("answered", "已反馈说明", "Answered", answered.count),
            Figure("answered_on_time", "按期反馈", "Answered in time", answered.on_time),
            Figure(
                "answered_on_time_bps",
                "反馈按期率（万分比）",
                "In time (bps)",
                answered.on_time_bps,
            ),
            _number(
                history,
                "response_timed_out",
                "逾期未反馈",
                "Not answered in time",
                Event.OBJECTION_RESPONSE_TIMED_OUT,
            ),
            _number(
                history,
                "referred_to_court",
                "转司法或仲裁",
                "Referred to court",
                Event.OBJECTION_REFERRED,
            ),
            _number(history, "withdrawn", "撤回异议", "Withdrawn", Event.OBJECTION_WITHDRAWN),
            _number(history, "admitted", "登记主体认可", "Admitted", Event.OBJECTION_ADMITTED),
            Figure("closed", "办结", "Closed", sum(map(_is_closed, history.of_quarter))),
            Figure(
                "instruments_applied",
                "执行生效法律文书",
                "Instruments applied",
                len(history.of(Event.INSTRUMENT_APPLIED)),
            ),
        ),
        tables=(
            _tally(
                "by_outcome",
                ("按处理结果", "By outcome"),
                ("outcome", "处理结果", "Outcome"),
                counted(
                    history.of(Event.OBJECTION_DETERMINED),
                    lambda fact: fact.text("outcome"),
                    Outcome,
                ),
            ),
            _split(history, history.of(Event.OBJECTION_FILED)),
        ),
    )


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
            *(_number(history, *words) for words in _SELECTIONS),
            _number(history, "contracted", "签订服务合同", "Contracted", Event.AGENCY_CONTRACTED),
            Figure("suspended", "暂停合同", "Suspended", len(suspended)),
            Figure("not_suspended", "累计未暂停合同", "Never suspended", len(signed) - len(ended)),
            *(_number(history, *words) for words in _AGENCY_CASES),
            *(_number(history, *words) for words in _EVALUATIONS),
            _overdue(history, "agency_evaluation", "评价备案超期", "Evaluation overdue"),
            _overdue(history, "agency_cycle", "比选超期", "Selection overdue"),
        ),
        tables=(
            _tally(
                "by_misconduct",
                ("按违规情形", "By misconduct"),
                ("misconduct", "违规情形", "Misconduct"),
                counted(recorded, lambda fact: fact.text("misconduct"), Misconduct),
            ),
            _by_evaluation(history.of(Event.AGENCY_EVALUATED)),
        ),
    )


# ── what the sections share ──


def _number(history: History, code: str, zh: str, en: str, *events: str) -> Figure:
    return Figure(code, zh, en, len(history.of(*events)))


def _overdue(history: History, kind: str, zh: str, en: str) -> Figure:
    marked = history.of(Event.TIMER_OVERDUE)
    return Figure(f"{kind}_overdue", zh, en, sum(fact.text("kind") == kind for fact in marked))


def _lengths(spans: Spans) -> tuple[Figure, ...]:
    return (
        Figure(
            "median_working_days",
            "用时中位数（工作日）",
            "Median working days",
            spans.median_working_days,
        ),
        Figure(
            "maximum_working_days",
            "最长用时（工作日）",
            "Longest, working days",
            spans.maximum_working_days,
        ),
        Figure("on_time", "按期", "In time", spans.on_time),
        Figure("on_time_bps", "按期率（万分比）", "In time (bps)", spans.on_time_bps),
    )


def _by_rulebook(
    history: History, ends: list[Fact], measured: Callable[[list[Fact]], Spans]
) -> Table:
    """Return how long cases took under each rulebook, and how many were in time by its own days."""
    by_code: dict[str, list[Fact]] = {code: [] for code in history.rules.codes}
    for fact in ends:
        by_code[history.rulebook_of(fact).code].append(fact)
    columns = (Column(figure.code, figure.zh, figure.en) for figure in _lengths(measured([])))
    return Table(
        "by_rulebook",
        "按适用规则",
        "By rulebook",
        (Column("rulebook", "适用规则", "Rulebook"), _COUNT, *columns),
        tuple(
            (code, len(facts), *(figure.value for figure in _lengths(measured(facts))))
            for code, facts in by_code.items()
        ),
    )


def _split(history: History, facts: list[Fact]) -> Table:
    """Return how many of these were of cases under each rulebook."""
    return _tally(
        "by_rulebook",
        ("按适用规则", "By rulebook"),
        ("rulebook", "适用规则", "Rulebook"),
        counted(facts, lambda fact: history.rulebook_of(fact).code, history.rules.codes),
    )


def _tally(
    code: str,
    title: tuple[str, str],
    column: tuple[str, str, str],
    rows: tuple[tuple[Value, ...], ...],
) -> Table:
    return Table(code, *title, (Column(*column), _COUNT), rows)


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


_COMPLETE: Final = (Event.OBJECTION_FILED, Event.OBJECTION_COMPLETED)


def _is_rechecked(history: History, fact: Fact) -> bool:
    """Tell whether the registrar's own re-check ends this objection (公示期内异议核查)."""
    return _is_during_notice(fact) and history.rulebook_of(fact).recheck_binds


def _is_closed(fact: Fact) -> bool:
    """Tell whether an objection was dealt with to its end, by acceptance or by the registrar."""
    concluded = fact.event == Event.OBJECTION_DETERMINED and fact.text("closing") is not None
    return concluded or fact.event == Event.OBJECTION_CLOSED


def _is_during_notice(fact: Fact) -> bool:
    """Tell whether it is objected to a registration under way, not to a certificate (HN-20)."""
    return fact.subject("certificate") is None and fact.text("target_kind") != "certificate"


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


def _is_reissue(fact: Fact) -> bool:
    """Tell whether a certificate ended to be issued anew, by an objection or an instrument."""
    grounds = (fact.subject("objection"), fact.subject("instrument"))
    return fact.event == Event.CERTIFICATE_SUPERSEDED and any(grounds)


def _certificate_row(fact: Fact) -> tuple[Value, ...]:
    digest = next((d for d in fact.digests if d.kind == "certificate"), None)
    number = fact.subject("certificate") if digest is None else digest.id
    sha256 = None if digest is None else digest.sha256
    return (number, fact.event.partition(":")[2], instant(fact.at), sha256, fact.index)
