"""Policies of witnesses: how they are read, what they refuse, and which cosigners are enough."""

from __future__ import annotations

import itertools

import pytest

from catalog.audit_log.checkpoint import NoteMalformed, VerifierKey
from catalog.witnessing.cosignature import CosignatureWrong
from catalog.witnessing.policy import (
    LogNotInPolicy,
    PolicyMalformed,
    QuorumMissing,
    check,
    parse_policy,
)
from tests.witnessed_log import LOG_KEY, MemoryLog, MemoryWitness

X1, X2, X3, Y1, Y2, Y3 = (
    MemoryWitness(f"w.example/{n}") for n in ("x1", "x2", "x3", "y1", "y2", "y3")
)
ALL = {"X1": X1, "X2": X2, "X3": X3, "Y1": Y1, "Y2": Y2, "Y3": Y3}
NOTE = MemoryLog(5).note(5)
AT = 1_772_413_323
# The shape of C2SP's own example: two of three X and any of three Y.
EXAMPLE = f"""
# a comment, and an indented one
 \t# like this
log {LOG_KEY} https://log.example/
witness X1 {X1.key} https://w.example/x1
witness\tX2  {X2.key}
witness X3 {X3.key}
group X-witnesses 2 X1 X2 X3

witness Y1 {Y1.key}
witness Y2 {Y2.key}
  witness Y3 {Y3.key}\t
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""


def policy(*lines: str) -> bytes:
    return "\n".join(
        (f"log {LOG_KEY}", f"witness X1 {X1.key}", f"witness X2 {X2.key}", *lines)
    ).encode()


def test_the_example_of_two_groups_is_met_by_exactly_the_right_cosigners() -> None:
    read = parse_policy(EXAMPLE.encode())

    for count in range(7):
        for names in itertools.combinations(ALL, count):
            xs = sum(name.startswith("X") for name in names)
            assert read.is_met_by(set(names)) is (xs >= 2 and count - xs >= 1), names


def test_a_policy_tells_where_its_witnesses_are_asked() -> None:
    read = parse_policy(EXAMPLE.encode())

    assert read.logs[0].url == "https://log.example/"
    assert read.logs[0].key == LOG_KEY
    assert [(w.name, w.url) for w in read.witnesses][:2] == [
        ("X1", "https://w.example/x1"),
        ("X2", None),
    ]


def test_a_quorum_of_none_is_met_by_nobody() -> None:
    assert parse_policy(b"quorum none\n").is_met_by(())


def test_names_are_bytes_and_a_kelvin_sign_is_no_k() -> None:
    raw = f"witness K {X1.key}\nwitness \u212a {X2.key}\nquorum \u212a\n".encode()

    assert parse_policy(raw).is_met_by(["\u212a"])
    assert not parse_policy(raw).is_met_by(["K"])


def test_a_name_may_have_bytes_that_are_no_utf8() -> None:
    raw = b"witness \xff\xfe " + str(X1.key).encode() + b"\nquorum \xff\xfe\n"

    assert parse_policy(raw).quorum == "\udcff\udcfe"


def test_only_ascii_space_and_tab_separate() -> None:
    assert parse_policy(f"witness a\u00a0b {X1.key}\nquorum a\u00a0b".encode()).quorum == "a\u00a0b"


@pytest.mark.parametrize(
    ("raw", "line", "reason"),
    [
        (b"", 0, "no quorum line"),
        (policy(), 0, "no quorum line"),
        (policy("quorum none", "quorum X1"), 5, "a second quorum"),
        (policy("quorum"), 4, "a quorum has one name"),
        (policy("quorum X1 X2"), 4, "a quorum has one name"),
        (policy("quorum X3"), 4, "the quorum is not defined before"),
        (policy("quorum g", "group g all X1"), 4, "the quorum is not defined before"),
        (policy("quorum none\r"), 0, "a control character other than tab and newline"),
        (policy("quorum none\x7f"), 0, "a control character other than tab and newline"),
        (policy("wittness X3"), 4, "an unknown keyword"),
        (policy("Quorum none"), 4, "an unknown keyword"),
        (policy("group g all"), 4, "a group has a name, a threshold and members"),
        (policy("group g all X1 X1"), 4, "a name is a member twice"),
        (policy("group g all X1", "group h any X1 X2"), 5, "a name is a member twice"),
        (policy("group g all g"), 4, "a member is not defined before"),
        (policy("group g all none"), 4, "a member is not defined before"),
        (policy("group g all Z"), 4, "a member is not defined before"),
        (policy("group X1 all X2"), 4, "the name is taken"),
        (policy("group none all X2"), 4, "the name is taken"),
        (policy(f"witness X1 {X3.key}"), 4, "the name is taken"),
        (policy(f"witness none {X3.key}"), 4, "the name is taken"),
        (policy(f"witness X3 {X1.key}"), 4, "two witnesses have one key"),
        (policy(f"log {LOG_KEY}"), 4, "two logs have one key"),
        (
            policy(f"log {VerifierKey('other.example', LOG_KEY.public_key)}"),
            4,
            "two logs have one key",
        ),
        (policy("log"), 4, "a log has a vkey and perhaps a URL"),
        (policy("log a b c"), 4, "a log has a vkey and perhaps a URL"),
        (policy(f"log {X3.key}"), 4, "the log's vkey: not a name and an Ed25519 key"),
        (policy("witness X3"), 4, "a witness has a name, a vkey and perhaps a URL"),
        (policy("witness X3 a b c"), 4, "a witness has a name, a vkey and perhaps a URL"),
        (
            policy(f"witness X3 {LOG_KEY}"),
            4,
            "the witness's vkey: not a name and a cosignature key of Ed25519 or ML-DSA-44",
        ),
        *(
            (
                policy(f"group g {threshold} X1 X2"),
                4,
                "the threshold is not all, any, or a number of the members",
            )
            for threshold in ("0", "3", "01", "-1", "1.5", "ALL")
        ),
    ],
)
def test_a_malformed_policy_is_refused_with_its_line(raw: bytes, line: int, reason: str) -> None:
    with pytest.raises(PolicyMalformed) as refused:
        parse_policy(raw)

    assert refused.value.facts == {"line": line, "reason": reason}


def test_a_policy_takes_more_than_thirty_two_of_each() -> None:
    many = [MemoryWitness(f"{n:03}") for n in range(100)]
    lines = [f"witness w{n} {each.key}" for n, each in enumerate(many)]
    groups = [f"group g{n} all w{2 * n} w{2 * n + 1}" for n in range(50)]
    top = "group top 50 " + " ".join(f"g{n}" for n in range(50))

    read = parse_policy("\n".join((*lines, *groups, top, "quorum top")).encode())

    names = [f"w{n}" for n in range(100)]
    assert read.is_met_by(names)
    assert not read.is_met_by(names[1:])


def test_a_checkpoint_with_its_quorum_is_accepted_with_the_times() -> None:
    note = NOTE + X1.line(NOTE, AT) + X3.line(NOTE, AT + 1) + Y2.line(NOTE, AT + 2)

    witnessed = check(parse_policy(EXAMPLE.encode()), note)

    assert witnessed.checkpoint.size == 5
    assert witnessed.cosigned == {"X1": AT, "X3": AT + 1, "Y2": AT + 2}


def test_a_checkpoint_without_its_quorum_is_refused() -> None:
    note = NOTE + X1.line(NOTE, AT) + Y2.line(NOTE, AT)

    with pytest.raises(QuorumMissing) as refused:
        check(parse_policy(EXAMPLE.encode()), note)

    assert refused.value.facts == {"quorum": "X-and-Y", "cosigned": ["X1", "Y2"]}


def test_cosigners_that_are_not_in_the_policy_do_not_count() -> None:
    strangers = b"".join(MemoryWitness(f"s{n}").line(NOTE, AT) for n in range(5))

    with pytest.raises(QuorumMissing):
        check(parse_policy(EXAMPLE.encode()), NOTE + strangers)


def test_a_wrong_cosignature_of_a_known_witness_spoils_what_would_be_enough() -> None:
    other = MemoryLog(6).note(6)
    note = NOTE + X1.line(NOTE, AT) + X2.line(NOTE, AT) + Y1.line(NOTE, AT) + Y2.line(other, AT)

    with pytest.raises(CosignatureWrong):
        check(parse_policy(EXAMPLE.encode()), note)


def test_a_checkpoint_of_another_log_is_refused() -> None:
    note = MemoryLog(5, origin="other.example/log").note(5)
    without_logs = parse_policy(f"witness X1 {X1.key}\nquorum none".encode())

    for each in (parse_policy(policy("quorum none")), without_logs):
        with pytest.raises(LogNotInPolicy):
            check(each, note)


def test_what_is_no_checkpoint_is_refused() -> None:
    with pytest.raises(NoteMalformed):
        check(parse_policy(policy("quorum none")), b"nothing")
