"""Every suggestion says in both languages why it is made."""

from __future__ import annotations

import pytest

from catalog.search.model import SuggestionKind
from catalog.suggestions.wording import suggestion


@pytest.mark.parametrize("kind", list(SuggestionKind))
def test_a_suggestion_names_what_it_replaces_and_what_it_finds(kind: SuggestionKind) -> None:
    made = suggestion(kind, text="空气质量", replaced="空汽质量", by="空气质量", count=7)

    for words in (made.zh, made.en):
        assert "空汽质量" in words
        assert "7" in words
        assert ("空气质量" in words) == (kind is not SuggestionKind.FEWER_WORDS)
