"""Make known items out of a catalogue: some words of a description that its title does not have (已知条目检索).

As the list beside the catalogue was made, from other records and by a seed: so ranking may be chosen on
one list and told of another. A noisy question has one word more that says what somebody wants to do.
"""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from catalog.products import terms

WANTS: Final = (
    *("平台", "查询", "下载", "最新", "报告", "免费", "历史", "实时", "全国", "分析"),
    *("明细", "数据", "清单", "统计", "接口", "信息"),
)
_DESCRIBED: Final = 10  # characters at least
_WORD: Final = re.compile(r"[一-鿿]{2,}")


def make(
    records: Sequence[Mapping[str, Any]],
    like: Sequence[Mapping[str, Any]],
    count: int,
    *,
    seed: int,
) -> list[dict[str, str]]:
    """Return so many, of as many words and from such sources as those of a list, and of none of its records."""
    chance = random.Random(seed)
    without = {item["target"] for item in like}
    by_source: dict[str, list[Mapping[str, Any]]] = {}
    for record in records:
        if len(record.get("description") or "") >= _DESCRIBED and record["id"] not in without:
            by_source.setdefault(record["source"], []).append(record)
    kinds = [(item["source"], item["words"]) for item in like if item["source"] in by_source]
    made: list[dict[str, str]] = []
    while len(made) < count:
        source, many = chance.choice(kinds)
        record = chance.choice(by_source[source])
        words = telling(record["title"], record["description"])
        if len(words) < many:
            continue
        query = " ".join(chance.sample(words, many))
        noisy = f"{query} {chance.choice(WANTS)}"
        made.append({"query": query, "query_noisy": noisy, "target": record["id"]})
    return made


def telling(title: str, description: str) -> list[str]:
    """Return the words of a description that the title does not have."""
    normal = terms.normal(title)
    found: Collection[str] = dict.fromkeys(terms.cut(description))
    return sorted(word for word in found if _WORD.fullmatch(word) and word not in normal)
