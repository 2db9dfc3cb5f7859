"""Search, and add other questions to an answer that found little: each is counted by the same search."""

from __future__ import annotations

from typing import Final

import msgspec

from catalog.kernel import paging
from catalog.kernel.db import Tx
from catalog.products import terms
from catalog.search import queries as search
from catalog.search.model import Filters, Found, Sort, Suggestion, SuggestionKind
from catalog.search.port import Alike, Guess, SearchPort
from catalog.suggestions import store, typos
from catalog.suggestions.wording import suggestion
from catalog.thesaurus.synonyms import NO_SYNONYMS, Synonyms

# [P] who has found so many with all the words needs no help.
ENOUGH: Final = 3
_PER_KIND: Final = 3
_LONGER_WORDS: Final = 5
_LOOKED_AT: Final = 30  # products for each guess; a word that stands in fewer is among them


class _Asking(msgspec.Struct, frozen=True):
    """What is asked, where, and how many have all of it."""

    tx: Tx
    port: SearchPort | None
    text: str
    synonyms: Synonyms
    filters: Filters
    whole: int

    async def count(self, text: str) -> int:
        """Return how many have everything that another question asks for."""
        return await search.count_whole(
            self.tx, port=self.port, text=text, synonyms=self.synonyms, filters=self.filters
        )


async def search_with_help(
    tx: Tx,
    *,
    port: SearchPort | None = None,
    text: str = "",
    synonyms: Synonyms = NO_SYNONYMS,
    filters: Filters | None = None,
    sort: Sort = Sort.RELEVANCE,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Found:
    """Return what ``search`` finds, and with a first page that holds little what else to ask.

    :raises DomainError: see ``search``.
    :raises SynonymsOutdated: see ``search``.
    """
    filters = filters or Filters()
    found = await search.search(
        tx,
        port=port,
        text=text,
        synonyms=synonyms,
        filters=filters,
        sort=sort,
        limit=limit,
        cursor=cursor,
    )
    if cursor is not None or not text.strip() or not is_little(found):
        return found
    asking = _Asking(tx, port, text, synonyms, filters, whole=0)
    asking = msgspec.structs.replace(asking, whole=await asking.count(text) if found.terms else 0)
    if asking.whole >= ENOUGH:
        return found
    suggestions = [
        *await _corrected(asking),
        *await _longer(asking),
        *await _shortened(asking),
        *await _related(asking),
    ]
    return msgspec.structs.replace(found, suggestions=suggestions)


def is_little(found: Found) -> bool:
    """Tell whether few products may have everything that was asked."""
    if found.total < ENOUGH:
        return True
    return len(found.terms) > 1 and len(found.items[0].matched) < len(found.terms)


async def _corrected(asking: _Asking) -> list[Suggestion]:
    """Return the question with what stands nowhere put right."""
    normal = terms.normal(asking.text)
    guessed = [
        *(Guess(window, Alike.ONE_CHARACTER_OFF) for window in typos.windows(normal)),
        *(Guess(word, Alike.SLIPS, typos.slips(word)) for word in typos.latin_words(normal)),
    ]
    view = None if asking.port is None else asking.port.view()
    if view is None or not guessed:
        return []
    frequent = (await view.frequencies([guess.word for guess in guessed])).of_words
    guessed = [guess for guess in guessed if not frequent[guess.word]]
    ids = await view.alike(guessed, limit=_LOOKED_AT)
    words = await store.list_words(asking.tx, ids)
    meant = [(g.word, word) for g in guessed for word in typos.meant_by(g.word, words)]
    frequent = (await view.frequencies([word for _, word in meant])).of_words
    meant.sort(key=lambda pair: (-len(pair[0]), -frequent[pair[1]], pair[1]))
    found = []
    for wrong, right in meant[: 2 * _PER_KIND]:
        text = normal.replace(wrong, right, 1)
        found += await _if_found(asking, SuggestionKind.SPELLING, text, wrong, right)
    return _best(found, _PER_KIND)


async def _longer(asking: _Asking) -> list[Suggestion]:
    """Return words that begin with the single character that was asked."""
    normal = terms.normal(asking.text).strip()
    if len(normal) != 1 or not normal.isalnum():
        return []
    view = None if asking.port is None else asking.port.view()
    if view is None:
        return []
    ids = await view.alike([Guess(normal, Alike.BEGINS)], limit=10 * _LOOKED_AT)
    words = [w for w in await store.list_words(asking.tx, ids) if len(w) > 1 and w[0] == normal]
    found = []
    for word in words[: 2 * _LONGER_WORDS]:
        found += await _if_found(asking, SuggestionKind.LONGER, word, normal, word)
    return _best(found, _LONGER_WORDS)


async def _shortened(asking: _Asking) -> list[Suggestion]:
    """Return the question without its rarest word, or without another one."""
    names = list(dict.fromkeys(terms.words(asking.text)))
    if len(names) <= 1:
        return []
    alone = {name: await asking.count(name) for name in names[: 2 * _PER_KIND]}
    found = []
    for name in sorted(alone, key=lambda each: (alone[each], each)):
        text = " ".join(each for each in names if each != name)
        found += await _if_found(asking, SuggestionKind.FEWER_WORDS, text, name, None)
        if len(found) == _PER_KIND:
            break
    return found


async def _related(asking: _Asking) -> list[Suggestion]:
    """Return the question by other words for a part of a long word, which alone has synonyms."""
    normal = terms.normal(asking.text)
    found = []
    for word in dict.fromkeys(terms.words(normal)):
        parts = set(terms.cut(word))
        others = {
            "".join(way): part
            for part in sorted(parts - {word})
            for way in asking.synonyms.at([part], 0)[1]
        }
        for other in [each for each in others if each not in parts][: 2 * _PER_KIND]:
            text = normal.replace(word, other, 1)
            found += await _if_found(asking, SuggestionKind.RELATED, text, others[other], other)
    return _best(found, _PER_KIND)


async def _if_found(
    asking: _Asking, kind: SuggestionKind, text: str, replaced: str, by: str | None
) -> list[Suggestion]:
    count = await asking.count(text)
    if count <= asking.whole:
        return []
    return [suggestion(kind, text=text, replaced=replaced, by=by, count=count)]


def _best(found: list[Suggestion], most: int) -> list[Suggestion]:
    return sorted(found, key=lambda each: (-each.count, each.text))[:most]
