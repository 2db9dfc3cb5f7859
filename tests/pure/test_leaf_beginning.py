"""A leaf tells when it was made by its first bytes alone."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from catalog.audit_log import leaf
from catalog.audit_log.model import EntryId
from catalog.kernel.actor import Actor, Clearance
from catalog.kernel.ids import AccountId, PartyId, new_id
from catalog.signing.canonical import canonical

AT = dt.datetime(2026, 12, 31, 23, 59, 59, 1, tzinfo=dt.UTC)


def test_the_first_bytes_of_a_leaf_tell_when_it_was_made() -> None:
    made = leaf.leaf_bytes(EntryId(new_id()), AT, "a:b", subjects=(), payload_sha256="00")

    assert leaf.made_at(made) == leaf.made_at(made[: leaf.BEGINNING]) == AT
    assert leaf.read_leaf(made).at == leaf.instant(AT)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b'{"id":"1"}',
        b'{"at":"',
        b'{"at":"2026-13-01T00:00:00.000000Z"',
        b'{"at":"\xff\xff"',
    ],
)
def test_bytes_that_are_no_leaf_tell_nothing(raw: bytes) -> None:
    assert leaf.made_at(raw) is None


def test_a_payload_is_canonical_whatever_is_told_in_it() -> None:
    actor = Actor(
        account_id=AccountId(new_id()),
        party_id=PartyId(new_id()),
        name="数据运营 “甲”",
        roles=frozenset({"operator", "auditor"}),
        permissions=frozenset(),
        clearance=Clearance.STAFF,
    )
    told = {"after": {"z": 1, "a": [True, None]}, "facts": {"金额": 5}, "reason": 'so "it" is'}

    made = leaf.payload_bytes(actor, **told)

    assert msgspec.json.decode(made)["actor"]["roles"] == ["auditor", "operator"]
    assert msgspec.json.decode(made)["before"] is None
    assert {name: msgspec.json.decode(made)[name] for name in told} == told
    assert made == canonical(msgspec.json.decode(made))
