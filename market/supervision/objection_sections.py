"""Count public notices and objections (公示、异议, HN-21): sections 6 and 8 of RULES §6.6."""

from __future__ import annotations

from typing import Final

from catalog.audit_log.events import Event
from catalog.objections.outcome import Outcome
from market.supervision.facts import Fact
from market.supervision.history import History, counted
from market.supervision.model import Figure, Section
from market.supervision.tallies import by_rulebook, count_of, tally


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
            count_of(history, "opened", "发布公示", "Opened", Event.NOTICE_PUBLISHED),
            count_of(history, "completed", "公示期满", "Completed", Event.NOTICE_ENDED),
            count_of(history, "interrupted", "公示中断", "Interrupted", Event.NOTICE_INTERRUPTED),
            count_of(history, "closed", "公示终止", "Closed", Event.NOTICE_CLOSED),
            Figure("objections", "公示期异议", "Objections during notice", len(during)),
        ),
        tables=(by_rulebook(history, history.of(Event.NOTICE_PUBLISHED)),),
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
            count_of(history, "received", "收到异议", "Received", Event.OBJECTION_FILED),
            count_of(history, "rejected", "不予受理异议", "Rejected", Event.OBJECTION_REJECTED),
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
            count_of(
                history,
                "response_timed_out",
                "逾期未反馈",
                "Not answered in time",
                Event.OBJECTION_RESPONSE_TIMED_OUT,
            ),
            count_of(
                history,
                "referred_to_court",
                "转司法或仲裁",
                "Referred to court",
                Event.OBJECTION_REFERRED,
            ),
            count_of(history, "withdrawn", "撤回异议", "Withdrawn", Event.OBJECTION_WITHDRAWN),
            count_of(history, "admitted", "登记主体认可", "Admitted", Event.OBJECTION_ADMITTED),
            Figure("closed", "办结", "Closed", sum(map(_is_closed, history.of_quarter))),
            Figure(
                "instruments_applied",
                "执行生效法律文书",
                "Instruments applied",
                len(history.of(Event.INSTRUMENT_APPLIED)),
            ),
        ),
        tables=(
            tally(
                "by_outcome",
                ("按处理结果", "By outcome"),
                ("outcome", "处理结果", "Outcome"),
                counted(
                    history.of(Event.OBJECTION_DETERMINED),
                    lambda fact: fact.text("outcome"),
                    Outcome,
                ),
            ),
            by_rulebook(history, history.of(Event.OBJECTION_FILED)),
        ),
    )


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
