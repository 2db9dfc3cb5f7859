"""What a process signed with each key is told once, whatever is signed meanwhile."""

from __future__ import annotations

import datetime as dt
import threading

from hypothesis import given
from hypothesis import strategies as st

from catalog.kernel.ids import new_id
from catalog.key_use.counting import EVERY, KeyUse
from catalog.key_use.model import Count, RunId, UseTold
from catalog.signing.purposes import Purpose
from tests.log_of_tests import signer_of

NOW = dt.datetime(2026, 3, 2, 1, tzinfo=dt.UTC)


def test_only_keys_that_signed_are_told_and_never_the_logs_own() -> None:
    receipt, report = signer_of(Purpose.RECEIPT), signer_of(Purpose.REPORT)
    checkpoint = signer_of(Purpose.CHECKPOINT)
    receipt.sign(b"before the process began to count")
    use = KeyUse(RunId(new_id()), [receipt, report, checkpoint], now=NOW)

    for _ in range(3):
        receipt.seal(b"a receipt")
        checkpoint.sign(b"a checkpoint")

    assert use.counts() == (Count(receipt.key_id, "receipt", 3),)
    assert {key.purpose for key in use.keys_held()} == {"receipt", "report", "checkpoint"}


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=8))
def test_what_is_signed_while_it_is_told_is_told_next(steps: list[tuple[int, int]]) -> None:
    signer = signer_of(Purpose.RECEIPT)
    use = KeyUse(RunId(new_id()), [signer], now=NOW)
    told = 0
    for before, meanwhile in steps:
        for _ in range(before):
            signer.sign(b"x")
        counts = use.counts()
        for _ in range(meanwhile):
            signer.sign(b"x")
        use.settle(counts, NOW)
        told += sum(count.signed for count in counts)

    told += sum(count.signed for count in use.counts())
    assert told == signer.signed == sum(a + b for a, b in steps)


def test_it_is_told_when_a_minute_is_over() -> None:
    use = KeyUse(RunId(new_id()), [], now=NOW)

    assert not use.is_due(NOW + EVERY - dt.timedelta(seconds=1))
    assert use.is_due(NOW + EVERY)
    use.settle((), NOW + EVERY)
    assert not use.is_due(NOW + EVERY)


def test_threads_lose_no_count() -> None:
    signer = signer_of(Purpose.PAPER)

    def sign() -> None:
        for _ in range(200):
            signer.sign(b"a page")

    threads = [threading.Thread(target=sign) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert signer.signed == 800


def test_what_is_not_known_is_null_in_the_entry() -> None:
    told = UseTold(run=RunId(new_id()), since=NOW, until=None, counts=None, is_last=True)

    assert told.facts()["counts"] is None
    assert told.facts()["since"] == NOW
