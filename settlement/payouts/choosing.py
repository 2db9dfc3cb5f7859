"""Say what goes into a batch: what is worth sending, to whom it can be sent (编制规则)."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable

import msgspec

from catalog.kernel.errors import Refused
from settlement.payouts.model import Owed


class NothingToPay(Refused):
    """Nobody who could be paid is owed as much as the minimum."""

    code = "payout_nothing_to_pay"


class AccountNotVerified(Refused):
    """The party has no account that was verified; nothing is paid to any other."""

    code = "payout_account_not_verified"


class Chosen(msgspec.Struct, frozen=True):
    """What goes into a batch, and which parties have no verified account."""

    lines: tuple[Owed, ...]
    left_out: tuple[uuid.UUID, ...]


def choose(
    owed: Iterable[Owed],
    *,
    verified: Collection[uuid.UUID],
    minimum_fen: int,
    named: Collection[uuid.UUID] = (),
) -> Chosen:
    """Return what of ``owed`` is paid; ``named`` parties alone, if any are.

    :raises AccountNotVerified: if a party that was named has no verified account.
    :raises NothingToPay: if there is nothing to pay.
    """
    worth = [each for each in owed if each.amount_fen >= minimum_fen]
    if named:
        worth = [each for each in worth if each.party_id in named]
        for party_id in named:
            if party_id not in verified:
                raise AccountNotVerified(party_id=str(party_id))
    lines = tuple(each for each in worth if each.party_id in verified)
    if not lines:
        raise NothingToPay(minimum_fen=minimum_fen)
    left = dict.fromkeys(each.party_id for each in worth if each.party_id not in verified)
    return Chosen(lines, tuple(left))
