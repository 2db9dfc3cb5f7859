"""Tell a supplier how complete a description is, what is missing, and why somebody would miss it (完整度).

Beyond what must be said (``metadata.py``): whoever searches, compares and decides reads these fields.
Points are whole and add up to a hundred; how many each has is ours [P].
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from catalog.products.labels import LABELS, Label
from catalog.products.model import Completeness, DataNature, Description, Gap

FULL: Final = 100
# Shorter than this a description says hardly more than the name.
_TELLING: Final = 30
_FEW_KEYWORDS: Final = 3
_PUBLIC: Final = frozenset({DataNature.PUBLIC, DataNature.MIXED})


class Criterion(msgspec.Struct, frozen=True):
    """One thing that a description may tell, and what it is worth."""

    field: str  # a path of ``labels.LABELS``
    points: int
    is_met: Callable[[Description], bool]
    why: Label
    example: str


def _has_attributes(said: Description) -> bool:
    # Public data have them in the catalogue (GD-01(b)); of other data nobody asks for them.
    return said.data_nature not in _PUBLIC or all(msgspec.structs.astuple(said.catalogue))


CRITERIA: Final = (
    Criterion(
        "description",
        12,
        lambda d: len(d.description.strip()) >= _TELLING,
        Label(
            "买方先读这一段；检索也在其中找词。少于三十字说不清内容、范围和口径。",
            "Buyers read this first, and the search finds words in it. Less than thirty characters do not tell content, coverage and definitions.",
        ),
        "按小时给出全省 12 个渔港的大风、能见度和雷电风险等级，2019 年至今，逐小时更新。",
    ),
    Criterion(
        "value_statement",
        6,
        lambda d: bool(d.value_statement.strip()),
        Label(
            "说明谁用它省了什么、多做了什么，买方据此立项。",
            "It tells who saves or gains what by it; that is how a buyer argues for the purchase.",
        ),
        "减少因恶劣天气停工的误判，每个泊位每年约少停 40 小时。",
    ),
    Criterion(
        "processing_statement",
        8,
        lambda d: bool(d.processing_statement.strip()),
        Label(
            "未经加工处理的数据不是数据产品 (HN-02)。",
            "Raw data are no data product (HN-02).",
        ),
        "剔除异常观测，补齐缺测，按作业类别换算为四级风险。",
    ),
    Criterion(
        "metering_unit",
        4,
        lambda d: d.metering_unit is not None,
        Label("没有计量单位就不能定价、计量。", "Nothing is priced or metered without a unit."),
        "api_call",
    ),
    Criterion(
        "scenarios",
        8,
        lambda d: bool(d.scenarios),
        Label(
            "使用场景写入凭证，授权和价格都按场景 (HN-17, GD-07)。",
            "Scenarios stand in the certificate; prices and grants are by scenario (HN-17, GD-07).",
        ),
        "port_safety：港口作业安全预警",
    ),
    Criterion(
        "sources",
        8,
        lambda d: bool(d.sources),
        Label(
            "来源可溯：买方和审查人员要看数据从哪里来、凭什么取得 (HN-08)。",
            "Buyers and reviewers ask where the data come from and on what ground (HN-08).",
        ),
        "港口自动气象站观测记录，自有设备采集",
    ),
    Criterion(
        "classification",
        8,
        lambda d: d.classification is not None,
        Label(
            "没有分类分级不能上架 (GD-02)。",
            "Without category and level nothing is listed (GD-02).",
        ),
        "GB/T 43697，一般数据，行业数据",
    ),
    Criterion(
        "data_nature",
        4,
        lambda d: d.data_nature is not None,
        Label(
            "公共数据、企业数据、个人数据适用不同的规则 (BJ-02)。",
            "Public, enterprise and personal data follow different rules (BJ-02).",
        ),
        "enterprise",
    ),
    Criterion(
        "items",
        14,
        lambda d: bool(d.items),
        Label(
            "数据字典：开发者据此判断能否接入，不必先买样本。",
            "By the data dictionary a developer tells whether it fits, without buying a sample first.",
        ),
        "wind_level：integer，1–12 级",
    ),
    Criterion(
        "items/title",
        4,
        lambda d: bool(d.items) and all(item.title.strip() for item in d.items),
        Label(
            "列名常是缩写，中文名称让人看懂每一列。",
            "Names of columns are abbreviations; titles let people read them.",
        ),
        "wind_level：风力等级",
    ),
    Criterion(
        "sharing_type",
        3,
        lambda d: d.sharing_type is not None,
        Label(
            "别人能否以它为来源再加工，要事先说明。",
            "Whether others may build on it has to be said beforehand.",
        ),
        "conditional",
    ),
    Criterion(
        "delivery_modes",
        5,
        lambda d: bool(d.delivery_modes),
        Label(
            "买方按交付方式筛选：下载、接口，还是在安全空间内使用。",
            "Buyers narrow a search by how it is had: as a file, by an interface, in a safe room.",
        ),
        "api_call",
    ),
    Criterion(
        "industry_section",
        4,
        lambda d: bool(d.industry_section),
        Label("行业目录和统计按门类归集。", "Catalogues and statistics are by industry."),
        "G（交通运输、仓储和邮政业）",
    ),
    Criterion(
        "region_code",
        4,
        lambda d: bool(d.region_code or d.region.strip()),
        Label("按地区检索时才找得到。", "Only so a search by region finds it."),
        "460000",
    ),
    Criterion(
        "keywords",
        4,
        lambda d: len({word.strip() for word in d.keywords if word.strip()}) >= _FEW_KEYWORDS,
        Label(
            "名称里没有的叫法写在这里，至少三个。",
            "What people call it besides its name stands here; at least three.",
        ),
        "渔港、海况、出海",
    ),
    Criterion(
        "catalogue",
        4,
        _has_attributes,
        Label(
            "公共数据的目录须有五项属性 (GD-01)。",
            "Public data have five attributes in the catalogue (GD-01).",
        ),
        "数据责任部门：省气象局；更新机制：逐小时自动汇交",
    ),
)


def completeness(description: Description) -> Completeness:
    """Return how many of a hundred points a description has, and what is missing, the dearest first."""
    gaps = [
        Gap(each.field, LABELS[each.field], each.points, each.why, each.example)
        for each in CRITERIA
        if not each.is_met(description)
    ]
    gaps.sort(key=lambda gap: -gap.points)
    return Completeness(FULL - sum(gap.points for gap in gaps), tuple(gaps))
