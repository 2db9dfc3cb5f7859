"""Turn text into the words it is found by (分词): one way for what is stored and what is asked.

Full width becomes half width, capitals small, the commonest traditional characters simplified;
then jieba cuts, long words also into the words inside them. A term is a word with at least one
letter, digit or character in it.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterable
from typing import Final

MAX_TERM_LENGTH: Final = 64
_MAX_POSITION: Final = 16_383  # tsvector's own limits
_MAX_POSITIONS: Final = 255
# Fields stand apart, so that the end of one and the start of the next are not neighbours.
_GAP: Final = 16
_REMEMBERED: Final = 1 << 15

# Words that stand in nearly every description and tell nothing.
_EMPTY: Final = frozenset(
    [
        "的",
        "了",
        "和",
        "与",
        "及",
        "或",
        "等",
        "在",
        "是",
        "之",
        "为",
        "其",
        "该",
        "以",
        "并",
        "于",
        "由",
        "对",
        "将",
        "而",
        "the",
        "of",
        "and",
        "a",
    ]
)

_TRADITIONAL: Final = (
    "數據產業務統計資訊標準開關聯絡處經濟貿觀測氣溫環區域圖書館園學術醫療藥農漁業養殖種類飛機場站車輛"
    "運輸鐵軌線電話號碼網際體檢驗證設備備價格費稅財報項總額萬億與個們這為來時會對發現進過還讓從後間點"
    "國際際縣鄉鎮鄰裡樓層質量歷史記錄編輯審計劃組織機構辦單產權屬買賣購銷訂約書簽證許評級別類優劣選擇"
    "導遊覽勝景觀節慶風險預測災防護衛護養廢棄滅蟲樹葉花綠蔭廠礦煙塵噪聲響應徵收補貼專項戶籍婚姻遷徙"
    "勞動員職業務訓練競賽獎勵題庫雲端儲存傳遞輸軟硬體碼頭島嶼灣岸壩溝渠閘門龍蝦鳥獸魚貝鹽糧蔬"
)
_SIMPLIFIED: Final = (
    "数据产业务统计资讯标准开关联络处经济贸观测气温环区域图书馆园学术医疗药农渔业养殖种类飞机场站车辆"
    "运输铁轨线电话号码网际体检验证设备备价格费税财报项总额万亿与个们这为来时会对发现进过还让从后间点"
    "国际际县乡镇邻里楼层质量历史记录编辑审计划组织机构办单产权属买卖购销订约书签证许评级别类优劣选择"
    "导游览胜景观节庆风险预测灾防护卫护养废弃灭虫树叶花绿荫厂矿烟尘噪声响应征收补贴专项户籍婚姻迁徙"
    "劳动员职业务训练竞赛奖励题库云端储存传递输软硬体码头岛屿湾岸坝沟渠闸门龙虾鸟兽鱼贝盐粮蔬"
)
_FOLDED: Final = str.maketrans(_TRADITIONAL, _SIMPLIFIED)


def normal(text: str) -> str:
    """Return ``text`` as it is cut: half width, small letters, simplified characters."""
    return unicodedata.normalize("NFKC", text).lower().translate(_FOLDED)


def cut(text: str) -> list[str]:
    """Return the terms of ``text`` in their order, doubles included."""
    # It waits until it is needed: its dictionary takes a tenth of a second to load.
    import rjieba  # noqa: PLC0415

    return [word for word in rjieba.cut_for_search(normal(text)) if _is_term(word)] if text else []


def vector(*, title: str, labels: Iterable[str], body: str) -> str:
    """Return the literal of a tsvector: title weighs A, labels B, body C."""
    positions: dict[str, list[str]] = {}
    position = 0
    for weight, text in (("A", title), ("B", " ".join(labels)), ("C", body)):
        for term in cut(text):
            position += 1
            places = positions.setdefault(term, [])
            if len(places) < _MAX_POSITIONS:
                places.append(f"{min(position, _MAX_POSITION)}{weight}")
        position += _GAP
    return " ".join([f"{quoted(term)}:{','.join(places)}" for term, places in positions.items()])


@functools.lru_cache(maxsize=_REMEMBERED)
def quoted(term: str) -> str:
    """Return ``term`` as one lexeme in the literal of a tsvector or tsquery."""
    escaped = term.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


# Half of a catalogue is made of a few thousand words; what was asked of them is remembered.
@functools.lru_cache(maxsize=_REMEMBERED)
def _is_term(word: str) -> bool:
    return word not in _EMPTY and len(word) <= MAX_TERM_LENGTH and any(c.isalnum() for c in word)
