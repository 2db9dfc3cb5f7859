"""A replay comes to what every other table has to say, and names the first entry that disagrees."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections.abc import Sequence

import msgspec
import pytest

from market.finance_reports.model import ReplayRun, Step
from settlement.ledger.accounts import Account, Purpose, clearing_of, escrow_of
from settlement.ledger.journal import Entry, Kind, Leg, transfer
from settlement.ledger_reports.replaying import NAMED_MAX, Against, Replay, Report
from settlement.periods import chain
from settlement.periods.sealing import Told, ToldLine

NOON = dt.datetime(2026, 3, 2, 4, 0, tzinfo=dt.UTC)
ORDER = uuid.UUID("019caaaa-0000-7000-8000-0000000000ff")
PAYABLE = Account(Purpose.PAYABLE, "p")


def key(number: int) -> uuid.UUID:
    return uuid.UUID(f"019caaaa-0000-7000-8000-{number:012}")


def entry(number: int, kind: Kind, legs: tuple[Leg, ...], month: int = 3) -> Entry:
    return Entry(
        key=key(number),
        kind=kind,
        legs=legs,
        booked_at=NOON,
        value_on=dt.date(2026, month, 2),
        rule_version="r/1",
        order_id=ORDER,
    )


PAID = entry(1, Kind.PAY_IN, transfer(clearing_of("sandbox"), [Leg(escrow_of(ORDER), 500)]))
RELEASED = entry(2, Kind.RELEASE, transfer(escrow_of(ORDER), [Leg(PAYABLE, 300)]))
LATER = entry(3, Kind.RELEASE, transfer(escrow_of(ORDER), [Leg(PAYABLE, 200)]), month=4)
BOOK = (PAID, RELEASED, LATER)
LOGGED = {str(each.key): each.digest().hex() for each in BOOK}
BALANCES = [
    ("market", "channel_clearing/sandbox", -500),
    ("market", f"order_escrow/{ORDER}", 0),
    ("market", "payable/p", 500),
]
TURNOVERS = [
    ("market", "2026-03", "channel_clearing", 500, 0),
    ("market", "2026-03", "order_escrow", 300, 500),
    ("market", "2026-03", "payable", 0, 300),
    ("market", "2026-04", "order_escrow", 200, 0),
    ("market", "2026-04", "payable", 0, 200),
]


def line(purpose: str, opening: int, debits: int, credits_: int) -> ToldLine:
    return ToldLine(
        purpose=purpose,
        accounts=1,
        opening_fen=opening,
        debits_fen=debits,
        credits_fen=credits_,
        closing_fen=opening + credits_ - debits,
    )


MARCH = Told(
    format="shushi/period/1",
    book="market",
    month="2026-03",
    entries=2,
    chain_before=chain.FIRST.hex(),
    chain_head=chain.follow(chain.FIRST, 1, [PAID.digest(), RELEASED.digest()]).hex(),
    lines=(
        line("channel_clearing", 0, 500, 0),
        line("order_escrow", 0, 300, 500),
        line("payable", 0, 0, 300),
    ),
)
SEALED = {("market", "2026-03"): MARCH}


def replayed(
    entries: Sequence[Entry] = BOOK, sealed: dict[tuple[str, str], Told] = SEALED
) -> Replay:
    found = Replay(sealed, LOGGED)
    for each in entries:
        found.take(each.key, each.record())
    return found


def only(report: Report) -> tuple[Against, uuid.UUID | None]:
    assert report.first is not None
    assert not report.is_good
    return report.first.against, report.first.entry


def test_a_journal_that_is_whole_agrees_with_all_that_is_told_of_it() -> None:
    found = replayed()

    found.hold_log()
    found.hold_balances(BALANCES)
    found.hold_exported_balances((code, amount) for _, code, amount in BALANCES)
    found.hold_turnovers(TURNOVERS)
    assert found.hold_months() == 1
    report = found.report()

    assert report.is_good
    assert (report.entries, report.postings, report.accounts, report.months) == (3, 6, 3, 2)
    assert report.debits_fen == report.credits_fen == 1_000
    assert (report.first, report.named, report.disagreements) == (None, (), 0)


def test_an_entry_that_was_changed_is_named() -> None:
    changed = msgspec.structs.replace(
        RELEASED, legs=transfer(escrow_of(ORDER), [Leg(PAYABLE, 301)])
    )

    found = replayed((PAID, changed, LATER))
    found.hold_months()

    assert only(found.report()) == (Against.LOG, key(2))
    assert {each.against for each in found.report().named} == {Against.CHAIN, Against.LOG}


def test_an_entry_that_is_gone_and_one_that_was_put_in_are_named() -> None:
    gone = replayed((PAID, LATER))
    gone.hold_log()
    strange = msgspec.structs.replace(RELEASED, key=key(9))
    put_in = replayed((*BOOK, strange))

    assert only(gone.report()) == (Against.LOG, key(2))
    assert only(put_in.report()) == (Against.LOG, key(9))
    batched = Replay(None, {})
    batched.take(PAID.key, PAID.record(), is_batched=True)
    assert batched.report().is_good
    unasked = Replay()
    unasked.take(PAID.key, PAID.record())
    unasked.hold_log()
    assert unasked.report().is_good


def test_what_is_no_record_and_what_is_out_of_order_is_named() -> None:
    unread = Replay()
    unread.take(key(1), b"{}")
    foreign = Replay()
    foreign.take(key(5), PAID.record())
    turned = Replay()
    for each in (RELEASED, PAID):
        turned.take(each.key, each.record())

    assert only(unread.report()) == (Against.RECORD, key(1))
    assert only(foreign.report()) == (Against.RECORD, key(5))
    assert only(turned.report()) == (Against.ORDER_OF_KEYS, key(1))


@pytest.mark.parametrize("of_an_export", [False, True])
def test_a_balance_that_differs_names_the_first_entry_since_the_last_closed_month(
    of_an_export: bool,
) -> None:
    for wrong, at in (
        (("market", "payable/p", 501), key(3)),
        (("market", "channel_clearing/sandbox", -499), key(1)),
        (("market", "suspense/x", 7), None),
    ):
        found = replayed()
        told = [each for each in BALANCES if each[1] != wrong[1]] + [wrong]
        if of_an_export:
            found.hold_exported_balances((code, amount) for _, code, amount in told)
        else:
            found.hold_balances(told)
        assert only(found.report()) == (Against.BALANCE, at)

    missing = replayed()
    if of_an_export:
        missing.hold_exported_balances([])
    else:
        missing.hold_balances([])
    assert missing.report().disagreements == 2  # an empty account needs no row


def test_a_turnover_that_differs_or_is_missing_names_the_first_entry_of_its_month() -> None:
    found = replayed()
    found.hold_turnovers([*TURNOVERS[:-1], ("market", "2026-04", "payable", 0, 201)])
    missing = replayed()
    missing.hold_turnovers(TURNOVERS[1:])
    strange = replayed()
    strange.hold_turnovers([*TURNOVERS, ("market", "2026-05", "suspense", 1, 0)])

    assert only(found.report()) == (Against.TURNOVER, key(3))
    assert only(missing.report()) == (Against.TURNOVER, key(1))
    assert only(strange.report()) == (Against.TURNOVER, None)


APRIL = Told(
    format="shushi/period/1",
    book="market",
    month="2026-04",
    entries=1,
    chain_before=MARCH.chain_head,
    chain_head=chain.follow(bytes.fromhex(MARCH.chain_head), 1, [LATER.digest()]).hex(),
    lines=(line("order_escrow", 200, 200, 0), line("payable", 300, 0, 200)),
)


@pytest.mark.parametrize(
    ("changes", "against"),
    [
        ({"entries": 2}, Against.PERIOD),
        ({"chain_before": "ab" * 32}, Against.CHAIN),
        ({"chain_head": "ab" * 32}, Against.CHAIN),
        ({"lines": (line("order_escrow", 200, 199, 0),)}, Against.PERIOD),
        ({"lines": (line("order_escrow", 201, 200, 0),)}, Against.PERIOD),
    ],
    ids=["entries", "before", "head", "moved", "opening"],
)
def test_a_closed_month_that_its_entries_do_not_come_to_is_named(
    changes: dict[str, object], against: Against
) -> None:
    april = msgspec.structs.replace(APRIL, **changes)

    good = replayed(sealed=SEALED | {("market", "2026-04"): APRIL})
    good.hold_months()
    found = replayed(sealed=SEALED | {("market", "2026-04"): april})
    found.hold_months()

    assert good.report().is_good
    assert only(found.report()) == (against, key(3))


def test_a_closed_month_without_entries_is_its_own_chain() -> None:
    empty = msgspec.structs.replace(
        APRIL, month="2026-05", entries=0, chain_before=APRIL.chain_head, chain_head=APRIL.chain_head,
        lines=(),
    )  # fmt: skip
    sealed = SEALED | {("market", "2026-04"): APRIL, ("market", "2026-05"): empty}
    found = replayed(sealed=sealed)
    found.hold_months()
    lost = replayed(
        sealed={**sealed, ("market", "2026-05"): msgspec.structs.replace(empty, entries=1)}
    )
    lost.hold_months()

    assert found.report().is_good
    assert only(lost.report()) == (Against.PERIOD, None)


def test_only_so_many_are_named_and_all_are_counted() -> None:
    found = Replay()
    for number in range(NAMED_MAX + 5):
        found.note(Against.POSTING, "payable/p", key(NAMED_MAX + 5 - number), "differs")
    report = found.report()

    assert report.disagreements == NAMED_MAX + 5
    assert len(report.named) == NAMED_MAX
    assert report.first is not None
    assert report.first.entry == min(each.entry for each in report.named if each.entry)


def test_sums_that_do_not_agree_are_told() -> None:
    found = replayed()
    found._moved[0] += 1

    assert only(found.report()) == (Against.SUM, None)
    assert hashlib.sha256(PAID.record()).digest() == PAID.digest()


def test_a_run_keeps_what_it_came_to_word_for_word() -> None:
    found = replayed((PAID, LATER))
    found.hold_log()
    run = ReplayRun(
        id=key(7),
        step=Step.FINISHED,
        asked_at=NOON,
        asked_by_name="监管者",
        entries_total=3,
        entries_done=2,
        report=found.report(),
    )

    kept = msgspec.convert(msgspec.to_builtins(run), ReplayRun)

    assert kept == run
    assert kept.report is not None
    assert kept.report.first == found.report().first
    assert [step.value for step in Step] == ["waiting", "running", "finished"]
