"""The record of an auction is computed again from itself, and every change of it is found."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from msgspec.structs import replace

from catalog.signing.canonical import sha256_hex
from catalog.signing.purposes import Purpose
from catalog.signing.signer import Signer
from market.auctions import deciding, record, sealing
from market.auctions.closing import Ending
from market.auctions.model import Award, Kind, Outcome, Won
from market.auctions.record import Record
from market.auctions.states import State
from tests.makers_auctions import (
    AUCTION,
    CLOSES,
    MOST,
    OPENS,
    OPERATOR_PRIVATE,
    SUPPLIER_PRIVATE,
    boxes,
    make_auction,
    make_rules,
    shown,
)
from tests.pure.test_auction_deciding import award

MINUTE = dt.timedelta(minutes=1)
SALT = "5a" * 32


def sealed(kind: Kind = Kind.SEALED_SECOND_PRICE, **changes: Any) -> Record:
    """Return the record of a sealed auction with a reserve, and one bid too many fen."""
    rules = make_rules(kind, reserve_sha256=sealing.reserve_commitment(35_000, SALT))
    held = boxes((1, 30_000), (2, 50_000), (3, MOST + 1), (4, 40_000))
    bids = [
        deciding.opened(
            box,
            auction_id=AUCTION,
            rules=rules,
            most_fen=MOST,
            supplier_private=SUPPLIER_PRIVATE,
            operator_private=OPERATOR_PRIVATE,
        )
        for box in held
    ]
    auction = make_auction(
        kind,
        state=State.DECIDED,
        rules=rules,
        closed_at=CLOSES,
        decided_at=CLOSES,
        supplier_private_key=SUPPLIER_PRIVATE,
        operator_private_key=OPERATOR_PRIVATE,
        reserve_fen=35_000,
        reserve_salt=SALT,
        outcome=deciding.outcome(
            make_auction(kind).lot, rules, bids, Ending(CLOSES), reserve=(35_000, SALT)
        ),
    )
    return replace(record.read(record.drawn_up(auction, held, [])), **changes)


def public(**changes: Any) -> Record:
    """Return the record of an auction in public whose end was moved once."""
    instants = [OPENS, CLOSES - 6 * MINUTE, CLOSES - 4 * MINUTE]
    bids = shown((1, 20_000), (2, 30_000), (1, 45_000), at=instants)
    auction = make_auction(
        state=State.AWARDED,
        ends_at=CLOSES + 5 * MINUTE,
        extension_count=1,
        outcome=deciding.outcome(
            make_auction().lot, make_rules(), bids, Ending(CLOSES + 5 * MINUTE, 1), reserve=None
        ),
    )
    return replace(record.read(record.drawn_up(auction, [], [award(1)])), **changes)


def told(of: Record) -> Outcome:
    assert of.outcome is not None
    return of.outcome


def found(of: Record, **changes: Any) -> list[str]:
    """Return what is wrong with a record whose outcome was changed like that."""
    return list(record.differences(replace(of, outcome=replace(told(of), **changes))))


@pytest.mark.parametrize("kind", [Kind.SEALED_FIRST_PRICE, Kind.SEALED_SECOND_PRICE])
def test_the_record_of_a_sealed_auction_comes_to_what_it_says(kind: Kind) -> None:
    held = sealed(kind)

    assert list(record.differences(held)) == []
    price = 50_000 if kind is Kind.SEALED_FIRST_PRICE else 40_000
    assert told(held).winners == (Won(paddle=2, bid_fen=50_000, price_fen=price),)


def test_the_record_of_an_auction_in_public_comes_to_what_it_says() -> None:
    assert list(record.differences(public())) == []
    assert [each.paddle for each in public().awards] == [1]


def test_before_all_is_opened_a_record_holds_no_box_and_no_key() -> None:
    auction = make_auction(
        Kind.SEALED_FIRST_PRICE,
        state=State.CLOSED,
        supplier_private_key=SUPPLIER_PRIVATE,
        closed_at=CLOSES,
    )

    held = record.read(record.drawn_up(auction, boxes((1, 30_000)), []))

    assert (held.boxes, held.supplier_private_key, held.operator_private_key) == ((), None, None)
    assert list(record.differences(held)) == []


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"supplier_private_key": None}, "a key is missing"),
        ({"operator_private_key": None}, "a key is missing"),
        ({"operator_private_key": b"\x33" * 32}, "not the half"),
        ({"operator_key": b"\x33" * 32}, "not the half"),
        ({"boxes": ()}, "not those that lie in the boxes"),
        ({"most_fen": MOST + 1}, "not those that lie in the boxes"),
    ],
)
def test_a_sealed_record_with_another_key_or_box_is_found_out(
    changes: dict[str, Any], word: str
) -> None:
    assert word in "".join(record.differences(sealed(**changes)))


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"reserve_fen": 34_000}, "the reserve is not"),
        ({"reserve_salt": None}, "the reserve is not"),
        ({"floor_fen": 20_000}, "the least price"),
        ({"ended_at": CLOSES + MINUTE}, "the end is another"),
        ({"extension_count": 1}, "the end is another"),
        ({"winners": ()}, "the winners"),
        ({"winners": (Won(paddle=4, bid_fen=40_000, price_fen=40_000),)}, "the winners"),
    ],
)
def test_a_sealed_record_with_another_outcome_is_found_out(
    changes: dict[str, Any], word: str
) -> None:
    assert any(word in each for each in found(sealed(), **changes))


def test_a_bid_that_is_told_otherwise_than_it_lies_in_its_box_is_found_out() -> None:
    held = sealed()
    bids = (replace(told(held).bids[0], amount_fen=80_000), *told(held).bids[1:])

    assert any("lie in the boxes" in each for each in found(held, bids=bids))


@pytest.mark.parametrize(
    ("bids", "instants", "word"),
    [
        ([(1, 19_999)], [OPENS], "could be made"),
        ([(1, 20_000), (2, 20_999)], [OPENS, OPENS], "could be made"),
        ([(1, MOST + 1)], [OPENS], "could be made"),
        ([(1, 20_000)], [OPENS - MINUTE], "when none is taken"),
        ([(1, 20_000)], [CLOSES], "when none is taken"),
        ([(1, 20_000), (2, 30_000)], [OPENS + MINUTE, OPENS], "do not follow"),
        ([(1, 20_000)], [CLOSES - MINUTE], None),
    ],
)
def test_bids_in_public_that_could_not_be_made_are_found_out(
    bids: list[tuple[int, int]], instants: list[dt.datetime], word: str | None
) -> None:
    changes = {
        "bids": tuple(shown(*bids, at=instants)),
        "winners": (Won(paddle=bids[-1][0], bid_fen=bids[-1][1], price_fen=bids[-1][1]),),
        "ended_at": CLOSES + 5 * MINUTE,
        "extension_count": 1,
    }

    differing = found(public(), **changes)

    assert differing == [] if word is None else any(word in each for each in differing)


@pytest.mark.parametrize("changes", [{"amount_fen": None}, {"at": None}])
def test_a_bid_in_public_has_an_amount_and_an_instant(changes: dict[str, Any]) -> None:
    held = public()
    bids = (replace(told(held).bids[0], **changes), *told(held).bids[1:])

    assert any("could be made" in each for each in found(held, bids=bids))


def test_an_end_that_was_not_moved_by_a_bid_is_found_out() -> None:
    assert any("the end is another" in each for each in found(public(), ended_at=CLOSES))


def test_a_record_is_signed_as_it_is_written() -> None:
    signer = Signer(Purpose.STATEMENT, b"\x07" * 32)
    document = record.drawn_up(make_auction(), [], [])

    signed = record.signed(document, signer)

    assert (signed.type, signed.document, signed.sha256) == (
        record.FORMAT,
        document,
        sha256_hex(document),
    )
    assert signed.signature == signer.seal(document)


def test_awards_stand_in_the_record_by_number_and_price() -> None:
    given: Award = award(1, contracted_at=CLOSES)
    held = record.read(record.drawn_up(make_auction(), [], [given]))

    assert [(each.paddle, each.price_fen, each.contracted_at) for each in held.awards] == [
        (1, 50_000, CLOSES)
    ]
    assert str(given.party_id).encode() not in record.drawn_up(make_auction(), [], [given])
