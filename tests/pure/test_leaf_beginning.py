"""A leaf tells when it was made by its first bytes alone."""

from __future__ import annotations

import datetime as dt

import pytest

from catalog.audit_log import leaf
from catalog.audit_log.model import EntryId
from catalog.kernel.ids import new_id

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
