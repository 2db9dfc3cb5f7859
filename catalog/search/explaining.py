"""Say in words why a product stands where it does (为何在此)."""

from __future__ import annotations

import functools
from typing import Final

_ZH: Final = {"title": "名称", "labels": "标签", "text": "说明"}
# The hits of a page say nearly the same.
_REMEMBERED: Final = 1 << 12
_EN: Final = {"title": "title", "labels": "labels", "text": "description"}


def why(*, word: str, by: str, fields: tuple[str, ...], share: float) -> tuple[str, str]:
    """Return why one thing that was asked counts for a product, in Chinese and in English."""
    percent = f"{round(100 * share)}%"
    zh, en = _where(word, by, fields)
    return f"{zh}{percent}", f"{en}{percent} of the score"


@functools.lru_cache(_REMEMBERED)
def _where(word: str, by: str, fields: tuple[str, ...]) -> tuple[str, str]:
    zh = "、".join(_ZH[field] for field in fields)
    en = " and ".join(_EN[field] for field in fields)
    if word == by:
        return f"{zh}中有“{word}”，占得分的 ", f"“{word}” in {en}: "
    return (
        f"{zh}中有“{word}”的同义词“{by}”，占得分的 ",
        f"“{by}”, a synonym of “{word}”, in {en}: ",
    )
