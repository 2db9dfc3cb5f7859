"""Freeze who shares with the order (收益分配约定): money depends on a document, not on a register.

An order is signed with a split: first the tax, if its price says what it is, to whoever makes out the
invoice; then of the net amount the fees of the schedule that was in force, in its order, and the shares
of what they leave. Whoever owns what later, and whatever fees are decided later, the
money of this order goes as it stands there. The split is handed down as a value and has a digest,
which the contract can name.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from fractions import Fraction
from typing import Annotated, Any

import msgspec
import rfc8785
from msgspec import Meta

from settlement.escrow.release import Increment
from settlement.fees import deducting
from settlement.fees.deducting import Fee
from settlement.ledger.accounts import Account
from settlement.ledger.journal import Leg, instant
from settlement.money import WHOLE, Bps, Fen, fen
from settlement.revenue import metering
from settlement.revenue.dividing import divide
from settlement.revenue.retaining import Retained, keep
from settlement.revenue.split import (
    PURPOSES,
    SHARES_MAX,
    Method,
    Role,
    Share,
    ShareTwice,
    TooManyShares,
    check,
)
from settlement.taxes import taxing


class Deduction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fee of the schedule, and which party receives it."""

    party_id: uuid.UUID
    fee: Fee

    @property
    def role(self) -> Role:
        """Return as what the party receives it."""
        return Role(self.fee.payee.value)

    @property
    def account(self) -> Account:
        """Return the account on which it arrives."""
        return Account(PURPOSES[self.role], str(self.party_id))


class OwedTax(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The tax in what is paid, and who makes out the invoice and owes it (税额): nobody's share.

    It is a whole number of fen of whatever was paid so far, so the tax of an order is that of its invoice.
    """

    party_id: uuid.UUID
    rate_bps: Annotated[int, Meta(gt=0, lt=10_000)]

    @property
    def role(self) -> Role:
        """Return as what the party receives it."""
        return Role.TAX

    @property
    def account(self) -> Account:
        """Return the account on which it arrives."""
        return Account(PURPOSES[self.role], str(self.party_id))


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What one account gets of an amount, exactly, and by which rule."""

    account: Account
    party_id: uuid.UUID
    role: Role
    fee: Fee | None  # the fee, if it is one
    method: Method | None  # the method of the share, if it is one
    share_bps: Bps | None
    base: Fraction  # of which it is taken
    exact: Fraction
    tax_rate_bps: int | None = None  # if it is the tax, which is whole fen


class FrozenSplit(msgspec.Struct, frozen=True, kw_only=True):
    """The fees and shares of one order, as they were when it was cleared.

    ``version`` names the schedule and the agreement from which they came; every entry that pays them
    out cites it.
    """

    version: str
    frozen_at: dt.datetime
    shares: tuple[Share, ...]
    deductions: tuple[Deduction, ...] = ()
    tax: OwedTax | None = None
    retained: Retained | None = None  # 质保金: what is kept back of the seller's share

    def claims(self, amount_fen: Fen) -> tuple[Claim, ...]:
        """Return the exact claims on ``amount_fen``: tax, fees, shares; their sum is the amount.

        Fees and shares are of the net amount alone. It never falls when more is paid, and no claim on
        it does; fees of the gross amount would fall where a fen more is all tax.

        :raises AmountNotPositive: if there is nothing to split.
        """
        taxes, net = self._taxes(fen(amount_fen))
        taken, left = deducting.deduct([each.fee for each in self.deductions], net)
        fees = (
            Claim(
                account=deduction.account,
                party_id=deduction.party_id,
                role=deduction.role,
                fee=deduction.fee,
                method=None,
                share_bps=None,
                base=of.base,
                exact=of.exact,
            )
            for deduction, of in zip(self.deductions, taken, strict=True)
        )
        shared = (
            Claim(
                account=share.account,
                party_id=share.party_id,
                role=share.role,
                fee=None,
                method=share.method,
                share_bps=share.share_bps,
                base=left,
                exact=left * Fraction(share.share_bps, WHOLE),
            )
            for share in check(self.shares)
        )
        return (*taxes, *fees, *shared)

    def _taxes(self, amount_fen: Fen) -> tuple[tuple[Claim, ...], int]:
        """Return the claim that is the tax, if there is one, and what it leaves."""
        if self.tax is None:
            return (), amount_fen
        taxed = taxing.inside(amount_fen, self.tax.rate_bps)
        claim = Claim(
            account=self.tax.account,
            party_id=self.tax.party_id,
            role=Role.TAX,
            fee=None,
            method=None,
            share_bps=None,
            base=Fraction(amount_fen),
            exact=Fraction(taxed.tax_fen),
            tax_rate_bps=self.tax.rate_bps,
        )
        return (claim,), taxed.net_fen

    def credits(self, amount_fen: Fen) -> tuple[Leg, ...]:
        """Return the credits that pay ``amount_fen`` out; a claim that comes to nothing has none.

        What is kept of the seller's share stands on the retention account.

        :raises SharesNotWhole: if the shares divide no whole.
        """
        due = self.divided(amount_fen)
        return due if self.retained is None else keep(due, self.retained, amount_fen)

    def divided(self, amount_fen: Fen) -> tuple[Leg, ...]:
        """Return what each is due of ``amount_fen``, before anything is kept back.

        :raises SharesNotWhole: if the shares divide no whole.
        """
        claims = self.claims(amount_fen)
        parts = divide([claim.exact for claim in claims])
        return tuple(
            Leg(claim.account, part.amount_fen)
            for claim, part in zip(claims, parts, strict=True)
            if part.amount_fen
        )

    def increment(self, before_fen: int, after_fen: Fen) -> Increment:
        """Return what is paid when the sum of all charges grows from one to another (按量分账)."""
        assert 0 <= before_fen < after_fen, "a charge makes the total grow"
        earlier = self._exact(Fen(before_fen)) if before_fen else {}
        return metering.increment(earlier, self._exact(after_fen))

    def final(self, total_fen: Fen) -> tuple[Leg, ...]:
        """Return what goes out of the residual when nothing more is charged: all of it."""
        return metering.final(self._exact(total_fen))

    def _exact(self, total_fen: Fen) -> dict[Account, Fraction]:
        return {claim.account: claim.exact for claim in self.claims(total_fen)}

    def digest(self) -> str:
        """Return the SHA-256 (hex) of the canonical split, for the contract to name.

        A split without fees, tax of its own or anything kept back is written as it always was.
        """
        told: dict[str, Any] = {
            "format": "shushi/split/1",
            "frozen_at": instant(self.frozen_at),
            "shares": [
                {
                    "method": str(share.method),
                    "non_tax_revenue": share.is_non_tax_revenue,
                    "party_id": str(share.party_id),
                    "role": str(share.role),
                    "share_bps": share.share_bps,
                }
                for share in self.shares
            ],
            "version": self.version,
        }
        if self.deductions:
            told["format"] = "shushi/split/2"
            told["deductions"] = msgspec.to_builtins(self.deductions)
        if self.tax is not None:
            told["format"] = "shushi/split/3"
            told["tax"] = msgspec.to_builtins(self.tax)
        if self.retained is not None:
            told["format"] = "shushi/split/4"
            told["retained"] = msgspec.to_builtins(self.retained)
        return hashlib.sha256(rfc8785.dumps(told)).hexdigest()


def freeze(
    *,
    version: str,
    frozen_at: dt.datetime,
    shares: tuple[Share, ...],
    deductions: tuple[Deduction, ...] = (),
    tax: OwedTax | None = None,
    retained: Retained | None = None,
) -> FrozenSplit:
    """Return the split for an order that is signed now.

    :raises SharesNotWhole: if the shares do not sum to 100 % (ZJ-2), and the others of ``check``.
    :raises FeesUnfit: if the fees can not all be taken.
    :raises ShareTwice: if tax, fees and shares would be paid on the same account.
    :raises TooManyShares: if they are more than one entry of the journal has legs.
    """
    check(shares)
    deducting.check([each.fee for each in deductions])
    taken: list[Deduction | OwedTax] = [*deductions]
    if tax is not None:
        taken.append(tax)
    if len(shares) + len(taken) > SHARES_MAX:
        raise TooManyShares(shares=len(shares) + len(taken), maximum=SHARES_MAX)
    accounts = {share.account for share in shares}
    for each in taken:
        if each.account in accounts:
            raise ShareTwice(party_id=str(each.party_id), role=str(each.role))
        accounts.add(each.account)
    return FrozenSplit(
        version=version,
        frozen_at=frozen_at,
        shares=shares,
        deductions=deductions,
        tax=tax,
        retained=retained,
    )
