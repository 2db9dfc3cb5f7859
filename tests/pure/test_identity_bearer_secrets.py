"""The secrets of sessions and tokens."""

from __future__ import annotations

import hashlib

import pytest

from market.identity.bearer_secrets import Prefix, new_secret, secret_hash


@pytest.mark.parametrize(("prefix", "said"), [(Prefix.SESSION, "shs_"), (Prefix.TOKEN, "sht_")])
def test_a_secret_says_whose_it_is_and_holds_256_bits_of_chance(prefix: Prefix, said: str) -> None:
    first, second = new_secret(prefix), new_secret(prefix)

    assert first.startswith(said)
    assert first != second
    assert len(first) == len(said) + 43


def test_of_a_secret_only_its_hash_is_kept() -> None:
    assert secret_hash("shs_abc") == hashlib.sha256(b"shs_abc").digest()
