"""Put together by what is decided when data are asked for (每次访问的策略判定, RULES §8.2).

Of the order come the facts by which it was cleared; of the grant its limits; and of this moment
what has become of them since: an order in dispute, a buyer who is suspended, a cut-off, a consent
that was withdrawn.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import msgspec

from catalog.kernel.errors import Refused
from catalog.products.model import DeliveryMode, Level
from market.access import grants, rates
from market.access.decision import Condition, Decision, Facts, Leg, decide
from market.access.model import Asked, Grant
from market.access.states import State


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What stands of an order at this moment, beside its grant."""

    order_id: uuid.UUID
    level: str | None
    cleared_by: Facts | None  # None with orders that were cleared before these were kept
    grant_state: State
    is_use_allowed: bool  # by the state of the order
    is_buyer_verified: bool
    is_buyer_banned: bool
    is_cut_off: bool = False  # beside the grant itself: its product, agreement, zone, a party
    is_in_arrears: bool = False  # its usage account is suspended (欠费停用)
    has_personal_basis: bool = False  # consents that run, or an anonymisation that counts


def facts(grant: Grant, asked: Asked, standing: Standing, now: dt.datetime) -> Facts:
    """Return the facts of one use, as it is asked for."""
    scope = grant.scope
    base = standing.cleared_by or _of_older(scope.delivery_mode)
    other_purpose = asked.purpose not in (None, scope.purpose)
    other_scenario = asked.scenario not in (None, scope.scenario)
    other_mode = asked.delivery_mode not in (None, scope.delivery_mode)
    other_fields = bool(scope.fields) and not set(asked.fields) <= set(scope.fields)
    return msgspec.structs.replace(
        base,
        mode=asked.delivery_mode or scope.delivery_mode,
        is_party_verified=standing.is_buyer_verified,
        is_party_banned=standing.is_buyer_banned,
        is_listing_alive=True,  # what was sold stays sold when the offer ends (HN-19, A19)
        is_cut_off=standing.is_cut_off or standing.grant_state in (State.CUT_OFF, State.REVOKED),
        is_in_arrears=standing.is_in_arrears,
        is_begun=now >= scope.valid_from,
        is_over=standing.grant_state is State.EXPIRED or now >= scope.valid_to,
        is_use_allowed_now=standing.is_use_allowed,
        is_scenario_granted=not (other_purpose or other_scenario),
        is_within_scope=not (other_mode or other_fields),
        is_quota_left=scope.quota is None or grant.used + asked.uses <= scope.quota,
        is_within_rate=not rates.exceeded(scope.held_to, grant.recent, asked.uses, now),
        is_within_rows=rates.is_answered_within(scope.held_to),
        has_personal_basis=base.has_personal_basis and standing.has_personal_basis,
    )


def ask(grant: Grant, asked: Asked, standing: Standing, now: dt.datetime) -> Decision:
    """Decide on one use: every reason against it, in the order of RULES §8.2."""
    return decide(facts(grant, asked, standing, now))


def refusal(grant: Grant, reasons: tuple[str, ...], now: dt.datetime, **facts: Any) -> Refused:
    """Return the refusal that is named for the first reason and lists all; of a rate, until when."""
    if grants.RateExceeded.code in reasons:
        facts["retry_after_seconds"] = rates.seconds_until_free(
            grant.scope.held_to, grant.recent, now
        )
    return grants.refusal(reasons, **facts)


def _of_older(mode: DeliveryMode) -> Facts:
    # Cleared when only the decision was kept: what was decided then is not asked again.
    return Facts(
        leg=Leg.ENTERPRISE_TO_BUYER,
        mode=mode,
        level=Level.GENERAL,
        conditions=tuple(Condition),
    )
