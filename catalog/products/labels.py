"""Name each field of a description as people do, in both tongues (字段名称)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec


class Label(msgspec.Struct, frozen=True):
    """How a field is called."""

    zh: str
    en: str


#: By the path of the field, without the keys of list entries between.
LABELS: Final[Mapping[str, Label]] = {
    path: Label(zh, en)
    for path, zh, en in (
        ("name", "产品名称", "Name"),
        ("form", "产品形式", "Form"),
        ("form_description", "形式说明", "Description of the form"),
        ("sub_form", "形式细类", "Kind within the form"),
        ("market_tier", "市场层级", "Tier of the market"),
        ("description", "产品介绍", "Description"),
        ("metering_unit", "计量单位", "Metering unit"),
        ("processing_statement", "加工处理说明", "Processing"),
        ("value_statement", "经济社会价值", "Economic and social value"),
        ("origin_path", "来源路径", "Origin"),
        ("substantive_processing", "实质性加工", "Substantive processing"),
        ("innovative_labour", "创新性劳动", "Innovative labour"),
        ("scenarios", "使用场景", "Scenario"),
        ("scenarios/code", "场景代码", "Code of the scenario"),
        ("scenarios/description", "场景说明", "Scenario in words"),
        ("sources", "数据来源", "Source"),
        ("sources/source_id", "来源编号", "Id of the source"),
        ("sources/name", "来源名称", "Name of the source"),
        ("sources/holder", "来源持有者", "Holder of the source"),
        ("sources/nature", "来源数据性质", "Nature of the source"),
        ("sources/acquisition_method", "获取方式", "How the source was had"),
        ("sources/legal_basis", "合法性依据", "Legal basis of the source"),
        (
            "sources/authorisation_required",
            "是否需要授权",
            "Whether the source needs authorisation",
        ),
        ("sources/authorisation_scope", "授权范围", "Scope of the authorisation"),
        ("sources/authorisation_valid_to", "授权有效期至", "Authorisation valid to"),
        ("sources/classification_level", "来源级别", "Level of the source"),
        ("sources/contains_personal_info", "来源含个人信息", "Source holds personal information"),
        (
            "sources/is_supermarket_resource",
            "是否超市资源",
            "Whether it is a resource of the market",
        ),
        ("sources/resource_id", "目录资源", "Resource of the catalogue"),
        ("items", "信息项", "Information item"),
        ("items/name", "信息项名称", "Name of the item"),
        ("items/title", "信息项标题", "Title of the item"),
        ("items/type", "数据类型", "Type of the item"),
        ("items/length", "最大长度", "Greatest length"),
        ("items/unit", "计量单位（信息项）", "Unit of the item"),
        ("items/is_required", "是否必填", "Whether a value is required"),
        ("items/sensitivity", "敏感类型", "Sensitivity of the item"),
        ("items/source_id", "信息项来源", "Source of the item"),
        ("items/is_authoritative", "权威来源（一数一源）", "Authoritative source of the item"),
        ("sharing_type", "共享类型", "Sharing"),
        ("sharing_condition", "共享条件", "Condition of sharing"),
        ("open_attribute", "开放属性", "Openness"),
        ("in_authorized_scope", "纳入授权运营范围", "Within what is authorised for operation"),
        ("resource_code", "资源代码", "Code of the resource"),
        ("related_codes", "关联资源代码", "Codes of related resources"),
        ("classification", "分类分级", "Classification"),
        ("classification/scheme", "分类分级标准", "Standard of the classification"),
        ("classification/level", "级别", "Level"),
        ("classification/category", "类别", "Category"),
        ("classification/reclassification", "重新定级", "Re-classification"),
        ("classification/reclassification/reason", "重新定级理由", "Why the level was lowered"),
        ("classification/reclassification/decided_by", "重新定级决定人", "Who lowered the level"),
        (
            "classification/reclassification/evidence",
            "重新定级证据",
            "Evidence for the lower level",
        ),
        (
            "classification/reclassification/of_sources",
            "重新定级时来源级别",
            "Level of the sources then",
        ),
        ("data_nature", "数据性质", "Nature of the data"),
        ("contains_personal_info", "含个人信息", "Holds personal information"),
        (
            "contains_sensitive_personal_info",
            "含敏感个人信息",
            "Holds sensitive personal information",
        ),
        ("contains_important_data", "含重要数据", "Holds important data"),
        ("important_data_basis", "重要数据认定依据", "Basis for important data"),
        ("contains_national_core_data", "涉及国家核心数据", "Holds national core data"),
        ("ai_generated", "AI 生成合成内容", "Machine-generated content"),
        ("update_cycle", "更新周期", "Update cycle"),
        ("delivery_modes", "交付方式", "Ways of delivery"),
        ("industry_section", "行业门类", "Section of industry"),
        ("industry_division", "行业大类", "Division of industry"),
        ("industry_class", "行业中类、小类", "Class of industry"),
        ("region", "地区", "Region"),
        ("region_code", "行政区划代码", "Code of the region"),
        ("keywords", "关键词", "Keywords"),
        ("conforms_to", "遵循标准", "Standard followed"),
        ("conforms_to/code", "标准号", "Number of the standard"),
        ("conforms_to/version", "标准年代号", "Year of the standard"),
        ("conforms_to/title", "标准名称", "Title of the standard"),
        ("conforms_to/address", "标准网址", "Address of the standard"),
        ("catalogue", "目录属性", "Attributes of the catalogue"),
        ("catalogue/responsible_department", "数据责任部门", "Responsible department"),
        ("catalogue/data_source", "数据来源（目录属性）", "Source as the catalogue has it"),
        ("catalogue/update_mechanism", "更新机制", "Update mechanism"),
        ("catalogue/quality_standard", "质量标准", "Quality standard"),
        ("catalogue/usage_method", "使用方法", "Way of use"),
        ("valid_from", "有效期起", "Valid from"),
        ("valid_to", "有效期止", "Valid to"),
    )
}
