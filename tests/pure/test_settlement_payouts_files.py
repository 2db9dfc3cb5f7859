"""Accounts, batches and the bank's files: what is read, chosen, hidden, refused."""

from __future__ import annotations

import hashlib
import itertools
import uuid
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.kernel.errors import Refused
from catalog.kernel.sealed import NONCE_BYTES, Box
from settlement.beneficiaries import states as account_states
from settlement.beneficiaries.account_numbers import (
    AccountNumberMalformed,
    AccountNumberSealed,
    BankCodeMalformed,
    check_bank_code,
    masked,
    open_number,
    read_number,
    seal_number,
)
from settlement.beneficiaries.model import Beneficiary
from settlement.payouts import states as payout_states
from settlement.payouts.bank_file import (
    Instruction,
    Outcome,
    OutcomeFileMalformed,
    Told,
    read_outcomes,
    write_orders,
)
from settlement.payouts.choosing import AccountNotVerified, NothingToPay, choose
from settlement.payouts.model import Owed
from tests.bank_files import write_outcomes

BATCH, A, B, C = (uuid.UUID(int=n) for n in range(4))
NONCE = bytes(NONCE_BYTES)


def owed(party_id: uuid.UUID, amount_fen: int, purpose: str = "payable") -> Owed:
    return Owed(book="market", purpose=purpose, party_id=party_id, amount_fen=amount_fen)


def told(line: int, reference: str, outcome: Outcome = Outcome.PAID, amount: int = 100) -> Told:
    return Told(
        line=line,
        reference=reference,
        outcome=outcome,
        amount_fen=amount,
        transaction_id=f"T{line}",
        reason="" if outcome is Outcome.PAID else "账号户名不符",
    )


@pytest.mark.parametrize("text", ["62220212 3456-7890", "6222021234567890", " 62220212345678 90 "])
def test_an_account_number_is_read_however_it_is_spaced(text: str) -> None:
    assert read_number(text) == "6222021234567890"
    assert masked(read_number(text)) == "****7890"


@pytest.mark.parametrize("text", ["", "1234567", "1" * 33, "6222x21234567890", "６２２２０２１２"])
def test_what_is_no_account_number_is_refused(text: str) -> None:
    with pytest.raises(AccountNumberMalformed):
        read_number(text)


@pytest.mark.parametrize("code", ["", "12345678901", "1234567890123", "12345678901x", "１" * 12])
def test_a_bank_has_a_code_of_twelve_digits(code: str) -> None:
    assert check_bank_code("102100099996") == "102100099996"
    with pytest.raises(BankCodeMalformed):
        check_bank_code(code)


@given(st.text("0123456789", min_size=8, max_size=32), st.binary(min_size=12, max_size=12))
def test_a_number_is_opened_again_by_its_key_and_row_alone(number: str, nonce: bytes) -> None:
    sealed = seal_number(Box(bytes(32)), number, beneficiary_id=A, nonce=nonce)

    assert open_number(Box(bytes(32)), sealed, beneficiary_id=A) == number
    assert number.encode() not in sealed
    for box, row, given_bytes in (
        (Box(bytes(31) + b"1"), A, sealed),
        (Box(bytes(32)), B, sealed),
        (Box(bytes(32)), A, sealed[:-1]),
        (Box(bytes(32)), A, b""),
    ):
        with pytest.raises(AccountNumberSealed):
            open_number(box, given_bytes, beneficiary_id=row)


def test_what_is_shown_of_an_account_has_no_number() -> None:
    shown = set(Beneficiary.__struct_fields__)

    assert "account_masked" in shown
    assert not {"account", "account_sealed", "sealed"} & shown


def test_a_batch_takes_what_is_worth_sending_to_whom_it_can_be_sent() -> None:
    all_owed = [owed(A, 100), owed(A, 99, "tax_payable"), owed(B, 500), owed(C, 99)]

    chosen = choose(all_owed, verified={A, C}, minimum_fen=100)

    assert chosen.lines == (owed(A, 100),)
    assert chosen.left_out == (B,)
    assert choose(all_owed, verified={A, B}, minimum_fen=99, named={B}).lines == (owed(B, 500),)


def test_nothing_is_paid_to_an_account_that_was_not_verified() -> None:
    with pytest.raises(AccountNotVerified) as refused:
        choose([owed(B, 500)], verified={A}, minimum_fen=100, named={B})
    assert refused.value.facts == {"party_id": str(B)}

    with pytest.raises(NothingToPay):
        choose([owed(B, 500)], verified={A}, minimum_fen=100)
    with pytest.raises(NothingToPay):
        choose([], verified={A}, minimum_fen=1)


def test_the_file_for_the_bank_has_count_sum_and_digest_at_its_end() -> None:
    order = Instruction(
        reference="O1",
        holder_name="某某（海南）有限公司",
        account="6222021234567890",
        bank_name="某银行",
        bank_code="102100099996",
        amount_fen=12_345,
    )

    content = write_orders(BATCH, [order, order])

    body, _, end = content.rstrip(b"\n").rpartition(b"\n")
    digest = hashlib.sha256(body + b"\n").hexdigest()
    assert end.decode() == f"#end,2,24690,{digest}"
    assert content == write_orders(BATCH, [order, order])
    assert "6222021234567890" in body.decode()


def test_what_a_bank_says_is_read_again() -> None:
    said = (told(2, "O1"), told(3, "O2", Outcome.RETURNED))

    assert read_outcomes(write_outcomes(BATCH, said), BATCH) == said
    assert read_outcomes(write_outcomes(BATCH, ()), BATCH) == ()


GOOD = write_outcomes(BATCH, (told(2, "O1"), told(3, "O2")))


def _sealed(*rows: str, amount: int = 100) -> bytes:
    body = "".join(f"{row}\n" for row in (f"#shushi-payout-outcome/1,{BATCH}", *rows)).encode()
    digest = hashlib.sha256(body).hexdigest()
    return body + f"#end,{len(rows)},{amount * len(rows)},{digest}\n".encode()


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        (b"", 1, "head"),
        (GOOD.replace(str(BATCH).encode(), str(A).encode(), 1), 1, "head"),
        (GOOD.replace(b"O1", b"\xff"), 1, "not_readable"),
        (GOOD.replace(b"O1", b'"O1"x'), 1, "not_readable"),
        (GOOD.replace(b"T3", b"T4"), 4, "checksum"),
        (GOOD[: GOOD.rfind(b"#end")], 3, "checksum"),
        (_sealed("O1,paid,100,T1"), 2, "fields"),
        (_sealed("O1,maybe,100,T1,"), 2, "text"),
        (_sealed(",paid,100,T1,"), 2, "text"),
        (_sealed("O1,paid,100,,"), 2, "text"),
        (_sealed(f"O1,paid,100,T1,{'x' * 129}"), 2, "text"),
        (_sealed("O1,paid,1.00,T1,"), 2, "amount"),
        (_sealed("O1,paid,-100,T1,"), 2, "amount"),
        (_sealed("O1,paid,100,T1,", "O1,returned,100,T2,"), 3, "doubled"),
    ],
)
def test_a_file_that_is_not_wholly_right_is_not_taken(
    content: bytes, line: int, reason: str
) -> None:
    with pytest.raises(OutcomeFileMalformed) as refused:
        read_outcomes(content, BATCH)

    assert refused.value.facts == {"line": line, "reason": reason}


@pytest.mark.parametrize("machine", [account_states, payout_states])
def test_each_state_and_event_moves_as_the_table_says(machine: ModuleType) -> None:
    for state, event in itertools.product(machine.State, machine.Event):
        following = machine.TRANSITIONS.get((state, event))
        if following is not None:
            assert machine.advance(state, event) is following
            continue
        with pytest.raises(Refused) as refused:
            machine.advance(state, event)
        assert refused.value.facts == {"state": str(state), "event": str(event)}


def test_money_that_is_out_is_still_live_and_ends_paid_or_back() -> None:
    assert payout_states.OUT < payout_states.LIVE
    for state in payout_states.OUT:
        leads = {to for (at, _), to in payout_states.TRANSITIONS.items() if at is state}
        assert {payout_states.State.PAID, payout_states.State.RETURNED} <= leads
