"""A custodian's file is taken whole or not at all, and where the money lies is said as it may be."""

from __future__ import annotations

import datetime as dt
import hashlib

import pytest

from settlement.reconciliation import custody_file
from settlement.reconciliation.custody_file import Custodian, CustodyFileMalformed, differing
from settlement.reconciliation.custody_words import Wording, sentence, word

DAY = dt.date(2026, 3, 2)
BALANCES = {"bank_transfer": 1_288_000, "sandbox": 0}
BANK = Custodian(institution="hnbank", name="海南某银行", licence="B0001", agreement="CG-1")


def file(**changes: object) -> bytes:
    told: dict[str, object] = {
        "institution": "hnbank",
        "agreement": "CG-1",
        "stated_on": DAY,
        "balances": BALANCES,
    }
    return custody_file.write(**(told | changes))  # type: ignore[arg-type]


def sealed(body: str, count: int, total: int) -> bytes:
    digest = hashlib.sha256(body.encode()).hexdigest()
    return body.encode() + f"#end,{count},{total},{digest}\n".encode()


def test_what_was_written_is_read() -> None:
    told = custody_file.read(file())

    assert (told.institution, told.agreement, told.stated_on) == ("hnbank", "CG-1", DAY)
    assert dict(told.balances) == BALANCES
    assert told.total_fen == 1_288_000
    assert told.sha256 == hashlib.sha256(file()).hexdigest()
    assert BANK.account == "external:custody:hnbank"


HEAD = "#shushi-custody-balance/1,hnbank,CG-1,2026-03-02\n"


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        (b"", 1, "head"),
        (b"\xff\n#end", 1, "not_readable"),
        (b'"a\n#end', 1, "not_readable"),
        (sealed(HEAD.replace("balance/1", "balance/2"), 0, 0), 1, "head"),
        (sealed("#shushi-custody-balance/1,hnbank,CG-1\n", 0, 0), 1, "head"),
        (sealed(HEAD.replace("hnbank", "HN bank"), 0, 0), 1, "text"),
        (sealed(HEAD.replace("CG-1", ""), 0, 0), 1, "text"),
        (sealed(HEAD.replace("CG-1", "C\x07"), 0, 0), 1, "text"),
        (sealed(HEAD.replace("03-02", "02-30"), 0, 0), 1, "date"),
        (sealed(HEAD + "sandbox\n", 1, 0), 2, "fields"),
        (sealed(HEAD + "Sandbox,1\n", 1, 1), 2, "text"),
        (sealed(HEAD + "sandbox,-1\n", 1, -1), 2, "amount"),
        (sealed(HEAD + "sandbox,1.00\n", 1, 1), 2, "amount"),
        (sealed(HEAD + "sandbox,9999999999999999\n", 1, 1), 2, "amount"),
        (sealed(HEAD + "sandbox,1\nsandbox,2\n", 2, 3), 3, "doubled"),
        (sealed(HEAD + "sandbox,1\n", 2, 1), 3, "checksum"),
        (sealed(HEAD + "sandbox,1\n", 1, 2), 3, "checksum"),
        (sealed(HEAD + "sandbox,1\n", 1, 1) + b"x", 3, "fields"),
        (sealed(HEAD + "sandbox,1\n", 1, 1).replace(b"sandbox,1", b"sandbox,2"), 3, "checksum"),
    ],
)
def test_what_is_not_wholly_right_is_not_taken(content: bytes, line: int, reason: str) -> None:
    with pytest.raises(CustodyFileMalformed) as refused:
        custody_file.read(content)
    assert refused.value.facts == {"line": line, "reason": reason}


def test_a_channel_that_one_side_does_not_name_stands_at_nothing_there() -> None:
    assert differing({"a": 1, "b": 2, "d": 0}, {"a": 1, "b": 3, "c": 4}) == (
        ("b", 2, 3),
        ("c", 0, 4),
    )
    assert differing({}, {}) == ()


@pytest.mark.parametrize("wording", list(Wording))
@pytest.mark.parametrize("language", ["zh", "en"])
def test_who_has_no_licence_never_says_that_it_holds_money(wording: Wording, language: str) -> None:
    said = sentence(BANK, wording, language)
    nobody = sentence(None, wording, language)
    bare = sentence(
        Custodian(institution="hnbank", name="某银行", licence="", agreement=""), wording, language
    )

    assert "海南某银行" in said
    assert "B0001" in said
    assert "CG-1" in said
    for told in (said, nobody, bare):
        assert ("不持有资金" if language == "zh" else "holds no") in told
    assert word(wording, "zh") in sentence(BANK, wording, "zh")
    assert word(wording, "en")
    assert "托管" not in sentence(BANK, Wording.CUSTODY, "zh")
