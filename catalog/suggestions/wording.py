"""Say in words why something is suggested (建议理由)."""

from __future__ import annotations

from typing import Final

from catalog.search.model import Suggestion, SuggestionKind

_ZH: Final = {
    SuggestionKind.SPELLING: "“{replaced}”或为“{by}”，可找到 {count} 个产品",
    SuggestionKind.FEWER_WORDS: "不含“{replaced}”，可找到 {count} 个产品",
    SuggestionKind.RELATED: "“{replaced}”也称“{by}”，可找到 {count} 个产品",
    SuggestionKind.LONGER: "以“{replaced}”开头的词“{by}”，可找到 {count} 个产品",
}
_EN: Final = {
    SuggestionKind.SPELLING: "“{by}” may be meant by “{replaced}”; products found: {count}",
    SuggestionKind.FEWER_WORDS: "without “{replaced}”; products found: {count}",
    SuggestionKind.RELATED: "“{by}” is another word for “{replaced}”; products found: {count}",
    SuggestionKind.LONGER: "“{by}” is a word that begins with “{replaced}”; products found: {count}",
}


def suggestion(
    kind: SuggestionKind, *, text: str, replaced: str, by: str | None, count: int
) -> Suggestion:
    """Return a suggestion with its reason in both languages."""
    told = {"replaced": replaced, "by": by, "count": count}
    return Suggestion(
        kind=kind,
        text=text,
        replaced=replaced,
        by=by,
        count=count,
        zh=_ZH[kind].format(**told),
        en=_EN[kind].format(**told),
    )
