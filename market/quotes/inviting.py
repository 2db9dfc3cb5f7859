"""Decide who may be asked for a quote, and until when (询价规则)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection
from typing import Final

from catalog.kernel.errors import Invalid, Refused
from catalog.kernel.ids import PartyId
from market.affiliations.model import Relation

# [P] whoever is asked needs time to look; what is asked within the hour is asked by telephone.
SHORTEST: Final = dt.timedelta(hours=1)


class QuoteInviteesInvalid(Invalid):
    """Somebody is invited twice, or the buyer itself is."""

    code = "quote_invitees_invalid"


class QuoteInviteeUnfit(Refused):
    """Who is invited was not identified, or is banned by its record."""

    code = "quote_invitee_unfit"


class QuoteInviteeRelated(Refused):
    """Who is invited is tied to the buyer, or to another who is, by control (政府采购法实施条例 18)."""

    code = "quote_invitee_related"


class QuoteDeadlineUnfit(Refused):
    """The deadline for quotes is too near, or behind that of the demand."""

    code = "quote_deadline_unfit"


def check_invited(invited: Collection[uuid.UUID], buyer: PartyId) -> None:
    """Return if these may be invited, as far as their names tell.

    :raises QuoteInviteesInvalid: if one stands there twice, or is the buyer.
    """
    if len(set(invited)) < len(invited) or buyer in invited:
        raise QuoteInviteesInvalid


def check_unrelated(supplier: PartyId, found: tuple[PartyId, Relation] | None) -> None:
    """Return if an invited supplier is tied neither to the buyer nor to another one by control.

    Whoever asks is told who, and not by whose ties.

    :raises QuoteInviteeRelated: if it is.
    """
    if found is not None:
        to, relation = found
        raise QuoteInviteeRelated(
            party_id=str(supplier), other=str(to), relation=relation.kind.value
        )


def check_until(until: dt.datetime, *, offers_until: dt.datetime, now: dt.datetime) -> None:
    """Return if quotes may be taken until then.

    :raises QuoteDeadlineUnfit: if it is less than an hour away, or the demand takes none so long.
    """
    earliest = now + SHORTEST
    if not earliest <= until <= offers_until:
        raise QuoteDeadlineUnfit(
            given=until.isoformat(),
            earliest=earliest.isoformat(),
            latest=offers_until.isoformat(),
        )
