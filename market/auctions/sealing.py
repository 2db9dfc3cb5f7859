"""Seal a bid so that nobody reads it before all are opened, and open it (密封、开标).

A bid is encrypted to two keys at once: one of the supplier, one of the operator. Neither half alone opens
it, neither private half was ever in this service before the bids were closed, and what a bid says was bound
in the log when it came in. Two who betray their bidders together, and have the database, could read
early; they could not change anything.

The box is X25519 with both keys, HKDF-SHA256 over both secrets and all public keys, ChaCha20-Poly1305; its
content has one length, so that the length tells nothing of the amount.
"""

from __future__ import annotations

import uuid
from typing import Annotated, Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from msgspec import Meta

from catalog.kernel.errors import Refused
from catalog.signing.canonical import canonical, sha256_hex
from settlement.money import CEILING

FORMAT: Final = "shushi/auction-bid/1"
RESERVE: Final = "shushi/auction-reserve/1"
_LENGTH: Final = 320  # of what lies in the box
_KEY: Final = 32
#: A key encrypts one box, so that its nonce may be fixed.
_NONCE: Final = bytes(12)
#: How long a box is: its public key, what lies in it, and the tag.
BOX_LENGTH: Final = _KEY + _LENGTH + 16


class SealUnreadable(Refused):
    """The box can not be opened by these keys, or holds no bid."""

    code = "auction_seal_unreadable"


class SealMalformed(Refused):
    """A sealed bid has one length, whatever it says."""

    code = "auction_seal_malformed"


class KeyDiffers(Refused):
    """The private key is not the half of the key that was announced."""

    code = "auction_key_differs"


class ReserveDiffers(Refused):
    """The reserve and its salt are not those to which the announcement is bound."""

    code = "auction_reserve_differs"


class BidDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a bid says. The nonce keeps its commitment from being guessed (出价书)."""

    format: str
    auction_id: str
    paddle: Annotated[int, Meta(ge=1, le=10**9)]
    amount_fen: Annotated[int, Meta(ge=0, le=CEILING)]
    nonce: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class BoxedBid(msgspec.Struct, frozen=True, kw_only=True):
    """A bid as its bidder has it: what it says, and the two things that are handed in."""

    document: bytes
    commitment_sha256: str
    box: bytes


def draw_up(auction_id: uuid.UUID, *, paddle: int, amount_fen: int, nonce: str) -> bytes:
    """Return the bytes of a bid."""
    return canonical(
        BidDocument(
            format=FORMAT,
            auction_id=str(auction_id),
            paddle=paddle,
            amount_fen=amount_fen,
            nonce=nonce,
        )
    )


def commitment(document: bytes) -> str:
    """Return what is in the log from the first moment (承诺)."""
    return sha256_hex(document)


def reserve_commitment(amount_fen: int, salt: str) -> str:
    """Return what is announced of a reserve (保留价的承诺)."""
    return sha256_hex(canonical({"format": RESERVE, "amount_fen": amount_fen, "salt": salt}))


def public_half(private_key: bytes) -> bytes:
    """Return the half of a key that is announced."""
    return X25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()


def is_usable(public_key: bytes) -> bool:
    """Tell whether a secret can be shared by a key; some points of the curve share none."""
    try:
        X25519PrivateKey.from_private_bytes(bytes(_KEY)).exchange(
            X25519PublicKey.from_public_bytes(public_key)
        )
    except ValueError:
        return False
    return True


def seal(document: bytes, *, supplier_key: bytes, operator_key: bytes, ephemeral: bytes) -> bytes:
    """Return a bid in a box that only both halves together open; ``ephemeral`` is used this once."""
    private = X25519PrivateKey.from_private_bytes(ephemeral)
    secrets = b"".join(
        private.exchange(X25519PublicKey.from_public_bytes(key))
        for key in (supplier_key, operator_key)
    )
    public = private.public_key().public_bytes_raw()
    key = _derived(secrets, public + supplier_key + operator_key)
    return public + ChaCha20Poly1305(key).encrypt(_NONCE, document.ljust(_LENGTH), None)


def put_in_box(
    auction_id: uuid.UUID,
    *,
    paddle: int,
    amount_fen: int,
    supplier_key: bytes,
    operator_key: bytes,
    nonce: str,
    ephemeral: bytes,
) -> BoxedBid:
    """Return a bid, the commitment to it and its box; ``nonce`` and ``ephemeral`` are used this once."""
    document = draw_up(auction_id, paddle=paddle, amount_fen=amount_fen, nonce=nonce)
    return BoxedBid(
        document=document,
        commitment_sha256=commitment(document),
        box=seal(
            document, supplier_key=supplier_key, operator_key=operator_key, ephemeral=ephemeral
        ),
    )


def unseal(sealed: bytes, *, supplier_private: bytes, operator_private: bytes) -> bytes:
    """Return the bid that lies in a box.

    :raises SealUnreadable: if these two keys do not open it.
    """
    public, box = sealed[:_KEY], sealed[_KEY:]
    halves = [
        X25519PrivateKey.from_private_bytes(each) for each in (supplier_private, operator_private)
    ]
    try:
        secrets = b"".join(
            half.exchange(X25519PublicKey.from_public_bytes(public)) for half in halves
        )
        known = public + b"".join(half.public_key().public_bytes_raw() for half in halves)
        return ChaCha20Poly1305(_derived(secrets, known)).decrypt(_NONCE, box, None).rstrip()
    except (InvalidTag, ValueError) as error:
        raise SealUnreadable from error


def read(document: bytes) -> BidDocument:
    """Return what a bid says.

    :raises SealUnreadable: if it is no bid.
    """
    try:
        return msgspec.json.decode(document, type=BidDocument)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise SealUnreadable from error


def check_box(sealed: bytes) -> None:
    """Return if a box has the length that every box has.

    :raises SealMalformed: if not.
    """
    if len(sealed) != BOX_LENGTH:
        raise SealMalformed(length=BOX_LENGTH)


def check_half(private_key: bytes, announced: bytes | None) -> None:
    """Return if a private key is the half of the one that was announced.

    :raises KeyDiffers: if it is not.
    """
    if announced is None or public_half(private_key) != announced:
        raise KeyDiffers


def check_reserve(amount_fen: int, salt: str, announced: str | None) -> None:
    """Return if a reserve is the one to which the announcement is bound.

    :raises ReserveDiffers: if it is not.
    """
    if announced is None or reserve_commitment(amount_fen, salt) != announced:
        raise ReserveDiffers


def _derived(secrets: bytes, public_keys: bytes) -> bytes:
    return HKDF(
        algorithm=hashes.SHA256(),
        length=_KEY,
        salt=None,
        info=FORMAT.encode() + b"\n" + public_keys,
    ).derive(secrets)
