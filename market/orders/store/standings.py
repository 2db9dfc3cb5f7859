"""Statements of what stands today of an order that has a grant, and says whether it may be used."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Final

import msgspec

from catalog.kernel.db import Row, Tx
from market.access import queries as grants
from market.access.asking import Standing
from market.access.decision import Facts
from market.access.model import Grant
from market.access.states import State as GrantState
from market.anonymisations import accepting
from market.consents import grounds
from market.consents.model import Grounds
from market.credit import queries as credit
from market.identity.states import State as PartyState
from market.orders.states import Event, State, allows

# The names are other ones than a grant's: both may be read at once.
_STANDS: Final = f"""
           o.id AS of_order, o.state AS order_state, o.level AS order_level,
           o.decision -> 'facts' AS cleared_by,
           g.state AS grant_state, p.state AS buyer_state,
           EXISTS (SELECT FROM market.cut_offs c
                    WHERE c.state = 'standing'
                      AND c.subject_id IN (o.id, g.id, o.agreement_id, o.product_id,
                                           o.buyer_party_id, o.supplier_party_id)) AS is_cut_off,
           EXISTS (SELECT FROM settlement.usage_accounts a
                    WHERE a.order_id = o.id AND a.state = 'suspended') AS is_in_arrears,
           {credit.banned("o.buyer_party_id", day="$2")} AS is_banned,
           o.product_version, o.purpose AS order_purpose, to_jsonb(c) AS consents,
           v.valid_to AS anonymised_until
      FROM market.orders o
      JOIN market.grants g ON g.order_id = o.id
      JOIN market.parties p ON p.id = o.buyer_party_id
      LEFT JOIN market.consent_grounds c
             ON c.product_id = o.product_id AND c.scenario = o.scenario
            AND c.recipient_party_id = o.buyer_party_id
      LEFT JOIN market.anonymised_versions v
             ON v.product_id = o.product_id AND v.product_version = o.product_version"""  # noqa: S608 - our own columns

_STANDING: Final = f"SELECT {_STANDS}"

_WITH_GRANT: Final = f"SELECT {grants.columns('g')}, {_STANDS} WHERE g.order_id = $1"


async def read(tx: Tx, order_id: uuid.UUID, *, today: dt.date) -> Standing:
    """Return what stands today of an order that has a grant."""
    row = await tx.fetch_one(_STANDING + " WHERE o.id = $1", order_id, today)
    assert row is not None, "who sees the grant of an order sees the order"
    return _standing_of(row, today)


async def find_with_grant(
    tx: Tx, order_id: uuid.UUID, *, today: dt.date
) -> tuple[Grant, Standing] | None:
    """Return the grant of an order, and what stands of it today; None if the actor sees none."""
    row = await tx.fetch_one(_WITH_GRANT, order_id, today)
    return None if row is None else (grants.grant_of(row), _standing_of(row, today))


async def list_of(tx: Tx, order_ids: Sequence[uuid.UUID], *, today: dt.date) -> list[Standing]:
    """Return what stands today of orders that have a grant, in no order."""
    rows = await tx.fetch(_STANDING + " WHERE o.id = ANY ($1)", list(order_ids), today)
    return [_standing_of(row, today) for row in rows]


def _standing_of(row: Row, today: dt.date) -> Standing:
    told, consents = row["cleared_by"], row["consents"]
    given = None if consents is None else msgspec.convert(consents, Grounds)
    has_basis = grounds.allow(
        given, version=row["product_version"], purpose=row["order_purpose"], today=today
    ) or accepting.counts(row["anonymised_until"], today)
    return Standing(
        order_id=row["of_order"],
        level=row["order_level"],
        cleared_by=None if told is None else msgspec.convert(told, Facts),
        grant_state=GrantState(row["grant_state"]),
        is_use_allowed=allows(State(row["order_state"]), Event.USE),
        is_buyer_verified=row["buyer_state"] == PartyState.VERIFIED,
        is_buyer_banned=row["buyer_state"] == PartyState.SUSPENDED or row["is_banned"],
        is_cut_off=row["is_cut_off"],
        is_in_arrears=row["is_in_arrears"],
        has_personal_basis=has_basis,
    )
