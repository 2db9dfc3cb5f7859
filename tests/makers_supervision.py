"""Make the facts that a report counts: a quarter with a little of everything."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from typing import Any

from catalog.audit_log.model import Digest, Subject
from catalog.kernel.ids import PartyId
from catalog.kernel.local_time import SHANGHAI
from market.supervision.facts import Fact, JournalFact
from market.supervision.model import LAYOUT, Grant, Header, Operator, ReportId, Signed
from market.supervision.quarters import Quarter

Q1 = Quarter(2026, 1)
SIZE = 1_000


def at(month: int, day: int, hour: int = 10, year: int = 2026) -> dt.datetime:
    """Return an instant of Hainan's wall clock."""
    return dt.datetime(year, month, day, hour, tzinfo=SHANGHAI).astimezone(dt.UTC)


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def make_header(quarter: Quarter = Q1, **changed: Any) -> Header:
    values: dict[str, Any] = {
        "id": ReportId(uuid.UUID(int=1)),
        "year": quarter.year,
        "quarter": quarter.number,
        "version": 1,
        "replaces": None,
        "starts_at": quarter.starts_at,
        "ends_at": quarter.ends_at,
        "generated_at": at(4, 2),
        "rulebook": "hn-2023-interim",
        "operator": Operator(
            party_id=PartyId(uuid.UUID(int=2)), name="海南数据产品超市运营有限公司", uscc=None
        ),
        "delegation": Grant(
            id=uuid.UUID(int=3),
            authority_party_id=PartyId(uuid.UUID(int=4)),
            document_number="琼数授〔2026〕1号",
            valid_from=dt.date(2026, 1, 1),
            valid_to=None,
        ),
        "checkpoint": Signed(size=SIZE, root="AAAA", note="origin\n1000\nAAAA\n"),
        "layout": LAYOUT,
    }
    return Header(**values | changed)


class Log:
    """Write facts in the order of a log."""

    def __init__(self, start: int = 0) -> None:
        self.facts: list[Fact] = []
        self.journal: list[JournalFact] = []
        self.start = start

    def add(
        self,
        event: str,
        when: dt.datetime,
        *about: tuple[str, str],
        digests: tuple[Digest, ...] = (),
        by: str | None = None,
        **values: Any,
    ) -> Fact:
        index = self.start + len(self.facts)
        fact = Fact(
            index=index,
            at=when,
            event=event,
            leaf_hash=sha(f"leaf {index}"),
            subjects=tuple(Subject(kind, identifier) for kind, identifier in about),
            digests=digests,
            values=values,
            actor_party_id=by,
        )
        self.facts.append(fact)
        return fact

    def book(self, kind: str, amount_fen: int, when: dt.datetime, order: str = "o1") -> None:
        """Book an entry and remember it, as the ledger does."""
        key = f"j{len(self.journal)}"
        self.journal.append(
            JournalFact(
                key=key,
                kind=kind,
                amount_fen=amount_fen,
                sha256=sha(key),
                booked_at=when,
            )
        )
        self.add(
            "journal:posted",
            when,
            ("journal", key),
            ("order", order),
            digests=(Digest("journal", key, sha(key)),),
            kind=kind,
            amount_fen=amount_fen,
        )


def make_quarter() -> Log:
    """Return a first quarter of 2026: one product from description to money, one refused."""
    log = Log()
    log.add(
        "party:registered",
        at(12, 20, year=2025),
        ("party", "p1"),
        kind="legal_person",
    )
    log.add(
        "product:described",
        at(12, 22, year=2025),
        ("product", "x"),
        form="dataset",
        origin_path="supermarket_resource",
        industry_section="A",
        industry_division="01",
        level="bj_2",
        contains_personal_info=True,
    )
    a, x = ("application", "a1"), ("product", "x")
    log.add("application:drafted", at(12, 23, year=2025), a, x, is_first_registration=True)
    log.add("application:submitted", at(1, 5), a, x, by="p1")
    log.add("correction:required", at(1, 7), a, x)
    log.add("application:resubmitted", at(1, 8), a, x, by="p1")
    log.add("application:accepted", at(1, 14), a, x)
    log.add("timer:overdue", at(1, 14), ("timer", "t1"), a, kind="acceptance")
    log.add("technical_opinion:recorded", at(1, 16), a, overall="pass")
    log.add("compliance_opinion:recorded", at(1, 20), a, by="agency1", overall="pass")
    log.add("review:passed", at(1, 21), a)
    n = ("notice", "n1")
    log.add("notice:published", at(1, 22), n, a)
    log.add("objection:filed", at(1, 23), ("objection", "ob1"), n, a)
    log.add("objection:forwarded", at(1, 24), ("objection", "ob1"))
    log.add("objection:answered", at(2, 4), ("objection", "ob1"))
    log.add("objection:determined", at(2, 5), ("objection", "ob1"), outcome="dismiss")
    log.add("notice:ended", at(2, 6), n, a)
    log.add(
        "certificate:issued",
        at(2, 10),
        ("certificate", "HN-1"),
        a,
        x,
        digests=(Digest("certificate", "HN-1", sha("certificate")),),
    )
    log.add("certificate:frozen", at(3, 1), ("certificate", "HN-1"))
    b = ("application", "b1")
    log.add(
        "application:submitted",
        at(2, 2),
        b,
        applicant_kind="natural_person",
        is_first_registration=False,
        form="exotic",
    )
    log.add("application:out_of_scope", at(2, 3), b)
    log.add("registration:refused", at(2, 4), b, grounds=[{"ground": "other_statutory"}])
    log.add("registration:refused", at(2, 5), b, ground="national_core_data")
    log.add("order:placed", at(3, 2), ("order", "o1"), x, scenario="credit", amount_fen=10_001)
    log.add("order:placed", at(3, 2), ("order", "o2"), x, use_category="public_welfare")
    log.book("pay_in", 10_001, at(3, 3))
    log.book("release", 10_001, at(3, 20))
    log.add("data:accessed", at(3, 4), ("grant", "g1"), ("order", "o1"), rows=5, bytes=70)
    log.add(
        "data:denied",
        at(3, 5),
        ("order", "o1"),
        mode="api_call",
        reasons=["purpose_mismatch", "expired"],
    )
    log.add("agency:contracted", at(3, 6), ("agency_contract", "c1"))
    log.add(
        "agency_contract:suspended",
        at(3, 7),
        ("agency_contract", "c1"),
        misconduct="other_violation",
    )
    for event in ("announced", "awarded", "failed"):
        log.add(f"agency_selection:{event}", at(3, 8), ("agency_selection", "s1"))
    log.add(
        "agency:evaluated",
        at(3, 9),
        ("agency_contract", "c0"),
        contract_number="合同0",
        agency_party_id="agency1",
        points=88,
        timeliness={"opinions": 7, "overdue": 1},
        incidents=2,
    )
    log.add("agency:evaluated", at(3, 10), ("agency_contract", "c00"))
    log.add("agency_evaluation:filed", at(3, 10), ("agency_contract", "c0"))
    return log
