"""A licence grant asked for one use: everything that forbids it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from catalog.kernel.ids import PartyId, new_id
from catalog.products.model import DeliveryMode
from market.access import grants
from market.access.model import Asked, Grant, GrantId, Scope
from market.access.states import State

NOW = dt.datetime(2026, 3, 2, 1, tzinfo=dt.UTC)


def make_grant(**changes: Any) -> Grant:
    scope: dict[str, Any] = {
        "purpose": "停工判断",
        "scenario": "port_safety",
        "delivery_mode": DeliveryMode.API_CALL,
        "fields": ("hour", "level"),
        "quota": 3,
        "valid_from": NOW,
        "valid_to": NOW + dt.timedelta(days=1),
    }
    scope |= changes.pop("scope", {})
    values: dict[str, Any] = {
        "id": GrantId(new_id()),
        "order_id": new_id(),
        "buyer_party_id": PartyId(new_id()),
        "supplier_party_id": PartyId(new_id()),
        "product_id": new_id(),
        "product_version": 1,
        "content_sha256": "ab" * 32,
        "content_size_bytes": 10,
        "media_type": "text/csv",
        "file_name": "a.csv",
        "fingerprint_id": "cd" * 16,
        "scope": Scope(**scope),
        "state": State.ACTIVE,
        "used": 0,
        "order_seq": 0,
        "last_record_sha256": "0" * 64,
        "created_at": NOW,
    }
    return Grant(**(values | changes))


def reasons(grant: Grant, now: dt.datetime = NOW, **asked: Any) -> tuple[str, ...]:
    return grants.reasons(grant, Asked(**asked), now)


def test_what_was_granted_is_let_through() -> None:
    assert reasons(make_grant()) == ()
    assert (
        reasons(
            make_grant(used=2),
            purpose="停工判断",
            scenario="port_safety",
            delivery_mode=DeliveryMode.API_CALL,
            fields=("hour",),
        )
        == ()
    )
    assert reasons(make_grant(used=99, scope={"quota": None, "fields": ()}), fields=("x",)) == ()


@pytest.mark.parametrize(
    ("grant", "later", "asked", "code"),
    [
        ({"state": State.CUT_OFF}, 0, {}, "authorisation_cut_off"),
        ({"state": State.REVOKED}, 0, {}, "authorisation_cut_off"),
        ({"state": State.EXPIRED}, 0, {}, "grant_expired"),
        ({}, -1, {}, "grant_not_yet_valid"),
        ({}, 86_400, {}, "grant_expired"),
        ({}, 0, {"purpose": "营销"}, "purpose_mismatch"),
        ({}, 0, {"scenario": "marketing"}, "purpose_mismatch"),
        ({}, 0, {"fields": ("hour", "name")}, "scope_exceeded"),
        ({}, 0, {"delivery_mode": DeliveryMode.SANDBOX}, "scope_exceeded"),
        ({"used": 3}, 0, {}, "quota_exhausted"),
        ({"used": 2}, 0, {"uses": 2}, "quota_exhausted"),
    ],
)
def test_each_limit_refuses_by_its_name(
    grant: dict[str, Any], later: int, asked: dict[str, Any], code: str
) -> None:
    found = reasons(make_grant(**grant), NOW + dt.timedelta(seconds=later), **asked)

    assert found == (code,)
    assert grants.refusal(found).code == code


def test_the_last_second_counts_and_the_end_does_not() -> None:
    end = NOW + dt.timedelta(days=1)

    assert reasons(make_grant(), end - dt.timedelta(microseconds=1)) == ()
    assert reasons(make_grant(), end) == ("grant_expired",)


def test_all_reasons_are_kept_the_cut_off_first() -> None:
    grant = make_grant(state=State.CUT_OFF, used=3)

    found = reasons(grant, NOW + dt.timedelta(days=2), purpose="营销")

    assert found == (
        "authorisation_cut_off",
        "grant_expired",
        "purpose_mismatch",
        "quota_exhausted",
    )
    assert grants.refusal(found).facts == {"reasons": list(found)}
