"""Split a secret into shares, of which some together make it again (秘密分割): SLIP-0039.

The words are those of Trezor's reference implementation, ``shamir-mnemonic``, with its published
vectors; any other implementation of SLIP-0039 makes the secret again. Its authors say that it is not
hardened against whoever watches the machine while it computes: a ceremony is held on a machine that
nobody else is on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

import msgspec
from shamir_mnemonic import (  # type: ignore[import-untyped]
    MnemonicError,
    combine_mnemonics,
    generate_mnemonics,
)
from shamir_mnemonic.share import Share  # type: ignore[import-untyped]

from catalog.kernel.errors import Invalid, Refused

FEWEST: Final = 2  # of one share alone nobody should be able to do anything [P]
MOST: Final = 16  # SLIP-0039


class ThresholdUnusable(Invalid):
    """At least two, and not more than there are, must be needed; SLIP-0039 knows at most 16 shares."""

    code = "ceremony_threshold_unusable"


class ShareWrong(Refused):
    """A share was written down wrongly: its words, or its own checksum, do not fit."""

    code = "ceremony_share_wrong"


class SharesTooFew(Refused):
    """Fewer shares are here than are needed."""

    code = "ceremony_shares_too_few"


class ShareOfAnotherCeremony(Refused):
    """A share belongs to another secret."""

    code = "ceremony_share_of_another"


class SharesDoNotFit(Refused):
    """The shares together make no secret of this ceremony."""

    code = "ceremony_shares_do_not_fit"


class Made(msgspec.Struct, frozen=True):
    """A secret that shares made again, and which of them did."""

    secret: bytes
    used: tuple[int, ...]


def check_threshold(threshold: int, people: int) -> None:
    """Return if of so many people so many can be needed.

    :raises ThresholdUnusable: if not.
    """
    if not FEWEST <= threshold <= people <= MOST:
        raise ThresholdUnusable(threshold=threshold, people=people, fewest=FEWEST, most=MOST)


def split(secret: bytes, *, threshold: int, people: int) -> tuple[str, ...]:
    """Return one share for each of the people: words, with a checksum in them.

    :raises ThresholdUnusable: if so many can not be needed.
    """
    check_threshold(threshold, people)
    (shares,) = generate_mnemonics(1, [(threshold, people)], secret)
    return tuple(shares)


def combine(given: Sequence[str], *, known: Sequence[str] = ()) -> Made:
    """Return the secret that shares make together; more than are needed do no harm.

    ``known`` are the digests of the shares of one ceremony, in the order of its people. With them a
    share of another is told for sure.

    :raises ShareWrong: if one was written down wrongly.
    :raises ShareOfAnotherCeremony: if one belongs to another secret.
    :raises SharesTooFew: if there are too few, each counted once.
    :raises SharesDoNotFit: if they make no secret.
    """
    read: dict[int, tuple[Share, str]] = {}
    for number, words in enumerate(given, 1):
        share = _read(words, number)
        if known and digest_of(words) not in known:
            raise ShareOfAnotherCeremony(number=number)
        first = next(iter(read.values()))[0] if read else share
        if share.common_parameters() != first.common_parameters():
            raise ShareOfAnotherCeremony(number=number)
        read[share.index] = (share, normal(words))
    needed = next(iter(read.values()))[0].member_threshold if read else FEWEST
    if len(read) < needed:
        raise SharesTooFew(given=len(read), needed=needed)
    used = sorted(read)[:needed]
    try:
        secret = combine_mnemonics([read[index][1] for index in used])
    except MnemonicError as error:
        raise SharesDoNotFit(reason=str(error)) from error
    return Made(secret, tuple(used))


def digest_of(words: str) -> str:
    """Return the SHA-256 of a share as it stands in the transcript: of its words, one blank between."""
    return hashlib.sha256(normal(words).encode()).hexdigest()


def checksum_of(words: str) -> str:
    """Return eight digits that tell two sheets of paper apart at a glance."""
    return digest_of(words)[:8]


def normal(words: str) -> str:
    """Return the words of a share as they are hashed, however they were typed."""
    return " ".join(words.lower().split())


def _read(words: str, number: int) -> Share:
    try:
        return Share.from_mnemonic(normal(words))
    except MnemonicError as error:
        raise ShareWrong(number=number, reason=str(error)) from error
