"""Name the values of fixed lists as people do, so that a table need not hold codes (取值名称)."""

from __future__ import annotations

import enum
import unicodedata
from collections.abc import Mapping
from typing import Final

from catalog.products import model

_Names = Mapping[str, tuple[str, str]]

#: Each list, each value: Chinese and English. The pages call them the same; a test says so.
NAMES: Final[Mapping[type[enum.StrEnum], _Names]] = {
    model.Form: {
        "dataset": ("数据集", "Dataset"),
        "data_api": ("数据接口", "Data API"),
        "data_indicator": ("数据指标", "Data indicator"),
        "data_report": ("数据报告", "Data report"),
        "data_model_algorithm": ("数据模型算法", "Model or algorithm"),
        "data_application": ("数据应用", "Data application"),
        "data_service": ("数据服务", "Data service"),
        "other_tradable": ("其他可流通标的物", "Other tradable thing"),
    },
    model.SubForm: {
        "model": ("数据模型", "Data model"),
        "verification": ("数据核验", "Verification of data"),
        "evaluation_index": ("评价指数", "Evaluation index"),
        "visualisation": ("可视化", "Visualisation"),
        "data_engine": ("数据引擎", "Data engine"),
    },
    model.MarketTier: {
        "primary": ("一级市场", "Primary market"),
        "secondary": ("二级市场", "Secondary market"),
    },
    model.OpenAttribute: {
        "unconditional": ("无条件开放", "Open to everybody"),
        "conditional": ("有条件开放", "Open on conditions"),
        "not_open": ("不予开放", "Not open"),
    },
    model.MeteringUnit: {
        "record": ("条", "record"),
        "file": ("个文件", "file"),
        "api_call": ("次调用", "call"),
        "report": ("份报告", "report"),
        "model_copy": ("个模型", "model copy"),
        "seat": ("个席位", "seat"),
        "gigabyte": ("GB", "GB"),
        "hour": ("小时", "hour"),
        "day": ("天", "day"),
        "month": ("月", "month"),
        "year": ("年", "year"),
        "project": ("个项目", "project"),
        "product_count": ("件产品", "product"),
        "service_count": ("次服务", "service"),
        "service_time": ("服务时长", "time of service"),
        "data_call_volume": ("数据调用量", "volume called"),
    },
    model.OriginPath: {
        "supermarket_resource": ("超市提供的数据资源", "Resource of the market"),
        "own_resource": ("自有数据资源", "Own resource"),
    },
    model.UpdateCycle: {
        "real_time": ("实时", "real time"),
        "hourly": ("每小时", "hourly"),
        "daily": ("每天", "daily"),
        "weekly": ("每周", "weekly"),
        "monthly": ("每月", "monthly"),
        "quarterly": ("每季度", "quarterly"),
        "half_yearly": ("每半年", "half-yearly"),
        "yearly": ("每年", "yearly"),
        "irregular": ("不定期", "irregularly"),
        "static": ("不更新", "never"),
    },
    model.DataNature: {
        "public": ("公共数据", "public data"),
        "enterprise": ("企业数据", "enterprise data"),
        "personal": ("个人数据", "personal data"),
        "mixed": ("混合", "mixed"),
    },
    model.AcquisitionMethod: {
        "own_production": ("自行产生", "own production"),
        "authorised_supply": ("授权提供", "authorised supply"),
        "supermarket_channel": ("超市通道", "the supermarket"),
        "public_open": ("开放数据", "open data"),
        "purchase": ("购买", "purchase"),
        "lawful_public_collection": ("依法公开采集", "lawful public collection"),
        "entrusted": ("受托处理", "on behalf of another"),
    },
    model.DeliveryMode: {
        "raw_share": ("原始数据共享", "raw data shared"),
        "dataset_product": ("加工数据集", "processed dataset"),
        "api_call": ("调用接口", "interface calls"),
        "model_deploy": ("部署模型", "model deployed"),
        "verification": ("核验", "verification"),
        "report_result": ("报告或指数", "report or index"),
        "sandbox": ("安全空间", "secure space"),
        "privacy_computing": ("隐私计算（可用不可见）", "privacy computing (usable, not visible)"),
    },
    model.AiShare: {
        "none": ("无", "none of it"),
        "partly": ("部分", "partly"),
        "full": ("全部", "all of it"),
    },
    model.Level: {
        "bj_1": ("一级", "level 1"),
        "bj_2": ("二级", "level 2"),
        "bj_3": ("三级", "level 3"),
        "bj_4": ("四级", "level 4"),
        "general": ("一般数据", "general data"),
        "important": ("重要数据", "important data"),
        "core": ("核心数据", "core data"),
    },
    model.SharingType: {
        "unconditional": ("无条件共享", "Unconditional"),
        "conditional": ("有条件共享", "Conditional"),
        "not_shared": ("不予共享", "Not shared"),
    },
    model.ItemType: {
        "text": ("文本", "text"),
        "integer": ("整数", "integer"),
        "decimal": ("小数", "decimal"),
        "boolean": ("布尔", "boolean"),
        "date": ("日期", "date"),
        "datetime": ("日期时间", "datetime"),
        "structure": ("结构", "structure"),
    },
    model.Sensitivity: {
        "none": ("不敏感", "none"),
        "person_name": ("姓名", "person name"),
        "phone": ("手机号码", "phone"),
        "id_card": ("居民身份证号码", "identity card"),
        "email": ("电子邮箱", "email"),
        "bank_card": ("银行卡号", "bank card"),
        "address": ("地址", "address"),
        "uscc": ("统一社会信用代码", "uniform social credit code"),
        "other": ("其他敏感信息", "other"),
    },
}
_YES: Final = frozenset({"是", "有", "true", "yes", "y", "1", "√"})
_NO: Final = frozenset({"否", "无", "false", "no", "n", "0", "×"})


def plain(text: str) -> str:
    """Return a name as it is compared: half width, small letters, letters and digits alone."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


def value_of(kind: type[enum.StrEnum], text: str) -> str | None:
    """Return the value that a cell names by its code, in Chinese or in English; None if none."""
    return _VALUES[kind].get(plain(text))


def flag_of(text: str) -> bool | None:
    """Return what a cell says to a question of yes or no; None if neither."""
    word = text.strip().casefold()
    if word in _YES:
        return True
    return False if word in _NO else None


_VALUES: Final[Mapping[type[enum.StrEnum], Mapping[str, str]]] = {
    kind: {plain(word): value for value, words in names.items() for word in (value, *words)}
    for kind, names in NAMES.items()
}
