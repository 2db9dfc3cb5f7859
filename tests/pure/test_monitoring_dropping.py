"""What a key was trusted for, what was accepted on its word alone, and how that is told."""

from __future__ import annotations

import datetime as dt

import msgspec

from catalog.audit_log.export_format import NoticeRow
from catalog.audit_log.further_lines import FurtherKey
from catalog.audit_log.key_notices import Action
from catalog.monitoring import dropping
from catalog.monitoring.dropping import Alone, Dropped, Trusted
from catalog.signing.algorithms import Algorithm
from catalog.signing.purposes import Purpose
from catalog.signing.signer import Signer
from catalog.witnessing import log_keys, policy
from catalog.witnessing.log_keys import LogKeys
from tests.keyed_log import NEW, NEXT, OLD, ORIGIN, THIEF, KeyedLog, vkey
from tests.witnessed_log import MemoryWitness

NOW = dt.datetime(2026, 12, 31, 23, 59, tzinfo=dt.UTC)
WITNESSES = [MemoryWitness(f"w{n}.example/w") for n in range(2)]
LINE = FurtherKey(
    ORIGIN,
    Algorithm.ML_DSA_44,
    Signer(Purpose.CHECKPOINT, b"\x17" * 32, Algorithm.ML_DSA_44).public_key,
)
POLICY = policy.parse_policy(
    "\n".join(
        [
            f"log {vkey(OLD)}",
            *(f"witness w{n} {each.key}" for n, each in enumerate(WITNESSES)),
            "group g all w0 w1",
            "quorum g",
        ]
    ).encode()
)


def dropped(key: Signer = OLD, **more: object) -> Dropped:
    told = {"key": str(vkey(key)), "was": (Trusted.LOG,), "at": NOW, "reason": "被盗"} | more
    return Dropped(**told)  # type: ignore[arg-type]


def changed() -> tuple[KeyedLog, LogKeys]:
    log = KeyedLog()
    log.change()
    log.change(NEXT, NEW)
    return log, log_keys.known([vkey(OLD)], log.told)


# ── which keys count ────────────────────────────────────────────────────────────────────────


def test_a_dropped_key_signs_nothing_and_what_it_brought_goes_with_it() -> None:
    log, before = changed()
    size = len(log.leaves) - 1

    after = log_keys.known([vkey(OLD)], log.told, [vkey(NEW)])

    assert before.in_force(size) == (vkey(OLD), vkey(NEW), vkey(NEXT))
    assert after.in_force(size) == (vkey(OLD),)
    assert after.notices == ()
    assert log_keys.known([vkey(OLD), vkey(NEXT)], log.told, [vkey(NEW)]).in_force(size) == (
        vkey(OLD),
        vkey(NEXT),
    )


def test_no_notice_brings_a_dropped_key_back_and_none_of_its_own_is_a_fault() -> None:
    log, _ = changed()
    log.enter(log.notice(Action.DISTRUST, OLD, NEW, since=2))
    log.told.append(NoticeRow(1, b"no notice"))
    left = log_keys.known([vkey(OLD)], (), [vkey(NEW)])

    after, faults = log_keys.followed(left, log.told, len(log.leaves), lambda _: True)

    assert after == left
    assert [(each.index, each.reason.partition(":")[0]) for each in faults] == [
        (1, "its notice at entry 1")
    ]


def test_when_no_key_is_left_nothing_is_followed() -> None:
    log, _ = changed()
    nobody = log_keys.known([vkey(OLD)], log.told, [vkey(OLD)])

    assert log_keys.followed(nobody, log.told, len(log.leaves), lambda _: True) == (nobody, ())
    assert nobody.in_force(0) == ()


def test_a_dropped_witness_is_not_counted_and_as_many_are_asked_for_as_before() -> None:
    left = policy.without(POLICY, {str(WITNESSES[0].key)})

    assert POLICY.is_met_by({"w0", "w1"})
    assert [each.name for each in left.witnesses] == ["w1"]
    assert not left.is_met_by({"w1"})
    assert policy.without(POLICY, ()) == POLICY


# ── what it was trusted for ─────────────────────────────────────────────────────────────────


def test_a_key_is_trusted_for_what_it_does_here() -> None:
    _, keys = changed()

    def found(key: object) -> tuple[Trusted, ...]:
        return dropping.trusted_for(str(key), keys, [LINE], POLICY)

    assert [found(vkey(each)) for each in (OLD, NEW, NEXT)] == [(Trusted.LOG,)] * 3
    assert found(LINE) == (Trusted.LINE,)
    assert found(WITNESSES[1].key) == (Trusted.WITNESS,)
    assert found(vkey(THIEF)) == found("no key") == ()
    assert dropping.trusted_for(str(WITNESSES[1].key), keys, [LINE], None) == ()


def test_what_was_accepted_by_it_alone_is_counted() -> None:
    log = KeyedLog()
    notes = [log.note()]
    log.change()
    notes.append(log.note())  # by both
    log.by = (OLD,)
    log.more()
    notes.append(log.note())
    both = [vkey(OLD), vkey(NEW)]

    assert dropping.accepted_alone(notes, log_keys.known(both)) is None
    assert dropping.accepted_alone(notes, log_keys.known(both, (), [vkey(OLD)])) == Alone(3, 5, 2)
    assert dropping.accepted_alone(notes, log_keys.known(both, (), both)) == Alone(3, 5, 3)
    assert dropping.accepted_alone([], log_keys.known([])) is None


# ── the record ──────────────────────────────────────────────────────────────────────────────


def test_what_was_taken_back_is_no_longer_dropped() -> None:
    again = dropped(NEW, again_at=NOW, again_reason="看错了")

    assert dropping.keys_of([dropped(), again]) == {str(vkey(OLD))}
    assert dropping.keys_of([dropped(NEW), again]) == {str(vkey(NEW))}  # and then dropped anew


def test_it_is_told_with_its_reason_and_what_hung_on_it() -> None:
    first = msgspec.json.decode(dropping.line(ORIGIN, dropped(accepted_alone=Alone(3, 5, 2))))
    then = msgspec.json.decode(dropping.line(ORIGIN, dropped(again_at=NOW, again_reason="看错了")))

    told = {
        "log": ORIGIN,
        "key": str(vkey(OLD)),
        "was": ["log"],
        "at": "2026-12-31T23:59:00.000000Z",
    }
    alone = {"first": 3, "last": 5, "count": 2}
    assert first == told | {"type": "dropped", "why": "被盗", "accepted_alone": alone}
    assert then == told | {"type": "trusted", "why": "看错了"}
