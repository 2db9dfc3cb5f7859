"""A usage statement is checked offline; whatever is changed in it, or left out, is named."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from catalog.audit_log import export_format as form
from catalog.audit_log.leaf import instant
from catalog.audit_log.model import Digest, Subject
from catalog.audit_log.verdict import Fault, Unreadable, Verdict
from catalog.signing.canonical import canonical, sha256_hex
from market.usage.check import check, read
from market.usage.model import Outcome, SignedStatement, Statement
from tests.exports import Maker
from tests.vectors.regenerate_usage_statement import (
    ORDER,
    PATH,
    SIGNER,
    START,
    content,
    events,
    statement,
)

KEYS = form.Keys(
    None,
    [
        form.KeyRow(
            key_id=SIGNER.key_id,
            purpose="statement",
            algorithm="ed25519",
            public_key=SIGNER.public_key,
            valid_from=instant(START),
        )
    ],
)


def first(verdict: Verdict) -> tuple[str, str, str]:
    bad = verdict.first_bad
    assert bad is not None
    return bad.kind, bad.id, bad.reason


def signed(told: Statement, **changed: Any) -> SignedStatement:
    """Return a statement that the service signed although it is wrong."""
    document = canonical(told)
    return msgspec.structs.replace(
        statement(),
        document=document,
        signature=SIGNER.seal(document),
        statement=told,
        sha256=sha256_hex(document),
        **changed,
    )


class Log(Maker):
    """A log in which the uses of the order have their entries."""

    def use(self, i: int, **changed: Any) -> None:
        stored = events()[i]
        told: dict[str, Any] = {
            "id": str(stored.event.id),
            "seq": i + 1,
            "sha256": stored.record_sha256,
        } | changed
        self.now = dt.datetime.fromisoformat(changed.get("at", stored.event.at))
        self.now -= dt.timedelta(seconds=1)  # ``append`` adds one
        self.entry_id = changed.get("entry_id", stored.entry_id)
        self.append(
            "data:accessed",
            subjects=(Subject("order", str(ORDER)),),
            digests=(Digest("usage", told["id"], told["sha256"]),),
            order_seq=told["seq"],
        )


def log_of(monkeypatch: pytest.MonkeyPatch, *uses: dict[str, Any]) -> tuple[Any, Any]:
    maker = Log()
    monkeypatch.setattr("tests.exports.new_id", lambda: getattr(maker, "entry_id", ORDER))
    maker.append()
    for i, use in enumerate(uses):
        maker.use(use.pop("i", i), **use)
    maker.entry_id = ORDER
    maker.append()
    maker.sign()
    return maker.export(), maker.log_key


def test_the_vector_is_made_again_byte_for_byte() -> None:
    assert PATH.read_bytes() == content()


def test_a_stranger_checks_the_vector_with_nothing_of_ours() -> None:
    vector = msgspec.json.decode(PATH.read_bytes())
    answer = vector["answer"]
    document = base64.b64decode(answer["document"])

    Ed25519PublicKey.from_public_bytes(base64.b64decode(vector["public_key"])).verify(
        base64.b64decode(answer["signature"]["value"]), b"shushi/v1/statement\n" + document
    )
    lines = msgspec.json.decode(document)["lines"]
    assert [line["record_sha256"] for line in lines] == vector["event_sha256"]
    first_event = canonical(answer["events"][0])
    assert hashlib.sha256(first_event).hexdigest() == vector["event_sha256"][0]


def test_a_genuine_statement_is_genuine_after_its_journey_as_json() -> None:
    verdict = check(read(msgspec.json.encode(statement())), KEYS)

    assert verdict.problems == ()
    assert verdict.counts == {"statement": 1, "usage events": 4}


def test_a_statement_without_any_use_is_genuine() -> None:
    told = msgspec.structs.replace(
        statement().statement,
        lines=(),
        event_count=0,
        allowed_count=0,
        denied_count=0,
        price_units=0,
        last_record_sha256="0" * 64,
    )

    assert check(signed(told, events=()), KEYS).problems == ()


@pytest.mark.parametrize("raw", [b"", b"{}", b"\xff", b'{"type":"shushi/usage-statement/1"}'])
def test_what_is_no_statement_is_unreadable(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        read(raw)


def test_a_document_that_is_none_is_named() -> None:
    held = msgspec.structs.replace(statement(), document=b"{", signature=SIGNER.seal(b"{"))

    kind, name, reason = first(check(held, KEYS))

    assert (kind, name) == ("statement", str(ORDER))
    assert reason.startswith("its document is unreadable")


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"sha256": "00" * 32}, Fault.CONTENT_DIFFERS),
        ({"type": "statement"}, Fault.CONTENT_DIFFERS),
        (
            {"statement": msgspec.structs.replace(statement().statement, price_units=1)},
            Fault.CONTENT_DIFFERS,
        ),
        (
            {"signature": msgspec.structs.replace(statement().signature, value=bytes(64))},
            Fault.SIGNATURE_WRONG,
        ),
        (
            {"signature": msgspec.structs.replace(statement().signature, key_id="x")},
            Fault.KEY_UNKNOWN,
        ),
    ],
)
def test_what_is_shown_must_be_what_was_signed(changed: dict[str, Any], fault: Fault) -> None:
    verdict = check(msgspec.structs.replace(statement(), **changed), KEYS)

    assert verdict.first_bad is not None
    assert verdict.first_bad.fault is fault


@pytest.mark.parametrize(
    "member",
    ["event_count", "allowed_count", "denied_count", "price_units"],
)
def test_a_signed_sum_that_is_wrong_is_named(member: str) -> None:
    told = statement().statement
    wrong = msgspec.structs.replace(told, **{member: getattr(told, member) + 1})

    assert first(check(signed(wrong), KEYS)) == (
        "statement",
        str(ORDER),
        f"its {member} is not that of its lines",
    )


def test_a_line_that_is_skipped_is_named_by_the_number_that_was_due() -> None:
    told = statement().statement
    lines = (told.lines[0], *told.lines[2:])
    wrong = msgspec.structs.replace(told, lines=lines)

    kind, name, reason = first(check(signed(wrong), KEYS))

    assert (kind, name) == ("usage", str(lines[1].usage_id))
    assert reason == "is number 3, but 2 was due"


def test_an_event_that_is_changed_removed_moved_or_added_is_named() -> None:
    used = statement().events
    ids = [str(event.id) for event in used]
    strange = msgspec.structs.replace(used[0], id=ORDER)
    flipped = msgspec.structs.replace(used[1], bytes=7)
    for events_now, name, reason in (
        ((used[0], flipped, *used[2:]), ids[1], "its event was changed"),
        ((used[0], *used[2:]), ids[1], "its event is left out"),
        (used[:3], ids[3], "its event is left out"),
        ((used[1], used[0], *used[2:]), ids[0], "its event stands out of order"),
        ((*used, strange), str(ORDER), "no line names it"),
        ((strange, *used), str(ORDER), "no line names it"),
    ):
        found = first(check(msgspec.structs.replace(statement(), events=events_now), KEYS))
        assert found[:2] == ("usage", name)
        assert found[2].startswith(reason)


def test_a_chain_that_is_broken_and_a_line_that_says_something_else_are_named() -> None:
    told, used = statement().statement, statement().events
    loose = msgspec.structs.replace(used[1], prev_sha256="0" * 64)
    line = msgspec.structs.replace(told.lines[1], record_sha256=sha256_hex(canonical(loose)))
    wrong = msgspec.structs.replace(told, lines=(told.lines[0], line, *told.lines[2:]))
    held = signed(wrong, events=(used[0], loose, *used[2:]))
    assert first(check(held, KEYS))[2] == "it does not name the event before it"

    line = msgspec.structs.replace(told.lines[3], reasons=("x",))
    wrong = msgspec.structs.replace(told, lines=(*told.lines[:3], line))
    assert first(check(signed(wrong), KEYS))[2] == "its line says something else than its event"
    assert told.lines[2].decision is Outcome.DENY


def test_every_line_is_an_entry_of_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    verdict = check(statement(), KEYS, log_of(monkeypatch, {}, {}, {}, {}))

    assert verdict.problems == ()
    assert verdict.counts["uses in the log"] == 4


@pytest.mark.parametrize(
    ("uses", "name", "reason"),
    [
        (({}, {"sha256": "0" * 64}, {}, {}), 1, "entry 2 of the log says something else"),
        (({}, {"seq": 7}, {}, {}), 1, "entry 2 of the log says something else"),
        (({}, {"entry_id": ORDER}, {}, {}), 1, "entry 2 of the log says something else"),
        (({}, {"i": 2}, {"i": 3}), 1, "no entry of the log knows it"),
        (({}, {}, {}, {}, {"i": 0, "id": str(ORDER)}), None, "is entry 5 of the log, but"),
    ],
)
def test_the_log_and_the_statement_say_the_same_of_every_use(
    monkeypatch: pytest.MonkeyPatch, uses: Any, name: int | None, reason: str
) -> None:
    log = log_of(monkeypatch, *(dict(use) for use in uses))

    found = first(check(statement(), KEYS, log))

    assert found[:2] == ("usage", str(ORDER if name is None else events()[name].event.id))
    assert found[2].startswith(reason)


def test_what_came_later_and_what_the_log_can_not_know_yet_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    later = {"i": 0, "id": str(ORDER), "at": "2026-03-03T00:00:00.000000Z"}
    verdict = check(statement(), KEYS, log_of(monkeypatch, {}, {}, {}, {}, later))
    assert verdict.problems == ()
    assert verdict.notes == ("1 uses of the order came after the statement",)

    verdict = check(statement(), KEYS, log_of(monkeypatch, {}, {}, {}))
    assert verdict.problems == ()
    assert verdict.notes == (
        f"the log given ends before usage {events()[3].event.id}; nothing proves it yet",
    )


def test_a_log_that_is_not_proven_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    export, key = log_of(monkeypatch, {}, {}, {}, {})
    export.files["checkpoint"] = b"x"

    assert first(check(statement(), KEYS, (export, key)))[:2] == ("checkpoint", "newest")
