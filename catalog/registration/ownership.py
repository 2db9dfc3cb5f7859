"""Say who owns the product and in which shares (所有者与份额): exact fractions that make one whole.

A42: shares of joint owners are exact fractions; no rounding is ever needed, so none is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import msgspec

from catalog.kernel.errors import Invalid
from catalog.kernel.ids import PartyId


class OwnerShareMalformed(Invalid):
    """A share is a positive fraction of at most one."""

    code = "owner_share_malformed"


class OwnerSharesNotOne(Invalid):
    """The owners' shares do not make one whole."""

    code = "owner_shares_not_one"


class OwnerNamedTwice(Invalid):
    """A party stands twice among the owners."""

    code = "owner_named_twice"


class ApplicantNotOwner(Invalid):
    """The applicant is none of the owners."""

    code = "applicant_not_owner"


class Owner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One owner (数据产品所有者) and its exact share."""

    party_id: PartyId
    name: str
    kind: str  # natural_person, legal_person, unincorporated_organisation (E1)
    share_numerator: int = 1
    share_denominator: int = 1

    @property
    def share(self) -> Fraction:
        """Return the share as an exact fraction."""
        return Fraction(self.share_numerator, self.share_denominator)

    @property
    def share_text(self) -> str:
        """Return the share as certificates write it: ``1`` or ``2/3``."""
        return str(self.share)


def check(owners: Sequence[Owner], applicant: PartyId) -> None:
    """Return if the owners are well named, the applicant among them, and own all of it (HN-08(7)).

    :raises OwnerShareMalformed: if a share is not a positive fraction of at most one.
    :raises OwnerNamedTwice: if a party stands there twice.
    :raises OwnerSharesNotOne: if the shares do not sum to exactly one; no owner makes zero.
    :raises ApplicantNotOwner: if the applicant is not one of them.
    """
    for owner in owners:
        if not 0 < owner.share_numerator <= owner.share_denominator:
            raise OwnerShareMalformed(
                name=owner.name, share=f"{owner.share_numerator}/{owner.share_denominator}"
            )
    if len({owner.party_id for owner in owners}) != len(owners):
        raise OwnerNamedTwice(names=[owner.name for owner in owners])
    total = sum((owner.share for owner in owners), Fraction(0))
    if total != 1:
        raise OwnerSharesNotOne(sum=str(total))
    if all(owner.party_id != applicant for owner in owners):
        raise ApplicantNotOwner(owners=[owner.name for owner in owners])
