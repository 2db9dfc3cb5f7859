"""Base64 has one spelling here."""

from __future__ import annotations

import pytest

from catalog.kernel.base64_text import decoded


@pytest.mark.parametrize("text", ["", "AA==", "AAE=", "AAEC", b"AAE="])
def test_its_one_spelling_is_read(text: str | bytes) -> None:
    assert decoded(text) == bytes(range(len(decoded(text))))


@pytest.mark.parametrize("text", ["AB==", "AAF=", "AA", "AAE", "A A=", "AAE=\n", "é", b"\xff"])
def test_no_other_is(text: str | bytes) -> None:
    with pytest.raises(ValueError):
        decoded(text)
