"""A sealed bid is opened by both halves of the key together, and by nothing less."""

from __future__ import annotations

import itertools

import pytest

from catalog.signing.canonical import canonical
from market.auctions import sealing
from tests.makers_auctions import (
    AUCTION,
    OPERATOR_KEY,
    OPERATOR_PRIVATE,
    SUPPLIER_KEY,
    SUPPLIER_PRIVATE,
    sealed_bid,
)
from tests.pure.test_pricing import refused

OTHER = b"\x33" * 32
SALT = "5a" * 32


def opened(
    box: bytes, supplier: bytes = SUPPLIER_PRIVATE, operator: bytes = OPERATOR_PRIVATE
) -> bytes:
    return sealing.unseal(box, supplier_private=supplier, operator_private=operator)


def test_a_bid_that_was_sealed_is_opened_as_it_was() -> None:
    commitment, box = sealed_bid(45_000, paddle=3)

    document = opened(box)
    said = sealing.read(document)

    assert (said.auction_id, said.paddle, said.amount_fen) == (str(AUCTION), 3, 45_000)
    assert sealing.commitment(document) == commitment


def test_a_bid_is_put_in_a_box_with_its_commitment() -> None:
    made = sealing.put_in_box(
        AUCTION,
        paddle=3,
        amount_fen=45_000,
        supplier_key=SUPPLIER_KEY,
        operator_key=OPERATOR_KEY,
        nonce="ab" * 32,
        ephemeral=bytes(range(32)),
    )

    opened = sealing.unseal(
        made.box, supplier_private=SUPPLIER_PRIVATE, operator_private=OPERATOR_PRIVATE
    )
    assert opened == made.document
    assert sealing.commitment(opened) == made.commitment_sha256
    assert sealing.read(opened).amount_fen == 45_000


@pytest.mark.parametrize(
    ("supplier", "operator"),
    [
        (SUPPLIER_PRIVATE, OTHER),
        (OTHER, OPERATOR_PRIVATE),
        (SUPPLIER_PRIVATE, SUPPLIER_PRIVATE),
        (OPERATOR_PRIVATE, SUPPLIER_PRIVATE),
    ],
)
def test_one_half_alone_opens_nothing(supplier: bytes, operator: bytes) -> None:
    _, box = sealed_bid(45_000)

    assert refused(opened, box, supplier, operator) == "auction_seal_unreadable"


@pytest.mark.parametrize("at", [0, 31, 32, 200, -1])
def test_a_box_that_was_changed_does_not_open(at: int) -> None:
    _, box = sealed_bid(45_000)
    changed = bytearray(box)
    changed[at] ^= 1

    assert refused(opened, bytes(changed)) == "auction_seal_unreadable"


def test_a_point_that_shares_no_secret_opens_nothing() -> None:
    _, box = sealed_bid(45_000)

    assert refused(opened, bytes(32) + box[32:]) == "auction_seal_unreadable"
    assert not sealing.is_usable(bytes(32))
    assert sealing.is_usable(SUPPLIER_KEY)


def test_the_length_of_a_box_tells_nothing_of_the_amount() -> None:
    lengths = {len(sealed_bid(amount)[1]) for amount in (1, 45_000, 10**15)}

    assert lengths == {sealing.BOX_LENGTH}


def test_two_boxes_of_one_bid_by_fresh_keys_have_nothing_in_common() -> None:
    document = sealing.draw_up(AUCTION, paddle=1, amount_fen=45_000, nonce=SALT)
    one, other = (
        sealing.seal(document, supplier_key=SUPPLIER_KEY, operator_key=OPERATOR_KEY, ephemeral=each)
        for each in (b"\x44" * 32, b"\x55" * 32)
    )

    assert one != other
    assert opened(one) == opened(other) == document


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        canonical({"format": sealing.FORMAT}),
        canonical(
            {
                "format": sealing.FORMAT,
                "auction_id": str(AUCTION),
                "paddle": 1,
                "amount_fen": 10**15 + 1,
                "nonce": SALT,
            }
        ),
    ],
)
def test_what_is_no_bid_is_not_read(document: bytes) -> None:
    assert refused(sealing.read, document) == "auction_seal_unreadable"


@pytest.mark.parametrize("length", [0, sealing.BOX_LENGTH - 1, sealing.BOX_LENGTH + 1])
def test_a_box_has_one_length(length: int) -> None:
    sealing.check_box(bytes(sealing.BOX_LENGTH))
    assert refused(sealing.check_box, bytes(length)) == "auction_seal_malformed"


def test_a_private_key_is_held_against_the_half_that_was_announced() -> None:
    sealing.check_half(SUPPLIER_PRIVATE, SUPPLIER_KEY)

    assert refused(sealing.check_half, SUPPLIER_PRIVATE, OPERATOR_KEY) == "auction_key_differs"
    assert refused(sealing.check_half, SUPPLIER_PRIVATE, None) == "auction_key_differs"


def test_a_reserve_is_bound_by_its_commitment_and_hidden_by_its_salt() -> None:
    told = sealing.reserve_commitment(30_000, SALT)
    sealing.check_reserve(30_000, SALT, told)

    for amount, salt in itertools.product((30_000, 30_001), (SALT, "5b" * 32)):
        if (amount, salt) != (30_000, SALT):
            assert refused(sealing.check_reserve, amount, salt, told) == "auction_reserve_differs"
    assert refused(sealing.check_reserve, 30_000, SALT, None) == "auction_reserve_differs"
