"""Count what the register did with certificates (凭证, HN-21): section 7 of RULES §6.6."""

from __future__ import annotations

from typing import Final

from catalog.audit_log.events import Event
from catalog.audit_log.leaf import instant
from market.supervision.facts import Fact
from market.supervision.history import History, counted
from market.supervision.model import Column, Figure, Section, Table, Value
from market.supervision.tallies import by_rulebook, count_of, tally

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
            count_of(history, "issued", "核发", "Issued", Event.CERTIFICATE_ISSUED),
            *(
                Figure(code, zh, en, sum(fact.text("registration_type") == kind for fact in issued))
                for code, zh, en, kind in _RENEWING
            ),
            count_of(history, "transferred", "转移", "Transferred", Event.CERTIFICATE_TRANSFERRED),
            count_of(
                history, "deregistered", "注销", "Deregistered", Event.CERTIFICATE_DEREGISTERED
            ),
            count_of(history, "revoked", "撤销", "Revoked", Event.CERTIFICATE_REVOKED),
            Figure("reissued", "重新发放", "Reissued", sum(_is_reissue(fact) for fact in told)),
            count_of(history, "frozen", "争议冻结", "Frozen", Event.CERTIFICATE_FROZEN),
            count_of(history, "unfrozen", "解除冻结", "Unfrozen", Event.CERTIFICATE_UNFROZEN),
        ),
        tables=(
            tally(
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
            by_rulebook(history, issued),
        ),
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
