"""Say in words why something happened, where a code of ours is kept as its reason (原因用语)."""

from __future__ import annotations

from market.http.wording import all_wordings, words


def in_words(written: str, language: str) -> str:
    """Return why in the reader's language, where a code of ours was written; else what was written."""
    if written not in all_wordings():
        return written
    wording = words(written, {})
    return wording.en if language == "en" else wording.zh
